// What the words that were typed find, and which keys it takes.
import assert from "node:assert/strict";
import { test } from "node:test";

const { fitting, isMac, isShortcut, moved, ofAccounts } =
  await import("../../../functions/dashboard/static/lib/jumping.js");

const targets = ["Cloud Accounts", "Add account", "Add many accounts", "Theme: dark", "Tests of Prod1"].map((text) => ({
  ...{ key: text, group: "views", text },
  go: () => {},
}));
const found = (typed) => fitting(targets, typed).map(({ text }) => text);

test("each word that is typed begins a word", () => {
  assert.deepEqual(
    found(""),
    targets.map(({ text }) => text),
  );
  assert.deepEqual(found("acc add"), ["Add account", "Add many accounts"]);
  assert.deepEqual(found("DARK"), ["Theme: dark"]);
  assert.deepEqual(found("theme"), ["Theme: dark"]);
  assert.deepEqual(found("prod"), ["Tests of Prod1"]);
  assert.deepEqual(found("ccount"), []);
});

test("a view is found by the words of its buttons too, after what is named so", () => {
  const view = (text, ...has) => ({ key: text, group: "views", text, has, go: () => {} });
  const views = [view("Organization", "New signing secret", "Remove the webhook"), view("Webhook deliveries")];
  assert.deepEqual(
    fitting(views, "webhook").map(({ text, by }) => [text, by]),
    [
      ["Webhook deliveries", undefined],
      ["Organization", "Remove the webhook"],
    ],
  );
  assert.deepEqual(
    fitting(views, "org sec").map(({ by }) => by),
    ["New signing secret"],
  );
  assert.deepEqual(fitting(views, "signing webhooks"), []);
});

test("all words name an account, and those beside the words of a view or of what it has another one", () => {
  const views = ["Connect", "Tests", "Health", "Schedules", "Least privilege"].map((text) => ({ text }));
  views.push({ text: "Overview", has: ["Rename", "Delete account"] }, { text: "Instances", has: ["Start", "Stop"] });
  const says = (typed) => {
    const { q, parts } = ofAccounts(typed, views);
    return [q, ...parts.flatMap(({ rest, views: fit }) => [rest, ...fit.map(({ text }) => text)])];
  };
  for (const [typed, ...expected] of [
    ["House schedules", "Houseschedules", "House", "Schedules"],
    ["Quiet House SCHED", "QuietHouseSCHED", "QuietHouse", "Schedules"],
    ["2000 0000-0001 health", "200000000001health", "200000000001", "Health"],
    ["House least priv", "Houseleastpriv", "House", "Least privilege"],
    ["Payments Test", "PaymentsTest", "Payments", "Tests"],
    ["rename test", "renametest", "rename", "Tests", "test", "Overview"],
    ["test health", "testhealth", "test", "Health", "health", "Tests"],
    ["test test", "testtest", "test", "Tests"],
    ["House health sched", "Househealthsched", "Househealth", "Schedules"],
    ["sched House", "schedHouse", "House", "Schedules"],
    ["least privilege Quiet House", "leastprivilegeQuietHouse", "QuietHouse", "Least privilege"],
    ["Billing delete", "Billingdelete", "Billing", "Overview"],
    ["delete Billing", "deleteBilling", "Billing", "Overview"],
    ["Billing start", "Billingstart", "Billing", "Instances"],
  ])
    assert.deepEqual(says(typed), expected);
  for (const typed of ["Team C", "Team Co", "health", "Co Team", "2000 0000 0001", "- health", "Team :::", ""])
    assert.deepEqual(says(typed), [typed.replace(/[\s-]/g, "")], "no view of another account");
});

const press = (more) => ({
  ...{ key: "k", altKey: false, shiftKey: false, metaKey: false, ctrlKey: false, repeat: false },
  ...{ isComposing: false, defaultPrevented: false },
  ...more,
});

test("the shortcut is Ctrl-K, and ⌘K where Ctrl-K belongs to text fields", () => {
  assert.ok(isShortcut(press({ ctrlKey: true }), "Linux x86_64"));
  assert.ok(isShortcut(press({ ctrlKey: true, key: "K" }), "Win32"), "with Caps Lock");
  assert.ok(isShortcut(press({ metaKey: true }), "MacIntel"));
  assert.ok(!isShortcut(press({ ctrlKey: true }), "MacIntel"));
  assert.ok(!isShortcut(press({ metaKey: true }), "Win32"));
  assert.ok(isMac("iPad") && !isMac("Linux armv81"));
});

test("where letters are not Latin the place of the key counts, and only there", () => {
  for (const key of ["л", "Л", "κ", "ن"]) assert.ok(isShortcut(press({ ctrlKey: true, key, code: "KeyK" }), "Win32"));
  assert.ok(!isShortcut(press({ ctrlKey: true, key: "t", code: "KeyK" }), "Win32"), "of a Dvorak keyboard");
  assert.ok(!isShortcut(press({ ctrlKey: true, key: "о", code: "KeyJ" }), "Win32"));
});

test("no other press is taken", () => {
  for (const more of [
    {},
    { ctrlKey: true, key: "j" },
    ...["altKey", "shiftKey", "metaKey", "repeat", "isComposing", "defaultPrevented"].map((name) => ({
      ctrlKey: true,
      [name]: true,
    })),
  ])
    assert.ok(!isShortcut(press(more), "Win32"), JSON.stringify(more));
});

test("arrows go round", () => {
  assert.equal(moved("ArrowDown", 0, 3), 1);
  assert.equal(moved("ArrowDown", 2, 3), 0);
  assert.equal(moved("ArrowUp", 0, 3), 2);
  assert.equal(moved("ArrowDown", -1, 3), 0);
  assert.equal(moved("ArrowDown", 0, 0), -1);
});
