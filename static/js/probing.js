// Trying captions on a case: Ctrl+Enter tries, "As it was" puts the run's caption back, Ctrl+Enter in a note pins.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const form = event.target.closest?.("#probe form");
    if (!form || !event.target.matches("textarea, input")) return;
    event.preventDefault();
    form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-probe-first]")) return;
    const field = document.getElementById("probe-text");
    field.value = field.dataset.first;
    field.focus();
  });
  // A new column comes last: it is brought into sight without moving the page.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.verb !== "post") return;
    const columns = document.querySelector(".probe-columns");
    if (columns && columns.querySelector("[aria-busy]")) columns.scrollLeft = columns.scrollWidth;
  });
})();
