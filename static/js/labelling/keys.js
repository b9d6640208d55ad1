// Which key does what: bound by where a key sits (event.code), shown by what is printed on it, changed by its person.

const DEFAULTS = {
  submit: "Enter", undo: "KeyZ", redo: "KeyY", skip: "KeyS", note: "KeyN", flag: "KeyF", previous: "ArrowLeft", next: "ArrowRight",
  guide: "KeyG", help: "Slash", blink: "Space", overlay: "KeyV", link: "KeyL", zoom_in: "Equal", zoom_out: "Minus",
  zoom_reset: "Digit0", confidence_1: "KeyI", confidence_2: "KeyO", confidence_3: "KeyP",
};
const ALIASES = { NumpadAdd: "Equal", NumpadSubtract: "Minus", NumpadEnter: "Enter", Numpad0: "Digit0" };
for (let digit = 1; digit < 10; digit++) ALIASES[`Numpad${digit}`] = `Digit${digit}`;
const RESERVED = /^(Tab|Escape|Backspace|Delete|Meta|Control|Alt|Shift|CapsLock|F\d|OS|ContextMenu)/;
const PRINTED = {
  Enter: "↵", Space: "␣", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Slash: "?", Equal: "+",
  Minus: "−", Comma: ",", Period: ".", Semicolon: ";", Quote: "'", BracketLeft: "[", BracketRight: "]", Backslash: "\\",
  Backquote: "`",
};

export class Keys {
  constructor(categories, own, names) {
    this.choices(categories, names);
    this.set(own);
    this.layout = new Map();
  }

  choices(categories, names) {
    this.names = names; // action -> words
    this.standard = {};
    for (const category of categories) {
      for (const choice of [category, ...category.subtypes]) {
        const code = /\d/.test(choice.hotkey) ? `Digit${choice.hotkey}` : `Key${choice.hotkey}`;
        this.standard[`choose:${choice.key}`] = code;
      }
    }
    const taken = new Set(Object.values(this.standard));
    for (const [action, code] of Object.entries(DEFAULTS)) this.standard[action] = taken.has(code) ? "" : code;
  }

  // Where the browser tells what is printed on the keys here (AZERTY, QWERTZ), show that.
  async learn() {
    try {
      this.layout = (await navigator.keyboard?.getLayoutMap?.()) || this.layout;
    } catch {
      // shown as on a keyboard of the United States
    }
  }

  set(own) {
    this.own = {};
    for (const [action, code] of Object.entries(own)) {
      if (action in this.standard && code !== this.standard[action]) this.own[action] = code;
    }
    const taken = new Set(Object.values(this.own));
    this.bound = { ...this.own };
    for (const [action, code] of Object.entries(this.standard)) this.bound[action] ??= taken.has(code) ? "" : code;
    this.actions = new Map(Object.entries(this.bound).filter(([, code]) => code).map(([action, code]) => [code, action]));
  }

  action(code) {
    return this.actions.get(code) || this.actions.get(ALIASES[code]);
  }

  printed(action) {
    const code = this.bound[action];
    if (!code) return "";
    const known = PRINTED[code] || this.layout.get(code)?.toUpperCase();
    return known || code.replace(/^(Key|Digit)/, "").replace("Numpad", "№");
  }

  // What is wrong with this key for this action: "" where nothing is.
  problem(action, code, words) {
    const shown = PRINTED[code] || code.replace(/^(Key|Digit)/, "");
    if (RESERVED.test(code) || !/^[A-Z][A-Za-z0-9]*$/.test(code)) return words.key_reserved.replace("{key}", shown);
    const other = this.action(code);
    if (other && other !== action) return words.key_taken.replace("{key}", shown).replace("{name}", this.names[other]);
    return "";
  }
}

export function isTyping(target) {
  return Boolean(target?.closest?.("textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=button])"));
}
