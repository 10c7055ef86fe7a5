// Elements from data. Text always arrives as a text node: there is no way from here to markup.

const SVG = "http://www.w3.org/2000/svg";
// These must be set as properties: their attributes are only the initial values.
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "open", "required", "hidden"]);

// The API hands out addresses; a "javascript:" among them must never become a link.
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

export function fill(parent, ...children) {
  parent.replaceChildren(...flat(children));
  return parent;
}

// Keeps the nodes of items that did not change, so that an open disclosure or the focus inside
// one survives an update of the others.
export function keyed(parent, items, keyOf, render) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const signature = JSON.stringify(item);
    const known = old.get(key);
    if (known && known.signature === signature) return known;
    const node = render(item, known);
    node.dataset.key = key;
    node.signature = signature;
    return node;
  });
  const keep = new Set(wanted);
  for (const node of [...parent.children]) if (!keep.has(node)) node.remove();
  wanted.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

let ids = 0;
export const uniqueId = (prefix) => `${prefix}-${++ids}`;

export function srOnly(text) {
  return h("span", { class: "sr-only" }, text);
}

let spoken;
// What changes without the focus being there is told to screen readers here, politely.
export function announce(text) {
  clearTimeout(spoken);
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  spoken = setTimeout(() => { announcer.textContent = text; }, 60);
}

export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

// Does its work again after each pause, for as long as somebody looks; one that failed is tried again.
export async function whileLookedAt(signal, pauseOf, work) {
  for (;;) {
    try {
      await pause(pauseOf(), signal);
      await whenVisible(signal);
      await work();
    } catch (error) {
      if (signal.aborted || error.isMissing) return;
    }
  }
}

// A page nobody looks at asks for nothing.
export async function whenVisible(signal) {
  while (document.visibilityState === "hidden") {
    await new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { once: true });
      signal?.addEventListener("abort", resolve, { once: true });
    });
    signal?.throwIfAborted();
  }
}
