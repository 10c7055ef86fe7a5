// An older role: what the newer version changes, and how to update it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, opened, press, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { hour } = await import(`${page}/lib/format.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
const { overview } = await import(`${page}/views/account.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const MESSAGE = "The role is version 1. Version 2 adds ec2:RebootInstances: Cavok can restart instances.";
const STACKS = "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks";
const older = {
  account_id: "a",
  name: "A",
  provider_id: "123456789012",
  status: "confirmed",
  access_type: "assume_role",
  version: 1,
  template: { version: 1, current: 2, outdated: true, changes: [] },
  issues: [{ code: "template_outdated", severity: "information", message: MESSAGE, remedy: "Update it." }],
};
const newest = { ...older, template: { version: 2, current: 2, outdated: false, changes: [] }, issues: [] };
const guide = { steps: [], deploy_on_aws_url: "", cloudformation_template: "{}", terraform: "", cli: "aws iam" };
const update = {
  steps: [{ title: "CloudFormation", text: "Press “Update”." }],
  template_url: "https://templates.example/role-v9.yaml",
  console_url: STACKS,
  cli: "aws cloudformation update-stack",
};

async function shown(view, account, more = {}) {
  store.add(account);
  const answers = { instructions: { ...guide, ...more }, a: account };
  globalThis.fetch = async (address) => {
    const body = answers[String(address).split("/").pop()];
    return Response.json(body ?? {}, { status: body ? 200 : 403 });
  };
  const signal = new AbortController();
  const main = opened(view, signal.signal);
  await soon(20);
  signal.abort();
  return main.textContent;
}

test("the instructions of an older role say what is new, and each way to get it", async () => {
  const text = await shown(instructions, older, { update });
  for (const part of [t.instructions.update, MESSAGE, "Press “Update”.", update.template_url, update.cli])
    assert.ok(text.includes(part), part);
  assert.ok(text.includes(t.fix.console));
});

test("the instructions of the newest role ask for no update", async () => {
  for (const more of [{ update: null }, {}]) {
    const text = await shown(instructions, newest, more);
    assert.ok(text.includes(t.instructions.other));
    assert.ok(!text.includes(t.instructions.update));
  }
});

test("the overview says the version of the role, if it is known", async () => {
  assert.ok((await shown(overview, older)).includes(`${t.account.roleVersion}1 (${t.account.newestVersion(2)})`));
  assert.ok((await shown(overview, older)).includes(MESSAGE));
  assert.ok((await shown(overview, newest)).includes(`${t.account.roleVersion}2`));
  assert.ok(!(await shown(overview, { ...newest, template: null })).includes(t.account.roleVersion));
});

test("once a test finds the role updated, its instructions are read again", async () => {
  store.add(older);
  let found = { ...guide, update };
  globalThis.fetch = async (address) => Response.json(String(address).endsWith("/instructions") ? found : older);
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  await soon(20);
  assert.ok(main.textContent.includes(t.instructions.update));

  found = { ...guide, update: null };
  store.add(newest);
  await soon(20);
  signal.abort();
  assert.ok(!main.textContent.includes(t.instructions.update));
});

test("what a newer role brings is said once the account says so, though the instructions came first", async () => {
  store.forget();
  store.add({ ...older, template: null, issues: [] }, Date.now());
  const account = Promise.withResolvers();
  globalThis.fetch = async (address) => {
    if (String(address).endsWith("/instructions")) return Response.json({ ...guide, update });
    await account.promise;
    return Response.json(older);
  };
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  await until(() => main.textContent.includes(update.cli));
  assert.ok(!main.textContent.includes(MESSAGE));
  account.resolve();
  await until(() => main.textContent.includes(MESSAGE));
  assert.ok(all(main).every(({ hidden, textContent }) => !hidden || !textContent.includes(MESSAGE)));
  signal.abort();
});

test("whoever follows other steps stays there while they are read again, and when they differ", async () => {
  store.forget();
  store.add(older);
  let found = { ...guide, terraform: "tf 1" };
  let late = Promise.resolve();
  globalThis.fetch = async (address) => {
    if (!String(address).endsWith("/instructions")) return Response.json(older);
    await late;
    return Response.json(found);
  };
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  document.body.append(main);
  await soon(20);
  const tab = () => all(main).find((node) => node.textContent === t.instructions.tabs.terraform);
  const isChosen = () => tab()?.getAttribute("aria-selected") === "true" && document.activeElement === tab();
  press(tab());
  assert.ok(isChosen());
  const { promise, resolve } = Promise.withResolvers();
  late = promise;
  found = { ...guide, terraform: "tf 2" };
  store.add({ ...newest, version: 2 });
  // Longer than until grey bars come.
  await soon(200);
  assert.ok(isChosen());
  resolve();
  await soon(20);
  assert.ok(main.textContent.includes("tf 2"));
  assert.ok(isChosen());
  signal.abort();
  main.remove();
});

test("steps stay, and say how old they are, until newer ones to the same role can be read", async (context) => {
  store.forget();
  let now = Date.now();
  context.mock.method(Date, "now", () => now);
  store.add(older, now);
  let account = older;
  let answer = () => Response.json({ ...guide, terraform: "tf 1" });
  globalThis.fetch = async (address) => (String(address).endsWith("/instructions") ? answer() : Response.json(account));
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  await soon(20);
  const mark = () => main.querySelector(".freshness").textContent;
  const read = now;
  now += 600_000;
  answer = () => Response.json({ title: "No" }, { status: 422 });
  account = { ...newest, version: 2 };
  store.put(account, now);
  await soon(30);
  assert.ok(main.textContent.includes("tf 1"), main.textContent);
  assert.equal(main.querySelector("[role=alert]"), null);
  assert.equal(mark(), t.time.late(hour(read)));
  answer = () => Response.json({ ...guide, terraform: "tf 2" });
  readNow();
  await soon(30);
  assert.ok(main.textContent.includes("tf 2"));
  assert.equal(mark(), t.time.live);
  signal.abort();
});

test("steps to a role are shown no longer than it is the account's", async () => {
  store.forget();
  store.add(older, Date.now());
  let account = older;
  let answer = async () => Response.json({ ...guide, terraform: "tf of the old role" });
  globalThis.fetch = async (address) => (String(address).endsWith("/instructions") ? answer() : Response.json(account));
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  await until(() => main.textContent.includes("tf of the old role"));
  answer = () => new Promise(() => {});
  account = { ...older, role_arn: `${older.role_arn}New`, version: 2 };
  store.put(account, Date.now());
  await until(() => !main.textContent.includes("tf of the old role"));
  signal.abort();
});

test("an answer that was asked for before the role changed shows no steps to the old one", async () => {
  store.forget();
  store.add(older, Date.now());
  let account = older;
  const answers = [];
  globalThis.fetch = async (address) => {
    if (!String(address).endsWith("/instructions")) return Response.json(account);
    answers.push(Promise.withResolvers());
    return answers.at(-1).promise;
  };
  const signal = new AbortController();
  const main = opened(instructions, signal.signal);
  await until(() => answers.length === 1);
  account = { ...older, role_arn: `${older.role_arn}New`, version: 2 };
  store.put(account, Date.now());
  await until(() => answers.length === 2);
  answers[0].resolve(Response.json({ ...guide, terraform: "tf of the old role" }));
  await soon(50);
  assert.ok(!main.textContent.includes("tf of the old role"));
  answers[1].resolve(Response.json({ ...guide, terraform: "tf of the new role" }));
  await until(() => main.textContent.includes("tf of the new role"));
  signal.abort();
});

test("the overview says the version of a role that a test finds while it is open", async () => {
  store.forget();
  store.add(older, Date.now());
  globalThis.fetch = async () => Response.json({}, { status: 403 });
  const signal = new AbortController();
  const main = opened(overview, signal.signal);
  await soon(20);
  store.put(newest, Date.now());
  signal.abort();
  assert.ok(main.textContent.includes(`${t.account.roleVersion}2`));
});

// Of what was found, only what it shows: a reader may have selected some of it.
test("the overview draws anew whatever changes of an account, but not because a test begins", async () => {
  store.forget();
  const next_verification_at = "2030-01-01T10:00:00Z";
  const account = { ...newest, testing: false, next_verification_at, a_later_field: null };
  store.add(account, Date.now());
  globalThis.fetch = async () => Response.json({}, { status: 403 });
  const view = new AbortController();
  const main = opened(overview, view.signal);
  await soon(20);
  const sections = () => [".capabilities", ".facts", ".setting"].map((name) => main.querySelector(name));
  const isNew = (changes) => {
    const before = sections();
    store.put({ ...account, ...changes }, Date.now());
    return sections().map((node, index) => node !== before[index]);
  };
  const begun = { testing: true, next_verification_at: "2026-01-01T10:16:00Z" };
  assert.deepEqual(isNew(begun), [false, false, false]);
  assert.deepEqual(isNew({ next_verification_at: "2030-01-02T10:00:00Z" }), [false, true, true]);
  assert.deepEqual(isNew({ a_later_field: "new" }), [false, true, true]);
  for (const found of [
    { status: "degraded" },
    { issues: [{ code: "new", message: "New." }] },
    { capabilities: { ...account.capabilities, ec2: "none" } },
  ])
    assert.deepEqual(isNew(found), [true, true, true]);
  view.abort();
});

test("the overview does not say when the next test is while one runs", async () => {
  store.forget();
  const lease = "2030-01-01T10:00:00Z";
  const resting = { ...newest, testing: false, next_verification_at: null };
  const running = { ...newest, testing: true, next_verification_at: lease };
  globalThis.fetch = async () => Response.json({}, { status: 403 });
  for (const before of [resting, running]) {
    store.add(before, Date.now());
    const view = new AbortController();
    const main = opened(overview, view.signal);
    await soon(20);
    store.put(running, Date.now());
    const next = () => main.querySelector(".next-test");
    assert.equal(next().hidden, true);
    store.put(resting, Date.now());
    assert.equal(next().hidden, false);
    assert.ok(next().textContent.includes(t.account.noNextTest));
    view.abort();
  }
});
