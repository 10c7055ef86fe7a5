// What can be gone to by its name, beside the accounts that a search finds.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { element, modal, opened as shownAs, press, signIn, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const session = await import(`${page}/lib/session.js`);
const { h } = await import(`${page}/lib/dom.js`);
const api = await import(`${page}/lib/api.js`);
const store = await import(`${page}/lib/store.js`);
const { overview } = await import(`${page}/views/account.js`);
const { jump } = await import(`${page}/views/jump.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);
const SIDEBAR = [{ href: "#/accounts", icon: "cloud", text: "Cloud Accounts" }];

const noEnrollments = () => (globalThis.fetch = async () => Response.json({ items: [] }));
beforeEach(noEnrollments);
afterEach(async () => {
  while (modal()) modal().close();
  await soon();
});

function opened(views = SIDEBAR) {
  jump({ views, themes: [] });
  const options = () => modal().querySelectorAll("[role=option]");
  const texts = () => options().map(({ textContent }) => textContent);
  const choose = async (text) => {
    press(options().find(({ textContent }) => textContent === text));
    await soon();
  };
  /** What is listed for these words, without the search for an account. */
  const find = (typed) => {
    const input = modal().querySelector("[role=combobox]");
    input.value = typed;
    input.dispatchEvent(new Event("input"));
    return texts().filter((text) => text !== t.jump.searchAll(typed));
  };
  return { texts, choose, find };
}

test("views that are not in the sidebar come after those that are", () => {
  assert.deepEqual(opened().texts().slice(0, 2), ["Cloud Accounts", t.jump.audit]);
});

for (const [text, href] of [
  [t.jump.audit, "#/organization/audit"],
  [t.enrollments.add, "#/enrollments/new"],
])
  test(`“${text}” leads to ${href}`, async () => {
    await opened().choose(text);
    assert.equal(location.hash, href);
  });

test("of choices that come at once the first counts", async () => {
  location.hash = "";
  opened();
  const options = modal().querySelectorAll("[role=option]");
  const input = modal().querySelector("[role=combobox]");
  press(options.find(({ textContent }) => textContent === t.jump.audit));
  press(options[0]);
  input.dispatchEvent(Object.assign(new Event("keydown"), { key: "Enter" }));
  await soon();
  assert.equal(location.hash, "#/organization/audit");
});

test("a viewer is told why no AWS Organization can be connected", async () => {
  await signIn(session, "viewer");
  noEnrollments();
  location.hash = "";
  await opened().choose(t.enrollments.add);
  assert.equal(location.hash, "");
  assert.ok(toasts.textContent.includes(t.viewer.why));
  await signIn(session);
});

test("with chosen accounts it goes to the first action of their bar", async () => {
  const first = h("button", {}, t.bulk.test);
  const bar = h("div", { class: "bulk-chosen", hidden: true }, h("button", {}, "All"));
  bar.append(h("div", { class: "bulk-actions" }, first, h("button", {}, t.bulk.delete)));
  const main = element("main");
  main.append(bar);
  document.body.append(main);
  assert.ok(!opened().texts().includes(t.bulk.title));
  modal().close();
  await soon();
  bar.hidden = false;
  await opened().choose(t.bulk.title);
  assert.equal(modal(), undefined);
  assert.ok(document.activeElement === first);
  main.remove();
  assert.ok(!opened().texts().includes(t.bulk.title), "another view has none");
});

test("each AWS Organization is a view, and why they are not known is said", async () => {
  globalThis.fetch = async () => Response.json({ items: [{ enrollment_id: "e1", name: "Northwind" }] });
  const { choose, texts } = opened();
  await until(() => texts().includes("Northwind"));
  // The list shows them with the other views, in the order of the keys.
  assert.equal(texts().indexOf("Northwind"), 2);
  await choose("Northwind");
  assert.equal(location.hash, "#/enrollments/e1");
  globalThis.fetch = async () => Response.json({ title: "Forbidden", detail: "Not you." }, { status: 403 });
  opened();
  await until(() => modal().textContent.includes(t.jump.noOrganizations("Not you.")));
});

const account = {
  ...{ account_id: "a", name: "Prod", provider_id: "123456789012", status: "failed", access_type: "assume_role" },
  ...{ version: 1, issues: [], capabilities: {}, write_logs: true, regions: [] },
};
/** The overview of an account, and what was asked of the API. */
function accountShown(context, changes = {}) {
  let there = { ...account, ...changes };
  const asked = [];
  globalThis.fetch = async (address, { method, body }) => {
    const { pathname } = new URL(address);
    if (method !== "GET") asked.push(`${method} ${pathname} ${body ?? ""}`.trim());
    if (method === "PATCH") there = { ...there, ...JSON.parse(body), version: 2 };
    if (pathname.endsWith("/usage")) return Response.json({ title: "Not now" }, { status: 403 });
    return Response.json(pathname.endsWith("/a") ? there : { items: [], next_cursor: null });
  };
  store.forget();
  store.add(there, Date.now());
  const view = new AbortController();
  shownAs(overview, view.signal);
  context.after(() => view.abort());
  return { asked, view };
}
const acts = t.jump.acts;

test("of the account that is shown each view is there, and each act, which opens as it does there", async (context) => {
  const { view } = accountShown(context);
  const names = opened()
    .texts()
    .filter((text) => text.includes("Prod"));
  assert.ok(names.includes(t.jump.ofAccount(t.account.tabs.connect, "Prod")));
  for (const [act, title] of [
    ["invite", t.invite.title],
    ["rename", t.account.renameTitle],
    ["revoke", t.revoke.confirm("Prod")],
    ["delete", t.account.removeTitle("Prod")],
  ]) {
    modal().close();
    await soon();
    await opened().choose(acts[act]("Prod"));
    assert.ok(modal().textContent.startsWith(title), modal().textContent);
  }
  modal().close();
  await soon();
  view.abort();
  assert.ok(
    !opened()
      .texts()
      .some((text) => text.includes("Prod")),
    "another view has none",
  );
});

test("an account's role, regions and keys are changed from here, as far as it has them", async (context) => {
  accountShown(context, { role_arn: "arn:aws:iam::123456789012:role/CavokCloud" });
  const offered = () => ["role", "regions", "rotate"].filter((act) => opened().texts().includes(acts[act]("Prod")));
  assert.deepEqual(offered(), ["role"]);
  accountShown(context, { access_type: "access_key", access_key_id: "AKIA" });
  assert.deepEqual(offered(), ["regions", "rotate"]);
  for (const [act, title] of [
    ["regions", t.account.regions],
    ["rotate", t.account.rotate],
  ]) {
    modal().close();
    await soon();
    await opened().choose(acts[act]("Prod"));
    assert.ok(modal().textContent.startsWith(title), modal().textContent);
  }
});

test("every button of a view is found by its words", async (context) => {
  accountShown(context, { access_type: "access_key", access_key_id: "AKIA" });
  const places = ["accounts", "schedules", "problems", "organization", "enrollments", "access-details"];
  const { find } = opened(places.map((place) => ({ href: `#/${place}`, icon: "list", text: place })));
  const folder = new URL(`${page}/views/`, import.meta.url);
  const words = readdirSync(folder).flatMap((name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/changeButton\(\s*t((?:\.\w+)+),/g)].map(([, path]) =>
      path
        .slice(1)
        .split(".")
        .reduce((texts, key) => texts[key], t),
    ),
  );
  assert.ok(words.length > 20);
  for (const said of [...words, t.enrollments.synchronize, t.instances.refresh, "Edit", "Webhook", "Columns"])
    if (typeof said === "string") assert.ok(find(said).length, said);
});

test("what is marked stays so when the search has answered, but its own line gives way to what it found", async () => {
  const found = { account_id: "a", name: "Stop it", provider_id: "121212121212" };
  globalThis.fetch = async (address) =>
    Response.json({ items: String(address).includes("/accounts") ? [found] : [], next_cursor: null });
  const has = [t.instances.start, t.instances.stop];
  const { find, texts } = opened([{ href: "#/instances", icon: "list", text: "Instances", has }]);
  const marked = () =>
    modal()
      .querySelectorAll("[aria-selected=true]")
      .map(({ textContent }) => textContent);
  for (const [typed, before, after] of [
    ["stop", "InstancesStop", "InstancesStop"],
    ["stop it", t.jump.searchAll("stop it"), "Stop it121212121212"],
  ]) {
    find(typed);
    assert.deepEqual(marked(), [before]);
    await until(() => texts().includes("Stop it121212121212"));
    assert.deepEqual(marked(), [after]);
  }
});

test("what can not be done with an account is no choice", (context) => {
  accountShown(context, { status: "confirmed" });
  const offered = () => ["invite", "revoke"].filter((act) => opened().texts().includes(acts[act]("Prod")));
  assert.deepEqual(offered(), ["invite", "revoke"]);
  accountShown(context, { status: "unconfirmed", issues: [{ code: "revoked" }] });
  assert.deepEqual(offered(), ["invite"]);
});

test("the writing of logs is switched at once, to what it is not", async (context) => {
  const { asked } = accountShown(context);
  toasts.replaceChildren();
  await opened().choose(acts.logsOff("Prod"));
  await until(() => toasts.textContent.includes(t.account.logsOff));
  assert.deepEqual(asked, ['PATCH /v1/accounts/a {"write_logs":false}']);
  assert.ok(opened().texts().includes(acts.logsOn("Prod")));
});

test("all accounts are exported from wherever somebody is", async (context) => {
  const files = [];
  context.mock.method(URL, "createObjectURL", (blob) => (files.push(blob), "blob:file"));
  context.mock.method(URL, "revokeObjectURL", () => {});
  const drawn = Object.getPrototypeOf(element());
  drawn.click = function () {
    press(this);
  };
  context.after(() => delete drawn.click);
  globalThis.fetch = async (address) =>
    String(address).includes("/accounts")
      ? new Response("name\r\nProd\r\n", { headers: { "content-type": "text/csv" } })
      : Response.json({ items: [] });
  toasts.replaceChildren();
  await opened().choose(t.jump.export);
  assert.ok(modal().textContent.startsWith(t.jump.export));
  await until(() => files.length);
  assert.equal(await files[0].text(), "name\r\nProd\r\n");
});

test("what is done with an account is found by its name and what it is, in any order, wherever one is", async () => {
  const billing = { account_id: "b", name: "Billing", provider_id: "1" };
  globalThis.fetch = async (address) =>
    Response.json({ items: new URL(address).searchParams.get("q") === "Billing" ? [billing] : [], next_cursor: null });
  for (const [typed, tab, by, href] of [
    ["Billing delete", "overview", t.account.remove, "#/accounts/b"],
    ["delete Billing", "overview", t.account.remove, "#/accounts/b"],
    ["Billing start", "instances", t.instances.start, "#/accounts/b/instances"],
  ]) {
    const { find, texts, choose } = opened();
    find(typed);
    const said = `${t.jump.ofAccount(t.account.tabs[tab], "Billing")}${by}1`;
    location.hash = "";
    await until(() => texts().includes(said));
    await choose(said);
    assert.equal(location.hash, href);
    await soon();
  }
});

test("the word of a status leads to the list of those accounts, once it is typed", async () => {
  const { find, texts, choose } = opened();
  const failed = t.jump.withStatus(t.status.failed);
  assert.ok(!texts().includes(failed));
  assert.ok(find("failed").includes(failed));
  await choose(failed);
  assert.equal(location.hash, "#/accounts?status=failed");
});

test("a search that ends before all accounts were looked at says so, and one that has looked does not", async () => {
  // Of so many pages, the last has an account.
  for (const [pages, says] of [
    [2, ""],
    [9, t.jump.notAll],
  ]) {
    globalThis.fetch = async (address) => {
      const at = Number(new URL(address).searchParams.get("cursor")) + 1;
      const items = at === pages ? [{ account_id: "a", name: "Found", provider_id: "121212121212" }] : [];
      return Response.json({ items, next_cursor: at < pages ? String(at) : null });
    };
    const { texts } = opened();
    const [input, status] = [modal().querySelector("input"), modal().querySelector(".jump-status")];
    input.value = "12";
    input.dispatchEvent(new Event("input"));
    await until(() => status.textContent === says);
    assert.equal(texts().includes("Found121212121212"), !says);
    modal().close();
    await soon();
  }
});

test("accounts that all the words name come before views of others, and each search says how far it went", async () => {
  const several = (name, count) =>
    Array.from({ length: count }, (_, at) => ({ account_id: `${name}${at}`, name: `${name}${at}`, provider_id: "1" }));
  // What each search finds, and whether its list goes on.
  for (const [whole, rest, says] of [
    [[several("PaymentsTest", 1), null], [several("Payments", 2), null], ""],
    [[several("PaymentsTest", 8), "more"], [several("Payments", 2), null], ""],
    [[[], null], [several("Payments", 8), "more"], t.jump.more("Payments")],
    [[[], "more"], [several("Payments", 2), null], t.jump.notAll],
    [[[], "more"], [[], "more"], `${t.jump.notAll} ${t.jump.more("Payments")}`],
  ]) {
    globalThis.fetch = async (address) => {
      const found = { PaymentsTest: whole, Payments: rest }[new URL(address).searchParams.get("q")] ?? [[], null];
      return Response.json({ items: found[0], next_cursor: found[1] });
    };
    const { find, texts } = opened();
    const status = modal().querySelector(".jump-status");
    find("Payments Test");
    await until(() => status.textContent === says);
    assert.deepEqual(texts(), [
      ...whole[0].map(({ name }) => `${name}1`),
      ...rest[0].map(({ name }) => `${t.jump.ofAccount(t.account.tabs.tests, name)}1`),
      t.jump.searchAll("Payments Test"),
    ]);
    assert.equal(modal().querySelector("[aria-selected=true]").textContent, texts()[0]);
    modal().close();
    await soon();
  }
});
