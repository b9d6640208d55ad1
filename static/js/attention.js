// How strongly overlays lie over their pictures: one slider for all of them.
(() => {
  "use strict";
  const control = document.querySelector("[data-strength]");
  if (!control) return;
  const slider = control.querySelector("input");
  const section = control.closest("section");
  const laid = () => section.style.setProperty("--strength", slider.value / 100);
  slider.addEventListener("input", laid);
  control.hidden = false;
  laid();
})();
