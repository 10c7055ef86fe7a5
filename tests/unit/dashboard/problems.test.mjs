// Problems by cause: what a card says of what there is to copy, which accounts it tests next, and what who comes back
// finds.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, opened, press, signIn } from "./drawn.mjs";
import { until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { problems } = await import(`${page}/views/problems.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});

const text = t.sharedProblems;
const PAGE = { policy_statement: null, cli: null, terraform: null, console_url: "https://console.aws.amazon.com/…" };
const FIX = { ...PAGE, policy_statement: "{}", cli: "aws …", terraform: "resource …" };
const accounts = (count) =>
  Array.from({ length: count }, (_, index) => ({
    account_id: `acc${String(index).padStart(5, "0")}`,
    name: `Account${index}`,
    provider_id: "1",
  }));
const problem = (count, changes) => ({
  ...{ cause: "c", code: "permission_lost", message: "Lost.", remedy: "Add it.", fix: null, differing: [] },
  accounts: accounts(count),
  ...changes,
});

let view, items, tested;
let people = 0;
/** Somebody who has seen nothing yet. */
beforeEach(another);
async function another() {
  view?.abort();
  tested = [];
  await signIn(session, "admin", `person${(people += 1)}`);
  globalThis.fetch = async (address, { method, body }) => {
    if (method === "GET") return Response.json({ accounts_read: 1, next_cursor: null, items });
    tested.push(JSON.parse(body).selection.account_ids);
    return Response.json({ operation_id: "op1", total: 1 }, { status: 202 });
  };
}

/** The view, as who comes to it finds it. */
function open() {
  view?.abort();
  view = new AbortController();
  location.hash = "#/problems";
  return opened(problems, view.signal);
}

async function shown(...found) {
  items = found;
  const main = open();
  await until(() => main.querySelectorAll(".cause").length === found.length);
  return main;
}

const order = (main) => all(main.querySelector(".causes")).flatMap(({ dataset }) => dataset?.item ?? []);
const says = (main, said) => main.textContent.includes(said);

test("where a role is to be deployed, each account leads to its instructions", async () => {
  const hrefs = (main) => main.querySelectorAll(".affected a").map((link) => link.getAttribute("href"));
  assert.deepEqual(hrefs(await shown(problem(1, { code: "role_not_assumable" }))), [
    "#/accounts/acc00000/instructions",
  ]);
  await another();
  assert.deepEqual(hrefs(await shown(problem(1))), ["#/accounts/acc00000"]);
});

test("what there is to copy with each account is said only where there is some", async () => {
  const names = (...parts) => text.differ(parts.map((name) => text.parts[name]));
  const [before] = text.differ([]).split(":");
  for (const fix of [null, PAGE]) {
    await another();
    const main = await shown(problem(40, { fix }));
    assert.ok(!says(main, before) && !says(main, text.inEach(40)));
  }
  await another();
  const differing = ["cli", "terraform", "console_url", "stack_url"];
  const some = await shown(problem(40, { fix: { ...FIX, cli: null, terraform: null }, differing }));
  assert.ok(says(some, names(...differing)), some.textContent);
  await another();
  const own = await shown(problem(40, { differing: ["policy_statement"] }));
  assert.ok(says(own, names("policy_statement")));
});

test("where no account has a problem any more, no number of causes is said beside that", async () => {
  const main = await shown();
  await until(() => says(main, text.none));
  assert.ok(!says(main, text.causes(0)), main.textContent);
});

test("a statement of the trust policy says that it is put in place of the one for Cavok", async () => {
  const added = { ...FIX, policy_statement: '{"Effect":"Allow"}' };
  const replaces = { ...FIX, policy_statement: '{"Principal":{}}' };
  assert.ok(says(await shown(problem(1, { fix: replaces })), "in place of the one for Cavok"));
  await another();
  assert.ok(!says(await shown(problem(1, { fix: added })), "in place of"));
});

test("what is copied is to be used in each account, which a card of several says", async () => {
  assert.ok(says(await shown(problem(40, { fix: FIX })), text.inEach(40)));
  await another();
  assert.ok(!says(await shown(problem(1, { fix: FIX })), text.inEach(1)));
});

test("of more accounts than an operation takes, each press tests the next ones, and then the first", async () => {
  const ids = accounts(1_200).map(({ account_id: id }) => id);
  const wanted = [
    [500, false, 0],
    [500, true, 500],
    [200, true, 1_000],
    [500, false, 0],
  ];
  for (const [index, [count, isNext, from]] of wanted.entries()) {
    const main = await shown(problem(1_200));
    press(button(main, text.testAll(count, 1_200, isNext)));
    await until(() => tested.length > index);
    await until(() => !main.querySelector("[aria-busy=true]"));
    assert.deepEqual(tested[index], ids.slice(from, from + count));
  }
});

test("whoever tests a few again tests all of them, also those that are new", async () => {
  for (const count of [12, 14]) {
    const main = await shown(problem(count));
    if (tested.length) {
      await until(() => says(main, text.accounts(12, 14)));
      press(button(main, t.account.newer.text));
    }
    press(button(main, text.testAll(count, count, false)));
    await until(() => tested.at(-1)?.length === count);
    await until(() => !main.querySelector("[aria-busy=true]"));
  }
});

test("who comes back finds at once what was there, as far as it was opened, and another person does not", async () => {
  const affected = (main) => main.querySelectorAll(".affected a").length;
  const first = await shown(problem(300));
  assert.equal(affected(first), 5);
  press(button(first, text.showMore(100, 295)));
  assert.equal(affected(open()), 105);
  await another();
  assert.equal(affected(open()), 0);
});

test("how many accounts more are left is said after each press", async () => {
  const main = await shown(problem(300));
  press(button(main, text.showMore(100, 295)));
  assert.ok(button(main, text.showMore(100, 195)));
});

test("more accounts of a cause move nothing until a press, and what has the focus in its card keeps it", async () => {
  const first = await shown(problem(12, { fix: FIX }));
  const controls = (main) =>
    all(main.querySelector(".cause")).filter(({ tag }) => /^(a|button|summary|pre)$/.test(tag));
  const { length } = controls(first);
  for (let at = 0; at < length; at += 1) {
    await another();
    const main = await shown(problem(12, { fix: FIX }));
    const node = controls(main)[at];
    node.focus();
    items = [problem(13, { fix: FIX })];
    readNow();
    await until(() => says(main, text.accounts(12, 13)));
    assert.equal(document.activeElement, node, node.textContent);
    assert.equal(controls(main)[at], node);
    assert.ok(button(main, text.testAll(12, 12, false)));
  }
});

test("causes stay where they are shown until a press", async () => {
  const of = (cause, count) => problem(count, { cause });
  const main = await shown(of("a", 4), of("b", 3));
  const { newer } = t.account;
  assert.ok(button(main, newer.text).hidden);
  items = [of("c", 9), of("b", 5)];
  readNow();
  await until(() => !button(main, newer.text).hidden);
  assert.deepEqual(order(main), ["a", "b"]);
  assert.ok(says(main, text.accounts(4, 0)) && says(main, text.accounts(3, 5)));
  press(button(main, newer.text));
  await until(() => order(main).join() === "c,b");
  assert.ok(button(main, newer.text).hidden);
});

test("as more accounts are looked at, causes stay where they are, before others", async () => {
  const of = (cause, count) => problem(count, { cause });
  const fetchAll = globalThis.fetch;
  globalThis.fetch = async (address, options) => {
    if (new URL(address).searchParams.has("cursor")) return fetchAll(address, options);
    return Response.json({ accounts_read: 1, next_cursor: "next", items: [of("a", 4), of("b", 3)] });
  };
  items = [of("c", 9)];
  const main = open();
  await until(() => button(main, text.lookAtMore));
  press(button(main, text.lookAtMore));
  await until(() => order(main).length === 3);
  assert.equal(order(main).join(), "a,b,c");
  // By their numbers c would be first, which is nothing newer.
  assert.ok(button(main, t.account.newer.text).hidden);
});

test("a card that cannot be drawn is said to be lacking", async (context) => {
  const said = context.mock.method(console, "error", () => {});
  items = [problem(2), problem(1, { cause: "d", differing: 5 })];
  const main = open();
  await until(() => says(main, t.time.incomplete("")));
  assert.equal(said.mock.callCount(), 1);
});

test("many cards are drawn some at a time", async (context) => {
  const { createElement } = document;
  let [made, most, now] = [0, 0, 0];
  context.mock.method(performance, "now", () => now);
  context.mock.method(document, "createElement", (tag) => {
    if (!made) setTimeout(() => (made = 0));
    most = Math.max(most, (made += 1));
    now += 0.02;
    return createElement(tag);
  });
  await shown(...Array.from({ length: 40 }, (_, index) => problem(300, { cause: `c${index}`, fix: FIX })));
  assert.ok(most < 1_000, `${most} nodes in a task`);
});
