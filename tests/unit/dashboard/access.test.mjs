// Access Details, as an API that is newer than the page may send them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { accessDetails } = await import(`${page}/views/access.js`);
api.start({});
await signIn(session);

const group = (name, title) => ({ group: name, title, why: "It is.", required: false, actions: [] });

test("nothing is announced and then not said of a group without words", async () => {
  const groups = [group("ec2", "EC2 instances"), group("warehouses", "Warehouses"), group("cold_storage")];
  globalThis.fetch = async () => Response.json({ groups });
  const view = new AbortController();
  const main = opened(accessDetails, view.signal, {});
  await soon(50);
  view.abort();

  assert.match(main.textContent, /Choose one under Cloud Accounts\.\s?[A-Z]/u);
  assert.match(main.textContent, /Warehouses/u);
  assert.match(main.textContent, /Cold storage/u);
  assert.equal(main.textContent.match(/Without it/gu).length, 1);
});
