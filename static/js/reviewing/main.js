// One sample to decide: the light table, the keys of labelling, a form that is sent once.

import { Keys, isTyping } from "../labelling/keys.js";
import { Stage } from "../labelling/stage.js";

const given = JSON.parse(document.getElementById("given").textContent);
const stage = new Stage(document.getElementById("stage"), given);
const form = document.getElementById("decision");
const reason = document.getElementById("reason");
const keys = new Keys(given.categories, { note: "KeyR" }, {});
const subtypeOf = new Map(given.categories.flatMap((c) => c.subtypes.map((s) => [s.key, c.key])));
let sent = false;

function mark() {
  const { category, subtype } = form.elements;
  for (const button of form.querySelectorAll("[data-choose]")) {
    const fine = button.dataset.subtype;
    const on = fine ? fine === subtype.value : button.dataset.choose === category.value;
    button.setAttribute("aria-pressed", on);
    if (fine) button.toggleAttribute("data-near", button.dataset.choose === category.value);
  }
  document.getElementById("submit").toggleAttribute("data-ready", Boolean(category.value));
}

function choose(category, subtype = "") {
  const again = subtype && form.elements.subtype.value === subtype;
  form.elements.category.value = category;
  form.elements.subtype.value = again ? "" : subtype;
  mark();
  const name = given.categories.find((entry) => entry.key === category)?.name || category;
  document.getElementById("announcer").textContent = given.words.chosen.replace("{name}", name);
}

function submit() {
  if (!form.elements.category.value) {
    document.getElementById("announcer").textContent = given.words.choose_first;
    document.getElementById("choices").focus();
    return;
  }
  form.requestSubmit();
}

// What every key does here, as it is printed on this keyboard.
function help() {
  const box = document.getElementById("keys");
  const fine = given.categories.flatMap((c) => c.subtypes.map((s) => [`choose:${s.key}`, `${c.name} / ${s.name}`]));
  const choices = given.categories.map((c) => [`choose:${c.key}`, c.name]);
  box.replaceChildren(...[...choices, ...fine, ...Object.entries(given.actions)].map(([action, name]) => {
    const row = document.createElement("p");
    row.className = "keys-row";
    const key = document.createElement("kbd");
    key.textContent = keys.printed(action);
    row.append(name, key);
    return row;
  }));
  document.getElementById("help").showModal();
}

function act(name) {
  if (name.startsWith("choose:")) {
    const key = name.slice(7);
    return subtypeOf.has(key) ? choose(subtypeOf.get(key), key) : choose(key);
  }
  switch (name) {
    case "submit": return submit();
    case "note": return reason.focus();
    case "help": return help();
    case "previous": return document.getElementById("previous")?.click();
    case "next": return document.getElementById("next")?.click();
    case "overlay": return pressed("overlay", stage.overlay());
    case "link": return pressed("link", stage.link());
    case "zoom_in": return stage.zoom(1.25);
    case "zoom_out": return stage.zoom(0.8);
    case "zoom_reset": return stage.reset();
    default: return undefined;
  }
}

function pressed(name, on) {
  document.querySelector(`[data-act="${name}"]`)?.setAttribute("aria-pressed", Boolean(on));
}

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return; // Escape closes it, nothing is decided behind it
  if (event.ctrlKey && event.code === "Enter") return submit();
  if (event.code === "Escape" && event.target === reason) return reason.blur();
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const name = keys.action(event.code);
  if (!name || (event.target.closest?.("a, summary, button") && ["Enter", "Space"].includes(event.code))) return;
  event.preventDefault();
  if (name === "blink") return event.repeat || stage.blink(true);
  if (!event.repeat) act(name);
});
addEventListener("keyup", (event) => keys.action(event.code) === "blink" && stage.blink(false));
addEventListener("blur", () => stage.blink(false));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose], [data-act]");
  if (!button) return;
  if (event.detail > 0) button.blur(); // pressed by hand: keys stay what they are
  if (button.dataset.choose) choose(button.dataset.choose, button.dataset.subtype);
  else act(button.dataset.act);
});
const blinker = document.querySelector('[data-act="blink"]');
blinker.addEventListener("pointerdown", () => stage.blink(true));
for (const name of ["pointerup", "pointerleave", "pointercancel"]) blinker.addEventListener(name, () => stage.blink(false));
form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => (sent = false));
stage.addEventListener("view", ({ detail }) => {
  document.getElementById("zoom").textContent = `${Math.round(detail * 100)} %`;
});
keys.learn();
mark();
stage.show(given.task);
