// The list of tests is read again when the account tells of another test, and not without end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { Problem } = await import("../../../functions/dashboard/static/lib/problem.js");
const store = await import("../../../functions/dashboard/static/lib/store.js");
const { following } = await import("../../../functions/dashboard/static/views/tests.js");

test("a list that cannot be read is asked for once when a test begins, and once when it ends", async () => {
  const { signal } = new AbortController();
  let account = { testing: false };
  let asked = 0;
  const again = async () => {
    asked += 1;
    await store.reading("tests", () => Promise.reject(new Problem({ status: 503 })), signal);
  };
  const follow = following(account, again);
  // As in the view: whatever is read or fails calls it.
  store.onChange(() => asked < 100 && follow(account), signal);
  for (const now of [{ testing: true }, { testing: false, verification: { verification_id: "v" } }]) {
    account = now;
    for (let looks = 0; looks < 5; looks += 1) {
      store.changed();
      await soon();
    }
  }
  assert.equal(asked, 2);
});
