// Several accounts at once: what is asked of the API for what is chosen, how far it is, what was refused, and what
// takes it back.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  all,
  announced,
  announcerIn,
  button,
  element,
  hold,
  measured,
  modal,
  opened,
  press,
  signIn,
  toasts,
} from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const router = await import(`${page}/lib/router.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { againOf, filterOf, follow, selectionOf, undoOf } = await import(`${page}/lib/bulk.js`);
const { hush, readNow } = await import(`${page}/lib/dom.js`);
const { dialog } = await import(`${page}/lib/modal.js`);
const { bulkBar } = await import(`${page}/views/bulk.js`);
const { problems } = await import(`${page}/views/problems.js`);
const { organizationAudit } = await import(`${page}/views/trail.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);
globalThis.window = new EventTarget();
router.start([{ path: "/accounts" }], () => {});

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
/** What was sent, and how often an operation was read. Of the answers to either, the last one stays. */
let sent, read, begun, answers, view, around, place, chosen, listing;
const begins = ({ dry_run }) =>
  Response.json({ operation_id: dry_run ? null : "op1", total: 2 }, { status: dry_run ? 200 : 202 });
const hasChanged = () => Response.json({ title: "Only so many", code: "selection_changed" }, { status: 409 });
const counts = (total) => () => Response.json({ operation_id: null, total });

beforeEach(() => {
  view?.abort();
  view = new AbortController();
  store.forget();
  for (const id of store.operations()) store.closeOperation(id);
  toasts.replaceChildren();
  modal()?.close();
  sent = [];
  read = 0;
  begun = [begins];
  answers = [operation()];
  const next = (each) => (each.length > 1 ? each.shift() : each[0]);
  globalThis.fetch = async (address, { method, body, headers }) => {
    const { pathname } = new URL(address);
    if (method === "GET") {
      read += 1;
      return Response.json({ ...next(answers), operation_id: pathname.split("/").at(-1) });
    }
    if (method === "DELETE") {
      sent.push({ method, pathname });
      return Response.json(next(answers));
    }
    const asked = { pathname, key: headers["idempotency-key"], ...JSON.parse(body) };
    sent.push(asked);
    return next(begun)(asked);
  };
  around = element();
  place = element();
  document.body.append(around, place);
  chosen = { ids: new Set(["a", "b"]), isAll: false };
  const among = (ids) => [...ids].filter((id) => listing.ids.includes(id));
  listing = { selection: { q: "", status: "failed" }, ids: ["a", "b", "c"], total: 3, ended: true, among };
});

const labelled = (label) => all(place).find((node) => node.getAttribute("aria-label") === label);
const link = (text) => all(place).find((node) => ["a", "button"].includes(node.tag) && node.textContent === text);

/** What is said to screen readers from now on. */
function heard(context) {
  hush();
  return announced(announcerIn(context));
}

/** The bar, as the list keeps it. */
async function drawn() {
  const table = element();
  around.append(table);
  const list = {
    listing: () => listing,
    chosen,
    table,
    leave: () => table.focus(),
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

test("what an operation changed is taken back, also after it was stopped, and nothing else is", () => {
  const wrote = { action: "write_logs", value: true, changed: 3 };
  const back = { action: "write_logs", value: false, selection: { changed_by: "op1" } };
  assert.deepEqual(undoOf(operation(wrote)), back);
  assert.deepEqual(undoOf(operation({ ...wrote, state: "stopped" })), back);
  assert.equal(undoOf(operation({ ...wrote, changed: 0 })), null);
  assert.equal(undoOf(operation({ ...wrote, changed: undefined })), null);
  assert.equal(undoOf(operation({ action: "delete", changed: 3 })), null);
});

test("the same accounts are the same request, in whichever order they were chosen", () => {
  const of = (...ids) => selectionOf({ ids: new Set(ids), isAll: false }, {});
  assert.deepEqual(of("b", "a"), of("a", "b"));
});

test("an operation of hours is asked for ever more rarely", async () => {
  const pauses = [];
  answers = [...Array(40).fill(operation({ state: "running" })), operation()];
  await follow("op1", () => {}, { signal: view.signal, wait: async (pause) => pauses.push(pause) });
  assert.equal(pauses[0], 1_000);
  assert.ok(pauses.every((pause, index) => !index || pause >= pauses[index - 1]));
  assert.equal(pauses.at(-1), 15_000);
});

test("what an operation did is said as it was", () => {
  const wrote = { action: "write_logs", value: true, total: 9, done: 9 };
  const said = (changes) => t.bulk.soFar(operation({ ...wrote, ...changes }));
  assert.equal(said({ changed: 9 }), "Write logs set to Yes: 9.");
  assert.equal(
    said({ changed: 3, skipped: 1, failed_total: 1 }),
    "Write logs set to Yes: 3. Had this value already: 4. " +
      "Left, because they no longer fit the filters, or a later press has set them: 1.",
  );
  assert.equal(said({ changed: undefined, failed_total: 1 }), "Write logs set to Yes: 8.");
  assert.match(said({ action: "test", skipped: 2 }), /^Tests begun: 7\. Left, .* or are revoked: 2\.$/);
  assert.equal(said({ state: "stopped", done: 4, changed: 4 }), "Write logs set to Yes: 4. Stopped, not reached: 5.");
  assert.equal(said({ state: "stopped", changed: 9 }), "Write logs set to Yes: 9.");
  assert.equal(said({ action: "test", changed: 6 }), "Tests begun: 6. Tested meanwhile: 3.");
  assert.equal(said({ action: "delete", changed: 6 }), "Deleted: 9.");
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
  const onward = () => link(t.bulk.withProblems);
  assert.equal(onward(), undefined);
  await until(() => place.textContent.includes("Tests begun: 2."));
  assert.equal(onward().href, "#/accounts?has_problems=true");
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
    expected_total: 3,
  });
});

test("whoever is asked confirms the number that is sent", async () => {
  begun = [counts(300), begins];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.delete));
  await until(modal);
  assert.match(modal().textContent, /Delete 300 accounts\?/);
  assert.doesNotMatch(modal().textContent, /has changed/);
  assert.equal(sent.length, 1);
  modal().querySelector("input").value = "300";
  press(button(modal(), "Delete 300 accounts"));
  await until(() => !modal());
  assert.deepEqual([sent[1].expected_total, sent[1].dry_run], [300, undefined]);
});

test("so it is for chosen accounts, which nobody has to count", async () => {
  await drawn();
  press(button(place, t.bulk.delete));
  await until(modal);
  assert.equal(modal().querySelector("input"), null, "nobody types so few");
  press(button(modal(), "Delete 2 accounts"));
  await until(() => !modal());
  assert.deepEqual(
    sent.map(({ action, expected_total }) => [action, expected_total]),
    [["delete", 2]],
  );
});

test("whoever deletes many accounts types their number first", async () => {
  begun = [counts(4_312), begins];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.delete));
  await until(modal);
  for (const typed of ["", "4311"]) {
    modal().querySelector("input").value = typed;
    press(button(modal(), "Delete 4,312 accounts"));
    await soon();
    assert.ok(modal().textContent.includes(t.bulk.otherNumber));
  }
  assert.equal(sent.length, 1);
  modal().querySelector("input").value = "4,312";
  press(button(modal(), "Delete 4,312 accounts"));
  await until(() => !modal());
  assert.equal(sent[1].expected_total, 4_312);
});

const stored = (id, changes) => {
  const has = { name: `Name ${id}`, provider_id: `number ${id}`, status: "failed", version: 1 };
  store.put({ account_id: id, access_type: "assume_role", ...has, ...changes }, Date.now());
};
async function questionOf(size) {
  press(button(place, t.bulk.delete));
  await until(modal);
  const { textContent } = modal();
  assert.ok(textContent.includes(t.account.removeConsequences(size)), textContent);
  return textContent;
}

test("the question names what is deleted, and says what stays in AWS, as where one account is deleted", async () => {
  stored("a");
  stored("b");
  await drawn();
  const text = await questionOf(2);
  for (const said of ["Name a number a", "Name b number b", t.account.staysInAws(2, 0)]) assert.ok(text.includes(said));
  assert.doesNotMatch(text, /access key/, "a role has none");
  modal().close();
  stored("b", { access_type: "access_key", version: 2 });
  assert.ok((await questionOf(2)).includes(t.account.staysInAws(1, 1)));
});

for (const [access_type, roles, users] of [
  ["", 300, 300],
  ["access_key", 0, 300],
])
  test(`of accounts that are not loaded, the filter ${access_type} says what stays in AWS`, async () => {
    for (const id of listing.ids) stored(id);
    Object.assign(listing.selection, { access_type });
    begun = [counts(300)];
    await drawn();
    press(link(t.bulk.chooseAll(3)));
    const text = await questionOf(300);
    for (const said of [t.bulk.deleteRest, t.account.staysInAws(roles, users)].slice(access_type ? 0 : 1))
      assert.ok(text.includes(said), text);
    assert.doesNotMatch(text, /Name/, "others may fit by then");
  });

test("of a list that is all loaded, what the question names is deleted, whatever fits by then", async () => {
  for (const id of ["a", "b", "c"]) stored(id);
  Object.assign(listing, { ended: true, total: 3 });
  Object.assign(listing.selection, { status: "failed" });
  chosen = { ids: new Set(), isAll: true };
  begun = [counts(3), begins];
  await drawn();
  assert.ok((await questionOf(3)).includes("Name c"));
  listing.ids = ["a", "b", "d"];
  press(button(modal(), "Delete 3 accounts"));
  await until(() => modal()?.textContent.includes("Delete 2 accounts"));
  assert.ok(modal().textContent.includes(t.bulk.changed));
  press(button(modal(), "Delete 2 accounts"));
  await until(() => !modal());
  assert.deepEqual(sent.at(-1).selection, { account_ids: ["a", "b"] });
});

test("of many accounts the first ten by their names are named", async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `id${index}`);
  for (const [index, id] of ids.entries()) stored(id, { name: `Name ${"lkjihgfedcba"[index]}` });
  listing = { ...listing, ids, total: 12 };
  chosen = { ids: new Set(ids), isAll: false };
  await drawn();
  const text = await questionOf(12);
  assert.equal(text.match(/(?<=Name )\w/gu).join(""), "abcdefghij");
  assert.ok(text.includes(t.bulk.more(2)));
});

test("an account that leaves the list during the question is not deleted", async () => {
  await drawn();
  press(button(place, t.bulk.delete));
  await until(modal);
  listing.ids = ["b", "c"];
  press(button(modal(), "Delete 2 accounts"));
  await until(() => modal()?.textContent.includes("Delete 1 account?"));
  assert.equal(sent.length, 0);
  press(button(modal(), "Delete 1 account"));
  await until(() => sent.length);
  assert.deepEqual([sent[0].selection, sent[0].expected_total], [{ account_ids: ["b"] }, 1]);
});

test("whoever confirms again a deletion that was done is not told that nothing was done", async () => {
  begun = [lost];
  await drawn();
  press(button(place, t.bulk.delete));
  await until(modal);
  press(button(modal(), "Delete 2 accounts"));
  await until(() => modal().textContent.includes("Was lost"));
  listing.ids = ["c"];
  press(button(modal(), "Delete 2 accounts"));
  await until(() => !modal());
  assert.ok(toasts.textContent.includes(t.bulk.allGone), toasts.textContent);
  assert.ok(!toasts.textContent.includes(t.bulk.nobody), toasts.textContent);
  assert.equal(sent.length, 1);
});

test("if other accounts fit by then, nothing begins, and their number is asked for", async () => {
  begun = [counts(2), hasChanged, counts(3), begins];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.delete));
  await until(modal);
  press(button(modal(), "Delete 2 accounts"));
  await until(() => modal()?.textContent.includes("Delete 3 accounts?"));
  assert.match(modal().textContent, /The list has changed meanwhile/);
  assert.equal(store.operations().length, 0);
  press(button(modal(), "Delete 3 accounts"));
  await until(() => store.operations().length);
  assert.deepEqual(
    sent.map(({ expected_total: number, dry_run: dry }) => (dry ? "counted" : number)),
    ["counted", 2, "counted", 3],
  );
});

const isDryRun = (_, { body }) => Boolean(body && JSON.parse(body).dry_run);
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

test("nobody is asked about a choice that was given up while its accounts were counted", async () => {
  for (const ids of [[], ["a"]]) {
    begun = [counts(300)];
    await drawn();
    press(link(t.bulk.chooseAll(3)));
    const answer = hold(isDryRun);
    press(button(place, t.bulk.delete));
    chosen.ids = new Set(ids);
    chosen.isAll = false;
    answer();
    await until(() => sent.length);
    await later();
    assert.equal(modal(), undefined);
    sent = [];
    place.replaceChildren();
    chosen.ids = new Set(["a", "b"]);
  }
});

for (const isGivenUp of [false, true])
  test(`but told that nothing has begun, as if it was left${isGivenUp ? " after it was given up" : ""}`, async () => {
    begun = [counts(300)];
    await drawn();
    press(link(t.bulk.chooseAll(3)));
    const answer = hold(isDryRun);
    press(button(place, t.bulk.delete));
    if (isGivenUp) Object.assign(chosen, { ids: new Set(), isAll: false });
    router.render();
    answer();
    await until(() => sent.length);
    await later();
    const says = toasts.textContent.includes("before the question: Delete 300 accounts?");
    assert.deepEqual([says, modal()], [true, undefined]);
  });

for (const [what, leave] of [
  ["others are chosen", () => Object.assign(chosen, { ids: new Set(), isAll: false })],
  ["the view is left", router.render],
])
  test(`nor after other accounts were found once ${what}, but told that nothing has begun`, async () => {
    begun = [hasChanged, counts(4)];
    await drawn();
    press(link(t.bulk.chooseAll(3)));
    const answer = hold(isDryRun);
    press(button(place, t.bulk.test));
    await until(() => sent.length);
    leave();
    answer();
    await until(() => toasts.textContent.includes("has changed since. It would now be: Test 4 accounts."));
    assert.equal(modal(), undefined);
  });

for (const [text, asked, replies] of [
  [t.bulk.delete, "Delete 4 accounts?", [counts(4)]],
  [t.bulk.test, "Test 4 accounts?", [hasChanged, counts(4)]],
])
  for (const isOther of [false, true])
    test(`a question waits for an open modal: ${asked}${isOther ? " Not of others" : ""}`, async () => {
      begun = [...replies];
      await drawn();
      press(link(t.bulk.chooseAll(3)));
      press(button(place, text));
      const other = dialog({ title: "Another", content: () => [] });
      await until(() => sent.length === replies.length);
      await soon();
      assert.equal(modal().querySelector("h1").textContent, "Another");
      if (isOther) Object.assign(chosen, { ids: new Set(["a"]), isAll: false });
      other.close();
      await soon();
      assert.equal(modal()?.querySelector("h1").textContent, isOther ? undefined : asked);
      assert.equal(toasts.textContent.includes("Nothing has begun"), isOther);
    });

test("whoever leaves by what closes a modal, over which a question waits, is told that nothing has begun", async () => {
  begun = [hasChanged, counts(4)];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.test));
  const other = dialog({ title: "Another", content: () => [] });
  await until(() => sent.length === 2);
  await soon();
  let asked;
  // The address changes once it is closed.
  other.node.addEventListener("close", () => {
    asked = modal();
    router.render();
  });
  other.close();
  await until(() => toasts.textContent.includes(t.bulk.notBegun(sent[0], 4)));
  assert.deepEqual([asked, modal()], [undefined, undefined]);
});

test("it is said that a second press has begun nothing, because the first changed what it selects", async () => {
  begun = [begins, hasChanged, counts(4)];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  for (const text of [t.bulk.logsOn, t.bulk.logsOff]) press(button(place, text));
  await until(() => sent.length === 3);
  await until(() => toasts.textContent.includes(t.bulk.notBegun(sent[1], 4)));
  assert.equal(modal(), undefined);
});

test("whoever cancels while the accounts are counted again is told that nothing has begun", async () => {
  begun = [counts(2), hasChanged, counts(3)];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.delete));
  await until(modal);
  const answer = hold(isDryRun);
  press(button(modal(), "Delete 2 accounts"));
  await until(() => sent.length === 2);
  press(button(modal(), t.actions.cancel));
  answer();
  await until(() => sent.length === 3);
  await until(() => toasts.textContent.includes(t.bulk.notBegun(sent[1], 3)));
  assert.equal(modal(), undefined);
  assert.equal(store.operations().length, 0);
});

test("what is chosen while an operation begins stays chosen", async () => {
  const draw = await drawn();
  const answer = hold((_, { method }) => method === "POST");
  press(button(place, t.bulk.test));
  chosen.ids = new Set(["c"]);
  draw();
  answer();
  await until(() => store.operations().length);
  await later();
  assert.deepEqual([...chosen.ids], ["c"]);
});

test("a test of all of a list asks only if its number is another, or not known", async () => {
  begun = [hasChanged, counts(4), begins, counts(5)];
  const draw = await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.test));
  await until(modal);
  assert.match(modal().textContent, /Test 4 accounts\?/);
  press(button(modal(), "Test 4 accounts"));
  await until(() => !modal());
  assert.equal(sent.at(-1).expected_total, 4);
  listing = { ...listing, selection: { q: "a" }, total: undefined, ended: false };
  Object.assign(chosen, { isAll: true });
  draw();
  press(button(place, t.bulk.test));
  await until(() => modal()?.textContent.includes("Test 5 accounts?"));
  assert.equal(sent.at(-1).dry_run, true);
});

test("nobody is asked about no accounts", async () => {
  begun = [counts(0)];
  await drawn();
  press(link(t.bulk.chooseAll(3)));
  press(button(place, t.bulk.delete));
  await until(() => toasts.textContent.includes(t.bulk.nobody));
  assert.equal(modal(), undefined);
  assert.equal(sent.length, 1);
});

test("what was changed is taken back with one press, which the next operation replaces", async () => {
  answers = [operation({ action: "write_logs", value: true, changed: 1 })];
  await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => button(place, t.bulk.undo));
  answers = [operation({ action: "write_logs", value: false, changed: 0 })];
  begun = [() => Response.json({ operation_id: "op2", total: 1 }, { status: 202 })];
  press(button(place, t.bulk.undo));
  await until(() => place.textContent.includes("Write logs set to No: 0"));
  assert.equal(button(place, t.bulk.undo), undefined);
  assert.deepEqual(sent[1].selection, { changed_by: "op1" });
  assert.equal(sent[1].value, false);
  assert.deepEqual(store.operations(), ["op2"]);
});

const lost = () => Response.json({ title: "Was lost" }, { status: 422 });
const values = () => sent.map(({ value }) => value);
const isAct =
  (value) =>
  (_, { body }) =>
    Boolean(body) && JSON.parse(body).value === value;
/** These are chosen, also after others were treated. */
function chooseAgain(draw, ...ids) {
  Object.assign(chosen, { ids: new Set(ids), isAll: false });
  draw();
}

test("each press is meant anew, also after an answer that was lost: the last one counts", async () => {
  begun = [lost, begins];
  const draw = await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => toasts.textContent);
  press(button(place, t.bulk.logsOff));
  await until(() => store.operations().length);
  chooseAgain(draw, "a", "b");
  press(button(place, t.bulk.logsOn));
  await until(() => sent.length === 3);
  assert.deepEqual(values(), [true, false, true]);
  assert.equal(new Set(sent.map(({ key }) => key)).size, 3);
});

test("a press that failed is named, because others may have been pressed since", async () => {
  begun = [lost];
  await drawn();
  for (const text of [t.bulk.logsOn, t.bulk.logsOff]) press(button(place, text));
  for (const text of [t.bulk.logsOn, t.bulk.logsOff])
    await until(() => toasts.textContent.includes(`“${text}”: Was lost`));
});

test("so does a test: what was tested before is tested again", async () => {
  begun = [lost, begins];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => toasts.textContent);
  press(button(place, t.bulk.test));
  await until(() => store.operations().length);
  assert.notEqual(sent[0].key, sent[1].key);
});

test("only the same question begins the same, with the number that was confirmed, and nothing twice", async () => {
  begun = [counts(3), lost, begins, counts(2), begins];
  const draw = await drawn();
  const confirm = async (size) => {
    press(link(t.bulk.chooseAll(3)));
    press(button(place, t.bulk.delete));
    await until(modal);
    press(button(modal(), `Delete ${size} accounts`));
  };
  await confirm(3);
  await until(() => modal().textContent.includes("Was lost"));
  Object.assign(listing, { total: 4 });
  press(button(modal(), "Delete 3 accounts"));
  await until(() => !modal());
  Object.assign(listing, { total: 3 });
  chooseAgain(draw, "a");
  await confirm(2);
  await until(() => !modal());
  const deletions = sent.filter(({ dry_run: dry }) => !dry);
  assert.deepEqual(
    deletions.map(({ expected_total: number }) => number),
    [3, 3, 2],
  );
  const [first, again, other] = deletions.map(({ key }) => key);
  assert.equal(first, again);
  assert.notEqual(again, other);
});

test("the last of quick presses wins, also if the first is sent again, and none is lost", async () => {
  const fails = () => {
    throw new TypeError();
  };
  begun = [fails, begins];
  await drawn();
  const [on, off] = [t.bulk.logsOn, t.bulk.logsOff].map((text) => button(place, text));
  // A double press is one.
  for (const node of [on, off, on, on]) press(node);
  await until(() => sent.length === 4);
  await soon(20);
  assert.deepEqual(values(), [true, true, false, true]);
  const [first, again, ...others] = sent.map(({ key }) => key);
  assert.equal(first, again);
  assert.equal(new Set([again, ...others]).size, 3);
});

test("a press is at work however the bar is drawn, until others are chosen: of these it is another", async () => {
  const go = hold((_, { body }) => Boolean(body));
  const draw = await drawn();
  const pressTest = () => press(button(place, t.bulk.test));
  chooseAgain(draw, "a", "b", "c");
  pressTest();
  // One has left the list.
  Object.assign(chosen, { ids: new Set(["a", "b"]) });
  draw(1);
  assert.equal(button(place, t.bulk.test).getAttribute("aria-busy"), "true");
  pressTest();
  // As many others.
  chooseAgain(draw, "a", "d");
  pressTest();
  pressTest();
  go();
  await until(() => store.operations().length);
  await soon(20);
  assert.deepEqual(
    sent.map(({ selection }) => selection.account_ids),
    [
      ["a", "b", "c"],
      ["a", "d"],
    ],
  );
  assert.equal(button(place, t.bulk.test).getAttribute("aria-busy"), null);
});

test("what hangs holds no test, but what sets the same in any list that is open by then", async () => {
  const go = hold(isAct(true));
  await drawn();
  press(button(place, t.bulk.logsOn));
  press(button(place, t.bulk.test));
  await until(() => store.operations().length);
  chosen = { ids: new Set(["a"]), isAll: false };
  place = element();
  document.body.append(place);
  await drawn();
  press(button(place, t.bulk.logsOff));
  await soon(20);
  assert.equal(sent.length, 1);
  go();
  await until(() => sent.length === 3);
  assert.deepEqual(values(), [undefined, true, false]);
});

test("what waits is not sent for another person", async () => {
  let isHeld = false;
  const go = hold((...request) => (isHeld ||= isAct(true)(...request)));
  const { fetch } = globalThis;
  await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => isHeld);
  press(button(place, t.bulk.logsOff));
  session.forget({ asked: true });
  await signIn(session);
  globalThis.fetch = fetch;
  go();
  await until(() => sent.length);
  await soon(20);
  assert.deepEqual(values(), [true]);
});

test("what an operation offers is begun once, whatever is pressed between two presses", async () => {
  answers = [operation({ action: "write_logs", value: true, changed: 1, ...refused(["b"]) })];
  const draw = await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => button(place, t.bulk.undo));
  const [undo, again] = [t.bulk.undo, t.bulk.again(1)].map((text) => button(place, text));
  chooseAgain(draw, "c");
  sent = [];
  const go = hold((_, { method }) => method === "POST");
  for (let time = 0; time < 2; time += 1) {
    press(undo);
    press(again);
    press(button(place, t.bulk.test));
  }
  go();
  await until(() => !undo.getAttribute("aria-busy") && !again.getAttribute("aria-busy"));
  const of = sent.map(({ action, selection }) => `${action} ${Object.keys(selection)} ${Object.values(selection)}`);
  assert.deepEqual(of.filter((each) => each.startsWith("write_logs")).toSorted(), [
    "write_logs account_ids b",
    "write_logs changed_by op1",
  ]);
});

test("what ends while another one is being begun stays, with what was refused", async () => {
  answers = [operation({ state: "running", done: 1 })];
  const draw = await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  chooseAgain(draw, "c");
  begun = [() => Response.json({ operation_id: "op2", total: 1 }, { status: 202 })];
  const go = hold(isAct(true));
  press(button(place, t.bulk.logsOn));
  answers = [operation({ failed: [], failed_total: 3 })];
  await until(() => place.textContent.includes("3 accounts were refused"));
  go();
  await until(() => store.operations().includes("op2"));
  assert.deepEqual(store.operations(), ["op2", "op1"]);
});

test("a running operation can be stopped", async () => {
  answers = [operation({ state: "running", done: 1 })];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  const before = read;
  answers = [operation({ state: "stopped", total: 3, done: 1 }), operation({ state: "stopped", total: 3, done: 2 })];
  press(button(place, t.bulk.stop));
  await until(() => place.textContent.includes("Stopped, not reached: 2."));
  assert.equal(read, before);
  // The account that was treated at that moment is counted, too.
  await until(() => place.textContent.includes("Tests begun: 2. Stopped, not reached: 1."));
  assert.equal(read, before + 1);
  assert.deepEqual(sent[1], { method: "DELETE", pathname: "/v1/operations/op1" });
  assert.equal(button(place, t.bulk.stop).getAttribute("aria-disabled"), "true");
});

test("what was changed until an operation was stopped can be taken back once the API takes that", async () => {
  const stopped = (ago) => {
    const finished_at = new Date(Date.now() - ago).toISOString();
    answers = [operation({ action: "write_logs", value: true, changed: 1, state: "stopped", total: 3, finished_at })];
  };
  const undo = () => button(place, t.bulk.undo);
  for (const [ago, isHidden] of [
    [9_500, true],
    [10_500, false],
    // The clock here is slow.
    [-3_600_000, true],
  ]) {
    stopped(ago);
    store.showOperation(`op${ago}`);
    const draw = await drawn();
    await until(undo);
    assert.equal(undo().style.visibility === "hidden", isHidden, `${ago} ms ago`);
    if (ago === 9_500) await until(() => !undo().style.visibility);
    store.closeOperation(`op${ago}`);
    draw();
  }
});

test("what is closed after it was stopped is not asked for any more", async () => {
  answers = [operation({ state: "running", done: 1 })];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  answers = [operation({ state: "stopped", done: 1 })];
  press(button(place, t.bulk.stop));
  await until(() => place.textContent.includes("Stopped, not reached: 1."));
  const before = read;
  press(labelled(t.bulk.close));
  await new Promise((resolve) => setTimeout(resolve, 2_050));
  assert.equal(read, before);
  assert.equal(toasts.textContent, "");
});

test("while an operation runs, others are chosen and treated, and it stays", async () => {
  answers = [operation({ state: "running", done: 1 })];
  const draw = await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  chosen.ids.add("c");
  draw();
  assert.match(place.textContent, /1 account chosen/);
  begun = [() => Response.json({ operation_id: "op2", total: 1 }, { status: 202 })];
  press(button(place, t.bulk.logsOn));
  await until(() => store.operations().length === 2);
  assert.deepEqual(store.operations(), ["op2", "op1"]);
  await until(() => place.textContent.split("Testing: 1 of 2").length === 3);
});

test("what is closed is not asked for any more", async () => {
  answers = [operation({ state: "running", done: 1 })];
  await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  press(labelled(t.bulk.close));
  assert.equal(place.hidden, true);
  const before = read;
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  assert.equal(read, before);
});

test("whoever signs in again after the end of their session goes on, and nobody else does", async () => {
  // As app.js does whenever the session changes.
  const [end, start] = [session.forget, (...who) => signIn(session, ...who)];
  const then = async (change) => {
    await change();
    store.forget();
    return store.operations();
  };
  store.showOperation("op1");
  assert.deepEqual(await then(end), [], "it is nobody's");
  assert.deepEqual(await then(start), ["op1"]);
  assert.deepEqual(await then(() => start("viewer")), ["op1"], "with another role");
  await then(end);
  assert.deepEqual(await then(() => start("admin", "ben")), []);
  assert.deepEqual(await then(start), []);
  store.showOperation("op1");
  await then(() => end({ asked: true }));
  assert.deepEqual(await then(start), [], "after signing out");
});

test("a reload keeps what is shown, and signing out forgets it", async () => {
  const kept = new Map();
  const { sessionStorage: before } = globalThis;
  globalThis.sessionStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (...pair) => kept.set(...pair),
    removeItem: (name) => kept.delete(name),
  };
  store.showOperation("op1");
  store.showOperation("op2");
  const reloaded = await import(`${page}/lib/store.js?reloaded`);
  assert.deepEqual(reloaded.operations(), ["op2", "op1"]);
  session.forget({ asked: true });
  reloaded.forget();
  assert.equal(kept.size, 0, "nothing is left behind");
  await signIn(session);
  const again = await import(`${page}/lib/store.js?again`);
  assert.deepEqual(again.operations(), []);
  globalThis.sessionStorage = before;
});

test("what cannot be read of them is left out", async () => {
  const { sessionStorage: before } = globalThis;
  globalThis.sessionStorage = { getItem: () => "[", setItem() {} };
  const reloaded = await import(`${page}/lib/store.js?broken`).finally(() => (globalThis.sessionStorage = before));
  assert.deepEqual(reloaded.operations(), []);
});

test("accounts that are gone from the list are said", async () => {
  const { getElementById } = document;
  const announcer = element();
  document.getElementById = (id) => (id === "announcer" ? announcer : getElementById(id));
  const draw = await drawn();
  chosen.ids.delete("b");
  draw(1);
  await until(() => announcer.textContent.includes("1 chosen account has left the list"));
  assert.match(announcer.textContent, /1 account chosen/);
  document.getElementById = getElementById;
});

test("problems: tests are added to what runs, and none takes revoked accounts into use again", async () => {
  store.showOperation("op9");
  const accounts = ["a", "b"].map((id) => ({ account_id: id, name: id, provider_id: "1" }));
  const shared = { message: "", remedy: "", fix: null, accounts };
  const items = ["revoked", "no_access"].map((code) => ({ ...shared, cause: code, code }));
  answers = [{ accounts_read: 4, next_cursor: null, items }];
  const main = opened(problems, view.signal);
  const testAll = t.sharedProblems.testAll(2, 2);
  await until(() => button(main, testAll));
  const cards = all(main).filter((node) => /\bcause\b/.test(node.getAttribute("class")));
  assert.deepEqual(
    cards.map((card) => [card.dataset.item, Boolean(button(card, testAll))]),
    [
      ["revoked", false],
      ["no_access", true],
    ],
  );
  press(button(main, testAll));
  await until(() => store.operations().length === 2);
  assert.deepEqual(store.operations(), ["op1", "op9"]);
});

test("the trail leads to what was done", async () => {
  const target = { type: "operation", id: "op1", name: null };
  const entry = { entry_id: "e", at: "2026-01-05T10:00:00Z", action: "bulk_requested", account_id: null };
  const rest = { detail: "test: 3 accounts", changes: [], actor: { email: "anna" }, source_ip: null };
  answers = [{ items: [{ ...entry, ...rest, target }], next_cursor: null }];
  const main = opened(organizationAudit, view.signal);
  const see = () => all(main).find((node) => node.tag === "a" && node.textContent === t.audit.seeOperation);
  await until(see);
  assert.equal(see().getAttribute("href"), "#/accounts?operation=op1");
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

test("what is chosen meanwhile is shown beside the result", async () => {
  answers = [operation({ state: "running", done: 1 })];
  const draw = await drawn();
  press(button(place, t.bulk.test));
  await until(() => place.textContent.includes("Testing: 1 of 2"));
  chosen.ids.add("c");
  draw();
  answers = [operation()];
  await until(() => place.textContent.includes("Tests begun: 2."));
  assert.match(place.textContent, /1 account chosen/);
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

const down = () => Response.json({ title: "Not now" }, { status: 501 });
const fails = (isFailing) => {
  const { fetch } = globalThis;
  globalThis.fetch = (address, options) => {
    if (isFailing() && String(address).includes("/operations/")) return down();
    return fetch(address, options);
  };
};

for (const [how, back] of [
  ["the network is back", readNow],
  ["some time has passed", () => {}],
  ["somebody tries again", () => press(button(place, t.actions.retry))],
])
  test(`an operation that cannot be read is stopped still, and followed again once ${how}`, async (context) => {
    const { setTimeout: really } = globalThis;
    const isTime = how === "some time has passed";
    context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, isTime && wait === 15_000 ? 30 : wait));
    let isDown = true;
    fails(() => isDown);
    answers = [operation({ state: "running", done: 1 })];
    store.showOperation("op7");
    await drawn();
    await until(() => place.textContent.includes("Not now"));
    assert.equal(button(place, t.bulk.stop).getAttribute("aria-disabled"), null);
    isDown = false;
    back();
    await until(() => place.textContent.includes("Testing: 1 of 2"));
    assert.ok(!place.textContent.includes("Not now"));
    answers = [operation()];
    await until(() => place.textContent.includes("Tests begun: 2."));
    assert.equal(button(place, t.bulk.stop).getAttribute("aria-disabled"), "true");
  });

test("one that cannot be read is not read for ever after it was closed", async () => {
  fails(() => true);
  store.showOperation("op7");
  await drawn();
  await until(() => place.textContent.includes("Not now"));
  const { fetch } = globalThis;
  let asked = 0;
  globalThis.fetch = (...request) => {
    asked += 1;
    return fetch(...request);
  };
  press(labelled(t.bulk.close));
  readNow();
  await soon(30);
  assert.equal(asked, 0);
});

for (const status of [403, 404])
  test(`one that is refused with ${status} is not asked for again, and is said as it was last`, async (context) => {
    const { setTimeout: really } = globalThis;
    context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 15_000 ? 10 : wait));
    let refusals = 0;
    answers = [operation({ state: "running", total: 10, done: 3 })];
    store.showOperation("op7");
    await drawn();
    await until(() => place.textContent.includes("Testing: 3 of 10"));
    const { fetch } = globalThis;
    globalThis.fetch = async (address, options) => {
      if (!String(address).includes("/operations/op7")) return fetch(address, options);
      refusals += 1;
      return Response.json({ title: "Refused" }, { status });
    };
    await until(() => place.textContent.includes("Refused"));
    readNow();
    await soon(100);
    assert.equal(refusals, 1);
    assert.ok(place.textContent.includes(t.bulk.lastKnown("Testing: 3 of 10")), place.textContent);
    assert.equal(Boolean(button(place, t.actions.retry)), status === 403);
    press(button(place, t.bulk.test));
    await until(() => store.operations().includes("op1"));
    assert.equal(store.operations().includes("op7"), status === 403, "what is gone gives way");
  });

test("one that may be read again is followed again after somebody has tried", async () => {
  let isRefused = true;
  answers = [operation()];
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    isRefused ? Response.json({ title: "Refused" }, { status: 403 }) : fetch(address, options);
  store.showOperation("op7");
  await drawn();
  await until(() => place.textContent.includes("Refused"));
  isRefused = false;
  press(button(place, t.actions.retry));
  await until(() => place.textContent.includes("Tests begun: 2."));
});

test("that the API asks to wait is an alert once, and when to try again is shown anew", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait > 10_000 ? 10 : wait));
  const { now } = Date;
  const alerts = [];
  const { fetch } = globalThis;
  let refusals = 0;
  globalThis.fetch = async (address, options) => {
    if (!String(address).includes("/operations/")) return fetch(address, options);
    refusals += 1;
    context.mock.method(Date, "now", () => now() + refusals * 60_000);
    return Response.json({ title: "Too many" }, { status: 429, headers: { "retry-after": "60" } });
  };
  store.showOperation("op7");
  await drawn();
  const shown = () => all(place).find((node) => /notice-error/.test(node.getAttribute("class")));
  for (const times of [1, 2, 3]) {
    await until(() => refusals === times && shown() && !alerts.some(({ text }) => text === shown().textContent));
    alerts.push({ text: shown().textContent, role: shown().getAttribute("role") });
  }
  view.abort();
  assert.deepEqual(
    alerts.map(({ role }) => role),
    ["alert", null, null],
  );
});

test("how far an operation is is said a few times, and its end once", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait > 900 ? 150 : wait));
  const said = heard(context);
  const far = (done) => operation({ state: "running", total: 100, done });
  answers = [...[1, 2, 30, 31, 49].map(far), operation({ total: 100, done: 100 })];
  store.showOperation("op7");
  chosen.ids.clear();
  await drawn();
  await until(() => place.textContent.includes("Tests begun: 100."));
  await soon(150);
  assert.deepEqual(said, ["Testing: 1 of 100", "Testing: 30 of 100", "Tests begun: 100."]);
  assert.ok(!all(place).some((node) => node.getAttribute("role") === "status"));
});

test("taking back one of two leaves the other, which can be taken back as well", async () => {
  answers = [operation({ action: "write_logs", value: true, changed: 1 })];
  const draw = await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => button(place, t.bulk.undo));
  store.showOperation("op7");
  draw();
  await until(() => all(place).filter((node) => node.dataset.part === "undo").length === 2);
  begun = [() => Response.json({ operation_id: "op8", total: 1 }, { status: 202 })];
  press(all(place).findLast((node) => node.dataset.part === "undo"));
  await until(() => store.operations()[0] === "op8");
  assert.deepEqual(store.operations(), ["op8", "op7"]);
});

test("whoever takes back what was not begun here is told that others may have set it since", async () => {
  answers = [operation({ action: "write_logs", value: true, changed: 2 })];
  store.showOperation("op7");
  await drawn();
  await until(() => button(place, t.bulk.undo));
  press(button(place, t.bulk.undo));
  await until(modal);
  assert.match(modal().textContent, /Set “Write logs” to No for 2 accounts\?/);
  assert.ok(modal().textContent.includes(t.bulk.undoText));
  assert.equal(sent.length, 0);
  press(button(modal(), t.bulk.confirmed({ action: "write_logs", value: false }, 2)));
  await until(() => sent.length);
  assert.deepEqual([sent[0].selection, sent[0].expected_total], [{ changed_by: "op7" }, 2]);
});

const refused = (ids) => ({
  failed: ids.map((id) => ({ account_id: id, name: id, problem: { detail: "It is being changed." } })),
  failed_total: ids.length,
});

test("those that were refused are tried again, and what was changed can be taken back still", async () => {
  answers = [operation({ action: "write_logs", value: true, changed: 1, ...refused(["b"]) })];
  await drawn();
  press(button(place, t.bulk.logsOn));
  await until(() => button(place, t.bulk.again(1)));
  begun = [() => Response.json({ operation_id: "op2", total: 1 }, { status: 202 })];
  press(button(place, t.bulk.again(1)));
  await until(() => sent.length === 2);
  const { action, value, selection } = sent[1];
  assert.deepEqual([action, value, selection], ["write_logs", true, { account_ids: ["b"] }]);
  await until(() => store.operations().length === 2);
  assert.equal(againOf(operation()), null);
});

test("those that were refused beside the ones that are tried again stay counted", async () => {
  answers = [operation({ total: 9, done: 9, ...refused(["b", "c"]), failed_total: 4 })];
  store.showOperation("op7");
  await drawn();
  await until(() => button(place, t.bulk.again(2, 4)));
  press(button(place, t.bulk.again(2, 4)));
  await until(() => store.operations().length === 2);
  assert.deepEqual(sent[0].selection, { account_ids: ["b", "c"] });
  assert.ok(place.textContent.includes(t.bulk.failed(4)));
});

test("the end of an operation is said with how many accounts it refused", async (context) => {
  const said = heard(context);
  answers = [operation({ total: 5, done: 5, ...refused(["b"]), failed_total: 3 })];
  store.showOperation("op7");
  chosen.ids.clear();
  await drawn();
  await until(() => said.length);
  assert.deepEqual(said, ["Tests begun: 2. 3 accounts were refused."]);
});

test("whoever reads who was refused goes on while more come", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait > 900 ? 20 : wait));
  const running = (...ids) => operation({ state: "running", total: 9, done: ids.length, ...refused(ids) });
  answers = [running("b")];
  store.showOperation("op7");
  await drawn();
  await until(() => place.textContent.includes(t.bulk.failed(1)));
  place.querySelector("details").open = true;
  place.querySelector("summary").focus();
  answers = [running("b", "c")];
  await until(() => place.textContent.includes(t.bulk.failed(2)));
  assert.equal(place.querySelector("details").open, true);
  assert.ok(document.activeElement === place.querySelector("summary"));
});

test("each operation is named by what it does", async () => {
  answers = [operation({ state: "running", total: 4_312, done: 1 })];
  store.showOperation("op7");
  await drawn();
  await until(() => labelled("Testing 4,312 accounts"));
  assert.equal(place.querySelector(".bulk-operation progress").ariaLabel, "Testing 4,312 accounts");
  const wrote = { action: "write_logs", value: false, total: 1 };
  assert.equal(t.bulk.doing(operation(wrote)), "Setting “Write logs” to No for 1 account");
});

test("an operation that is over is named by what it did", async () => {
  store.showOperation("op7");
  await drawn();
  await until(() => labelled("Tests begun: 2."));
  assert.ok(labelled("Tests begun: 2.").classList.contains("bulk-operation"));
  assert.equal(labelled("Testing 2 accounts"), undefined);
});

test("those that could not be deleted are deleted only after another question", async () => {
  answers = [operation({ action: "delete", ...refused(["b", "c"]) })];
  chosen.ids.clear();
  store.showOperation("op7");
  await drawn();
  await until(() => button(place, t.bulk.again(2)));
  press(button(place, t.bulk.again(2)));
  await until(modal);
  assert.equal(sent.length, 0);
  press(button(modal(), "Delete 2 accounts"));
  await until(() => sent.length);
  assert.deepEqual([sent[0].selection, sent[0].expected_total], [{ account_ids: ["b", "c"] }, 2]);
  await until(() => !store.operations().includes("op7"));
});

test("of a list that is all loaded the number is known, whatever its filter", async () => {
  listing = { ...listing, selection: { q: "a" }, total: undefined, arrivals: ["d"] };
  await drawn();
  press(link(t.bulk.chooseAll(4)));
  assert.match(place.textContent, /All 4 accounts of this list chosen/);
  assert.equal(sent.length, 0);
});

test("another is counted when all of it is chosen, and that is the number that is sent", async () => {
  begun = [counts(4_312), begins];
  listing = { ...listing, selection: { q: "a" }, total: undefined, ended: false };
  await drawn();
  press(link(t.bulk.chooseAll()));
  await until(() => place.textContent.includes("All 4,312 accounts of this list chosen"));
  press(button(place, t.bulk.test));
  await until(() => sent.length === 2);
  assert.equal(modal(), undefined);
  assert.deepEqual([sent[0].dry_run, sent[1].expected_total], [true, 4_312]);
});

test("what is not chosen any more is seen, also where nothing is left, until something else is chosen", async () => {
  const draw = await drawn();
  const part = () => all(place).find((node) => node.getAttribute("class") === "bulk-note")?.textContent;
  chosen.ids = new Set(["a"]);
  draw(1);
  draw();
  assert.equal(part(), t.bulk.gone(1));
  chosen.ids = new Set();
  draw(1);
  assert.equal(part(), t.bulk.gone(2));
  assert.deepEqual([place.hidden, place.querySelector(".bulk-chosen").hidden], [false, true]);
  press(labelled(t.bulk.close));
  assert.equal(place.hidden, true);
  chosen.ids = new Set(["a", "b"]);
  draw(0, true);
  assert.equal(part(), t.bulk.part);
});

test("how a keyboard gets to the bar is said with the first choice, and it gets back from there", async (context) => {
  const said = heard(context);
  const draw = await drawn();
  await until(() => said.at(-1)?.includes(t.bulk.first("2 accounts chosen")));
  chosen.ids = new Set(["a"]);
  draw();
  await until(() => said.at(-1).includes("1 account chosen"));
  assert.ok(!said.at(-1).includes(t.bulk.first("")), said.at(-1));
  button(place, t.bulk.test).focus();
  press(labelled(t.bulk.none));
  assert.deepEqual([place.hidden, document.activeElement === around.children[0]], [true, true]);
});

test("the bar is a region, whose name is said and shown", async (context) => {
  const said = heard(context);
  await drawn();
  assert.deepEqual([place.getAttribute("role"), place.ariaLabel], ["region", t.bulk.region]);
  await until(() => said.at(-1)?.includes(t.bulk.region));
  assert.ok(t.bulk.hint.includes(t.bulk.region));
});

test("a bar that grows brings out what has the focus, if that is in sight", async () => {
  globalThis.window = { innerHeight: 500 };
  await drawn();
  for (const [top, isBrought] of [
    [480, true],
    [2_000, false],
    [-900, false],
  ]) {
    const row = element();
    row.getBoundingClientRect = () => ({ top, bottom: top + 20 });
    around.querySelector = () => row;
    measured();
    assert.equal(Boolean(row.wasBroughtIntoView), isBrought, top);
  }
});

test("rows know how much of the window the bar covers: its parts, or all of it, which scrolls then", async () => {
  store.showOperation("op7");
  await drawn();
  Object.assign(place.querySelector(".bulk-chosen"), { offsetHeight: 200 });
  Object.assign(place.querySelector(".bulk-operation"), { offsetHeight: 100 });
  for (const [clientHeight, covered, scrolls] of [
    [400, "300px", false],
    [250, "250px", true],
  ]) {
    Object.assign(place, { clientHeight });
    measured();
    assert.deepEqual([around.style["--covered"], place.classList.contains("scrolls")], [covered, scrolls]);
  }
});

test("chosen accounts are exported, and no others", async () => {
  const csv = 'account_id,name\r\na,A\r\nc,"C\r\nb,"\r\nb,B\r\nd,D\r\n';
  const { fetch } = globalThis;
  const asked = [];
  globalThis.fetch = async (address, options) => {
    if (!String(address).includes("/v1/accounts?")) return fetch(address, options);
    asked.push(String(address));
    const headers = { "content-type": "text/csv", link: '<?cursor=more>; rel="next"' };
    return new Response(csv, { headers });
  };
  let saved;
  URL.createObjectURL = (blob) => {
    saved = blob;
    return "blob:x";
  };
  URL.revokeObjectURL = () => {};
  Object.getPrototypeOf(element()).click = () => {};
  await drawn();
  press(button(place, t.choices.export));
  await until(() => saved);
  assert.equal(await saved.text(), "account_id,name\r\na,A\r\nb,B\r\n");
  assert.equal(asked.length, 1, "no page is asked for after the last of them");
  await until(() => toasts.textContent.includes(t.choices.exported(2)));
});

test("an export that runs as others are chosen says what it is of, and has none of their bar", async () => {
  const { fetch } = globalThis;
  const held = [];
  globalThis.fetch = async (address, options) => {
    if (!String(address).includes("/v1/accounts?")) return fetch(address, options);
    return new Promise((resolve) => held.push(resolve));
  };
  const draw = await drawn();
  const choice = () => place.querySelector(".bulk-chosen");
  const line = () => place.querySelector(".bulk-line");
  const choose = (...ids) => {
    Object.assign(chosen, { ids: new Set(ids) });
    draw();
  };
  press(button(choice(), t.choices.export));
  await until(() => held.length);
  button(choice(), t.choices.cancel(0)).focus();
  draw();
  assert.equal(line(), null);
  // As many, but others.
  choose("b", "c");
  assert.ok(button(choice(), t.choices.export), choice().textContent);
  assert.ok(line().textContent.includes(t.bulk.exportOf(2)), line().textContent);
  assert.equal(document.activeElement, button(line(), t.choices.cancel(0)));
  // It can be cancelled also if nothing is chosen.
  choose();
  assert.deepEqual([place.hidden, choice().hidden], [false, true]);
  press(button(line(), t.choices.cancel(0)));
  held[0](new Response("", { headers: { "content-type": "text/csv" } }));
  await until(() => !line());
  assert.equal(place.hidden, true);
  assert.equal(document.activeElement, around.children.at(-1));
});
