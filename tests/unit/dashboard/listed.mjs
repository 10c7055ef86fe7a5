// The list of accounts, as tests draw it for an admin, in a window of its own. Import it before the page's modules.
import { beforeEach } from "node:test";
import { element, signIn, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

/** The window, what ends the view in it, what that is given, and the address that it was given. */
export let looks, view, context, shownAs;

let scrolled = 0;
Object.assign(Object.getPrototypeOf(element()), {
  offsetHeight: 50,
  getBoundingClientRect() {
    const top = Number(/\d+/.exec(this.style.transform ?? 0)[0]) - scrolled;
    return { top, bottom: top + 50 };
  },
});
globalThis.requestAnimationFrame = (work) => work();
globalThis.history = { pushState() {}, replaceState: (_, __, address) => (shownAs = String(address)) };
// One of its own for each test: once in a while Node does not remove a listener whose signal has aborted.
function anotherWindow() {
  looks = new EventTarget();
  globalThis.window = Object.assign(looks, { innerHeight: 500, scrollTo() {}, scrollY: 0 });
}
anotherWindow();

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
export const session = await import(`${page}/lib/session.js`);
export const store = await import(`${page}/lib/store.js`);
const { list } = await import(`${page}/views/accounts.js`);
api.start({});
await signIn(session);

beforeEach(() => {
  view?.abort();
  anotherWindow();
  store.forget();
  for (const id of store.operations()) store.closeOperation(id);
  toasts.replaceChildren();
  scrolled = 0;
  shownAs = undefined;
});

/** A failed account, as the list has it. */
export const account = (name, changes) => ({
  ...{ account_id: name, name, provider_id: "123456789012", status: "failed", version: 1 },
  ...{ access_type: "assume_role", issues: [], capabilities: {}, ...changes },
});

/** What is asked for with an address, beside how many. */
export const queryOf = (address) =>
  Object.fromEntries([...new URL(address).searchParams].filter(([name]) => name !== "limit"));

export function opening(search = "") {
  view = new AbortController();
  const main = element();
  document.body.append(main);
  context = { main, query: new URLSearchParams(search), path: "/accounts", signal: view.signal, title() {} };
  list(context);
  return main;
}

export async function opened(search) {
  const main = opening(search);
  await soon(30);
  return main;
}

export function scrollBy(pixels) {
  scrolled = pixels;
  looks.dispatchEvent(new Event("scroll"));
}
