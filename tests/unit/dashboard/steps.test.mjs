// Where the focus goes in the view of one test while its steps arrive.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, element, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { one, stepReason } = await import(`${page}/views/tests.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});

const account = { account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 };
const step = (name, verdict) => ({ step: name, group: "logs", verdict, ok: null, error_code: "AccessDenied" });
const skipped = step("logs:CreateLogStream", "skipped");
const allowed = step("logs:PutLogEvents", "allowed");

let steps, view;

async function opened(...first) {
  await signIn(session);
  store.add(account, Date.now());
  steps = first;
  globalThis.fetch = async (address) => {
    const path = new URL(address).pathname;
    if (path.endsWith("/permissions")) return Response.json({ groups: [] });
    const found = { verification_id: "t", state: "running", trigger: "manual", started_at: "2026-01-10T10:00:00Z" };
    return Response.json(path.endsWith("/t") ? { ...found, steps } : account);
  };
  const main = element();
  document.body.append(main);
  view = new AbortController();
  one({ main, params: { id: "a", test: "t" }, signal: view.signal, title() {} });
  await soon(30);
  return main.querySelector('[data-group="logs"]');
}

async function reads(...now) {
  steps = now;
  readNow();
  await soon(30);
}

test("a group that becomes a line, or is one no more, keeps it", async () => {
  const group = await opened(skipped);
  const shows = async (isLine, ...now) => {
    await reads(...now);
    assert.equal(group.classList.contains("is-skipped"), isLine);
  };
  const answer = () =>
    all(group)
      .find(({ dataset }) => dataset.key === skipped.step)
      .querySelector("summary");
  const line = group.querySelector("summary");
  line.focus();
  await shows(false, skipped, allowed);
  assert.ok(document.activeElement === group);
  answer().focus();
  await shows(true, skipped);
  assert.ok(document.activeElement === answer());
  view.abort();
});

test("whoever reads a group's heading, or its summary, is not thrown off by the next read", async () => {
  const group = await opened(allowed);
  const { children } = group.querySelector(".card-head");
  const [heading, , summary] = children;
  const [said] = summary.childNodes;
  await reads(allowed);
  assert.ok(summary.childNodes[0] === said);
  await reads(allowed, { ...allowed, step: "logs:CreateLogStream" });
  view.abort();
  assert.ok(group.querySelector("h2") === heading);
});

test("a verdict that stands although some calls had no answer is not said to pass", () => {
  const partly = { ...step("ec2:StopInstances", "partial"), ok: true, reason: "error" };
  assert.equal(stepReason(partly), t.tests.someUnanswered);
  assert.equal(stepReason({ ...partly, ok: null, verdict: "inconclusive" }), t.reasons.error);
  assert.equal(stepReason({ ...partly, reason: null }), "");
});
