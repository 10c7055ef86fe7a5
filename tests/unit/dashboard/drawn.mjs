// As much of a document as views need that a test draws without a browser. Import it before them.
// A node and all below it.
export const all = (node) => [node, ...node.children.flatMap(all)];

class Drawn extends EventTarget {
  childNodes = [];
  dataset = {};
  attributes = new Map();
  isConnected = true;

  get children() {
    return this.childNodes.filter((child) => child instanceof Drawn);
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
  replaceWith(other) {
    const { parentNode: place } = this;
    place.append(other);
    this.remove();
  }
  remove() {
    const beside = this.parentNode?.childNodes;
    beside?.splice(beside.indexOf(this), 1);
    this.parentNode = null;
  }
  hasChildNodes() {
    return this.childNodes.length > 0;
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  contains() {
    return false;
  }
  // Finds by one attribute.
  querySelector(selector) {
    const name = /^\[([\w-]+)\]$/.exec(selector)?.[1];
    return all(this).find((node) => node.attributes.has(name)) ?? null;
  }
  querySelectorAll() {
    return [];
  }
  closest() {
    return null;
  }
  focus() {}
}

const element = () => new Drawn();
const toasts = element();
const document = Object.assign(element(), {
  createElement: element,
  createElementNS: element,
  baseURI: "https://a.b/",
});
document.getElementById = (id) => (id === "toasts" ? toasts : element());
const storage = { getItem: () => null, setItem() {}, removeItem() {} };
Object.assign(globalThis, { document, addEventListener() {}, setInterval: () => 0, sessionStorage: storage });
globalThis.location = new URL("https://cavok.example/");
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en" }, configurable: true });

export { element, toasts };

/** The button with this text. */
export const button = (place, text) =>
  all(place).find((node) => /^button\b/.test(node.getAttribute("class")) && node.textContent === text);

/** Signs an admin in. */
export async function signIn(session) {
  const claims = { email: "anna", "cognito:groups": ["admin"], "custom:organization": "o" };
  const tokens = { IdToken: `h.${btoa(JSON.stringify(claims))}.x`, ExpiresIn: 3600 };
  await session.start({ cognito_endpoint: "https://cognito.example/" });
  globalThis.fetch = async () => Response.json({ AuthenticationResult: tokens });
  await session.signInWithPassword("anna", "a password");
}

/** Where a view of the account "a" is drawn, until the signal. */
export function opened(view, signal) {
  const main = element();
  view({ main, params: { id: "a" }, query: new URLSearchParams(), signal, title() {} });
  return main;
}
