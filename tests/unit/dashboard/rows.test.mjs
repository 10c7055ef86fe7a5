// The list of accounts: when it asks for its rows, where the focus of one goes that is no row any more, and who is told
// that a new account cannot be added.
import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { beforeEach, test } from "node:test";
import {
  all,
  announced,
  announcerIn,
  button,
  hold,
  modal,
  opened as drawn,
  press as click,
  signIn,
  submit,
  toasts,
} from "./drawn.mjs";
import { account, context as given, looks, opened, scrollBy, session, shownAs, store, view } from "./listed.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { readNow } = await import(`${page}/lib/dom.js`);
const { notLoaded } = await import(`${page}/lib/ui.js`);
const { t } = await import(`${page}/texts.js`);
const { bulk } = (await import(`${page}/views/texts.js`)).t;

const items = ["a", "b", "c"].map((name) => account(name));
const rows = () => Response.json({ items, next_cursor: null });
const busy = () => Response.json({ title: "Too many" }, { status: 429, headers: { "retry-after": "60" } });
const ran = { action: "test", state: "finished", total: 3, done: 3, skipped: 0, failed: [], failed_total: 0 };
const done = () => Response.json({ ...ran, operation_id: "op1", value: null });
const broken = () => Response.json({ title: "No" }, { status: 422 });
/** How often the rows, and the numbers, were asked for. Of the answers to the former, the last one stays. What versions
 * the roles have; an older API does not say. */
let asked, counted, answers, versions;

beforeEach(() => {
  asked = counted = 0;
  answers = [rows];
  versions = undefined;
  globalThis.fetch = async (address) => {
    if (String(address).includes("/organization")) {
      counted += 1;
      return Response.json({ accounts: { total: 3, by_status: { failed: 3 }, by_template_version: versions } });
    }
    asked += 1;
    return (answers.length > 1 ? answers.shift() : answers[0])(String(address));
  };
});

/** A search is under way. Returns what answers it. */
async function searched(main) {
  let answer;
  answers = [() => new Promise((resolve) => (answer = resolve))];
  const search = main.querySelector("input");
  search.value = "a";
  search.dispatchEvent(new Event("input"));
  await soon(250);
  return answer;
}

async function readsNow() {
  readNow();
  await soon(30);
}

test("the bar of an account's status ends with today, also after a midnight without a change", async (context) => {
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const clock = context.mock.method(Date, "now", () => midnight - 1000);
  const created_at = new Date(midnight - 3_600_000).toISOString();
  answers = [() => Response.json({ items: [{ ...items[0], created_at, status_changes: [] }], next_cursor: null })];
  const main = await opened();
  const said = () => main.querySelector(".spark").getAttribute("aria-label");
  const before = said();
  clock.mock.mockImplementation(() => midnight + 1000);
  await readsNow();
  assert.notEqual(said(), before);
  view.abort();
});

test("a row that is drawn anew keeps the focus, and one that is gone gives it to the row in its place", async () => {
  const main = await opened("status=failed");
  const row = (id) => all(main).find((node) => node.dataset.id === id);
  const press = all(row("b")).find((node) => node.dataset.part === "test");
  press.focus();
  store.put({ ...items[1], name: "b2" }, Date.now());
  assert.ok(row("b").contains(document.activeElement));
  assert.equal(document.activeElement.dataset.part, "test");
  store.put({ ...items[1], status: "confirmed", version: 2 }, Date.now());
  view.abort();
  assert.equal(row("b"), undefined);
  assert.ok(document.activeElement === row("c"));
});

for (const [which, ...first] of [
  ["the first", busy],
  ["a repeated", broken, busy],
])
  test(`after ${which} failure, rows are asked for no sooner than the API asks`, async (context) => {
    const { setTimeout: really } = globalThis;
    let wait;
    context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
      if (milliseconds === 60_000) return really((wait = work), 60_000);
      return really(work, milliseconds);
    });
    answers = [...first, rows];
    const main = await opened();
    await readsNow();
    await readsNow();
    assert.equal(asked, first.length);
    wait();
    await readsNow();
    view.abort();
    assert.equal(asked, first.length + 1);
    assert.ok(main.textContent.includes(items[0].name));
  });

test("so are those of a list that is shown again", async () => {
  await opened();
  view.abort();
  asked = 0;
  answers = [busy];
  await opened();
  await readsNow();
  view.abort();
  assert.equal(asked, 1);
});

test("the numbers are read once for all rows that turn, and once more for what turns meanwhile", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 2_000 ? 20 : wait));
  await opened();
  counted = 0;
  const turned = () => {
    for (const item of items) store.put({ ...item, status: "confirmed", version: 2 }, Date.now());
  };
  turned();
  await soon(60);
  assert.equal(counted, 1);
  answers = [() => Response.json({ items: items.map((item) => ({ ...item, version: 3 })), next_cursor: null })];
  await readsNow();
  view.abort();
  assert.equal(counted, 3);
});

test("so are they once a role has another version", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 2_000 ? 20 : wait));
  versions = inUse(1, 2);
  await opened();
  counted = 0;
  store.put({ ...items[1], template: { version: 2 }, version: 2 }, Date.now());
  await soon(60);
  view.abort();
  assert.equal(counted, 1);
});

for (const [how, answered] of [
  ["they are there", rows],
  ["that fails", broken],
])
  test(`rows of another selection are marked as such, until ${how}`, async () => {
    const main = await opened();
    const table = main.querySelector(".account-table");
    const isBusy = () => table.getAttribute("aria-busy") === "true";
    assert.ok(!isBusy());
    const answer = await searched(main);
    assert.ok(isBusy());
    assert.ok(main.textContent.includes(items[2].name));
    answer(answered());
    await soon(30);
    view.abort();
    assert.ok(!isBusy());
  });

for (const moved of ["scroll", "resize"])
  test(`a ${moved} while a search is awaited leaves the rows, and the focus in one`, async () => {
    const main = await opened();
    const answer = await searched(main);
    const link = all(main).find(({ dataset }) => dataset.part === "name");
    link.focus();
    looks.dispatchEvent(new Event(moved));
    assert.ok(main.contains(link));
    assert.ok(document.activeElement === link);
    answer(rows());
    await soon();
    view.abort();
  });

test("a scroll to where no row was drawn, while a search is awaited, shows that it is awaited", async () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ ...items[0], account_id: `a${index}`, name: `a${index}` }));
  answers = [() => Response.json({ items: many, next_cursor: null })];
  const main = await opened();
  await searched(main);
  for (const [by, isCovered] of [
    [100, false],
    [1_500, true],
  ]) {
    scrollBy(by);
    assert.equal(Boolean(main.querySelector(".skeleton-row")), isCovered, by);
  }
  view.abort();
});

test("the list is read again at once while its next page is awaited", async () => {
  const next = new Promise(() => {});
  const first = { items, next_cursor: "next" };
  answers = [(address) => (address.includes("cursor=") ? next : Response.json(first))];
  await opened();
  const before = asked;
  await readsNow();
  view.abort();
  assert.equal(asked, before + 1);
});

test("nor is a focus in the rows lost to a search that is slow, and then fails", async (context) => {
  const { setTimeout: really } = globalThis;
  let slow;
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    if (wait === 5_000) slow = work;
    return really(work, wait);
  });
  const main = await opened();
  const answer = await searched(main);
  all(main)
    .find(({ dataset }) => dataset.part === "name")
    .focus();
  const table = main.querySelector(".account-table");
  slow();
  assert.ok(table.contains(document.activeElement));
  answer(broken());
  await soon();
  view.abort();
  assert.ok(main.querySelector(".list-foot").contains(document.activeElement));
});

test("new accounts of another selection are not offered while the one that was chosen is awaited", async () => {
  const main = await opened();
  items.push({ ...items[0], account_id: "d", name: "d" });
  await readsNow();
  items.pop();
  const offer = main.querySelector(".arrived");
  assert.ok(offer.textContent.includes(t.list.arrived(1)));
  answers = [() => new Promise(() => {})];
  const failed = all(main).find(({ tag, value }) => tag === "input" && value === "failed");
  failed.dispatchEvent(new Event("change"));
  view.abort();
  assert.equal(offer.textContent, "");
});

const inUse = (...counts) =>
  counts.map((accounts, index) => ({ version: counts.length - index, accounts, outdated: index > 0 }));

for (const [what, said, isChoice] of [
  ["an older API says none", undefined, false],
  ["all roles have one version", inUse(3), false],
  ["roles have several versions", inUse(1, 2), true],
])
  test(`where ${what}, the list can${isChoice ? "" : "not"} be filtered by version`, async () => {
    versions = said;
    const main = await opened();
    view.abort();
    assert.equal(main.querySelector(".version-filter").hidden, !isChoice);
  });

test("a version that is chosen is asked for, and part of the address", async () => {
  versions = inUse(1, 2);
  const main = await opened("status=failed");
  const select = main.querySelector(".version-filter");
  assert.deepEqual(
    select.children.map((option) => [option.value, option.textContent]),
    [
      ["", t.list.ofVersion("")],
      ["2", t.list.ofVersion("2")],
      ["1", t.list.ofVersion("1")],
    ],
    "how many of the failed ones have it is not known",
  );
  assert.equal(select.value, "");
  let address;
  answers = [(sent) => Response.json({ items: [], next_cursor: (address = sent) && null })];
  select.value = "1";
  select.dispatchEvent(new Event("change"));
  await soon(30);
  const query = new URL(address).searchParams;
  assert.deepEqual([query.get("template_version"), query.get("status")], ["1", "failed"]);
  assert.ok(shownAs.endsWith("#/accounts?status=failed&template_version=1"), shownAs);
  button(main, t.list.clear).dispatchEvent(new Event("click"));
  await soon(30);
  view.abort();
  assert.equal(new URL(address).searchParams.get("template_version"), null);
  assert.ok(shownAs.endsWith("#/accounts"), shownAs);
  assert.equal(select.value, "");
});

test("the choices of versions stay the same ones, whatever their numbers are, for whoever looks at them", async () => {
  versions = inUse(1, 2);
  const main = await opened();
  const select = main.querySelector(".version-filter");
  const before = [...select.children];
  // What is highlighted in a list that is open is not chosen yet.
  select.value = "1";
  versions = inUse(2, 1);
  await readsNow();
  view.abort();
  assert.ok(select.children.every((option, index) => option === before[index]));
  assert.deepEqual(
    select.children.map(({ textContent }) => textContent),
    [t.list.ofVersion(""), t.list.ofVersion("2", 2), t.list.ofVersion("1", 1)],
  );
  assert.equal(select.value, "1");
});

for (const [search, asks] of [
  ["template_version=7", "7"],
  ["template_version=0", null],
  ["template_version=newest", null],
])
  test(`a list at ${search} ${asks ? "shows that version, also if no role has it" : "has them all"}`, async () => {
    versions = inUse(3);
    let address;
    answers = [(sent) => Response.json({ items, next_cursor: (address = sent) && null })];
    const main = await opened(search);
    view.abort();
    assert.equal(new URL(address).searchParams.get("template_version"), asks);
    const select = main.querySelector(".version-filter");
    assert.equal(select.hidden, !asks);
    assert.equal(select.value, asks ?? "");
    assert.ok(select.children.some(({ value }) => value === select.value));
  });

for (const [how, search, act] of [
  [
    "all versions are chosen",
    "template_version=1",
    (select) => {
      select.value = "";
      select.dispatchEvent(new Event("change"));
    },
  ],
  [
    "the last role of another version is updated",
    "",
    () => {
      versions = inUse(3);
      return store.readNumbers(view.signal);
    },
  ],
])
  test(`a keyboard in the choice of versions stays there when ${how}, until it leaves`, async () => {
    versions = inUse(...(search ? [3] : [1, 2]));
    const main = await opened(search);
    const select = main.querySelector(".version-filter");
    select.focus();
    await act(select);
    await soon(30);
    const [hidden, had] = [select.hidden, document.activeElement === select];
    document.activeElement = document.body;
    select.dispatchEvent(new Event("blur"));
    view.abort();
    assert.deepEqual([hidden, had, select.hidden], [false, true, true]);
  });

test("a status that the page does not know is said as it is", async (context) => {
  const announcer = announcerIn(context);
  await opened();
  store.put({ ...items[1], status: "resting", version: 2 }, Date.now());
  await soon(100);
  view.abort();
  assert.ok(announcer.textContent.includes(t.list.isNow(items[1].name, "resting")), announcer.textContent);
});

for (const [what, count, said] of [
  ["of a few rows that turn at once each is said, in their order", 3, (names) => names.map(isConfirmed).join(" ")],
  ["of many rows that turn at once it is said how many", 10, () => t.list.haveChanged(10, ["10 Confirmed"])],
])
  test(what, async (context) => {
    const announcer = announcerIn(context);
    const many = Array.from({ length: count }, (_, index) => account(`account${index + 10}`));
    const answer = (more) => () =>
      Response.json({ items: many.map((each) => ({ ...each, ...more })), next_cursor: null });
    answers = [answer({})];
    await opened();
    await soon(100);
    answers = [answer({ status: "confirmed", version: 2 })];
    readNow();
    await soon(150);
    view.abort();
    assert.equal(announcer.textContent, said(many.map(({ name }) => name)));
  });

const isConfirmed = (name) => t.list.isNow(name, t.status.confirmed);

test("an account that was added is shown, and said to a screen reader", async (context) => {
  const announcer = announcerIn(context);
  store.add(items[1], Date.now());
  const main = await opened();
  await soon(100);
  view.abort();
  assert.ok(main.querySelector(".list-notices").textContent.includes(`${items[1].name} ${t.list.wasAdded}`));
  assert.ok(announcer.textContent.includes(t.list.added(items[1].name)));
});

for (const [what, issues, access_type, step] of [
  ["that no test has reached", [], "access_key", "access_key"],
  ["whose keys a test has refused", [{ code: "credentials_rejected" }], "access_key", "assume_role"],
  ["that somebody has revoked", [{ code: "revoked" }], "assume_role", ""],
])
  test(`of an account ${what} the notice that it was added says the next step that there is`, async () => {
    const made = { ...items[0], status: "unconfirmed", access_type };
    answers = [(address) => Response.json(address.endsWith("/a") ? { ...made, issues } : { items: [] })];
    store.add(made, Date.now() - 60_000);
    const main = await opened();
    const said = main.querySelector(".list-notices").textContent;
    const next = step && `${t.list.nextStep[step]} ${t.list.instructions}`;
    assert.equal(said, `a ${t.list.wasAdded} ${next}`);
    view.abort();
  });

for (const [who, leave, said] of [
  ["whoever is there still is told", () => {}, true],
  [
    "whoever has signed out is not told",
    () => {
      session.forget({ asked: true });
      store.forget();
      view.abort();
    },
    false,
  ],
])
  test(`${who} that the modal of a new account could not be loaded`, async (context) => {
    const errors = context.mock.method(console, "error", () => {});
    const load = (address, how, next) => {
      if (address.endsWith("/new-account.js")) throw new Error("The network is gone.");
      return next(address, how);
    };
    const hooks = registerHooks({ load });
    const main = await opened();
    button(main, t.list.newAccount).dispatchEvent(new Event("click"));
    leave();
    await soon(30);
    view.abort();
    hooks.deregister();
    assert.equal(main.textContent.includes(t.problems.view), said);
    assert.equal(errors.mock.callCount(), Number(said));
    assert.equal(toasts.textContent, "");
  });

test("whoever tries again offline keeps the page, which is loaded anew once the network is back", async (context) => {
  context.mock.method(console, "error", () => {});
  const browser = new EventTarget();
  context.mock.method(globalThis, "addEventListener", browser.addEventListener.bind(browser));
  const reload = (location.reload = context.mock.fn());
  const { navigator: online } = globalThis;
  const network = (now) => Object.defineProperty(globalThis, "navigator", { value: now, configurable: true });
  context.after(() => network(online));
  network({ ...online, onLine: false });
  for (const isLeft of [true, false]) {
    toasts.replaceChildren();
    const panel = notLoaded(new Error("The network is gone."));
    document.body.append(panel);
    button(panel, t.actions.retry).dispatchEvent(new Event("click"));
    await soon();
    assert.ok(toasts.textContent.includes(t.problems.offline));
    assert.equal(reload.mock.callCount(), 0);
    panel.isConnected = !isLeft;
    browser.dispatchEvent(new Event("online"));
    await soon();
    assert.equal(reload.mock.callCount(), Number(!isLeft));
    panel.remove();
  }
  network(online);
  const panel = notLoaded(new Error("The module is gone."));
  button(panel, t.actions.retry).dispatchEvent(new Event("click"));
  await soon();
  assert.equal(reload.mock.callCount(), 2);
  toasts.replaceChildren();
});

test("the modal of a new account that loads slowly covers no other: it comes after, if its list is there", async () => {
  const { dialog } = await import(`${page}/lib/modal.js`);
  const { t: texts } = await import(`${page}/views/texts.js`);
  const { fetch } = globalThis;
  await signIn(session);
  globalThis.fetch = fetch;
  for (const isLeft of [false, true]) {
    const main = await opened();
    button(main, t.list.newAccount).dispatchEvent(new Event("click"));
    const other = dialog({ title: "Stop web1", content: () => "It is running now." });
    await until(() => !button(main, t.list.newAccount).getAttribute("aria-busy"));
    assert.ok(modal() === other.node);
    if (isLeft) view.abort();
    other.close();
    await soon(20);
    assert.equal(modal()?.textContent.includes(texts.newAccount.numberHelp), isLeft ? undefined : true);
    modal()?.close();
    await soon();
    view.abort();
  }
});

test("rows under test do not wait for numbers that hang", async (context) => {
  const { setTimeout: really } = globalThis;
  const quick = new Set([2_000, 5_000]);
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, quick.has(wait) ? 1 : wait));
  const testing = { ...items[0], testing: true };
  answers = [(address) => (address.endsWith("/a") ? Response.json(testing) : Response.json({ items: [testing] }))];
  const { fetch } = globalThis;
  await signIn(session);
  globalThis.fetch = (address) => (String(address).includes("/organization") ? new Promise(() => {}) : fetch(address));
  await opened();
  await soon(50);
  view.abort();
  assert.ok(asked > 5, `${asked} reads`);
});

test("numbers that are there are not lacking because an earlier read of them fails late", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 1 : wait));
  const { fetch } = globalThis;
  await signIn(session);
  const held = [];
  globalThis.fetch = (address, options) =>
    String(address).includes("/organization") && !held.length
      ? new Promise((resolve) => held.push(resolve))
      : fetch(address, options);
  await opened();
  readNow();
  await soon(150);
  assert.ok(store.numbers());
  assert.equal(store.freshness(Date.now()), "live");
  held[0](Response.json({ title: "Down" }, { status: 422 }));
  await soon(50);
  assert.equal(store.freshness(Date.now()), "live");
  view.abort();
});

const box = (main, id) => all(main).find((node) => node.dataset.of === id);
function check(main, id) {
  Object.assign(box(main, id), { checked: true }).dispatchEvent(new Event("change"));
}

test("an account that leaves the list is not chosen any more", async () => {
  const main = await opened("status=failed");
  check(main, "a");
  check(main, "b");
  await until(() => main.textContent.includes("2 accounts chosen"));
  store.put({ ...items[0], status: "confirmed", version: 2 }, Date.now());
  await until(() => main.textContent.includes("1 account chosen"));
  assert.equal(box(main, "a"), undefined);
  store.put({ ...items[0], version: 3 }, Date.now());
  await until(() => main.textContent.includes("1 account chosen"));
});

test("the number of a chosen list is that of now", async () => {
  const main = await opened("status=failed");
  check(main, "a");
  await until(() => button(main, bulk.test));
  click(all(main).find((node) => node.textContent === bulk.chooseAll(3)));
  assert.match(main.textContent, /All 3 accounts of this list chosen/);
  const { fetch } = globalThis;
  const numbers = { accounts: { total: 2, by_status: { failed: 2 } } };
  globalThis.fetch = async (address) =>
    String(address).includes("/organization") ? Response.json(numbers) : fetch(address);
  await readsNow();
  assert.match(main.textContent, /All 2 accounts of this list chosen/);
});

test("a link shows an operation with the list, until it is closed", async () => {
  answers = [(address) => (address.includes("/operations/") ? done() : rows())];
  const main = await opened("operation=op1");
  assert.equal(shownAs, "#/accounts");
  await until(() => main.textContent.includes("Tests begun: 3."));
  assert.deepEqual(store.operations(), ["op1"]);
  assert.equal(button(main, bulk.test), undefined);
  click(all(main).find((node) => node.getAttribute("aria-label") === bulk.close));
  assert.deepEqual(store.operations(), []);
});

test("an operation that is no longer kept is said, and can be closed", async () => {
  const none = () => Response.json({ title: "No such operation" }, { status: 404 });
  answers = [(address) => (address.includes("/operations/") ? none() : rows())];
  const main = await opened("operation=op1");
  await until(() => main.textContent.includes("No such operation"));
  click(all(main).find((node) => node.getAttribute("aria-label") === bulk.close));
  assert.deepEqual(store.operations(), []);
});

const enter = (node) => {
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "Enter" });
  node.dispatchEvent(event);
  return event.defaultPrevented;
};

test("Enter leads from a row to the bar, and Choose none back to that row", async () => {
  const main = await opened();
  assert.ok(enter(box(main, "b")));
  assert.equal(document.activeElement, document.body, "there is no bar yet");
  check(main, "b");
  await until(() => button(main, bulk.test));
  box(main, "b").focus();
  assert.ok(enter(box(main, "b")), "the press is not one of the button");
  assert.ok(document.activeElement === button(main, bulk.test));
  click(all(main).find((node) => node.getAttribute("aria-label") === bulk.none));
  assert.ok(document.activeElement === box(main, "b"));
  view.abort();
});

test("where nothing is chosen, Enter leads to the operations, and their end back to the table", async () => {
  answers = [(address) => (address.includes("/operations/") ? done() : rows())];
  const main = await opened("operation=op1");
  await until(() => main.textContent.includes("Tests begun: 3."));
  enter(box(main, "c"));
  assert.ok(document.activeElement === main.querySelector(".bulk"));
  answers = [() => Response.json({ items: items.slice(0, 2), next_cursor: null })];
  store.remove("c");
  const close = all(main).find((node) => node.getAttribute("aria-label") === bulk.close);
  close.focus();
  click(close);
  assert.ok(document.activeElement === main.querySelector(".account-table"));
  view.abort();
});

test("the head's checkbox says what is chosen of the rows that are there by now", async () => {
  const part = (some, next_cursor) => Response.json({ items: some, next_cursor });
  let next;
  const rest = new Promise((resolve) => (next = resolve));
  answers = [(address) => (address.includes("cursor=") ? rest : part(items.slice(0, 2), "more"))];
  const main = await opened();
  check(main, "");
  await until(() => main.textContent.includes("2 accounts chosen"));
  const state = () => [box(main, "").checked, Boolean(box(main, "").indeterminate)];
  assert.deepEqual(state(), [true, false]);
  next(part(items.slice(2), null));
  await until(() => box(main, "c"));
  assert.deepEqual([...state(), box(main, "c").checked], [false, true, false]);
  view.abort();
});

/** All accounts of a list are chosen of which the next page is awaited. */
async function allChosen() {
  const first = { items, next_cursor: "more" };
  answers = [(address) => (address.includes("cursor=") ? new Promise(() => {}) : Response.json(first))];
  const main = await opened();
  check(main, "a");
  await until(() => button(main, bulk.test));
  click(all(main).find((node) => node.textContent === bulk.chooseAll(3)));
  return main;
}

test("whoever takes one out of a list that is not all loaded is told that the rest is not chosen", async () => {
  const main = await allChosen();
  assert.ok(!main.textContent.includes(bulk.part));
  Object.assign(box(main, "a"), { checked: false }).dispatchEvent(new Event("change"));
  assert.ok(main.textContent.includes(bulk.part));
  assert.match(main.textContent, /2 accounts chosen/);
  view.abort();
});

test("whoever takes all out of it again chooses none, which is all that is said", async () => {
  const main = await allChosen();
  Object.assign(box(main, ""), { checked: false }).dispatchEvent(new Event("change"));
  assert.equal(main.querySelector(".bulk").hidden, true, main.querySelector(".bulk").textContent);
  view.abort();
});

test("a bar that is long in coming says so", async (context) => {
  const { setTimeout: really } = globalThis;
  const main = await opened();
  const slow = [];
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    if (wait === 5_000) slow.push(work);
    return really(work, wait);
  });
  check(main, "a");
  // Before its module is there.
  for (const work of slow) work();
  assert.equal(main.querySelector(".bulk").hidden, false);
  assert.ok(main.querySelector(".bulk").textContent.includes(t.problems.slow));
  await until(() => button(main, bulk.test));
  assert.ok(!main.querySelector(".bulk").textContent.includes(t.problems.slow));
  view.abort();
});

/** A press on Test begins one, and the accounts are tested as long as it says. */
function beginsTests() {
  const { fetch } = globalThis;
  const tests = { begun: [], testing: false };
  globalThis.fetch = async (address, options) => {
    if (options.method !== "POST") return fetch(address, options);
    tests.begun.push(new URL(address).pathname);
    tests.testing = true;
    return Response.json({ verification_id: "v1" }, { status: 202 });
  };
  const listed = () => items.map((item) => ({ ...item, testing: tests.testing }));
  answers = [() => Response.json({ items: listed(), next_cursor: null })];
  return tests;
}

for (const [columns, place] of [
  ["name+status+test", ".cell-status"],
  ["name+test", ".cell-test"],
])
  test(`a row of the columns ${columns} shows its test, and nobody leaves the list for it`, async () => {
    const main = await opened(`columns=${columns}`);
    await until(() => all(main).filter((node) => node.getAttribute("role") === "columnheader").length < 4);
    beginsTests();
    location.hash = "";
    const spins = () => all(main).some((node) => node.getAttribute("class") === "spinner" && node.closest(place));
    assert.equal(spins(), false);
    const pressed = all(main).find(({ dataset }) => dataset.part === "test" && dataset.of !== "");
    click(pressed);
    await until(() => !main.contains(pressed) && spins());
    assert.equal(location.hash, "");
    const tests = all(main).find(({ dataset }) => dataset.part === "test" && dataset.of !== "");
    const isSaidThere = place === ".cell-test";
    const said = isSaidThere ? t.status.testing : t.list.testHint;
    assert.deepEqual(
      [tests.getAttribute("aria-label"), tests.getAttribute("title")],
      [`${t.list.testLabel("a")}${isSaidThere ? `: ${said}` : ""}`, said],
    );
    view.abort();
  });

test("a row's test runs in the row, which keeps the focus, and is said", async (context) => {
  const announcer = announcerIn(context);
  const main = await opened();
  const { begun } = beginsTests();
  const press = all(main).find(({ dataset }) => dataset.part === "test" && dataset.of !== "");
  press.focus();
  location.hash = "";
  click(press);
  await until(() => all(main).some((node) => node.getAttribute("href") === "#/accounts/a/tests"));
  await until(() => announcer.textContent.includes(t.list.begun("a")));
  view.abort();
  assert.deepEqual([begun, location.hash], [["/v1/accounts/a/verifications"], ""]);
  const has = document.activeElement;
  assert.equal(has.getAttribute("aria-label"), t.list.testLabel("a"));
  assert.ok(main.contains(has));
});

test("so is the end of a row's test, also where the status stays, and of no other test", async (context) => {
  const said = announced(announcerIn(context));
  const main = await opened();
  const tests = beginsTests();
  click(all(main).find(({ dataset }) => dataset.part === "test" && dataset.of !== ""));
  await until(() => all(main).some((node) => node.getAttribute("href") === "#/accounts/a/tests"));
  await until(() => said.some((text) => text.includes(t.list.begun("a"))));
  tests.testing = false;
  for (const item of items) store.put({ ...item, testing: false }, Date.now());
  await until(() => said.some((text) => text.includes(t.list.isNow("a", t.status.failed))));
  assert.ok(!said.join().includes(t.list.isNow("b", t.status.failed)));
  // Another test of the same account, which somebody else has begun.
  for (const isOn of [true, false]) store.put({ ...items[0], testing: isOn }, Date.now() + 1);
  await soon(100);
  view.abort();
  assert.equal(said.join().split(t.list.isNow("a", t.status.failed)).length, 2);
});

test("that another filter forgets what was chosen is said", async (context) => {
  const announcer = announcerIn(context);
  const main = await opened();
  check(main, "b");
  await until(() => announcer.textContent.includes("1 account chosen"));
  const [, failed] = main.querySelectorAll("fieldset input");
  failed.dispatchEvent(new Event("change"));
  await until(() => announcer.textContent.includes(bulk.nothing));
  assert.equal(main.querySelector(".bulk").hidden, true);
  view.abort();
});

test("so is it to whoever gets to another filter by another way, once, and another order forgets nothing", async () => {
  const main = await opened("status=failed");
  check(main, "b");
  await until(() => main.textContent.includes("1 account chosen"));
  view.abort();
  toasts.replaceChildren();
  const sorted = await opened("status=failed&sort=-name");
  await until(() => sorted.textContent.includes("1 account chosen"));
  assert.equal(toasts.textContent, "");
  for (const said of [t.list.chosenNoMore, ""]) {
    view.abort();
    toasts.replaceChildren();
    const other = await opened();
    assert.equal(toasts.querySelector("p")?.textContent ?? "", said);
    assert.ok(!box(other, "b").checked);
  }
});

test("whoever comes back finds what they have chosen, and the focus in its row", async () => {
  const main = await opened("status=failed");
  check(main, "a");
  check(main, "b");
  await until(() => main.textContent.includes("2 accounts chosen"));
  box(main, "b").focus();
  document.activeElement = document.body;
  view.abort();
  store.put({ ...items[0], status: "confirmed", version: 2 }, Date.now());
  const again = await opened("status=failed");
  assert.equal(given.keepsFocus, true);
  assert.equal(document.activeElement.textContent, "b");
  assert.ok(again.contains(document.activeElement));
  await until(() => again.textContent.includes("1 account chosen"));
  assert.ok(again.textContent.includes(bulk.gone(1)));
  assert.equal(box(again, "b").checked, true);
  view.abort();
});

test("accounts that were added in many leave what is chosen, and a list that is shown by then goes on", async () => {
  const main = await opened();
  check(main, "b");
  await until(() => main.textContent.includes("1 account chosen"));
  view.abort();
  store.addAll([], Date.now());
  const again = await opened();
  await until(() => again.textContent.includes("1 account chosen"));
  const reads = asked;
  store.addAll([account("d")], Date.now());
  readNow();
  await until(() => asked > reads);
  click(again.querySelector("[role=columnheader] button"));
  await until(() => box(again, "b")?.checked);
  check(again, "a");
  await until(() => again.textContent.includes("2 accounts chosen"));
  store.remove("a", Date.now());
  await until(() => again.textContent.includes("1 account chosen"));
  view.abort();
});

test("whoever has scrolled away from the row is not taken back to it", async () => {
  const main = await opened();
  box(main, "b").focus();
  scrollBy(2_000);
  view.abort();
  await opened();
  assert.equal(given.keepsFocus, false);
  view.abort();
});

test("what was begun in an earlier view of the list is not chosen any more in the next one", async () => {
  const begun = () => Response.json({ operation_id: "op1", total: 1 }, { status: 202 });
  const replies = { "/bulk": begun, "/operations/op1": done };
  answers = [(address) => (Object.entries(replies).find(([end]) => address.endsWith(end))?.[1] ?? rows)()];
  const main = await opened();
  check(main, "a");
  await until(() => button(main, bulk.test));
  const answer = hold((_, { method }) => method === "POST");
  click(button(main, bulk.test));
  view.abort();
  const next = await opened();
  await until(() => next.textContent.includes("1 account chosen"));
  answer();
  await until(() => next.textContent.includes("Tests begun: 3."));
  assert.equal(next.querySelector(".bulk-chosen").hidden, true);
  assert.equal(box(next, "a").checked, false);
  view.abort();
});

test("another order keeps what was chosen, also before it is loaded", async () => {
  const [first, rest] = [Promise.withResolvers(), Promise.withResolvers()];
  const main = await opened();
  check(main, "a");
  check(main, "b");
  await until(() => main.textContent.includes("2 accounts chosen"));
  answers = [(address) => (address.includes("cursor=") ? rest.promise : first.promise)];
  click(main.querySelector("[role=columnheader] button"));
  first.resolve(Response.json({ items: [items[2]], next_cursor: "more" }));
  await until(() => all(main).filter(({ dataset }) => dataset.id).length === 1);
  assert.match(main.textContent, /2 accounts chosen/);
  assert.equal(box(main, "c").checked, false);
  rest.resolve(Response.json({ items: [items[1]], next_cursor: null }));
  await until(() => main.textContent.includes("1 account chosen"));
  assert.equal(box(main, "b").checked, true);
  view.abort();
});

test("so does another order within a unit, until who is in it is loaded", async () => {
  const rest = Promise.withResolvers();
  const part = (some, next_cursor) => Response.json({ items: some, next_cursor });
  const main = await opened("ou=ou-ab12-11111111");
  check(main, "a");
  check(main, "b");
  await until(() => main.textContent.includes("2 accounts chosen"));
  answers = [(address) => (address.includes("cursor=") ? rest.promise : part([items[2]], "more"))];
  const [byName, , byNumber] = main.querySelectorAll("[role=columnheader] button");
  click(byNumber);
  click(byName);
  await until(() => all(main).filter(({ dataset }) => dataset.id).length === 1);
  assert.match(main.textContent, /2 accounts chosen/);
  // One has left the unit meanwhile.
  rest.resolve(part([items[1]], null));
  await until(() => main.textContent.includes("1 account chosen"));
  assert.equal(box(main, "b").checked, true);
  view.abort();
});

test("the way back from an account, and the end of its deletion, lead to the list as it was", async () => {
  const router = await import(`${page}/lib/router.js`);
  const { overview } = await import(`${page}/views/account.js`);
  const { t: texts } = await import(`${page}/views/texts.js`);
  const shown = "#/accounts?status=failed&sort=-name&columns=name+test";
  await opened(shown.split("?")[1]);
  view.abort();
  globalThis.fetch = async (address, { method }) => {
    if (method === "DELETE") return new Response(null, { status: 204 });
    return String(address).endsWith("/a") ? Response.json(items[0]) : Response.json({}, { status: 403 });
  };
  router.start([], () => {});
  const left = new AbortController();
  const main = drawn(overview, left.signal);
  await until(() => button(main, texts.account.remove));
  assert.equal(main.querySelector(".crumb a").href, shown);
  click(button(main, texts.account.remove));
  modal().querySelector("input").value = "1234-5678-9012";
  submit();
  await until(() => toasts.textContent.includes(texts.account.removed("a")));
  assert.equal(shownAs, shown);
  left.abort();
  store.forget();
  assert.equal(store.listAddress(), "#/accounts");
});
