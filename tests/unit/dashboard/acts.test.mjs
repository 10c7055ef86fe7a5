// The newest starts and stops beside instances, however many others have acted since.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { instances } = await import(`${page}/views/instances.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const BEGAN = Date.now() - 60_000;
const account = { account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 };
const act = (index, result) => ({
  ...{ interaction_id: `i${index}`, action: "start", kind: "ec2", region: "eu-west-1", instance_id: `i-${index}` },
  ...{ outcome: "accepted", result, state: result === "reached" ? "running" : null },
  at: new Date(BEGAN + index).toISOString(),
});
/** All interactions, the newest first; the state of the instance of the first; and which pages were asked for. */
let acts, state;
const asked = new Set();

globalThis.fetch = async (address) => {
  const { pathname, searchParams } = new URL(address);
  if (pathname.endsWith("/instances")) {
    const item = { kind: "ec2", region: "eu-west-1", instance_id: "i-0", name: "web1", type: "t3", state };
    return Response.json({ items: [item], unavailable: [], as_of: new Date().toISOString() });
  }
  if (!pathname.endsWith("/interactions")) return Response.json({ ...account, items: [], next_cursor: null });
  const from = Number(searchParams.get("cursor") ?? 0);
  asked.add(from);
  const to = from + Number(searchParams.get("limit"));
  return Response.json({ items: acts.slice(from, to), next_cursor: to < acts.length ? String(to) : null });
};

const others = (count, from = 1) => Array.from({ length: count }, (_, index) => act(from + index, "reached")).reverse();
const reads = async () => {
  asked.clear();
  readNow();
  await soon(40);
};

test("the result of a start is seen after any number of others, which are read no further than that", async () => {
  store.add(account, Date.now());
  [acts, state] = [[act(0, "pending"), ...others(200, -200)], "pending"];
  const view = new AbortController();
  const main = opened(instances, view.signal);
  await soon(40);
  const waits = t.interactions.results.pending(t.interactions.wanted.start);
  assert.ok(main.textContent.includes(waits));
  acts = [...others(120), ...acts];
  await reads();
  assert.deepEqual([...asked], [0, 50, 100]);
  assert.ok(main.textContent.includes(waits), "it is still awaited");
  acts[120] = act(0, "reached");
  state = "running";
  await reads();
  assert.ok(!main.textContent.includes(waits), main.textContent);
  assert.ok(main.textContent.includes(t.interactions.results.reached("running")));
  assert.equal(main.querySelector(".instance-state").textContent, "running");
  await reads();
  view.abort();
  assert.deepEqual([...asked], [0], "what is known is read no more");
});
