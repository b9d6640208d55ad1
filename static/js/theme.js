// Auto, light or dark, remembered in this browser. Loaded before the styles so that no page flashes.
(() => {
  "use strict";
  const KEY = "nearmiss-theme";
  const root = document.documentElement;

  function chosen() {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  }

  function show(choice) {
    if (choice === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
    document.dispatchEvent(new CustomEvent("nearmiss:theme"));
  }

  show(chosen());
  document.addEventListener("DOMContentLoaded", () => show(chosen()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      // A browser that keeps nothing still shows the choice until the page is left.
    }
    show(button.dataset.themeChoice);
  });
  addEventListener("storage", (event) => event.key === KEY && show(chosen()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(chosen()));
})();
