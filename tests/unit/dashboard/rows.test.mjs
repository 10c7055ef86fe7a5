// Where the focus of a row goes that is no row any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, element, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const CLASS = /^\.([\w-]+)/;
const { remove, setAttribute, querySelector } = element();
Object.assign(Object.getPrototypeOf(element()), {
  classList: { toggle() {}, contains: () => false, add() {}, remove() {} },
  style: {},
  offsetHeight: 50,
  getBoundingClientRect: () => ({ top: 0 }),
  setAttribute(name, value) {
    setAttribute.call(this, name, value);
    if (name.startsWith("data-")) this.dataset[name.slice(5)] = String(value);
  },
  contains(node) {
    return node === this || (Boolean(node?.parentNode) && this.contains(node.parentNode));
  },
  closest(selector) {
    if (selector === "[hidden]") return null;
    return this.dataset.id ? this : (this.parentNode?.closest?.(selector) ?? null);
  },
  querySelector(selector) {
    const name = CLASS.exec(selector)?.[1];
    const named = (node) => node.getAttribute("class")?.split(" ").includes(name);
    return name ? (all(this).find(named) ?? null) : querySelector.call(this, selector);
  },
  querySelectorAll() {
    return all(this).slice(1);
  },
  focus() {
    document.activeElement = this;
  },
  remove() {
    remove.call(this);
    if (this.contains(document.activeElement)) document.activeElement = document.body;
  },
});
document.body = element();
document.activeElement = document.body;
globalThis.window = { innerHeight: 500, scrollTo() {}, scrollY: 0, addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { list } = await import(`${page}/views/accounts.js`);
api.start({});
await signIn(session);

test("it goes to the row in its place, and to no button there", async () => {
  const items = ["a", "b", "c"].map((name) => ({
    ...{ account_id: name, name, provider_id: "123456789012", status: "failed", version: 1 },
    ...{ access_type: "assume_role", issues: [], capabilities: [] },
  }));
  globalThis.fetch = async (address) =>
    Response.json(String(address).includes("/organization") ? { accounts: null } : { items, next_cursor: null });
  const main = element();
  document.body.append(main);
  const view = new AbortController();
  list({ main, query: new URLSearchParams("status=failed"), path: "/accounts", signal: view.signal, title() {} });
  await soon(30);
  const row = (id) => all(main).find((node) => node.dataset.id === id);
  const button = all(row("b")).find((node) => node.dataset.part === "test");
  button.focus();
  store.put({ ...items[1], status: "confirmed", version: 2 }, null, Date.now());
  view.abort();
  assert.equal(row("b"), undefined);
  assert.ok(document.activeElement === row("c"));
});
