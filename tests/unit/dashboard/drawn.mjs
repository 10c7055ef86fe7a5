// As much of a document as views need that a test draws without a browser. Import it before them.
// A node and all below it.
export function all(node) {
  const found = [];
  const add = (each) => {
    found.push(each);
    for (const child of each.childNodes) if (child instanceof Drawn) add(child);
  };
  add(node);
  return found;
}

// Of a simple selector: a tag, classes, attributes, and whether it is checked.
const TOKENS = /^\w+|\.[\w-]+|\[[^\]]+\]|:checked/g;
const IS_SIMPLE = /^\w*(\.[\w-]+|\[[^\]]+\]|:checked)*$/;
/** What each selector asks of a node and of those above it, once read. @type {Map<string, any[][]>} */
const read = new Map();

function readToken(token) {
  if (token.startsWith(".")) return (node) => node.classList.contains(token.slice(1));
  if (token === ":checked") return (node) => node.checked === true;
  const [, name, value] = /^\[([\w-]+)(?:="?([^"]*)"?)?\]$/.exec(token) ?? [];
  if (!name) return (node) => node.tag === token;
  return (node) => {
    const has = name === "value" ? (node.ownValue ?? null) : node.getAttribute(name);
    return value === undefined ? has !== null || node[name] === true : has === value;
  };
}

// Any of these selectors; no other combinator than "somewhere below", and no other pseudo-class, which nothing matches.
function readSelector(selector) {
  const ways = selector.split(",").map((each) => each.trim().split(/\s+/).reverse());
  return ways
    .filter((way) => way.every((simple) => IS_SIMPLE.test(simple)))
    .map(([last, ...above]) => [last.match(TOKENS).map(readToken), ...above]);
}

function matches(node, selector) {
  if (!read.has(selector)) read.set(selector, readSelector(selector));
  return read
    .get(selector)
    .some(
      ([fits, ...above]) =>
        fits.every((isFit) => isFit(node)) && above.every((simple) => node.parentNode?.closest(simple)),
    );
}

class Drawn extends EventTarget {
  childNodes = [];
  dataset = {};
  style = {
    setProperty(name, value) {
      this[name] = value;
    },
  };
  attributes = new Map();
  isConnected = true;

  constructor(tag = "div") {
    super();
    this.tag = tag;
  }

  get children() {
    return this.childNodes.filter((child) => child instanceof Drawn);
  }
  get firstElementChild() {
    return this.children[0] ?? null;
  }
  get lastElementChild() {
    return this.children.at(-1) ?? null;
  }
  get firstChild() {
    return this.childNodes[0];
  }
  get textContent() {
    return this.childNodes.map((child) => child.textContent ?? child).join("");
  }
  set textContent(text) {
    this.replaceChildren(text);
  }
  append(...children) {
    for (const child of children) {
      if (child instanceof Drawn) {
        child.remove();
        child.parentNode = this;
      }
      this.childNodes.push(child);
    }
  }
  insertBefore(child, next) {
    child.remove();
    child.parentNode = this;
    const at = this.childNodes.indexOf(next);
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child);
  }
  prepend(child) {
    this.append(child);
    this.childNodes.unshift(this.childNodes.pop());
  }
  replaceChildren(...children) {
    for (const child of this.children) child.remove();
    this.childNodes = [];
    this.append(...children);
  }
  before(other) {
    this.parentNode.insertBefore(other, this);
  }
  replaceWith(other) {
    this.before(other);
    this.remove();
  }
  // With it the focus goes.
  remove() {
    const beside = this.parentNode?.childNodes;
    beside?.splice(beside.indexOf(this), 1);
    this.parentNode = null;
    if (this.contains(document.activeElement)) document.activeElement = document.body;
  }
  // Nothing is laid out.
  getBoundingClientRect() {
    return { top: 0, bottom: 0 };
  }
  hasChildNodes() {
    return this.childNodes.length > 0;
  }
  setAttribute(name, value) {
    if (name.startsWith("data-")) this.dataset[name.slice(5)] = String(value);
    else this.attributes.set(name, String(value));
  }
  getAttribute(name) {
    return (name.startsWith("data-") ? this.dataset[name.slice(5)] : this.attributes.get(name)) ?? null;
  }
  get id() {
    return this.getAttribute("id") ?? "";
  }
  set id(name) {
    this.setAttribute("id", name);
  }
  // Of a select, that of its chosen option.
  get value() {
    return this.ownValue ?? all(this).find(({ selected }) => selected)?.ownValue ?? "";
  }
  set value(text) {
    this.ownValue = text;
  }
  get ariaLabel() {
    return this.getAttribute("aria-label");
  }
  get href() {
    return this.getAttribute("href");
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  get classList() {
    const classes = this.getAttribute("class")?.split(" ") ?? [];
    const set = (name, on) => {
      const others = classes.filter((each) => each !== name);
      this.setAttribute("class", (on ? [...others, name] : others).join(" "));
    };
    return {
      contains: (name) => classes.includes(name),
      toggle: set,
      add: (name) => set(name, true),
      remove: (name) => set(name, false),
    };
  }
  checkVisibility() {
    return !this.hidden && (this.parentNode?.checkVisibility?.() ?? true);
  }
  contains(node) {
    return node === this || (Boolean(node?.parentNode) && this.contains(node.parentNode));
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  querySelectorAll(selector) {
    const own = selector.replace(/^:scope > /, "");
    const below = own === selector ? all(this).slice(1) : this.children;
    return below.filter((node) => matches(node, own));
  }
  matches(selector) {
    return matches(this, selector);
  }
  closest(selector) {
    return matches(this, selector) ? this : (this.parentNode?.closest(selector) ?? null);
  }
  focus() {
    document.activeElement = this;
    for (let node = this; node; node = node.parentNode) node.dispatchEvent(new Event("focusin"));
  }
  scrollIntoView() {
    this.wasBroughtIntoView = true;
  }
  requestSubmit() {
    this.dispatchEvent(new Event("submit", { cancelable: true }));
  }
  // A modal takes the focus, and gives it back if what had it is there still.
  showModal() {
    this.before = document.activeElement;
    this.open = true;
    this.focus();
  }
  close() {
    if (!this.open) return;
    this.open = false;
    (document.body.contains(this.before) ? this.before : document.body).focus();
    setTimeout(() => this.dispatchEvent(new Event("close")), 0);
  }
}

const element = (tag) => new Drawn(tag);
const toasts = element();
const body = element("body");
const document = Object.assign(element(), {
  createElement: element,
  createElementNS: (_, tag) => element(tag),
  baseURI: "https://a.b/",
  body,
  activeElement: body,
});
document.append(body);
// Style sheets come at once.
document.head = element("head");
document.head.append = (node) => setTimeout(() => node.dispatchEvent(new Event("load")));
document.getElementById = (id) => (id === "toasts" ? toasts : element());
/** What measures parts: `measured()` tells all of them that something has another size. @type {Set<() => void>} */
const measures = new Set();
export const measured = () => measures.forEach((measure) => measure());
globalThis.MutationObserver = class {
  observe() {}
  disconnect() {}
};
globalThis.ResizeObserver = class {
  constructor(measure) {
    this.measure = measure;
  }
  observe() {
    measures.add(this.measure);
  }
  disconnect() {
    measures.delete(this.measure);
  }
};
const storage = { getItem: () => null, setItem() {}, removeItem() {} };
Object.assign(globalThis, {
  document,
  addEventListener() {},
  scrollTo() {},
  setInterval: () => 0,
  sessionStorage: storage,
});
globalThis.CSS = { escape: (text) => text };
globalThis.location = new URL("https://cavok.example/");
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en" }, configurable: true });

export { element, toasts };

/** What is announced to screen readers is in this node, for the test of this context. */
export function announcerIn(context) {
  const announcer = element();
  const find = document.getElementById;
  context.mock.method(document, "getElementById", (id) => (id === "announcer" ? announcer : find(id)));
  return announcer;
}

/** All texts that are announced from now on. */
export function announced(announcer) {
  const said = [];
  Object.defineProperty(announcer, "textContent", { set: (text) => text && said.push(text) });
  return said;
}

/** The button with this text. */
export const button = (place, text) =>
  all(place).find((node) => /^button\b/.test(node.getAttribute("class")) && node.textContent === text);

export function press(node) {
  node.dispatchEvent(new Event("click"));
  if (node.getAttribute("type") === "submit") submit(node.closest("form").parentNode);
}

/** The modal that is open on top. */
export const modal = () => all(document.body).findLast(({ tag, open }) => tag === "dialog" && open);

export const submit = (place = modal()) =>
  place.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));

/** The page is "visible" from now on, or "hidden". */
export function see(state) {
  document.visibilityState = state;
  document.dispatchEvent(new Event("visibilitychange"));
}

/** Holds what is asked for from now on, if it is such. Returns what lets it go. */
export function hold(isSuch) {
  const { fetch } = globalThis;
  const held = Promise.withResolvers();
  globalThis.fetch = async (address, options) => {
    if (isSuch(address, options)) await held.promise;
    return fetch(address, options);
  };
  return held.resolve;
}

/** Signs an admin in, or another. */
export async function signIn(session, group = "admin", email = "anna") {
  const claims = { email, "cognito:groups": [group], "custom:organization": "o" };
  const tokens = { IdToken: `h.${btoa(JSON.stringify(claims))}.x`, ExpiresIn: 3600 };
  await session.start({ cognito_endpoint: "https://cognito.example/" });
  globalThis.fetch = async () => Response.json({ AuthenticationResult: tokens });
  await session.signInWithPassword("anna", "a password");
}

/** Where a view of the account "a" is drawn, until the signal. */
export function opened(view, signal, params) {
  const main = element();
  view({ main, params: { id: "a", ...params }, query: new URLSearchParams(), signal, title() {} });
  return main;
}
