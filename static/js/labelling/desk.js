// What hands and eyes meet around the pictures: choices, guide, dialogs, keys, messages. Draws; decides nothing.

const find = (id) => document.getElementById(id);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export class Desk {
  constructor(given, keys, act) {
    Object.assign(this, { given, keys, act, words: given.words });
    this.tongue = given.language.startsWith("zh") ? "zh-hans" : "en";
    this.drawChoices();
    this.drawReasons();
    this.drawSure();
    this.drawGuide();
    this.showKeys();
    document.addEventListener("click", (event) => this.clicked(event));
    find("mix").firstElementChild.nextElementSibling.addEventListener("input", (event) => act("mix", event.target.value / 100));
    find("note-text").addEventListener("input", (event) => act("note_typed", event.target.value.trim()));
    find("note").addEventListener("submit", (event) => {
      event.preventDefault();
      this.closeNote();
    });
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    }
  }

  say(words, values = {}) {
    const text = fill(words, values);
    clearTimeout(this.saying);
    find("announcer").textContent = "";
    this.saying = setTimeout(() => (find("announcer").textContent = text), 30);
  }

  wordsOf(choice) {
    return choice.words[this.given.language] || choice.words.en;
  }

  nameOf(category, subtype = "") {
    const found = this.given.taxonomy.categories.find((one) => one.key === category);
    if (!found) return category;
    const finer = found.subtypes.find((one) => one.key === subtype);
    return this.wordsOf(found).name + (finer ? ` · ${this.wordsOf(finer).name}` : "");
  }

  clicked(event) {
    const button = event.target.closest("[data-act], [data-choose], [data-reason], [data-close], [data-tongue], [data-change]");
    if (!button) return;
    if (event.detail > 0) button.blur(); // pressed by hand: keys stay what they are
    const { act, choose, reason, tongue, change } = button.dataset;
    if (act && act !== "blink") this.act(act, button);
    else if (choose) this.act(`choose:${choose}`);
    else if (reason) this.act("skip_for", reason);
    else if (tongue) this.drawGuide((this.tongue = tongue));
    else if (change) this.listen(change, button);
    else if ("close" in button.dataset) button.closest("dialog").close();
  }

  // Choices ---------------------------------------------------------------------------------------------------------
  drawChoices() {
    const box = find("choices");
    box.replaceChildren();
    for (const category of this.given.taxonomy.categories) {
      const words = this.wordsOf(category);
      const button = box.appendChild(element("button", "choice", { type: "button" }));
      button.dataset.choose = category.key;
      button.setAttribute("aria-pressed", "false");
      button.title = words.use_when;
      button.style.setProperty("--light", category.colour);
      button.style.setProperty("--dark", category.colour_dark);
      button.append(key(`choose:${category.key}`), element("span", "choice-name", { textContent: words.name }), element("i", "choice-dot"));
    }
    const finer = find("subtypes");
    finer.replaceChildren();
    for (const category of this.given.taxonomy.categories) {
      for (const subtype of category.subtypes) {
        const words = this.wordsOf(subtype);
        const button = finer.appendChild(element("button", "choice choice-fine", { type: "button", title: words.use_when }));
        button.dataset.choose = subtype.key;
        button.dataset.of = category.key;
        button.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-label", `${this.wordsOf(category).name}: ${words.name}`);
        button.append(key(`choose:${subtype.key}`), element("span", "choice-name", { textContent: words.name }));
      }
    }
  }

  // Another version of the taxonomy, while the page is open.
  renew({ guides, guide_page: page }) {
    this.drawChoices();
    for (const old of document.querySelectorAll("[data-guide-tongue]")) old.remove();
    for (const [tongue, html] of Object.entries(guides)) {
      const text = element("div", "guide-long", { innerHTML: html, lang: tongue === "en" ? "en" : "zh-Hans" });
      text.dataset.guideTongue = tongue;
      find("guide-text").after(text);
    }
    document.querySelector(".guide-more a").href = page;
    this.drawGuide();
  }

  drawSure() {
    const box = find("sure");
    box.hidden = !this.given.campaign.ask_confidence;
    for (const level of [1, 2, 3]) {
      const button = box.appendChild(element("button", "choice choice-fine", { type: "button" }));
      button.dataset.act = `confidence_${level}`;
      button.setAttribute("aria-pressed", "false");
      button.append(key(`confidence_${level}`), element("span", "choice-name", { textContent: this.words[`confidence_${level}`] }));
    }
  }

  drawReasons() {
    Object.entries(this.given.skip_reasons).forEach(([reason, text], index) => {
      const button = find("reasons").appendChild(element("button", "choice", { type: "button" }));
      button.dataset.reason = reason;
      button.append(element("kbd", "", { textContent: index + 1 }), element("span", "choice-name", { textContent: text }));
    });
  }

  showDraft(draft) {
    for (const button of document.querySelectorAll("[data-choose]")) {
      const on = button.dataset.of ? draft.subtype === button.dataset.choose : draft.category === button.dataset.choose;
      button.setAttribute("aria-pressed", String(on));
      if (button.dataset.of) button.toggleAttribute("data-near", draft.category === button.dataset.of);
    }
    for (const level of [1, 2, 3]) pressed(`confidence_${level}`, draft.confidence === level);
    pressed("flag", draft.flagged);
    pressed("note", Boolean(draft.note));
    document.querySelector(".submit").toggleAttribute("data-ready", Boolean(draft.category));
  }

  showItem({ task, answer }, number) {
    const prompt = find("prompt");
    const sought = task.sides.every((content) => content.kind === "text") ? "_text" : "_one";
    const asked = task.sides.some((content) => content.class) ? "asked_class" : `asked_${task.prompt.kind}${sought}`;
    prompt.textContent = task.prompt.kind === "text" ? task.prompt.text : this.words[asked];
    prompt.dataset.length = prompt.textContent.length > 240 ? "long" : prompt.textContent.length > 110 ? "middle" : "short";
    prompt.parentElement.toggleAttribute("data-wordless", task.prompt.kind !== "text");
    const was = find("was");
    was.hidden = !answer;
    if (answer) {
      const skipped = answer.kind === "skip";
      const name = skipped ? this.given.skip_reasons[answer.skip_reason] : this.nameOf(answer.category, answer.subtype);
      was.textContent = fill(skipped ? this.words.answered_skip : this.words.answered, { name, why: name });
      was.append(element("span", "faint", { textContent: ` ${this.words.changing}` }));
    }
    find("work").hidden = false;
    find("empty").hidden = true;
    find("desk").hidden = false;
    this.say(`${this.words.item}. ${prompt.textContent} ${answer ? was.textContent : ""}`, { n: number });
  }

  showEmpty(why) {
    find("work").hidden = true;
    find("desk").hidden = true;
    find("empty").hidden = false;
    find("empty-title").textContent = why.title;
    find("empty-text").textContent = why.text;
    find("again").hidden = !why.again;
    this.say(`${why.title} ${why.text}`);
  }

  showProgress({ done, total }, unsent) {
    const now = done + unsent;
    const meter = find("meter");
    meter.hidden = !total;
    meter.max = total || 1;
    meter.value = Math.min(now, total || 1);
    find("progress").textContent = total
      ? fill(this.words.of, { done: Math.min(now, total), total })
      : fill(this.words.done_n, { done: now });
  }

  showState({ state, waiting }) {
    const words = {
      saved: this.words.saved, saving: waiting > 1 ? this.words.saving_n : this.words.saving,
      offline: waiting ? this.words.offline_n : this.words.offline, trouble: this.words.trouble_n,
      signed_out: this.words.offline_n, stranger: this.words.offline_n, gone: this.words.kept_n, forbidden: this.words.kept_n,
    }[state];
    const text = fill(words, { n: waiting });
    const line = find("state");
    if (find("state-text").textContent !== text) find("state-text").textContent = text;
    const before = line.dataset.state;
    line.dataset.state = state;
    const long = { signed_out: waiting ? "signed_out_n" : "signed_out", stranger: "stranger", gone: "gone", forbidden: "forbidden" }[state];
    const over = state === "gone" || state === "forbidden";
    this.notice("state", long ? fill(this.words[long], { n: waiting }) : "", long && !over);
    if (over && waiting) this.offer("state", this.words.download, () => this.act("download"));
    if (before !== state && ["offline", "trouble"].includes(state)) this.say(text);
  }

  // One line for each matter; an empty text takes it away.
  notice(matter, text, login = false, tone = "") {
    let line = document.querySelector(`[data-matter="${matter}"]`);
    if (!text) return void line?.remove();
    if (!line) {
      line = find("notices").appendChild(element("p", "notice"));
      line.dataset.matter = matter;
    }
    if (line.dataset.text === text) return;
    line.dataset.text = text;
    line.dataset.tone = tone;
    line.replaceChildren(element("span", "", { textContent: text }));
    if (login) line.append(" ", element("a", "", { textContent: this.words.sign_in, href: this.given.urls.login, target: "_blank", rel: "noopener" }));
    if (matter !== "state") {
      const close = line.appendChild(element("button", "tool", { type: "button", textContent: "✕" }));
      close.onclick = () => line.remove();
    }
  }

  refused({ task, kind, category, subtype, skip_reason }, why, asked) {
    const said = kind === "skip" ? this.given.skip_reasons[skip_reason] : this.nameOf(category, subtype);
    const item = asked ? `“${asked.length > 60 ? `${asked.slice(0, 60)}…` : asked}”` : fill(this.words.item, { n: task });
    this.notice(`refused-${task}`, fill(this.words.refused, { item, said, why }));
    this.offer(`refused-${task}`, this.words.download, () => this.act("download"));
  }

  // Something to do about a matter, once.
  offer(matter, text, work) {
    const line = document.querySelector(`[data-matter="${matter}"]`);
    if (!line || line.querySelector("[data-offer]")) return;
    const button = element("button", "tool tool-edge", { type: "button", textContent: text, onclick: work });
    button.dataset.offer = "";
    line.querySelector("span").after(" ", button);
  }

  // Guide -----------------------------------------------------------------------------------------------------------
  drawGuide() {
    const box = find("guide-text");
    box.lang = this.tongue === "en" ? "en" : "zh-Hans";
    box.replaceChildren();
    const { categories, rules } = this.given.taxonomy;
    const said = this.tongue === "en" ? ["Use when", "Not when"] : ["适用", "不适用"];
    const list = element("ul", "guide-rules");
    for (const rule of rules[this.tongue] || rules.en || []) list.append(element("li", "", { textContent: rule }));
    if (list.childElementCount) box.append(list);
    const entries = element("dl", "guide-list");
    for (const category of categories) {
      for (const choice of [category, ...category.subtypes]) {
        const words = choice.words[this.tongue] || choice.words.en;
        const head = element("dt", choice === category ? "" : "guide-fine");
        head.style.setProperty("--light", category.colour);
        head.style.setProperty("--dark", category.colour_dark);
        head.append(key(`choose:${choice.key}`), element("span", "", { textContent: words.long_name }), element("i", "choice-dot"));
        const text = element("dd", choice === category ? "" : "guide-fine");
        [words.use_when, words.not_when].forEach((line, index) => {
          if (!line) return;
          const row = text.appendChild(element("p", index ? "guide-not" : ""));
          row.append(element("b", "", { textContent: said[index] }), ` ${line}`);
        });
        entries.append(head, text);
      }
    }
    box.append(entries);
    const long = [...document.querySelectorAll("[data-guide-tongue]")];
    const spoken = long.find((text) => text.dataset.guideTongue === this.tongue) || long[0];
    for (const text of long) text.hidden = text !== spoken;
    for (const button of document.querySelectorAll("[data-tongue]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tongue === this.tongue));
    }
    this.showKeys();
  }

  toggleGuide() {
    const guide = find("guide");
    guide.hidden = !guide.hidden;
    for (const button of document.querySelectorAll('[data-act="guide"][aria-expanded]')) button.setAttribute("aria-expanded", String(!guide.hidden));
    if (!guide.hidden) guide.focus();
  }

  // Notes, skips ------------------------------------------------------------------------------------------------------
  openNote(text) {
    const form = find("note");
    if (!form.hidden) return this.closeNote();
    form.hidden = false;
    find("note-text").value = text;
    find("note-text").focus();
  }

  closeNote() {
    const form = find("note");
    if (form.hidden) return;
    form.hidden = true;
    this.act("note_kept", find("note-text").value.trim());
    find("prompt").focus({ preventScroll: true });
  }

  noteText() {
    return find("note").hidden ? null : find("note-text").value.trim();
  }

  hideNote() {
    find("note").hidden = true;
  }

  askReason() {
    find("skip").showModal();
  }

  // Keys --------------------------------------------------------------------------------------------------------------
  showKeys() {
    for (const place of document.querySelectorAll("[data-key-of]")) {
      const shown = this.keys.printed(place.dataset.keyOf);
      place.textContent = shown;
      place.hidden = !shown;
      const button = place.closest("button[data-act], button[data-choose]");
      if (button && shown) button.setAttribute("aria-keyshortcuts", shown);
    }
  }

  openKeys() {
    this.drawKeys();
    find("help").showModal();
  }

  drawKeys() {
    const box = find("keys");
    box.replaceChildren();
    for (const [action, name] of Object.entries(this.keys.names)) {
      if (action.startsWith("confidence") && !this.given.campaign.ask_confidence) continue;
      const row = box.appendChild(element("p", "keys-row"));
      const shown = this.keys.printed(action);
      row.append(element("span", "", { textContent: name }));
      const undo = action === "redo" && this.keys.printed("undo");
      if (undo) row.append(element("small", "faint", { textContent: `⇧${undo}` }));
      const change = element("button", "tool tool-edge", { type: "button" });
      change.dataset.change = action;
      change.append(element("kbd", "", { textContent: shown || this.words.no_key }));
      change.setAttribute("aria-label", `${name}: ${shown || this.words.no_key}`);
      row.append(change);
    }
  }

  // The next key that is pressed stands for this action from now on, unless it stands for another.
  listen(action, button) {
    const cell = button.querySelector("kbd");
    find("keys-problem").textContent = "";
    button.dataset.listening = "";
    cell.textContent = this.words.press_key;
    const heard = (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      removeEventListener("keydown", heard, true);
      if (event.code !== "Escape") {
        const problem = this.keys.problem(action, event.code, this.words);
        if (problem) find("keys-problem").textContent = problem;
        else this.act("rebind", { action, code: event.code });
      }
      this.drawKeys();
      find("keys").querySelector(`[data-change="${CSS.escape(action)}"]`)?.focus();
    };
    addEventListener("keydown", heard, true);
  }
}

function element(name, classes = "", properties = {}) {
  return Object.assign(document.createElement(name), { className: classes }, properties);
}

function key(action) {
  const place = element("kbd");
  place.dataset.keyOf = action;
  return place;
}

function pressed(act, on) {
  document.querySelector(`[data-act="${act}"]`)?.setAttribute("aria-pressed", String(Boolean(on)));
}
