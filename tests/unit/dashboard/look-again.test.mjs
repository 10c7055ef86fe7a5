// What is said when the role is looked for once more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, opened, signIn, soon, toasts } from "./drawn.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

test("a look after which the account cannot be read says so, and its button is busy until then", async (context) => {
  const account = { account_id: "a", name: "A", status: "unconfirmed", access_type: "assume_role", version: 1 };
  store.add(account, Date.now());
  let read = () => Response.json(account);
  let looked;
  globalThis.fetch = async (address, { method }) => {
    if (method === "POST") return new Promise((resolve) => (looked = resolve));
    return String(address).endsWith("/a") ? read() : Response.json({}, { status: 403 });
  };
  const { now } = performance;
  let hours = 0;
  context.mock.method(performance, "now", () => now.call(performance) + hours * 3_600_000);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  hours = 1;
  await soon(200);

  const again = button(main, t.instructions.lookAgain);
  again.dispatchEvent(new Event("click"));
  await soon();
  assert.equal(again.getAttribute("aria-busy"), "true");
  read = () => Response.json({ title: "Forbidden", detail: "You may not see it." }, { status: 403 });
  looked(Response.json({ state: "waiting" }));
  await soon(200);
  assert.equal(toasts.textContent, "You may not see it.");
  assert.equal(again.getAttribute("aria-busy"), null);
  view.abort();
});
