// What waits leave behind, and where the focus goes.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { see } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const { fill, h, keyed, later, pause, readNow, whileLookedAt } =
  await import("../../../functions/dashboard/static/lib/dom.js");

test("what is looked at for long, and what is done later, leaves nothing on the view's signal", async () => {
  const view = new AbortController();
  const left = () => getEventListeners(view.signal, "abort").length;
  let turns = 0;
  const end = whileLookedAt(
    view.signal,
    () => 0,
    async () => void (turns += 1),
  );
  while (turns < 100) await soon();
  assert.ok(left() < 5, `${left()} listeners`);
  view.abort();
  await end;

  const next = new AbortController();
  await new Promise((resolve) => later(0, resolve, next.signal));
  assert.equal(getEventListeners(next.signal, "abort").length, 0);
  let done = false;
  later(5, () => (done = true), next.signal);
  const stopped = assert.rejects(pause(5, next.signal), { name: "AbortError" });
  next.abort();
  await stopped;
  await soon(20);
  assert.ok(!done);
});

test("neither does what is cancelled, or goes on before its time", async () => {
  const view = new AbortController();
  const left = () => getEventListeners(view.signal, "abort").length;
  const cancel = later(60_000, assert.fail, view.signal);
  cancel();
  assert.equal(left(), 0);

  let turns = 0;
  const end = whileLookedAt(
    view.signal,
    () => (turns ? 60_000 : 0),
    async () => void (turns += 1),
  );
  while (turns < 20) {
    see("hidden");
    readNow();
    await soon();
    see("visible");
    await soon();
  }
  assert.ok(left() < 5, `${left()} listeners`);
  see("hidden");
  readNow();
  await soon();
  view.abort();
  await end;
  assert.equal(getEventListeners(document, "visibilitychange").length, 0);
});

test("an item that is drawn anew keeps the focus on its part, and one that is gone gives it to the list", () => {
  const list = h("ul");
  document.body.append(list);
  const power = (name) => list.children.find((row) => row.dataset.key === name).children[0];
  const row = ({ name }) => {
    const start = h("button", { "data-part": "power" }, `Start ${name}`);
    return h("li", {}, start);
  };
  const draw = (...items) => keyed(list, items, ({ name }) => name, row);
  const [accounting, billing] = [{ name: "accounting" }, { name: "billing" }];
  draw(accounting, billing);
  power("billing").focus();
  draw(accounting, { ...billing, state: "stopped" });
  assert.equal(document.activeElement, power("billing"));
  draw(accounting);
  assert.equal(document.activeElement, list);
});

const focusIsOn = (node) => assert.ok(document.activeElement === node, document.activeElement.tag);

test("what is filled anew keeps the focus: on what stays, on its like, or as a whole", () => {
  const place = h("div");
  document.body.append(place);
  const retry = () => h("button", {}, "Try again");
  const [first, second] = [retry(), retry()];
  fill(place, first, second);
  second.focus();
  fill(place, first, second);
  focusIsOn(second);
  const fresh = retry();
  fill(place, h("p", {}, fresh));
  focusIsOn(fresh);
  const grid = () => h("table", { role: "grid", tabindex: "0", "aria-label": "Map" });
  const [map, next] = [grid(), grid()];
  fill(place, map);
  map.focus();
  fill(place, next);
  focusIsOn(next);
  fill(place, h("p", {}, "Nothing."));
  focusIsOn(place);
  document.body.focus();
  fill(place, retry());
  focusIsOn(document.body);
});

test("issues that are drawn anew keep the focus where it was, and one that is gone gives it to no other", async () => {
  // Its modules listen for good.
  const { issueList } = await import("../../../functions/dashboard/static/lib/findings.js");
  const place = h("div");
  document.body.append(place);
  const issue = (action) => ({
    ...{ code: "permission_lost", message: `${action} was allowed and no longer is.` },
    fix: { policy_statement: { Action: action }, cli: `aws iam ${action}` },
  });
  const [start, stop] = [issue("ec2:StartInstances"), issue("rds:StopDBInstance")];
  const of = (node) => node.closest("li")?.querySelector(".issue-message").textContent;
  for (const selector of ["button", "pre"]) {
    fill(place, issueList([start, stop]));
    place.querySelectorAll("li")[1].querySelector(selector).focus();
    const { ariaLabel } = document.activeElement;
    fill(place, issueList([start, stop]));
    assert.deepEqual([document.activeElement.ariaLabel, of(document.activeElement)], [ariaLabel, stop.message]);
    fill(place, issueList([start]));
    focusIsOn(place);
  }
});
