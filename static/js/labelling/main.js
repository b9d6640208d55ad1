// The labelling page: which item is shown, what is chosen for it, what follows; undo and redo, also of what was sent.

import { Desk } from "./desk.js";
import { isTyping, Keys } from "./keys.js";
import { newKey, Outbox } from "./outbox.js";
import { Stage } from "./stage.js";

const given = JSON.parse(document.getElementById("given").textContent);
const { words, campaign } = given;
const AHEAD = 12; // items held beyond the present one, with their pictures
let parentOf = {};

// What each action is called, the choices first.
function named() {
  parentOf = {};
  const names = {};
  for (const category of given.taxonomy.categories) {
    const said = (choice) => (choice.words[given.language] || choice.words.en).name;
    names[`choose:${category.key}`] = said(category);
    for (const subtype of category.subtypes) {
      parentOf[subtype.key] = category;
      names[`choose:${subtype.key}`] = said(subtype);
    }
  }
  return { ...names, ...given.actions };
}

const keys = new Keys(given.taxonomy.categories, given.keys, named());
const stage = new Stage(document.getElementById("stage"), given);
const outbox = new Outbox({ ...given, ask });
const opened = outbox.open(); // reads the disk while the desk is drawn
const desk = new Desk(given, keys, act);

const items = new Map(); // task id -> {task, answer, draft, trail}
let order = []; // ids, those done on the left, those to come on the right
let at = -1;
let progress = given.progress;
let unsent = new Set(); // tasks whose first answer the server has not counted yet
let empty = given.empty || null;
let oldest = null; // how far back the server was asked; "" when there is no more
let steps = []; // {id, before, after, task, n}: what undo takes back
let drafts = new Map(); // task id -> {draft, typing}: left unsubmitted by an earlier visit
let undone = [];
let clock = null;
let submitting = false;

// Items -----------------------------------------------------------------------------------------------------------
function blank() {
  return { category: "", subtype: "", confidence: null, note: "", flagged: false, first_choice_ms: null, spent_ms: 0 };
}

function draftOf(answer) {
  const { category, subtype, confidence, note, flagged, first_choice_ms, spent_ms } = answer;
  return { category, subtype, confidence, note, flagged, first_choice_ms, spent_ms: spent_ms || 0 };
}

// As far as it can still be chosen.
function possible(draft) {
  const found = given.taxonomy.categories.find((one) => one.key === draft.category);
  if (!found) return { ...draft, category: "", subtype: "" };
  return found.subtypes.some((one) => one.key === draft.subtype) ? draft : { ...draft, subtype: "" };
}

function take(tasks) {
  for (const task of tasks) {
    if (items.has(task.id)) continue;
    items.set(task.id, { task, answer: null, trail: [], ...left(task.id, blank()) });
    order.push(task.id);
  }
  if (at >= 0) prefetch(); // the first item comes before those that follow it
}

// What an earlier visit chose or typed for an item and did not submit.
function left(id, otherwise) {
  const kept = drafts.get(id);
  return { draft: kept ? possible({ ...blank(), ...kept.draft }) : otherwise, typing: Boolean(kept?.typing) };
}

// On the disk too, so that a closed tab loses nothing.
function keepDraft(item) {
  const { category, confidence, note, flagged } = item.draft;
  const some = item.answer || category || confidence || note || flagged;
  outbox.keepDraft(item.task.id, some ? { ...item.draft, spent_ms: item.draft.spent_ms + elapsed() } : null, desk.noteText() !== null);
}

function current() {
  return items.get(order[at]);
}

function open() {
  return order.filter((id) => !items.get(id).answer);
}

function ask() {
  const have = open();
  return { want: Math.max(0, AHEAD + 1 - have.length), have };
}

function nextOpen() {
  const after = order.slice(at + 1).find((id) => !items.get(id).answer);
  return after ?? order.find((id) => !items.get(id).answer);
}

let fetching = Promise.resolve();
function prefetch() {
  const ahead = order.slice(at + 1).filter((id) => !items.get(id).answer).slice(0, AHEAD);
  fetching = fetching.then(async () => {
    for (const id of ahead) await stage.prefetch(items.get(id).task);
  });
}

async function go(id) {
  keepTime();
  desk.hideNote();
  at = order.indexOf(id);
  const item = current();
  empty = null;
  desk.showItem(item, at + 1);
  desk.showDraft(item.draft);
  setPressed("overlay", false);
  document.getElementById("mix").hidden = true;
  clock = null;
  ring(false);
  const painted = await stage.show(item.task);
  if (current() !== item || stage.task !== item.task) return;
  usable();
  if (painted || stage.task === item.task) {
    clock = { since: performance.now(), spent: 0, item };
    if (!item.answer) ring(true);
  }
  document.documentElement.dataset.shown = String(item.task.id);
  if (campaign.blind && !item.task.roles && item.draft.category) reveal(item, item.draft.category);
  if (item.typing) act("note");
  item.typing = false;
  prefetch();
}

function usable() {
  if (!document.body.hasAttribute("data-busy")) return;
  document.body.removeAttribute("data-busy");
  performance.mark("usable");
}

function move(step) {
  const next = at + step;
  if (next >= 0 && next < order.length) return go(order[next]);
  if (step < 0) return older();
  if (!open().length) return refill();
  desk.say(words.last_item);
}

// Before the first item of this visit stand those of earlier visits.
async function older() {
  if (oldest === "") return desk.say(words.first_item);
  const answer = await outbox.call("done", null, oldest ? `?before=${encodeURIComponent(oldest)}` : "");
  if (!answer.ok) return desk.say(words.first_item);
  const tasks = answer.told.tasks;
  oldest = tasks.length ? tasks[tasks.length - 1].cursor : "";
  const fresh = tasks.filter((task) => !items.has(task.id));
  for (const { answer: said, cursor, ...task } of fresh) {
    items.set(task.id, { task, answer: said, trail: [], ...left(task.id, draftOf(said)) });
    order.unshift(task.id);
    at += 1;
  }
  if (!fresh.length) return tasks.length ? older() : empty && order.length ? go(order[order.length - 1]) : desk.say(words.first_item);
  go(order[empty ? order.length - 1 : at - 1] ?? order[0]);
}

function showEmpty(why) {
  keepTime();
  empty = why || { title: words.asking, text: "", again: true };
  at = order.length;
  stage.task = null;
  desk.showEmpty(empty);
  usable();
  document.documentElement.dataset.shown = "empty";
}

async function refill() {
  const { want, have } = ask();
  if (outbox.waiting) return outbox.drain();
  const answer = await outbox.call("next", null, `?want=${want}&have=${have.join(",")}`);
  if (answer.ok) heard(answer.told);
  else if (!open().length) showEmpty({ title: words.offline, text: words.picture_waits, again: true });
}

function heard(told) {
  if (told.progress) progress = told.progress;
  remind(told.reminder);
  take(told.tasks || []);
  desk.notice("campaign", told.left ? words.left : told.state && told.state !== "open" ? words[told.state] : "");
  if (told.left) leave();
  if (told.version && told.version !== given.version) renew();
  for (const one of told.gold || []) {
    const name = desk.nameOf(one.category, one.subtype);
    const item = items.get(one.task);
    const said = item?.answer ? desk.nameOf(item.answer.category, item.answer.subtype) : "";
    const text = (one.met ? words.gold_met : words.gold_missed).replace("{name}", name).replace("{said}", said);
    desk.notice("gold", [text, one.explanation].filter(Boolean).join(" "), false, one.met ? "met" : "missed");
    desk.say(text);
  }
  showProgress();
  const next = nextOpen();
  if ((empty || at < 0) && next !== undefined) go(next);
  else if (next === undefined && (empty || at < 0 || at >= order.length)) showEmpty(told.empty || empty);
}

// The campaign took another version of its taxonomy: its choices come, everything else stays as it is.
let renewing = false;
async function renew() {
  if (renewing) return;
  renewing = true;
  const answer = await outbox.call("next", null, `?want=0&version=${given.version}`);
  renewing = false;
  if (!answer.ok || !answer.told.taxonomy) return;
  given.version = answer.told.version;
  given.taxonomy = answer.told.taxonomy;
  keys.choices(given.taxonomy.categories, named());
  keys.set({ ...keys.own });
  desk.renew(answer.told);
  for (const item of items.values()) if (!item.answer) item.draft = possible(item.draft);
  if (current() && !empty) desk.showDraft(current().draft);
  desk.notice("taxonomy", words.taxonomy_changed);
  desk.say(words.taxonomy_changed);
}

// What the server did not take is open again, and comes next.
function refused({ event, why, asked }, shows = true) {
  const item = items.get(event.task);
  if (item && (!item.answer || item.key === event.key)) {
    unsent.delete(event.task);
    item.answer = null;
    item.draft = possible(draftOf({ ...blank(), ...event }));
    const place = order.indexOf(event.task);
    const now = empty || at < 0 || place === at;
    if (place > at + 1 || place < at) {
      order.splice(place, 1);
      if (place < at) at -= 1;
      order.splice(at + 1, 0, event.task);
    }
    showProgress();
    if (shows && now) go(event.task);
  }
  desk.refused(event, why, asked);
}

// A line from whoever runs the campaign: over once somebody can have read it here; it stays until it is closed.
let reminder = null;
let reminded = 0;
function remind(told = reminder) {
  reminder = told?.id > reminded ? told : null;
  if (!reminder || document.hidden) return;
  const text = [told.text || words.reminded, told.by].filter(Boolean).join(" – ");
  desk.notice("reminder", text);
  desk.say(text);
  reminder = null;
  reminded = told.id;
  outbox.call("lease", { seen: told.id });
}

// Somebody was taken out: what was not answered is with the others now.
function leave() {
  order = order.filter((id) => items.get(id).answer);
  at = order.length;
}

async function download() {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await outbox.file()) });
  link.download = `nearmiss-${given.box.replace(":", "-")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function showProgress() {
  desk.showProgress(progress, unsent.size);
}

// Time --------------------------------------------------------------------------------------------------------------
function elapsed() {
  return clock ? Math.round(clock.spent + (clock.since === null ? 0 : performance.now() - clock.since)) : 0;
}

function keepTime() {
  if (clock) clock.item.draft.spent_ms += elapsed();
  clock = null;
}

document.addEventListener("visibilitychange", () => {
  remind();
  if (!clock) return;
  if (document.hidden && clock.since !== null) {
    clock.spent += performance.now() - clock.since;
    clock.since = null;
  } else if (!document.hidden && clock.since === null) clock.since = performance.now();
});

function ring(on) {
  const circle = document.getElementById("ring");
  circle.toggleAttribute("data-run", false);
  if (!on) return;
  circle.style.setProperty("--ring", `${given.ring_seconds}s`);
  void circle.getBoundingClientRect();
  circle.toggleAttribute("data-run", true);
}

// Choosing ------------------------------------------------------------------------------------------------------------
function edit(change) {
  const item = current();
  if (!item || empty) return;
  item.trail.push({ ...item.draft });
  Object.assign(item.draft, change);
  desk.showDraft(item.draft);
  keepDraft(item);
}

function choose(key) {
  const item = current();
  if (!item || empty) return;
  const parent = parentOf[key];
  const category = parent ? parent.key : key;
  const first = item.draft.first_choice_ms === null && clock ? { first_choice_ms: item.draft.spent_ms + elapsed() } : {};
  const kept = !parent && item.draft.category === category ? item.draft.subtype : "";
  if (item.draft.category !== category || item.draft.subtype !== (parent ? key : kept)) {
    edit({ category, subtype: parent ? key : kept, ...first });
  }
  desk.say(words.chosen, { name: desk.nameOf(category, parent ? key : "") });
  if (campaign.blind && !item.task.roles) reveal(item, category);
  const full = parent || !given.taxonomy.categories.find((one) => one.key === category).subtypes.length;
  if (campaign.submit_on_choice && full && !campaign.ask_confidence) submit();
}

async function reveal(item, category) {
  if (campaign.submit_on_choice) return;
  const answer = await outbox.call("reveal", { task: item.task.id, category });
  if (!answer.ok) return;
  item.task.roles = answer.told.roles;
  if (current() === item) stage.name(item.task.roles);
}

async function submit() {
  const item = current();
  if (!item || empty || submitting) return;
  const note = desk.noteText();
  if (note !== null) item.draft.note = note;
  if (!item.draft.category) return refuse(words.choose_first, "choices");
  if (campaign.ask_confidence && !item.draft.confidence) return refuse(words.say_how_sure, "sure");
  desk.hideNote();
  const { category, subtype, confidence, note: said, flagged, first_choice_ms } = item.draft;
  await finish(item, { kind: "answer", category, subtype, skip_reason: "", confidence, note: said, flagged, first_choice_ms });
  desk.say(words.submitted, { name: desk.nameOf(category, subtype) });
}

function refuse(text, place) {
  desk.say(text);
  const box = document.getElementById(place);
  box.removeAttribute("data-wanted");
  void box.offsetWidth;
  box.setAttribute("data-wanted", "");
  setTimeout(() => box.removeAttribute("data-wanted"), 900);
}

async function skip(reason) {
  const item = current();
  document.getElementById("skip").close();
  if (!item || empty || submitting) return;
  const { note, flagged } = item.draft;
  await finish(item, { ...blank(), kind: "skip", skip_reason: reason, note, flagged });
  desk.say(words.skipped);
}

async function finish(item, said) {
  submitting = true;
  keepTime();
  const after = { ...said, spent_ms: item.draft.spent_ms };
  const before = item.answer;
  const step = { id: item.task.id, before, after, task: item.task };
  steps.push(step);
  undone = [];
  await send(item, after, step);
  submitting = false;
  forward();
}

function forward() {
  const next = nextOpen();
  if (next !== undefined) go(next);
  else showEmpty(null);
}

// On the disk before the page moves on; then the server is told.
async function send(item, answer, step) {
  const id = item.task.id;
  const event = { key: newKey(), task: id, said_at: new Date().toISOString(), ...(answer || { kind: "withdraw" }) };
  if (!answer) Object.assign(event, { note: item.draft.note, flagged: item.draft.flagged });
  if (Boolean(item.answer) !== Boolean(answer)) {
    if (unsent.has(id)) unsent.delete(id);
    else if (answer) unsent.add(id);
    else progress = { ...progress, done: Math.max(0, progress.done - 1) };
  }
  item.answer = answer;
  item.key = event.key;
  item.trail = [];
  desk.notice(`refused-${id}`, "");
  await outbox.put(event, item.task.prompt.text, step);
  showProgress();
  outbox.tell({ kind: "said", task: id, answer });
  outbox.drain();
}

// Undo and redo ---------------------------------------------------------------------------------------------------------
async function undo() {
  const item = empty ? null : current();
  if (item?.trail.length) {
    item.draft = { ...item.trail.pop(), spent_ms: item.draft.spent_ms };
    desk.showDraft(item.draft);
    keepDraft(item);
    return desk.say(words.undone);
  }
  const step = steps.pop();
  if (!step) return desk.say(words.nothing_to_undo);
  await put(step, step.before);
  delete step.n; // no longer among what undo takes back
  undone.push(step);
  const back = items.get(step.id);
  back.draft = step.after.kind === "answer" ? draftOf(step.after) : { ...blank(), note: step.after.note, flagged: step.after.flagged };
  await go(step.id);
  keepDraft(back);
  desk.say(words.undone);
}

async function redo() {
  const step = undone.pop();
  if (!step) return desk.say(words.nothing_to_redo);
  steps.push(step);
  await put(step, step.after);
  items.get(step.id).draft = draftOf({ ...blank(), ...step.after });
  forward();
  desk.say(words.redone);
}

async function put(step, answer) {
  if (!items.has(step.id)) {
    items.set(step.id, { task: step.task, answer: step.after, draft: draftOf(step.after), trail: [] });
    order.unshift(step.id);
    at += 1;
  }
  await send(items.get(step.id), answer, step);
}

// Everything that a key or a button does ----------------------------------------------------------------------------------
function setPressed(name, on) {
  document.querySelector(`[data-act="${name}"]`)?.setAttribute("aria-pressed", String(on));
}

function act(name, value) {
  if (name.startsWith("choose:")) return choose(name.slice(7));
  if (name.startsWith("confidence_")) return campaign.ask_confidence && edit({ confidence: Number(name.slice(-1)) });
  const item = current();
  switch (name) {
    case "submit": return submit();
    case "undo": return undo();
    case "redo": return redo();
    case "previous": return move(-1);
    case "next": return move(1);
    case "skip": return item && !empty && desk.askReason();
    case "skip_for": return skip(value);
    case "note":
      if (!item || empty) return;
      if (desk.noteText() === null) item.unnoted = { ...item.draft };
      return desk.openNote(item.draft.note);
    case "note_typed":
      if (!item || empty) return;
      item.draft.note = value;
      return keepDraft(item);
    case "note_kept": {
      if (!item || empty) return;
      const changed = item.unnoted && item.unnoted.note !== value;
      if (changed) item.trail.push(item.unnoted);
      item.draft.note = value;
      item.unnoted = null;
      desk.showDraft(item.draft);
      keepDraft(item);
      return changed && desk.say(words.note_kept);
    }
    case "flag":
      if (!item || empty) return;
      edit({ flagged: !item.draft.flagged });
      return desk.say(item.draft.flagged ? words.flag_on : words.flag_off);
    case "guide": return desk.toggleGuide();
    case "download": return download();
    case "help": return desk.openKeys();
    case "link": {
      const linked = stage.link();
      setPressed("link", linked);
      return desk.say(linked ? words.linked : words.unlinked);
    }
    case "overlay": {
      const on = stage.overlay();
      setPressed("overlay", on);
      document.getElementById("mix").hidden = !on;
      return desk.say(on ? words.overlaid : words.side_by_side);
    }
    case "mix": return stage.mix(value);
    case "zoom_in": return stage.zoom(1.25);
    case "zoom_out": return stage.zoom(0.8);
    case "zoom_reset": return stage.reset();
    case "rebind": {
      keys.set({ ...keys.own, [value.action]: value.code });
      return keepKeys();
    }
  }
}

async function keepKeys() {
  desk.showKeys();
  const answer = await outbox.call("keys", { keys: keys.bound });
  if (answer.ok) desk.say(words.keys_kept);
}

let tabbed = false; // somebody walks by Tab: Enter and Space press what has the focus
addEventListener("pointerdown", () => (tabbed = false), true);
addEventListener("keydown", (event) => {
  if (event.key === "Tab") return void (tabbed = true);
  const typing = isTyping(event.target);
  if (typing) {
    if (event.target.id !== "note-text") return;
    if (event.key === "Escape") {
      event.preventDefault();
      desk.closeNote();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
    return;
  }
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const dialog = document.querySelector("dialog[open]");
  if (dialog) {
    const number = dialog.id === "skip" && /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (number) document.querySelectorAll("[data-reason]")[number[1] - 1]?.click();
    return;
  }
  if (event.key === "Escape") {
    if (!document.getElementById("guide").hidden) desk.toggleGuide();
    return;
  }
  if (event.shiftKey && event.code.startsWith("Arrow")) {
    const [dx, dy] = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.code];
    event.preventDefault();
    return stage.pan(dx, dy);
  }
  const name = keys.action(event.code);
  if (!name) return;
  const on = event.target.closest?.("button, a, summary, input");
  if (tabbed && on && ["Enter", "Space"].includes(event.code)) return;
  if (on?.matches("input[type=range]") && event.code.startsWith("Arrow")) return;
  event.preventDefault();
  if (event.repeat && !name.startsWith("zoom") && !["previous", "next"].includes(name)) return;
  if (name === "blink") return stage.blink(true);
  if (name === "undo" && event.shiftKey) return redo();
  act(name);
});
addEventListener("keyup", (event) => keys.action(event.code) === "blink" && stage.swapped !== undefined && stage.blink(false));
addEventListener("blur", () => stage.blink(false));
const blinker = document.querySelector('[data-act="blink"]');
blinker.addEventListener("pointerdown", () => stage.blink(true));
for (const name of ["pointerup", "pointerleave", "pointercancel"]) blinker.addEventListener(name, () => stage.blink(false));
blinker.addEventListener("keydown", (event) => ["Enter", "Space"].includes(event.code) && !event.repeat && tabbed && stage.swap());
document.getElementById("again").addEventListener("click", refill);
document.getElementById("keys-reset").addEventListener("click", () => {
  keys.set({});
  keepKeys();
  desk.drawKeys();
});

// Other tabs, the server, the beginning -----------------------------------------------------------------------------------
stage.addEventListener("view", ({ detail }) => {
  document.getElementById("zoom").textContent = words.zoomed.replace("{n}", Math.round(detail * 100));
});
outbox.addEventListener("state", ({ detail }) => {
  if (detail.state === "saved") unsent.clear();
  desk.showState(detail);
  showProgress();
});
outbox.addEventListener("reply", ({ detail }) => {
  if (!outbox.waiting) unsent.clear();
  heard(detail);
});
outbox.addEventListener("refused", ({ detail }) => refused(detail));
outbox.addEventListener("elsewhere", ({ detail }) => {
  if (detail.kind === "sent" && detail.progress) {
    progress = detail.progress;
    if (!outbox.waiting) unsent.clear();
    showProgress();
  }
  if (detail.kind !== "said") return;
  const item = items.get(detail.task);
  if (!item) return;
  const shown = current() === item && !empty;
  if (Boolean(item.answer) !== Boolean(detail.answer)) detail.answer ? unsent.add(detail.task) : unsent.delete(detail.task);
  showProgress();
  item.answer = detail.answer;
  if (detail.answer && !(shown && item.draft.category)) item.draft = draftOf({ ...blank(), ...detail.answer });
  if (shown && detail.answer && !item.trail.length) {
    desk.say(words.in_another_tab);
    forward();
  }
  refillSoon();
});
let soon = 0;
function refillSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => ask().want > 3 && !outbox.waiting && refill(), 400);
}

setInterval(() => {
  if (!document.hidden && open().length) outbox.call("lease", { have: open() }).then((answer) => {
    if (!answer.ok) return;
    remind(answer.told.reminder);
    if (answer.told.version !== given.version) renew();
  });
}, Math.max(20, given.lease_seconds / 5) * 1000);
setInterval(() => empty?.again && !document.hidden && !outbox.waiting && refill(), 20000);
addEventListener("beforeunload", (event) => outbox.memory.length && event.preventDefault());

async function begin() {
  given.tasks.slice(0, 1).forEach((task) => stage.prefetch(task)); // on their way while the rest wakes up
  keys.learn().then(() => desk.showKeys());
  showProgress();
  opened.then(() => outbox.db || desk.notice("kept", words.not_kept));
  let kept = [];
  if (!outbox.unused) [kept, drafts, steps] = await Promise.all([outbox.kept(), outbox.drafts(), outbox.steps()]);
  const waiting = kept.filter((entry) => !entry.refused);
  // What waits from an earlier visit is answered already, though the server does not know it yet.
  const last = new Map(waiting.map(({ event }) => [event.task, event]));
  take(given.tasks);
  for (const [id, event] of last) {
    const item = items.get(id);
    if (item && event.kind !== "withdraw") {
      item.answer = event;
      item.draft = draftOf({ ...blank(), ...event });
      unsent.add(id);
    }
  }
  for (const entry of kept.filter((one) => one.refused)) refused({ ...entry, why: entry.refused }, false);
  desk.notice("campaign", given.state !== "open" ? words[given.state] : "");
  remind(given.reminder);
  showProgress();
  const next = nextOpen();
  if (next !== undefined) await go(next);
  else if (waiting.length) outbox.drain();
  else showEmpty(given.empty);
}
begin();
