// What the audit trail says became of a test or an act, of one account or of all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const { withOutcomes } = await import(`${page}/views/trail.js`);

const never = new AbortController().signal;
const tested = (account, id) => ({
  account_id: account,
  action: "tested",
  detail: `verification ${id}`,
  target: { type: "account" },
});
const act = (account, id) => ({
  account_id: account,
  audit_id: id,
  action: "stop_requested",
  target: { type: "instance" },
});

async function completed(of, ...items) {
  await of.complete(items);
  return items.map((entry) => of.shown(entry).outcome);
}

test("entries of several accounts get their outcomes, each list is asked for once", async () => {
  api.start({ api_base: "http://api.test" });
  const asked = [];
  const lists = {
    "/v1/accounts/a/verifications": [{ verification_id: "t1", outcome: "failed" }],
    "/v1/accounts/b/verifications": [{ verification_id: "t2", outcome: null, state: "running" }],
    "/v1/accounts/b/interactions": [{ interaction_id: "i1", outcome: "refused" }],
  };
  globalThis.fetch = async (url) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    return lists[pathname]
      ? Response.json({ items: lists[pathname] })
      : Response.json({ title: "Not Found" }, { status: 404 });
  };
  const outcomes = withOutcomes(never);
  const entries = [
    tested("a", "t1"),
    tested("a", "t0"),
    act("b", "i1"),
    tested("b", "t2"),
    tested("gone", "t3"),
    { ...act("a", "x"), action: "created", target: { type: "account" } },
  ];
  assert.deepEqual(await completed(outcomes, ...entries), ["failed", "", "refused", "running", "", undefined]);
  // The account tells what the failed test means.
  assert.equal(asked.length, 5);
  assert.equal(asked.filter((path) => path === "/v1/accounts/a").length, 1);
  lists["/v1/accounts/b/verifications"] = [{ verification_id: "t2", outcome: "confirmed" }];
  assert.equal((await completed(outcomes, ...entries))[3], "confirmed");
  // What is known, or is older than what is listed, is not asked for again.
  assert.deepEqual(asked.slice(5), ["/v1/accounts/b/verifications"]);
});

test("entries of many accounts on several pages get their outcomes as they are read again", async () => {
  globalThis.fetch = async (url) => {
    const account = new URL(url).pathname.split("/")[3];
    return Response.json({ items: [{ verification_id: account, outcome: "confirmed" }] });
  };
  const entries = Array.from({ length: 12 }, (_, index) => tested(`a${index}`, `a${index}`));
  const outcomes = withOutcomes(never);
  // The second page is shown after the first; both are read again.
  for (const shown of [entries.slice(0, 6), entries, entries]) await completed(outcomes, ...shown);
  assert.deepEqual(await completed(outcomes, ...entries), Array(12).fill("confirmed"));
});

test("a test that has ended does not run again because an earlier answer comes late", async () => {
  const answers = [];
  globalThis.fetch = () =>
    new Promise((resolve) => {
      answers.push((end) => resolve(Response.json({ items: [{ verification_id: "t", ...end }] })));
    });
  const outcomes = withOutcomes(never);
  const looks = [completed(outcomes, tested("a", "t")), completed(outcomes, tested("a", "t"))];
  await soon();
  answers[1]({ outcome: "confirmed" });
  assert.deepEqual(await looks[1], ["confirmed"]);
  answers[0]({ outcome: null, state: "running" });
  assert.deepEqual(await looks[0], ["confirmed"]);
});
