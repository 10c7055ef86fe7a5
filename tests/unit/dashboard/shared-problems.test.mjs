// One cause is one card, from however many answers of the API.
import assert from "node:assert/strict";
import { test } from "node:test";

const { inOrderOf, joined } = await import("../../../functions/dashboard/static/lib/shared-problems.js");

const account = (index) => ({ account_id: `acc${index}`, name: `Account${index}`, provider_id: String(index) });
const problem = (cause, indexes, fix = null) => ({
  ...{ cause, code: "permission_lost", message: cause, remedy: "…", fix },
  accounts: indexes.map(account),
});
const answer = (items, next_cursor = null, accounts_read = items.length) => ({ items, next_cursor, accounts_read });
const counted = ({ items }) => items.map(({ cause, accounts }) => [cause, accounts.length]);
const upTo = (count) => Array.from({ length: count }, (_, index) => index);

test("nothing was found, or nothing yet", () => {
  assert.deepEqual(joined([answer([])]), { accountsRead: 0, isAll: true, items: [] });
  assert.deepEqual(joined([answer([], "more")]), { accountsRead: 0, isAll: false, items: [] });
});

for (const count of [1, 10, 300, 10_000])
  test(`one cause is one card of ${count}, however the answers are cut`, () => {
    const all = upTo(count);
    const [one, two] = [all.slice(0, count / 2), all.slice(count / 2)];
    const found = joined([
      answer([problem("a", one)], "more", one.length),
      answer([problem("a", two)], null, two.length),
    ]);
    assert.deepEqual(counted(found), [["a", count]]);
    assert.equal(found.accountsRead, count);
    assert.equal(found.isAll, true);
  });

test("the cause of most accounts comes first, also if it is met last", () => {
  const found = joined([answer([problem("a", [1, 2]), problem("b", [1])], "more"), answer([problem("b", [3, 4])])]);
  assert.deepEqual(counted(found), [
    ["b", 3],
    ["a", 2],
  ]);
});

test("causes that are shown stay in their places, before those that are new, of which that of most comes first", () => {
  const shown = joined([answer([problem("a", [1, 2, 3]), problem("gone", [1, 2]), problem("b", [1])])]);
  const found = joined([answer([problem("c", [1]), problem("b", [1, 2]), problem("d", upTo(9)), problem("a", [1])])]);
  assert.deepEqual(
    inOrderOf(shown, found).items.map(({ cause }) => cause),
    ["a", "b", "d", "c"],
  );
});

test("an account that was deleted since is in no card, and one without others is gone too", () => {
  const found = joined([answer([problem("a", [1, 2]), problem("b", [1])])], (id) => id === "acc1");
  assert.deepEqual(counted(found), [["a", 1]]);
});

test("an account that is in two answers counts once", () => {
  const found = joined([answer([problem("a", [1, 2])], "more"), answer([problem("a", [2, 3])])]);
  assert.deepEqual(counted(found), [["a", 3]]);
});

test("from however many answers, each account of a cause is looked at a few times", () => {
  let looks = 0;
  const counting = ({ account_id: id, ...more }) => ({
    ...more,
    get account_id() {
      looks += 1;
      return id;
    },
  });
  const answers = Array.from({ length: 20 }, (_, page) => {
    const { accounts, ...shared } = problem(
      "a",
      upTo(50).map((index) => page * 50 + index),
    );
    return answer([{ ...shared, accounts: accounts.map(counting) }], page < 19 ? "more" : null);
  });
  assert.deepEqual(counted(joined(answers)), [["a", 1_000]]);
  assert.ok(looks <= 4_000, `${looks} looks at 1,000 accounts`);
});

test("a part that differs between answers is said, also if it is null in some or differed before", () => {
  const of = (fix, differing = []) => ({ ...problem("a", [1], fix), differing });
  const differing = (...items) =>
    joined(items.map((each, index) => answer([each], index ? null : "more"))).items[0].differing;
  const fix = { policy_statement: "{}", cli: "aws …", console_url: null };
  assert.deepEqual(differing(of(fix), of(fix)), []);
  assert.deepEqual(differing(of(fix), of({ ...fix, cli: "aws other" })), ["cli"]);
  assert.deepEqual(differing(of({ ...fix, cli: null }, ["cli"]), of({ ...fix, cli: null })), ["cli"]);
  assert.deepEqual(differing(of(fix), of(null)), ["policy_statement", "cli"]);
  assert.deepEqual(differing(of(null), of(null)), []);
});

test("only what is the same everywhere can be copied", () => {
  const fix = { policy_statement: "{}", cli: "aws …", console_url: null };
  const both = (other) =>
    joined([answer([problem("a", [1], fix)], "more"), answer([problem("a", [2], other)])]).items[0].fix;
  assert.deepEqual(both(fix), fix);
  assert.deepEqual(both({ ...fix, cli: "aws other" }), { ...fix, cli: null });
  assert.equal(both({ policy_statement: "{1}", cli: null, console_url: null }), null);
  assert.equal(both(null), null);
});
