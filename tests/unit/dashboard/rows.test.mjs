// Where the focus of a row goes that is no row any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, element, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

// Where they are.
Object.assign(Object.getPrototypeOf(element()), {
  offsetHeight: 50,
  getBoundingClientRect: () => ({ top: 0 }),
});
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
