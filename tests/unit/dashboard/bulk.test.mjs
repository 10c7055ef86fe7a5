// Several accounts at once: what is asked of the API for what is chosen, how far it is, what was refused, and what
// takes it back.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, element, press, signIn, toasts } from "./drawn.mjs";
import { until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { filterOf, selectionOf, undone } = await import(`${page}/lib/bulk.js`);
const { bulkBar } = await import(`${page}/views/bulk.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const operation = (changes) => ({
  operation_id: "op1",
  action: "test",
  value: null,
  state: "finished",
  total: 2,
  done: 2,
  skipped: 0,
  failed: [],
  failed_total: 0,
  ...changes,
});
let sent, answers, view, place, chosen, listing;

beforeEach(() => {
  view?.abort();
  view = new AbortController();
  store.forget();
  toasts.replaceChildren();
  sent = [];
  answers = [operation()];
  globalThis.fetch = async (address, { method, body, headers }) => {
    const { pathname } = new URL(address);
    if (method === "GET") return Response.json(answers.length > 1 ? answers.shift() : answers[0]);
    sent.push({ pathname, key: headers["idempotency-key"], ...JSON.parse(body) });
    return Response.json({ operation_id: "op1", total: 2 }, { status: 202 });
  };
  place = element();
  document.body.append(place);
  chosen = { ids: new Set(["a", "b"]), isAll: false };
  listing = { selection: { q: "", status: "failed" }, ids: ["a", "b", "c"], total: 3, ended: true };
});

const labelled = (label) => all(place).find((node) => node.getAttribute("aria-label") === label);
const link = (text) => all(place).find((node) => ["a", "button"].includes(node.tag) && node.textContent === text);

/** The bar, as the list keeps it. */
async function drawn() {
  const list = {
    listing: () => listing,
    chosen,
    table: element(),
    choose: (ids, isAll = false) => {
      Object.assign(chosen, { ids: new Set(ids), isAll });
      draw();
    },
  };
  const draw = await bulkBar(place, list, view.signal);
  draw();
  return draw;
}

test("a filter of the list becomes one of the API", () => {
  const selection = {
    q: "a",
    status: "",
    access_type: "",
    has_problems: "false",
    template_version: "3",
    sort: "-name",
  };
  assert.deepEqual(filterOf(selection), { q: "a", has_problems: false, template_version: 3 });
  assert.deepEqual(filterOf({ q: "", status: "failed" }), { status: "failed" });
  assert.deepEqual(selectionOf({ ids: new Set(["a"]), isAll: false }, selection), { account_ids: ["a"] });
  assert.deepEqual(selectionOf({ ids: new Set(), isAll: true }, { status: "failed" }), {
    filter: { status: "failed" },
  });
});

test("no filter of the list is lost where all of it is chosen", () => {
  const selection = Object.fromEntries(Object.keys(store.EVERYTHING).map((name) => [name, "1"]));
  assert.deepEqual(Object.keys({ ...filterOf(selection), sort: "" }).sort(), Object.keys(store.EVERYTHING).sort());
});

test("only what was changed is taken back", () => {
  const request = { action: "write_logs", value: true };
  const back = { action: "write_logs", value: false, selection: { account_ids: ["a"] } };
  assert.deepEqual(undone(request, ["a"]), back);
  assert.equal(undone(request, []), null);
  assert.equal(undone({ action: "delete" }, ["a"]), null);
});

test("what is chosen is tested, and the bar says how far it is", async () => {
  answers = [operation({ state: "running", done: 1 }), operation()];
  await drawn();
  assert.match(place.textContent, /2 accounts chosen/);
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  assert.deepEqual(sent[0].selection, { account_ids: ["a", "b"] });
  assert.equal(sent[0].action, "test");
  assert.ok(sent[0].key);
  await until(() => place.textContent.includes("Tests begun: 2."));
  assert.equal(chosen.ids.size, 0);
  press(labelled(t.bulk.close));
  assert.equal(place.hidden, true);
});

test("all of a list are chosen with its number, and sent as its filter", async () => {
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  assert.match(place.textContent, /All 3 accounts of this list chosen/);
  press(button(place, t.bulk.logsOff));
  await until(() => sent.length);
  assert.deepEqual(sent[0], {
    pathname: "/v1/accounts/bulk",
    key: sent[0].key,
    action: "write_logs",
    value: false,
    selection: { filter: { status: "failed" } },
  });
});

test("accounts that were refused are named, linked and counted", async () => {
  const failed = [{ account_id: "a", name: "Production1", problem: { detail: "It is being changed." } }];
  answers = [operation({ done: 2, failed, failed_total: 3 })];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("3 accounts were refused"));
  assert.equal(link("Production1").getAttribute("href"), "#/accounts/a");
  assert.match(place.textContent, /Production1: It is being changed\./);
  assert.match(place.textContent, /and 2 more\./);
});

test("an operation that is shown is shown again in the next view of the list", async () => {
  answers = [operation({ state: "running", done: 1 })];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  view.abort();
  view = new AbortController();
  place = element();
  document.body.append(place);
  await drawn();
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  assert.equal(sent.length, 1);
});

test("what is chosen meanwhile can be treated once the operation is over, beside its result", async () => {
  answers = [operation({ state: "running", done: 1 })];
  const draw = await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  chosen.ids.add("c");
  draw();
  assert.doesNotMatch(place.textContent, /chosen/);
  answers = [operation()];
  await until(() => place.textContent.includes("1 account chosen"));
  assert.match(place.textContent, /Tests begun: 2\./);
  press(labelled(t.bulk.close));
  assert.equal(place.hidden, false);
});

test("whoever deletes all accounts is told so", async () => {
  listing = { selection: { q: "", status: "" }, ids: ["a", "b"], total: 2, ended: true };
  Object.assign(chosen, { ids: new Set(), isAll: true });
  await drawn();
  press(button(place, t.bulk.delete));
  await until(() => document.body.textContent.includes(t.bulk.deleteAll));
  assert.deepEqual(sent[0].selection, { filter: {} });
  assert.equal(sent[0].dry_run, true);
  assert.equal(document.body.textContent.includes(t.bulk.deleteRest), false);
});
