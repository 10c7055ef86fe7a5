// Creates elements. Text always becomes a text node, never markup.
import { isMissing, Problem, retryAfter } from "./problem.js";

const SVG = "http://www.w3.org/2000/svg";
// Set as properties, because their attributes are only initial values.
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "open", "required", "hidden"]);

// The API returns URLs. A "javascript:" URL must never become a link.
export function safeHref(address) {
  const url = new URL(address, document.baseURI);
  return ["https:", "http:", "blob:"].includes(url.protocol) ? address : "#";
}

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (name === "href") element.setAttribute(name, safeHref(value));
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// Replaces the content. If the focus was in it, passes the focus on.
export function fill(parent, ...children) {
  const had = focused(parent);
  parent.replaceChildren(...flat(children));
  passFocus(had, parent);
  return parent;
}

// Keeps the nodes of unchanged items, so that they keep the focus and their open disclosures. A redrawn item passes the
// focus to its new node. A removed item passes it to the whole list, not to a similar element of another item.
export const keyed = (...list) => void [...keying(...list)];

/** The same, some items a step: so many take a task next to no time. */
export function* keying(parent, items, keyOf, draw, atOnce = 20) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const had = focused(parent);
  const keys = new Set(items.map((item) => String(keyOf(item))));
  for (const [key, node] of old) if (!keys.has(key)) node.remove();
  passFocus(had, parent, false);
  for (const [index, item] of items.entries()) {
    const key = String(keyOf(item));
    const signature = JSON.stringify(item);
    const known = old.get(key);
    const has = focused(known);
    const node = known?.signature === signature ? known : draw(item, known);
    if (known !== node) known?.remove();
    node.dataset.key = key;
    node.signature = signature;
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
    passFocus(has, node);
    if (index % atOnce === atOnce - 1) yield;
  }
}

/** One of the elements of index.html. */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** The element with the focus. */
export const focus = () => /** @type {HTMLElement} */ (document.activeElement);

/** The element with the focus, if it is in this place. */
export const focused = (place) => (place?.contains(document.activeElement) ? focus() : null);

// Identifies an element across redraws: its item and its name.
function isOne(node) {
  const name = node.dataset.part ?? node.getAttribute("href") ?? node.ariaLabel ?? node.textContent;
  return `${node.closest("[data-item]")?.dataset.item} ${name}`;
}

/**
 * Moves the focus after a redraw: to the same element, else to its counterpart, else to the whole place. Leaves the
 * focus alone if a reader has moved it.
 * @param {HTMLElement | null} had the element that had the focus @param {Element} place the new content
 * @param {boolean} [same] whether the place shows the same thing as before
 */
export function passFocus(had, place, same = true) {
  if (!had || had === place || ![document.body, place].includes(focus())) return;
  const all = /** @type {NodeListOf<HTMLElement>} */ (
    place.querySelectorAll("a, button, input, select, summary, pre, table")
  );
  const like = () => [...all].find((node) => isOne(node) === isOne(had));
  if (same) (place.contains(had) ? had : like())?.focus({ preventScroll: true });
  if (focus() === document.body) focusOn(place);
}

/** Focuses an element that is not a control. @param {any} node */
export function focusOn(node) {
  node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

// Draws again only when what it shows has changed.
export function render(target, shown, draw) {
  const signature = JSON.stringify(shown);
  if (target.signature === signature) return;
  // `draw` may reuse an old node that has the focus.
  const had = focused(target);
  fill(target, draw(shown));
  target.signature = signature;
  passFocus(had, target);
}

let ids = 0;
export const uniqueId = (prefix) => `${prefix}-${++ids}`;

export function srOnly(text) {
  return h("span", { class: "sr-only" }, text);
}

/** The modal on top, which was opened last. @returns {HTMLElement | undefined} */
export const topModal = () => [.../** @type {any} */ (document.querySelectorAll("dialog[open]"))].at(-1);

/** An open modal would cover toasts that are not in it. Whoever closes one calls this before it is removed. */
export const placeToasts = () => (topModal() ?? document.body).append(byId("toasts"));

let spoken;
let unspoken = "";
// Announces a change outside the focus to screen readers (aria-live, polite). Joins simultaneous changes.
export function announce(text) {
  clearTimeout(spoken);
  unspoken += `${text} `;
  // While a modal is open, everything outside it is inert, also for screen readers.
  const announcer = () => topModal()?.querySelector(".announcer") ?? byId("announcer");
  announcer().textContent = "";
  spoken = setTimeout(() => {
    announcer().textContent = unspoken.trim();
    unspoken = "";
  }, 60);
}

/** Clears the announcements, so that the next person does not hear them. */
export function hush() {
  clearTimeout(spoken);
  unspoken = "";
  byId("announcer").textContent = "";
}

/** Does the work later. If the view is left first, calls `stop` instead. Returns a function that cancels. */
export function later(milliseconds, work, signal, stop = () => {}) {
  const cancel = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  };
  const leave = () => {
    cancel();
    stop();
  };
  const timer = setTimeout(() => {
    cancel();
    work();
  }, milliseconds);
  signal?.addEventListener("abort", leave);
  return cancel;
}

/** Waits so long. `early` gets what ends the wait at once. */
export function pause(milliseconds, signal, early = (_goOn) => {}) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal?.aborted) return stop();
    const cancel = later(milliseconds, resolve, signal, stop);
    early(() => {
      cancel();
      resolve(0);
    });
  });
}

// Repeats `work` after each pause while the page is visible, also after a failure. `readNow`, or the network when it is
// back, makes it work at once, but no sooner than the API allows. Work in progress at that moment may get an older
// answer, so it is repeated. `early` is given what begins a pause anew, by what `pauseOf` says then.
export async function whileLookedAt(signal, pauseOf, work, early = (_anew) => {}) {
  let asked = 0;
  let atOnce = false;
  let isAnew = false;
  let goOn = () => {};
  early(() => {
    isAnew = true;
    goOn();
  });
  const hear = () => {
    atOnce = true;
    goOn();
  };
  onReadNow(hear, signal);
  for (;;) {
    try {
      const left = Math.max(pauseOf() - asked, 0);
      await pause(asked, signal);
      asked = 0;
      isAnew = false;
      if (!atOnce) await pause(left, signal, (end) => (goOn = end));
      if (isAnew && !atOnce) continue;
      await whenVisible(signal);
      atOnce = false;
      await work();
    } catch (error) {
      if (signal.aborted || isMissing(error)) return;
      asked = retryAfter(error);
      if (!(error instanceof Problem)) console.error(error);
    }
  }
}

const reads = new EventTarget();
// When the page last did, or saw, what may change what other views have read, in milliseconds.
let changedAt = 0;
export const noteChange = () => void (changedAt = Date.now());
/** Whether what was read at this moment may be of before such a change. @param {number} moment in milliseconds */
export const changedSince = (moment) => changedAt >= moment;

/** Reads all watched data again at once. */
export const readNow = () => {
  noteChange();
  reads.dispatchEvent(new Event("now"));
};

/** Calls the listener when watched data may have changed unseen: the network is back, or `readNow` was called. */
export function onReadNow(listener, signal) {
  addEventListener("online", listener, { signal });
  reads.addEventListener("now", listener, { signal });
}

// Waits while the page is hidden, so that a hidden page sends no requests.
export async function whenVisible(signal) {
  while (document.visibilityState === "hidden") {
    const heard = new AbortController();
    await new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { signal: heard.signal });
      signal?.addEventListener("abort", resolve, { signal: heard.signal });
    });
    heard.abort();
    signal?.throwIfAborted();
  }
}
