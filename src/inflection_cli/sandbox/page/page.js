"use strict";

// Everything that arrives is shown as text (textContent); nothing is ever parsed as HTML.

const ROW_PIXELS = 28;
const SPARE_ROWS = 10;
const BINS = 120;
const SVG = "http://www.w3.org/2000/svg";

const by = (id) => document.getElementById(id);
const count = (number) => number.toLocaleString("en-US");

// Characters that nobody sees, or that turn the order of others round.
const UNSEEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]/g;
const visible = (text) =>
  text.replace(UNSEEN, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

/** A list that drops from its front without moving the rest each time. */
class Queue {
  constructor() {
    this.items = [];
    this.head = 0;
  }
  get length() {
    return this.items.length - this.head;
  }
  at(index) {
    return this.items[this.head + index];
  }
  push(item) {
    this.items.push(item);
  }
  shift() {
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.head > 5000 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/** How many of the held events have a value; a value leaves with its last event. */
class Tally {
  constructor() {
    this.counts = new Map();
    this.changed = false;
  }
  add(value, step) {
    if (!value) return;
    const now = (this.counts.get(value) || 0) + step;
    if (now) this.counts.set(value, now);
    else this.counts.delete(value);
    if (now === 0 || now === step) this.changed = true;
  }
}

let bounds = { most_events: Infinity, most_bytes: Infinity };
let held = new Queue();
let heldBytes = 0;
let shown = new Queue();
let waiting = null; // while paused: the events that matched since
let kinds = new Tally();
let names = new Tally();
let users = new Tally();
let selected = null;
let lastCounts = null;
let dropped = 0;
let dirty = true;
let stripDirty = true;
let scrolledTo = 0;

function begin(data) {
  bounds = data;
  held = new Queue();
  shown = new Queue();
  waiting = waiting && new Queue();
  heldBytes = 0;
  kinds = new Tally();
  names = new Tally();
  users = new Tally();
  lastCounts = null;
  dropped = 0;
  close();
  for (const id of ["requests", "events", "faults", "accepted", "duplicate", "discarded", "refused", "lost"])
    by(id).textContent = "0";
  kinds.changed = names.changed = true;
  dirty = stripDirty = true;
}

function arrive(rows) {
  const matches = matcher();
  let added = 0;
  for (const [number, arrived, outcome, why, kind, name, user, timestamp, text] of rows) {
    const row = { number, arrived, outcome, why, kind, name, user, timestamp, text, at: Date.parse(timestamp) };
    held.push(row);
    heldBytes += text.length;
    kinds.add(kind, 1);
    names.add(name, 1);
    users.add(user, 1);
    if (!matches(row)) continue;
    if (waiting) waiting.push(row);
    else {
      shown.push(row);
      added += 1;
    }
  }
  while (held.length > bounds.most_events || (heldBytes > bounds.most_bytes && held.length > 1)) {
    const gone = held.shift();
    heldBytes -= gone.text.length;
    kinds.add(gone.kind, -1);
    names.add(gone.name, -1);
    users.add(gone.user, -1);
    dropped += 1;
    if (waiting && waiting.length && waiting.at(0) === gone) waiting.shift();
    if (!waiting && shown.length && shown.at(0) === gone) shown.shift();
  }
  // Who has scrolled down goes on looking at the same events.
  if (added && scrolledTo > 0) {
    by("space").style.height = shown.length * ROW_PIXELS + "px";
    by("list").scrollTop += added * ROW_PIXELS;
  }
  dirty = stripDirty = true;
}

function matcher() {
  const kind = by("kind").value;
  const name = by("name").value;
  const outcome = by("outcome").value;
  const user = by("user").value.trim();
  const words = by("text").value;
  const text = words && new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
  return (row) =>
    (!kind || row.kind === kind) &&
    (!name || row.name === name) &&
    (!outcome || row.outcome === outcome) &&
    (!user || row.user.includes(user)) &&
    (!text || text.test(row.text));
}

function filter() {
  const matches = matcher();
  shown = new Queue();
  waiting = waiting && new Queue();
  for (let i = 0; i < held.length; i++) if (matches(held.at(i))) shown.push(held.at(i));
  by("list").scrollTop = 0;
  dirty = stripDirty = true;
}

function pause() {
  if (waiting) {
    waiting = null;
    filter();
  } else waiting = new Queue();
  by("pause").setAttribute("aria-pressed", String(waiting !== null));
  by("pause").textContent = waiting ? "Go on" : "Pause";
  dirty = true;
}

// ---- the list: only the rows that can be seen are in the document

const pool = [];

function rowElement(index) {
  if (pool[index]) return pool[index];
  const element = document.createElement("div");
  element.className = "row";
  element.id = "row-" + index;
  element.setAttribute("role", "option");
  element.cells = {};
  for (const cell of ["at", "outcome", "kind", "name", "user", "time"]) {
    const span = document.createElement("span");
    span.className = cell;
    element.cells[cell] = span;
    element.append(span);
  }
  element.addEventListener("click", () => open(element.row));
  by("space").append(element);
  pool[index] = element;
  return element;
}

function clock(milliseconds) {
  const time = new Date(milliseconds);
  return time.toLocaleTimeString("en-GB") + "." + String(time.getMilliseconds()).padStart(3, "0");
}

function drawList() {
  const list = by("list");
  const total = shown.length;
  by("space").style.height = total * ROW_PIXELS + "px";
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_PIXELS) - SPARE_ROWS);
  const seen = Math.ceil(list.clientHeight / ROW_PIXELS) + 2 * SPARE_ROWS;
  const end = Math.min(total, first + seen);
  let active = "";
  for (let i = first; i < end; i++) {
    const element = rowElement(i - first);
    const row = shown.at(total - 1 - i);
    if (element.row !== row) {
      element.row = row;
      element.className = "row " + row.outcome;
      element.cells.at.textContent = clock(row.arrived);
      element.cells.outcome.textContent = row.outcome;
      element.cells.kind.textContent = visible(row.kind);
      element.cells.name.textContent = visible(row.name);
      element.cells.user.textContent = visible(row.user);
      element.cells.time.textContent = visible(row.timestamp.slice(0, 19).replace("T", " "));
      element.title = visible(row.why);
    }
    element.style.top = i * ROW_PIXELS + "px";
    element.style.display = "";
    element.setAttribute("aria-selected", String(row === selected));
    element.setAttribute("aria-setsize", String(total));
    element.setAttribute("aria-posinset", String(i + 1));
    if (row === selected) active = element.id;
  }
  for (let i = Math.max(0, end - first); i < pool.length; i++) {
    pool[i].style.display = "none";
    pool[i].row = null;
  }
  if (active) list.setAttribute("aria-activedescendant", active);
  else list.removeAttribute("aria-activedescendant");
}

function move(step) {
  const total = shown.length;
  if (!total) return;
  let index = 0;
  if (selected) {
    // The numbers grow along the list, so the place is found by halving.
    let low = 0;
    let high = total - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown.at(middle).number < selected.number) low = middle + 1;
      else high = middle;
    }
    index = Math.min(total - 1, Math.max(0, total - 1 - low + step));
  }
  const list = by("list");
  open(shown.at(total - 1 - index));
  if (index * ROW_PIXELS < list.scrollTop) list.scrollTop = index * ROW_PIXELS;
  const lowest = (index + 1) * ROW_PIXELS - list.clientHeight;
  if (lowest > list.scrollTop) list.scrollTop = lowest;
}

// ---- an event that is open

/** Return JSON indented, and what is none as it came. */
function shownText(text) {
  try {
    JSON.parse(text);
  } catch {
    return visible(text);
  }
  return indented(text);
}

/** Indent JSON without reading its values, so that no number changes and no key is lost. */
function indented(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/g) || [];
  let depth = 0;
  let out = "";
  const line = () => "\n" + "  ".repeat(Math.min(depth, 40));
  tokens.forEach((token, i) => {
    if (token === "{" || token === "[") {
      depth += 1;
      out += token;
      const next = tokens[i + 1];
      if (next !== "}" && next !== "]") out += line();
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      const before = tokens[i - 1];
      if (before !== "{" && before !== "[") out += line();
      out += token;
    } else if (token === ",") out += token + line();
    else if (token === ":") out += ": ";
    else out += visible(token);
  });
  return out;
}

function open(row) {
  if (!row) return;
  selected = row;
  by("hint").hidden = true;
  by("opened").hidden = false;
  by("title").textContent = visible(row.name || row.kind || "a request");
  by("fate").textContent = row.outcome + (row.why ? ": " + visible(row.why) : "");
  const person = by("person");
  person.hidden = !row.user;
  person.textContent = "All events of " + visible(row.user);
  by("json").textContent = row.text ? shownText(row.text) : "(nothing that could be read)";
  by("detail").scrollTop = 0;
  dirty = true;
}

function close() {
  selected = null;
  by("hint").hidden = false;
  by("opened").hidden = true;
}

// ---- counters, choices, and the strip of event times

function showCounts(data) {
  const now = performance.now();
  const events = ["accepted", "duplicate", "discarded", "refused", "lost"].reduce((sum, key) => sum + (data[key] || 0), 0);
  const totals = { ...data, events };
  for (const id of ["requests", "events", "faults", "accepted", "duplicate", "discarded", "refused", "lost"])
    by(id).textContent = count(totals[id] || 0);
  if (lastCounts) {
    const seconds = (now - lastCounts.now) / 1000;
    for (const id of ["requests", "events", "faults"]) {
      const rate = (totals[id] - lastCounts.totals[id]) / seconds;
      by(id + "-rate").textContent = count(Math.round(rate)) + "/s";
    }
  }
  lastCounts = { now, totals };
  dropped = Math.max(dropped, data.dropped);
  by("people").textContent = count(users.counts.size);
  choices("kind", kinds);
  choices("name", names);
  dirty = true;
}

function choices(id, tally) {
  if (!tally.changed) return;
  tally.changed = false;
  const select = by(id);
  const chosen = select.value;
  const values = [...tally.counts.keys()].sort().slice(0, 500);
  if (chosen && !values.includes(chosen)) values.push(chosen);
  select.replaceChildren(new Option("all", ""), ...values.map((value) => new Option(visible(value), value)));
  select.value = chosen;
}

const day = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ");

function drawStrip() {
  stripDirty = false;
  let first = Infinity;
  let last = -Infinity;
  let some = 0;
  for (let i = 0; i < shown.length; i++) {
    const at = shown.at(i).at;
    if (Number.isNaN(at)) continue;
    some += 1;
    if (at < first) first = at;
    if (at > last) last = at;
  }
  if (!some) {
    by("strip").replaceChildren();
    by("strip-words").textContent = "No event with a time is shown.";
    return;
  }
  const bins = new Array(BINS).fill(0);
  const width = Math.max(1, last - first);
  for (let i = 0; i < shown.length; i++) {
    const at = shown.at(i).at;
    if (!Number.isNaN(at)) bins[Math.min(BINS - 1, Math.floor(((at - first) / width) * BINS))] += 1;
  }
  const most = Math.max(...bins);
  const bars = bins.flatMap((bin, i) => {
    if (!bin) return [];
    const bar = document.createElementNS(SVG, "rect");
    const height = Math.max(1.5, (bin / most) * 46);
    const place = { x: (i * 600) / BINS, y: 48 - height, width: 600 / BINS - 0.7, height };
    for (const [name, value] of Object.entries(place)) bar.setAttribute(name, value.toFixed(2));
    const title = document.createElementNS(SVG, "title");
    title.textContent = day(first + (i * width) / BINS) + ": " + count(bin);
    bar.append(title);
    return [bar];
  });
  by("strip").replaceChildren(...bars);
  by("strip-words").textContent =
    "Times of " + count(some) + (some === 1 ? " event: " : " events: ") + day(first) + " to " + day(last) + " UTC, at most " + count(most) + " in a bar.";
}

function draw() {
  requestAnimationFrame(draw);
  if (!dirty) return;
  dirty = false;
  drawList();
  const more = waiting && waiting.length ? "; paused, " + count(waiting.length) + " more have arrived" : waiting ? "; paused" : "";
  by("shown").textContent = count(shown.length) + " of " + count(held.length) + " events" + more;
  const bound = Number.isFinite(bounds.most_events)
    ? "This page and the sandbox hold the latest " + count(bounds.most_events) + " events, at most " +
      count(bounds.most_bytes / 1e6) + " MB of JSON. "
    : "";
  by("bound").textContent = bound + (dropped ? count(dropped) + " older events are no longer held." : "Nothing was dropped so far.");
}

function start() {
  for (const id of ["kind", "name", "outcome"]) by(id).addEventListener("change", filter);
  let typed = 0;
  for (const id of ["user", "text"])
    by(id).addEventListener("input", () => {
      clearTimeout(typed);
      typed = setTimeout(filter, 120);
    });
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("clear").addEventListener("click", () => {
    for (const id of ["kind", "name", "outcome", "user", "text"]) by(id).value = "";
    filter();
  });
  by("pause").addEventListener("click", pause);
  by("person").addEventListener("click", () => {
    by("user").value = selected.user;
    filter();
  });
  by("list").addEventListener("scroll", () => {
    scrolledTo = by("list").scrollTop;
    dirty = true;
  });
  by("list").addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      event.preventDefault();
      move(steps[event.key]);
    }
  });
  addEventListener("resize", () => {
    dirty = true;
  });
  const source = new EventSource("/page/events");
  const on = (kind, take) => source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  on("begin", begin);
  on("events", arrive);
  on("counts", showCounts);
  const state = (words, look) => {
    by("state").textContent = words;
    by("state").className = look;
  };
  source.onopen = () => state("connected to " + location.host, "live");
  source.onerror = () => state("the sandbox has ended; what arrived stays here", "off");
  setInterval(() => {
    if (stripDirty) drawStrip();
  }, 500);
  draw();
}

start();
