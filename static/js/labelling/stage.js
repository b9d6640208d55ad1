// The light table: pictures whole in equal panes, one view for all of them in their own coordinates, blink and overlay.

const MOST_SCALE = 12;
const KEPT = 90; // pictures kept in memory
const READING = 960; // as wide as a page is opened, so that its lines are read with ease
const LARGE = 1280; // what the server sends for the whole pane; beyond, a larger one comes when zoomed

export class Stage extends EventTarget {
  constructor(root, { urls, words }) {
    super();
    Object.assign(this, { root, urls, words, panes: [], linked: true, pictures: new Map() });
    this.view = whole();
    new ResizeObserver(() => this.place()).observe(root);
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.press(event));
    root.addEventListener("dblclick", (event) => this.toggleAt(event));
  }

  address(content, size) {
    return `${this.urls.pictures}${content.picture}/${size}/`;
  }

  // Fetched, decoded and kept: a picture that is shown later is shown at once, with or without a network.
  load(content, size = "view") {
    const address = this.address(content, size);
    const known = this.pictures.get(address);
    if (known) {
      this.pictures.delete(address);
      this.pictures.set(address, known);
      return known;
    }
    const coming = fetched(address);
    coming.catch(() => this.pictures.delete(address));
    this.pictures.set(address, coming);
    while (this.pictures.size > KEPT) {
      this.pictures.delete(this.pictures.keys().next().value);
    }
    return coming;
  }

  async prefetch(task) {
    const wanted = contents(task).filter((content) => content.picture);
    await Promise.all(wanted.map((content) => this.load(content).catch(() => {})));
  }

  ready(task) {
    return contents(task).every((content) => !content.picture || this.pictures.has(this.address(content, "view")));
  }

  // Resolves once everything is painted.
  async show(task) {
    const turn = (this.turn = (this.turn || 0) + 1);
    const shown = [];
    if (task.prompt.kind !== "text") shown.push({ place: "p", content: task.prompt });
    task.sides.forEach((content, index) => shown.push({ place: "ab"[index], content, index }));
    const pending = shown.map(({ content }) => (content.picture ? this.load(content).catch(() => null) : content));
    let images = await Promise.race([Promise.all(pending), wait(60).then(() => null)]);
    if (turn !== this.turn) return false;
    if (!images) {
      this.build(task, shown, shown.map(({ content }) => (content.picture ? "coming" : content)));
      images = await Promise.all(pending);
      if (turn !== this.turn) return false;
    }
    this.build(task, shown, images);
    await frame();
    await wait(0); // what was asked for in a frame is done once that frame is painted
    return turn === this.turn && images.every(Boolean);
  }

  build(task, shown, images) {
    this.task = task;
    this.view = whole();
    this.own = new Map();
    this.swapped = false;
    this.overlaid = false;
    const texts = task.sides.every((content) => content.kind === "text");
    this.root.dataset.layout = task.prompt.kind !== "text" ? (texts ? "asked-texts" : "asked") : texts ? "texts" : "pair";
    this.root.dataset.sides = task.sides.length;
    this.panes = shown.map((entry, number) => this.pane(entry, images[number]));
    const sides = this.panes.filter((pane) => pane.place !== "p");
    sides.forEach((pane, number) => this.other(pane, sides[1 - number]));
    this.root.replaceChildren(...this.panes.map((pane) => pane.element));
    this.name(task.roles);
    this.mark();
    this.open();
    this.place();
  }

  // Pages are read: they open as wide as their pane, from the top; the wheel scrolls them.
  open() {
    const pages = this.panes.filter((pane) => pane.image && pane.content.kind === "page");
    const wide = (pane) => Math.min(READING, pane.glass.getBoundingClientRect().width);
    const scale = Math.min(...pages.map((pane) => wide(pane) / shownSize(pane, 1).width));
    if (!pages.length || !(scale > 1)) return;
    this.view = { scale: Math.min(MOST_SCALE, scale), x: 0.5, y: 0 };
    settle(pages[0], this.view);
  }

  pane({ place, content }, loaded) {
    const element = make("figure", `pane pane-${content.kind}`);
    const glass = element.appendChild(make("div", "glass"));
    const label = element.appendChild(make("figcaption", "pane-label"));
    element.dataset.place = place;
    const pane = { place, content, element, glass, label };
    if (content.kind === "text") {
      pane.text = glass.appendChild(make("p", "pane-words"));
      pane.text.textContent = content.text || "–";
      if ((content.text || "").length > 160) pane.text.classList.add("pane-words-long");
    } else if (loaded === "coming") glass.append(make("span", "coming"));
    else if (!loaded) {
      const gone = glass.appendChild(make("p", "pane-gone"));
      gone.textContent = navigator.onLine ? this.words.picture_gone : this.words.picture_waits;
    } else {
      pane.image = glass.appendChild(loaded.image.isConnected ? loaded.image.cloneNode() : loaded.image);
      pane.image.className = "own";
      pane.image.style.opacity = "";
      pane.natural = { width: loaded.image.naturalWidth, height: loaded.image.naturalHeight };
    }
    return pane;
  }

  // Each side holds the other one too, hidden, so that a blink moves nothing but what is seen.
  other(pane, rival) {
    if (!rival) return;
    if (rival.image) {
      pane.otherImage = pane.glass.appendChild(rival.image.cloneNode());
      pane.otherImage.className = "other";
      pane.otherImage.alt = "";
      pane.otherNatural = rival.natural;
    } else if (rival.text && pane.text) {
      const words = pane.glass.appendChild(rival.text.cloneNode(true));
      words.classList.remove("own");
      words.classList.add("other");
      pane.text.classList.add("own");
    }
  }

  // `roles` is null while it is hidden which is which.
  name(roles) {
    const sides = this.panes.filter((pane) => pane.place !== "p");
    this.names = sides.map((pane, index) => {
      if (!roles) return this.words.side.replace("{name}", "AB"[index]);
      const what = pane.content.class ? "_class" : pane.content.kind === "text" ? "_text" : "";
      return this.words[`${roles[index]}${what}`];
    });
    this.label();
    const asked = sides.some((pane) => pane.content.class) ? this.words.asked_of_class : this.words.asked;
    for (const pane of this.panes) {
      if (pane.place === "p") pane.label.textContent = asked;
      if (pane.image) pane.image.alt = pane.place === "p" ? asked : this.names[pane.place === "a" ? 0 : 1];
    }
  }

  label() {
    const sides = this.panes.filter((pane) => pane.place !== "p");
    sides.forEach((pane, index) => {
      const name = this.names[this.swapped && sides.length > 1 ? 1 - index : index];
      pane.label.textContent = this.overlaid && index === 0 ? this.names.join(" + ") : name;
    });
  }

  // Views ---------------------------------------------------------------------------------------------------------
  viewOf(pane) {
    if (this.linked) return this.view;
    if (!this.own.has(pane)) this.own.set(pane, { ...this.view });
    return this.own.get(pane);
  }

  place() {
    for (const pane of this.panes) {
      if (!pane.image) continue;
      const box = pane.glass.getBoundingClientRect();
      fit(pane.image, pane.natural, box, this.viewOf(pane));
      if (pane.otherImage) fit(pane.otherImage, pane.otherNatural, box, this.viewOf(pane));
    }
    this.sharpen();
    this.dispatchEvent(new CustomEvent("view", { detail: this.view.scale }));
  }

  // Zoomed in on a picture of which there is more: the larger one comes and takes its place.
  sharpen() {
    for (const pane of this.panes) {
      const large = Math.max(pane.content.width || 0, pane.content.height || 0) > LARGE;
      if (!pane.image || !large || pane.sharp || this.viewOf(pane).scale < 1.3) continue;
      pane.sharp = true;
      const task = this.task;
      this.load(pane.content, "zoom").then(({ image }) => {
        if (this.task !== task) return;
        pane.image.src = image.src;
        const rival = this.panes.find((other) => other !== pane && other.place !== "p");
        if (rival?.otherImage) rival.otherImage.src = image.src;
      }).catch(() => {});
    }
  }

  zoom(factor, at = null, pane = null) {
    const target = pane || this.panes.find((one) => one.image && one.place !== "p") || this.panes.find((one) => one.image);
    if (!target) return;
    const view = this.viewOf(target);
    const scale = Math.min(MOST_SCALE, Math.max(1, view.scale * factor));
    if (at) {
      const before = under(target, view, at);
      view.scale = scale;
      const after = under(target, view, at);
      view.x += before.x - after.x;
      view.y += before.y - after.y;
    } else view.scale = scale;
    if (scale === 1) Object.assign(view, whole());
    else settle(target, view);
    this.place();
  }

  reset() {
    this.view = whole();
    this.own.clear();
    this.place();
  }

  pan(dx, dy) {
    for (const pane of this.panes.filter((one) => one.image)) {
      const view = this.viewOf(pane);
      view.x += dx / view.scale;
      view.y += dy / view.scale;
      settle(pane, view);
      if (this.linked) break;
    }
    this.place();
  }

  link() {
    this.linked = !this.linked;
    if (this.linked) this.own.clear();
    else this.panes.forEach((pane) => this.own.set(pane, { ...this.view }));
    this.place();
    return this.linked;
  }

  // Blink and overlay -----------------------------------------------------------------------------------------------
  canCompare() {
    return this.panes.filter((pane) => pane.place !== "p").length === 2;
  }

  swap(on = !this.swapped) {
    if (!this.canCompare()) return;
    this.swapped = on;
    this.mark();
  }

  // While it is held: at once, then to and fro, slower than what harms anybody; still where motion is not wanted.
  blink(on) {
    clearInterval(this.blinking);
    this.swap(on);
    if (on && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.blinking = setInterval(() => this.swap(), 500);
    }
  }

  overlay(on = !this.overlaid) {
    this.overlaid = on && this.canCompare() && this.panes.filter((pane) => pane.place !== "p").every((pane) => pane.image);
    this.mark();
    this.place();
    return this.overlaid;
  }

  mix(share) {
    this.root.style.setProperty("--mix", share);
  }

  mark() {
    this.root.toggleAttribute("data-swapped", this.swapped);
    this.root.toggleAttribute("data-overlaid", this.overlaid);
    if (this.names) this.label();
  }

  // Hands -----------------------------------------------------------------------------------------------------------
  paneAt(event) {
    return this.panes.find((pane) => pane.image && pane.glass.contains(event.target));
  }

  wheel(event) {
    const pane = this.paneAt(event);
    if (!pane) return;
    event.preventDefault();
    const step = event.deltaMode ? event.deltaY * 16 : event.deltaY;
    const view = this.viewOf(pane);
    if (pane.content.kind === "page" && !event.ctrlKey && view.scale > 1) {
      const size = shownSize(pane, view.scale);
      view.x += event.deltaX / size.width;
      view.y += step / size.height;
      settle(pane, view);
      this.place();
      return;
    }
    this.zoom(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.002)), event, pane);
  }

  toggleAt(event) {
    const pane = this.paneAt(event);
    if (!pane) return;
    if (this.viewOf(pane).scale > 1) this.reset();
    else this.zoom(2.5, event, pane);
  }

  press(event) {
    const pane = this.paneAt(event);
    const swiped = event.target.closest(".pane");
    if (!swiped || event.button) return;
    this.fingers ||= new Map();
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY });
    const move = (moved) => pane && this.drag(moved, pane);
    const end = (ended) => {
      if (ended.pointerId !== event.pointerId) return;
      const finger = this.fingers.get(event.pointerId);
      this.fingers.delete(event.pointerId);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      const across = ended.clientX - finger.startX;
      const still = !pane || shownSize(pane, this.viewOf(pane).scale).width <= shownSize(pane, 1).box.width + 1;
      const far = Math.abs(across) > 40 && Math.abs(across) > 1.5 * Math.abs(ended.clientY - finger.startY);
      if (ended.type === "pointerup" && event.pointerType !== "mouse" && still && far) this.swap();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
    if (pane && event.pointerType === "mouse") event.preventDefault();
  }

  drag(event, pane) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    const view = this.viewOf(pane);
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    if (others.length) {
      const [other] = others;
      const before = Math.hypot(finger.x - other.x, finger.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      const middle = { clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 };
      if (before > 0) this.zoom(after / before, middle, pane);
    } else if (view.scale > 1) {
      const size = shownSize(pane, view.scale);
      view.x -= (event.clientX - finger.x) / size.width;
      view.y -= (event.clientY - finger.y) / size.height;
      settle(pane, view);
      this.place();
    }
    finger.x = event.clientX;
    finger.y = event.clientY;
  }
}

function contents(task) {
  return [task.prompt, ...task.sides];
}

function whole() {
  return { scale: 1, x: 0.5, y: 0.5 }; // the middle of the pane, in the picture's own coordinates
}

// Kept by its element: what is loaded stays there without a network, for copies of it too.
async function fetched(address) {
  const image = new Image();
  image.draggable = false;
  image.src = address;
  await image.decode();
  return { image };
}

function shownSize(pane, scale) {
  const box = pane.glass.getBoundingClientRect();
  const fitted = Math.min(box.width / pane.natural.width, box.height / pane.natural.height);
  return { width: pane.natural.width * fitted * scale, height: pane.natural.height * fitted * scale, box };
}

function under(pane, view, { clientX, clientY }) {
  const { width, height, box } = shownSize(pane, view.scale);
  return {
    x: view.x + (clientX - box.left - box.width / 2) / width,
    y: view.y + (clientY - box.top - box.height / 2) / height,
  };
}

function held(at, shown, room) {
  if (shown <= room) return 0.5;
  const edge = room / 2 / shown;
  return Math.min(1 - edge, Math.max(edge, at));
}

function settle(pane, view) {
  const { width, height, box } = shownSize(pane, view.scale);
  view.x = held(view.x, width, box.width);
  view.y = held(view.y, height, box.height);
}

function fit(image, natural, box, view) {
  const fitted = Math.min(box.width / natural.width, box.height / natural.height) || 0;
  const width = natural.width * fitted * view.scale;
  const height = natural.height * fitted * view.scale;
  const left = box.width / 2 - held(view.x, width, box.width) * width;
  const top = box.height / 2 - held(view.y, height, box.height) * height;
  image.style.width = `${natural.width * fitted}px`;
  image.style.height = `${natural.height * fitted}px`;
  image.style.transform = `translate(${left}px, ${top}px) scale(${view.scale})`;
}

function make(name, classes) {
  return Object.assign(document.createElement(name), { className: classes });
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const frame = () => new Promise((resolve) => {
  const late = setTimeout(resolve, 100); // a page in the background paints nothing
  requestAnimationFrame(() => (clearTimeout(late), resolve()));
});
