// What was said and is not on the server yet: kept on this machine's disk first, sent in order, forgotten when stored.
// Kept by person and campaign, so that it outlives a closed tab, a dead network and a login. One tab sends at a time.
// Beside it lie what is chosen or typed and not submitted yet, by item, and the steps that undo takes back.

const DATABASE = "nearmiss-labelling";
const STORES = ["waiting", "drafts", "steps"];
const MOST = 100; // answers in one request
const KEPT_STEPS = 40;
const KEPT_DRAFTS = 90 * 24 * 3600 * 1000; // milliseconds
const PATIENCE = 15000;

// Asked for as soon as this module is here, before the page is: it takes longer than anything else that the page needs.
const disk = new Promise((resolve, reject) => {
  const asked = indexedDB.open(DATABASE, 2);
  asked.onupgradeneeded = () => {
    for (const name of STORES.filter((one) => !asked.result.objectStoreNames.contains(one))) {
      const shape = name === "drafts" ? { keyPath: ["box", "task"] } : { keyPath: "n", autoIncrement: true };
      asked.result.createObjectStore(name, shape).createIndex("box", "box");
    }
  };
  asked.onsuccess = () => {
    asked.result.onversionchange = () => asked.result.close();
    resolve(asked.result);
  };
  asked.onerror = () => reject(asked.error);
}).catch(() => null);

export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // without https there is no randomUUID
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Outbox extends EventTarget {
  // Events: "state" (detail {state, waiting, why}), "reply" (the server's), "elsewhere" (another tab's message).
  constructor({ box, annotator, csrf, urls, ask }) {
    super();
    Object.assign(this, { box, annotator, csrf, urls, ask });
    this.memory = []; // where the browser keeps nothing
    this.state = "saved";
    this.waiting = 0;
    this.delay = 1000;
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(`nearmiss:${box}`) : null;
    this.channel?.addEventListener("message", ({ data }) => {
      if (data.kind === "sent") this.recount();
      this.dispatchEvent(new CustomEvent("elsewhere", { detail: data }));
    });
    addEventListener("online", () => this.drain());
    for (const name of ["visibilitychange", "focus", "pageshow"]) {
      addEventListener(name, () => document.visibilityState === "visible" && this.state !== "saved" && this.drain());
    }
  }

  async open() {
    disk.then((db) => (this.db = db)); // first of all that wait for it
    await disk;
    this.recount().then(() => this.waiting && this.drain());
    return this.db !== null;
  }

  // Whether nothing was ever kept here: then nobody need wait for the disk to know what lies on it.
  get unused() {
    try {
      return localStorage.getItem(`${DATABASE}:${this.box}`) === null;
    } catch {
      return false;
    }
  }

  markUsed() {
    if (this.marked) return;
    this.marked = true;
    try {
      localStorage.setItem(`${DATABASE}:${this.box}`, "used");
    } catch {
      // then the disk is always looked at
    }
  }

  tell(message) {
    this.channel?.postMessage(message);
  }

  // On the disk when this resolves; nothing is sent before. `step`: what undo takes back, or what it took back.
  async put(event, asked = "", step = null) {
    const entry = { box: this.box, event, asked };
    const kept = await this.write(({ waiting, drafts, steps }) => {
      waiting.add(entry);
      drafts.delete([this.box, event.task]);
      if (step?.n) steps.delete(step.n);
      else if (step) steps.add({ box: this.box, step }).onsuccess = (done) => (step.n = done.target.result);
    });
    if (!kept) this.memory.push({ ...entry, n: Date.now() + Math.random() });
    this.waiting += 1;
    this.say(this.state === "saved" ? "saving" : this.state);
  }

  // What is chosen or typed for an item and not submitted; null forgets it.
  keepDraft(task, draft, typing) {
    const entry = { box: this.box, task, draft, typing, at: Date.now() };
    return this.write(({ drafts }) => (draft ? drafts.put(entry) : drafts.delete([this.box, task])), "relaxed");
  }

  async drafts() {
    const found = await this.read("drafts");
    const old = found.filter((entry) => entry.at < Date.now() - KEPT_DRAFTS);
    if (old.length) this.write(({ drafts }) => old.forEach((entry) => drafts.delete([this.box, entry.task])), "relaxed");
    return new Map(found.map((entry) => [entry.task, entry]));
  }

  async steps() {
    const found = await this.read("steps");
    const old = found.slice(0, -KEPT_STEPS);
    if (old.length) this.write(({ steps }) => old.forEach((entry) => steps.delete(entry.n)), "relaxed");
    return found.slice(-KEPT_STEPS).map(({ step, n }) => ({ ...step, n }));
  }

  // What the server has not got or not taken, as a file for somebody who can put it right.
  async file() {
    const entries = await this.kept();
    const said = entries.map(({ event, refused }) => (refused ? { ...event, refused } : event));
    const whole = { where: this.urls.answers, annotator: this.annotator, kept_at: new Date().toISOString(), events: said };
    return new Blob([JSON.stringify(whole, null, 1)], { type: "application/json" });
  }

  async all() {
    return (await this.kept()).filter((entry) => !entry.refused);
  }

  async kept() {
    return [...(await this.read("waiting")), ...this.memory];
  }

  async read(name) {
    if (this.db === undefined) await disk;
    return new Promise((resolve) => {
      if (!this.db) return resolve([]);
      try {
        const asked = this.db.transaction(name).objectStore(name).index("box").getAll(this.box);
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => resolve([]);
      } catch {
        resolve([]);
      }
    });
  }

  async write(work, durability = "strict") {
    this.markUsed();
    if (this.db === undefined) await disk;
    return new Promise((resolve) => {
      if (!this.db) return resolve(false);
      try {
        const change = this.db.transaction(STORES, "readwrite", { durability });
        work(Object.fromEntries(STORES.map((name) => [name, change.objectStore(name)])));
        change.commit?.(); // a tab that is closed now still writes it
        change.oncomplete = () => resolve(true);
        change.onerror = change.onabort = () => resolve(false);
      } catch {
        resolve(false);
      }
    });
  }

  // Sent and stored; what was refused for the same tasks is settled with it.
  async stored(entries) {
    const tasks = new Set(entries.map((entry) => entry.event.task));
    await this.forget([...entries, ...(await this.refused()).filter((entry) => tasks.has(entry.event.task))]);
  }

  async refused() {
    return (await this.kept()).filter((entry) => entry.refused);
  }

  async forget(entries) {
    const gone = new Set(entries.map((entry) => entry.n));
    this.memory = this.memory.filter((entry) => !gone.has(entry.n));
    if (gone.size) await this.write(({ waiting }) => gone.forEach((n) => waiting.delete(n)));
  }

  async refuse(entry, why) {
    const kept = { ...entry, refused: why };
    const inMemory = this.memory.some((other) => other.n === entry.n);
    if (inMemory) this.memory = this.memory.map((other) => (other.n === entry.n ? kept : other));
    else await this.write(({ waiting }) => waiting.put(kept));
    this.dispatchEvent(new CustomEvent("refused", { detail: { event: entry.event, asked: entry.asked, why } }));
  }

  async recount() {
    this.waiting = (await this.all()).length;
    if (!this.waiting && !this.busy) this.say("saved");
    else this.say(this.state === "saved" ? "saving" : this.state);
  }

  say(state, why = "") {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, waiting: this.waiting, why } }));
  }

  // Sends what waits, however often it is asked to; two tabs of one person take turns.
  async drain() {
    if (this.busy) return void (this.again = true);
    this.busy = true;
    clearTimeout(this.timer);
    try {
      if (navigator.locks) await navigator.locks.request(`nearmiss:${this.box}`, () => this.send());
      else await this.send(); // doubled sending is stored once
    } finally {
      this.busy = false;
    }
    if (this.again) {
      this.again = false;
      this.drain();
    } else if (this.state === "saving") this.recount();
  }

  async send() {
    for (;;) {
      const entries = (await this.all()).slice(0, MOST);
      this.waiting = Math.max(entries.length, entries.length === MOST ? this.waiting : 0);
      if (!entries.length) {
        if (this.state !== "saved") this.say("saved");
        return;
      }
      if (this.state === "saved") this.say("saving");
      const body = { annotator: this.annotator, events: entries.map((entry) => entry.event), ...this.ask() };
      const answer = await this.call("answers", body);
      if (!answer.ok) return this.later(answer, entries);
      this.delay = 1000;
      const outcome = new Map(answer.told.saved.map((one) => [one.key, one]));
      const refused = entries.filter((entry) => outcome.get(entry.event.key)?.outcome === "refused");
      await this.stored(entries.filter((entry) => outcome.has(entry.event.key) && !refused.includes(entry)));
      for (const entry of refused) await this.refuse(entry, outcome.get(entry.event.key).why);
      this.waiting -= entries.length;
      this.tell({ kind: "sent", progress: answer.told.progress });
      this.dispatchEvent(new CustomEvent("reply", { detail: answer.told }));
    }
  }

  async later(answer, entries) {
    this.waiting = entries.length;
    if (answer.status === 400 && entries.length === 1) return this.refuse(entries[0], answer.told?.problem || "400");
    if (answer.status === 400) return this.one(entries);
    const state = { "-1": "offline", 0: "signed_out", 404: "gone", 403: "forbidden", 409: "stranger" }[answer.status];
    this.say(state || "trouble");
    if (state === "gone" || state === "forbidden") return; // asking again changes nothing: when somebody looks here next
    this.timer = setTimeout(() => this.drain(), state === "signed_out" || state === "stranger" ? 4000 : this.delay);
    this.delay = Math.min(this.delay * 2, 15000);
  }

  // One of them cannot be read by the server: send each alone, so that it holds up no other.
  async one(entries) {
    for (const entry of entries) {
      const answer = await this.call("answers", { annotator: this.annotator, events: [entry.event] });
      const outcome = answer.ok && answer.told.saved[0];
      if (outcome?.outcome === "refused") await this.refuse(entry, outcome.why);
      else if (answer.ok) await this.stored([entry]);
      else if (answer.status === 400) await this.refuse(entry, answer.told?.problem || "400");
      else return this.later(answer, [entry]);
    }
    this.again = true;
  }

  // A request: {ok, status, told}; status -1 without a network, 0 when the session is over. `body` null: GET.
  async call(name, body = null, query = "") {
    let answer = await this.fetched(name, body, query);
    if (answer.status === 403 && body) {
      const fresh = await this.fetched("answers", null, ""); // a login changed the token
      if (!fresh.ok) return fresh;
      if (fresh.told.annotator !== this.annotator) return { ok: false, status: 409 };
      answer = await this.fetched(name, body, query);
    }
    return answer;
  }

  async fetched(name, body, query) {
    const options = { redirect: "manual", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE), headers: {} };
    if (body) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.keepalive = options.body.length < 50000; // a closed tab still sends it
      options.headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf };
    }
    try {
      const response = await fetch(this.urls[name] + query, options);
      if (response.type === "opaqueredirect") return { ok: false, status: 0 };
      const json = response.headers.get("Content-Type")?.includes("json");
      const told = json ? await response.json() : null;
      if (told?.csrf) this.csrf = told.csrf;
      return { ok: response.ok && json, status: response.status, told };
    } catch {
      return { ok: false, status: -1 };
    }
  }
}
