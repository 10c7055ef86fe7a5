// Why the instances of an account that is not connected are not seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instances } = await import(`${page}/views/instances.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});

test("the reason is the present one", async () => {
  await signIn(session);
  const account = (version, status, ...codes) => ({
    ...{ account_id: "a", name: "A", access_type: "assume_role" },
    ...{ version, status, issues: codes.map((code) => ({ code })) },
  });
  let there = account(1, "unconfirmed", "revoked");
  globalThis.fetch = async () => Response.json(there);
  store.add(there);
  const main = opened(instances, new AbortController().signal);
  await soon();
  assert.ok(main.textContent.includes(t.instances.revoked));
  for (const [status, code, said] of [
    ["failed", "role_not_assumable", "notConnected"],
    ["failed", "confused_deputy", "openToOthers"],
    ["unconfirmed", "revoked", "revoked"],
  ]) {
    there = account(there.version + 1, status, code);
    store.put(there);
    assert.ok(main.textContent.includes(t.instances[said]), said);
  }
});
