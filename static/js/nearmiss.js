// Small behaviours that every page shares: menus, dialogs, confirmation, copying, first wrong field, announcements, loupe.
(() => {
  "use strict";
  const find = (selector, within = document) => within.querySelector(selector);
  const every = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Reading out ---------------------------------------------------------------------------------------------------
  function announce(text) {
    const region = find("#announcer");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 50);
  }
  document.addEventListener("announce", (event) => announce(event.detail?.value ?? event.detail));

  // Menus: one open at a time; Escape and a click elsewhere close; arrows walk -------------------------------------
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("[data-menu]") || !menu.open) return;
    every("[data-menu][open]").forEach((other) => other !== menu && (other.open = false));
  }, true);
  document.addEventListener("click", (event) => {
    every("[data-menu][open]").forEach((menu) => !menu.contains(event.target) && (menu.open = false));
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("[data-menu][open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      find("summary", menu).focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = every(".menu-sheet a, .menu-sheet button", menu);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = items.indexOf(document.activeElement) + step;
      items[(next + items.length) % items.length]?.focus();
      event.preventDefault();
    }
  });

  // On a narrow screen the bar scrolls: the section that is current is in sight ------------------------------------
  find(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // Links that a key presses, while no field has the focus ----------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open], [data-menu][open], .looking")) return;
    if (find(".looking") || find("dialog[open]")) return;
    find(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });

  // Dialogs -------------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const closer = event.target.closest("[data-dialog-close]");
    if (opener || closer) event.preventDefault(); // both may be links, which open and close it without this script
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    closer?.closest("dialog")?.close();
    if (event.target.matches("dialog")) event.target.close();
  });

  function confirmed(text, note, label) {
    const box = find("#confirm");
    find("#confirm-text").textContent = text;
    find("#confirm-note").textContent = note || "";
    const yes = find("#confirm-yes");
    yes.textContent = label || document.body.dataset.saidContinue;
    box.returnValue = "";
    box.showModal();
    return new Promise((resolve) => {
      yes.onclick = () => box.close("yes");
      box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
    });
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const asked = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asked.dataset.confirm || form.dataset.confirmed) return;
    if (form.matches("[hx-post],[hx-put],[hx-delete],[hx-patch],[hx-get]")) return; // htmx asks below
    event.preventDefault();
    event.stopPropagation();
    if (await confirmed(asked.dataset.confirm, asked.dataset.confirmNote, asked.dataset.confirmLabel)) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter || undefined);
      delete form.dataset.confirmed;
    }
  }, true);
  document.addEventListener("htmx:confirm", async (event) => {
    const asked = event.target.closest("[data-confirm]") || event.target;
    const text = event.detail.question || asked.dataset?.confirm;
    if (!text) return;
    event.preventDefault();
    if (await confirmed(text, asked.dataset.confirmNote, asked.dataset.confirmLabel)) event.detail.issueRequest(true);
  });

  // Copying -------------------------------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy ? document.getElementById(button.dataset.copy) : find("code", button.closest(".code"));
    const text = source?.value ?? source?.textContent ?? "";
    const label = find("span", button) || button;
    const done = await write(text, source);
    const before = button.dataset.label || label.textContent;
    button.dataset.label = before;
    label.textContent = done ? document.body.dataset.saidCopied : document.body.dataset.saidCopyYourself;
    announce(label.textContent);
    setTimeout(() => (label.textContent = before), 1600);
  });
  async function write(text, source) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(source); // without https there is no clipboard: select, so that a key copies
      return false;
    }
  }

  // Messages ------------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".flash")?.remove());

  // Forms that submit when a choice changes (filters), and forms that are wrong ------------------------------------
  document.addEventListener("change", (event) => event.target.closest("form[data-submit-on-change]")?.requestSubmit());
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "get") return;
    // Empty filters stay out of the address.
    every("input, select", event.target).forEach((input) => {
      if (input.value === "" && input.name) {
        input.disabled = true;
        setTimeout(() => (input.disabled = false));
      }
    });
  });
  function focusFirstWrong(within) {
    const summary = find("[data-error-summary]", within);
    if (!summary) return;
    const wrong = find('[aria-invalid="true"]:not([type="hidden"])', within) || find("a", summary);
    wrong?.focus();
  }
  document.addEventListener("DOMContentLoaded", () => focusFirstWrong(document));
  focusFirstWrong(document);

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (!target?.isConnected) return;
    focusFirstWrong(target);
    const said = target.matches("[data-announce]") ? target : find("[data-announce]", target);
    if (said && said.dataset.announce !== said.ownerDocument.lastAnnounced) {
      said.ownerDocument.lastAnnounced = said.dataset.announce;
      announce(said.dataset.announce);
    }
  });
  document.addEventListener("htmx:sendError", () => announce(document.body.dataset.saidAway));

  // Loupe: a round lens over both pictures of a pair, at the same place in each ------------------------------------
  const POWER = 2.5;
  const SIZE = 168;
  document.addEventListener("pointermove", (event) => {
    const pair = event.target.closest?.("[data-loupe].looking");
    if (pair) moveLenses(pair, event);
  });
  document.addEventListener("click", (event) => {
    const pair = event.target.closest?.("[data-loupe]");
    const image = pair && event.target.closest(".slide-window")?.querySelector("img");
    if (!image || event.target.closest("a")) return;
    pair.classList.toggle("looking");
    if (pair.classList.contains("looking")) moveLenses(pair, event);
    else putAway(pair);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && every(".looking").forEach(putAway));
  document.addEventListener("pointerout", (event) => {
    const pair = event.target.closest?.("[data-loupe].looking");
    if (pair && !pair.contains(event.relatedTarget)) putAway(pair);
  });
  function putAway(pair) {
    pair.classList.remove("looking");
    every(".lens", pair).forEach((lens) => lens.remove());
  }
  function pictureBox(image) {
    // The picture inside its letterbox, in page pixels.
    const box = image.getBoundingClientRect();
    const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    const width = image.naturalWidth * scale;
    const height = image.naturalHeight * scale;
    return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
  }
  function moveLenses(pair, event) {
    const over = event.target.closest(".slide-window")?.querySelector("img");
    if (!over) return;
    const from = pictureBox(over);
    const x = (event.clientX - from.left) / from.width;
    const y = (event.clientY - from.top) / from.height;
    every(".slide", pair).forEach((slide) => {
      const image = find("img", slide);
      if (!image?.naturalWidth) return;
      const lens = find(".lens", slide) || slide.appendChild(Object.assign(document.createElement("div"), { className: "lens" }));
      const box = pictureBox(image);
      const frame = slide.getBoundingClientRect();
      const width = box.width * POWER;
      const height = box.height * POWER;
      lens.style.left = `${box.left - frame.left + x * box.width - SIZE / 2}px`;
      lens.style.top = `${box.top - frame.top + y * box.height - SIZE / 2}px`;
      lens.style.backgroundImage = `url("${image.dataset.large || image.currentSrc || image.src}")`;
      lens.style.backgroundSize = `${width}px ${height}px`;
      lens.style.backgroundPosition = `${SIZE / 2 - x * width}px ${SIZE / 2 - y * height}px`;
    });
  }
})();
