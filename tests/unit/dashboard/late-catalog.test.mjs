// Marks of a test's steps when the catalog of permissions comes after them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { one } = await import(`${page}/views/tests.js`);
api.start({});
await signIn(session);

const account = { account_id: "a", name: "A", status: "degraded", access_type: "assume_role", version: 1 };
const failed = { step: "ec2:StopInstances", group: "ec2", verdict: "denied", ok: false };
const finished = { verification_id: "t", state: "finished", outcome: "degraded", trigger: "manual", steps: [failed] };
const catalog = { groups: [{ group: "ec2", required: true, actions: [{ action: failed.step }] }] };

test("a failed step of a group that turns out to be required is no longer marked as optional", async () => {
  let send;
  const sent = new Promise((resolve) => (send = () => resolve(Response.json(catalog))));
  globalThis.fetch = async (address) => {
    const { pathname } = new URL(address);
    if (pathname.endsWith("/permissions")) return sent;
    const times = { started_at: "2026-01-10T10:00:00Z", finished_at: "2026-01-10T10:00:09Z" };
    return Response.json(pathname.endsWith("/t") ? { ...finished, ...times } : account);
  };
  store.add(account, Date.now());
  const view = new AbortController();
  const main = opened(one, view.signal, { test: "t" });
  const classOf = (node) => node.getAttribute("class") ?? "";
  const marks = () =>
    all(main)
      .map(classOf)
      .find((name) => name.startsWith("test-step ")) ?? "";
  await soon(50);
  assert.match(marks(), /step-optional/u);
  send();
  await soon(50);
  view.abort();
  assert.match(marks(), /step-bad/u);
});
