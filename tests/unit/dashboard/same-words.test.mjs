// Every view of an account says the same of it and of its tests.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { announcerIn, button, hold, modal, opened, press, signIn, submit } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { overview } = await import(`${page}/views/account.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
const { schedules } = await import(`${page}/views/schedules.js`);
const { capabilityChips } = await import(`${page}/lib/ui.js`);
const { changes, history, one } = await import(`${page}/views/tests.js`);
const { accountAudit, interactions, organizationAudit } = await import(`${page}/views/trail.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const step = (name, verdict) => ({ step: name, group: "ec2", verdict, ok: true, detail: null });
const tested = (id, more) => ({
  ...{ verification_id: id, account_id: "a", trigger: "manual", state: "finished", outcome: "confirmed" },
  ...{ started_at: `2026-01-0${id}T10:00:00Z`, finished_at: `2026-01-0${id}T10:01:00Z`, execution_arn: null },
  steps: [step("ec2:StartInstances", "allowed"), step("ec2:StopInstances", "allowed")],
  ...more,
});
const connected = {
  ...{ account_id: "a", name: "A", provider_id: "123456789012", access_type: "assume_role", version: 1 },
  ...{ status: "confirmed", write_logs: true, issues: [], capabilities: {}, testing: false },
  ...{ updated_at: "2026-01-01T10:00:00Z", next_verification_at: "2030-01-01T10:00:00Z", verification: null },
};
/** What the API answers: the account, and its tests with the newest first. */
let account, tests, view;

beforeEach(() => {
  store.forget();
  account = connected;
  globalThis.fetch = async (address) => {
    const { pathname } = new URL(address);
    const found = tests.find(({ verification_id: id }) => pathname.endsWith(`/verifications/${id}`));
    if (found) return Response.json(found);
    if (pathname.endsWith("/verifications")) return Response.json({ items: tests, next_cursor: null });
    if (pathname.endsWith("/audit")) {
      const entries = tests.map(({ verification_id: id }) => ({
        ...{ entry_id: id, account_id: "a", action: "tested", detail: `verification ${id}` },
        ...{ at: "2026-01-01T10:00:00Z", target: { type: "account" }, actor: {}, changes: [] },
      }));
      return Response.json({ items: entries, next_cursor: null });
    }
    return pathname.endsWith("/a") ? Response.json(account) : Response.json({}, { status: 403 });
  };
});
afterEach(() => view.abort());

// What needs other room than what is shown waits for a press.
const showNewer = (main) => press(button(main, t.account.newer.text));

async function shown(draw, params) {
  view?.abort();
  view = new AbortController();
  const main = opened(draw, view.signal, params);
  await soon(20);
  return main;
}

/** The account is another, as a sweep or a colleague left it. */
async function turns(changed) {
  account = { ...account, ...changed, version: account.version + 1 };
  readNow();
  await soon(20);
}

test("the link to what changed keeps the focus as another test finds the same", async () => {
  const again = (count) => ({ tests: count, last_at: "2026-01-03T10:00:00Z" });
  tests = [tested("2", { unchanged: again(1) }), tested("1")];
  const main = await shown(history);
  main.querySelector("[data-part=changes]").focus();
  tests = [tested("2", { unchanged: again(2) }), tested("1")];
  await turns({});
  assert.ok(main.textContent.includes(t.tests.foundAgain(2)));
  assert.equal(document.activeElement, main.querySelector("[data-part=changes]"));
});

const newest = (outcome) => ({ verification_id: "1", outcome, finished_at: "2026-01-01T10:01:00Z" });

test("log writing that was refused and is switched off now is no present problem anywhere", async () => {
  tests = [tested("1", { outcome: "degraded" })];
  const issues = [{ code: "log_writing_refused", message: "Writing is refused.", remedy: "Allow it." }];
  account = { ...connected, status: "degraded", issues, verification: newest("degraded") };
  const texts = [t.account.statusText.degraded, t.instructions.watch.degraded, t.tests.outcomeText.degraded];
  for (const [index, text] of texts.entries()) {
    account = { ...account, write_logs: true };
    const main = await shown([overview, instructions, one][index], { test: "1" });
    assert.ok(main.textContent.includes(text), text);
    await turns({ write_logs: false });
    assert.ok(!main.textContent.includes(text), `not any more: ${text}`);
  }
});

test("a test that could not enter an account which stays unconfirmed has one word in every view", async () => {
  tests = [tested("2", { outcome: "failed" }), tested("1")];
  const issues = [{ code: "role_not_assumable", message: "The role cannot be assumed.", remedy: "Deploy it." }];
  const verification = { ...newest("failed"), verification_id: "2" };
  for (const [draw, params] of [
    [one, { test: "2" }],
    [history, {}],
    [changes, { test: "2", earlier: "1" }],
    [accountAudit, {}],
    [organizationAudit, {}],
  ]) {
    store.forget();
    account = { ...connected, status: "unconfirmed", issues, verification };
    const main = await shown(draw, params);
    assert.ok(main.textContent.includes(t.outcome.notThereYet), draw.name);
    assert.ok(!main.textContent.includes(t.outcome.failed), draw.name);
    await turns({ status: "failed" });
    assert.ok(!main.textContent.includes(t.outcome.notThereYet), `${draw.name}, once it failed`);
    assert.ok(main.textContent.includes(t.outcome.failed), `${draw.name}, once it failed`);
  }
});

test("what was not tried, because the account could not be entered, is so after a rename too", async () => {
  tests = [];
  const issues = [{ code: "role_not_assumable", message: "The role cannot be assumed.", remedy: "Deploy it." }];
  const capabilities = { ec2: "unknown", logs: "unknown" };
  account = { ...connected, status: "unconfirmed", issues, capabilities, verification: newest("failed") };
  const main = await shown(overview);
  await turns({ name: "B", updated_at: "2026-01-01T11:00:00Z" });
  const said = main.querySelectorAll(".capability dd").map(({ textContent }) => textContent);
  const [word, why] = t.account.notKnown.notEntered;
  assert.deepEqual(said, [`${word}. ${why}`, `${word}. ${why}`]);
});

// Whoever waits for a role is tested every few minutes, each time with another number of the test.
test("a test that finds again that nothing lets it in leaves the next step, and leads to what it tried", async () => {
  tests = [];
  const issues = [{ code: "role_not_assumable", message: "The role cannot be assumed.", remedy: "Deploy it." }];
  account = { ...connected, status: "unconfirmed", issues, verification: newest("failed") };
  const main = await shown(overview);
  await turns({ verification: { ...newest("failed"), verification_id: "again" } });
  assert.equal(main.querySelector(".outdated"), null);
  assert.equal(button(main, t.account.newer.text).hidden, true);
  assert.equal(main.querySelector(".what-was-tried").getAttribute("href"), "#/accounts/a/tests/again");
});

test("another number of instances is the same issue, which is not called one of before", async () => {
  tests = [];
  const issue = (count) => ({ code: "ec2_partial", message: `Of 5, ${count} cannot be stopped.`, remedy: "Allow it." });
  account = { ...connected, status: "degraded", issues: [issue(3)], verification: newest("degraded") };
  const main = await shown(overview);
  await turns({ issues: [issue(4)] });
  assert.ok(!main.querySelector(".issues").textContent.includes(t.severityBefore));
  showNewer(main);
  assert.ok(main.querySelector(".issues").textContent.includes("Of 5, 4"));
});

test("what was found is not said to be below before it is shown", async () => {
  tests = [];
  account = { ...connected, verification: newest("confirmed") };
  const main = await shown(overview);
  const issue = { code: "rds_partial", severity: "problem", message: "Some are out of reach.", remedy: "None." };
  await turns({ issues: [issue] });
  assert.equal(main.querySelector(".verdict").textContent, t.account.statusText.confirmed);
  showNewer(main);
  assert.equal(main.querySelector(".verdict").textContent, t.account.statusText.confirmedInPart);
});

test("of a region that is the account's no more, nothing is said", async () => {
  tests = [];
  const health = [{ region: "eu-west-1", state: "works" }];
  account = { ...connected, regions: ["eu-west-1"], region_health: health, verification: newest("confirmed") };
  const main = await shown(overview);
  assert.ok(main.querySelector(".facts").textContent.includes("eu-west-1"));
  await turns({ regions: ["ap-south-1"], region_health: [], status: "unconfirmed" });
  assert.ok(!main.querySelector(".facts").textContent.includes("eu-west-1"));
});

test("what was found in regions, or of the template, is not said any more once a test finds otherwise", async () => {
  tests = [];
  const health = [{ region: "eu-west-1", status: "reachable" }];
  const template = { version: 1, current: 2, outdated: true, changes: [] };
  const left = { region: "us-east-1", status: "not_enabled" };
  account = { ...connected, regions: ["eu-west-1", "us-east-1"], region_health: [...health, left], template };
  const main = await shown(overview);
  const old = () => main.querySelectorAll(".facts .outdated").map(({ textContent }) => textContent);
  const [answers, isOff] = [t.regions.status.reachable, t.regions.status.not_enabled];
  await turns({ region_health: account.region_health.toReversed() });
  assert.deepEqual(old(), []);
  await turns({ status: "failed" });
  assert.deepEqual(old().filter(Boolean), [`${answers}: `, `${isOff}: `, t.regions.leftOut]);
  await turns({ status: "confirmed", template: { ...template, version: 2, outdated: false } });
  assert.deepEqual(old(), [`1 (${t.account.newestVersion(2)})`]);
  showNewer(main);
  assert.deepEqual(old(), []);
  assert.equal(main.querySelector(".facts").textContent.includes(answers), true);
});

test("the same findings in another order are no other ones", async () => {
  tests = [];
  const issue = (code) => ({ code, severity: "problem", message: code, remedy: "Allow it." });
  account = { ...connected, status: "degraded", issues: [issue("ec2_partial"), issue("rds_partial")] };
  const main = await shown(overview);
  const before = main.querySelector(".issues");
  await turns({ issues: account.issues.toReversed() });
  assert.ok(main.querySelector(".issues") === before);
  assert.equal(button(main, t.account.newer.text).hidden, true);
});

const fillIn = (...values) => {
  const inputs = modal().querySelectorAll("input");
  for (const [index, value] of values.entries()) inputs[index].value = value;
  submit();
};
const ACTS = {
  "a switch": (main) => press(main.querySelector("[role=switch]")),
  "a rename": (main) => {
    press(button(main, t.actions.rename));
    fillIn("B");
  },
  "new keys": (main) => {
    press(button(main, t.account.rotate));
    fillIn("AKIAIOSFODNN7EXAMPLE", "secret");
  },
  "a revocation": (main) => {
    press(button(main, t.revoke.action));
    submit();
  },
};
const answered = () => Response.json(account);
const lost = () => Promise.reject(new TypeError("No network"));
for (const [what, how, answers] of [
  ...Object.keys(ACTS).flatMap((each) => [
    [each, "answered", answered],
    [each, "lost", lost],
  ]),
  ["a rename", "done before", () => Response.json({ title: "Changed" }, { status: 412 })],
])
  test(`what ${what} has changed is shown at once: ${how}, as an older read is under way`, async () => {
    tests = [];
    const issues = [{ code: "access_key_invalid", message: "AWS does not accept this key.", remedy: "Rotate it." }];
    const failed = { status: "failed", issues, access_type: "access_key", access_key_id: "1234" };
    account = { ...connected, ...failed, verification: newest("failed") };
    const main = await shown(overview);
    const { fetch } = globalThis;
    const older = Promise.withResolvers();
    globalThis.fetch = () => older.promise;
    readNow();
    await soon();
    const before = account;
    // It is answered after the act, and before what is read because of that.
    const olderComes = async () => {
      await soon();
      older.resolve(Response.json(before));
      await soon();
    };
    let comes;
    globalThis.fetch = async (address, options) => {
      if (options.method === "GET") {
        await comes;
        return fetch(address, options);
      }
      account = { ...account, name: "B", version: 2, status: "unconfirmed", issues: [] };
      comes = olderComes();
      return answers();
    };
    ACTS[what](main);
    await soon(60);
    modal()?.close();
    assert.equal(main.querySelector(".issues"), null);
    assert.ok(main.textContent.includes(t.account.unconfirmed.access_key));
    assert.equal(button(main, t.account.newer.text).hidden, true);
    // What a test finds afterwards waits again, once the act's own change was read.
    await turns({});
    await turns({ status: "failed", issues });
    assert.equal(main.querySelector(".issues"), null);
    assert.equal(button(main, t.account.newer.text).hidden, false);
  });

const whole = (main) => main.querySelectorAll(".verdict, .capability dd").map(({ textContent }) => textContent);
const lists = ([word, why]) => `${word}. ${why}`;

test("after an aborted test, or under another name, what a verdict found is so still", async () => {
  const capabilities = { ec2: "unknown", logs: "unknown" };
  const finished_at = "2026-01-01T10:00:00Z";
  tests = [tested("1")];
  account = { ...connected, capabilities, verification: { ...newest("confirmed"), finished_at } };
  const main = await shown(overview);
  const said = [t.account.statusText.confirmed, ...Array(2).fill(lists(t.account.notKnown.after))];
  assert.deepEqual(whole(main), said);
  tests = [tested("2", { state: "aborted", outcome: null, steps: [] }), tested("1")];
  await turns({ updated_at: "2026-01-01T11:00:00Z" });
  assert.deepEqual(whole(main), said);
  assert.ok(!said[0].includes("last test"), "the last one was aborted");
  assert.ok((await shown(history)).textContent.includes(t.outcome.aborted));
  const renamed = await shown(overview);
  await turns({ name: "B", updated_at: "2026-01-01T12:00:00Z" });
  assert.deepEqual(whole(renamed), said);
});

test("a new account whose newest test was aborted has no verdict, in any view", async () => {
  const capabilities = { ec2: "unknown", logs: "unknown" };
  tests = [tested("1", { state: "aborted", outcome: null, steps: [] })];
  account = { ...connected, status: "unconfirmed", capabilities, updated_at: "2026-01-01T11:00:00Z" };
  const main = await shown(overview);
  const said = [t.account.statusText.unconfirmed, ...Array(2).fill(lists(t.account.notKnown.before))];
  assert.deepEqual(whole(main), said);
  await turns({ name: "B", updated_at: "2026-01-01T12:00:00Z" });
  assert.deepEqual(whole(main), said);
  // One that had a verdict under a connection that has changed since, and that of an aborted test at the same moment.
  const verification = { ...newest("confirmed"), finished_at: "2026-01-01T13:00:00Z" };
  await turns({ verification, updated_at: "2026-01-01T13:00:00Z" });
  assert.deepEqual(whole(main), said);
});

test("a list of tests says nothing else of one that could not enter until the account is read", async () => {
  const could = (id) => tested(id, { outcome: "failed" });
  const issues = [{ code: "role_not_assumable", message: "The role cannot be assumed.", remedy: "Deploy it." }];
  tests = [could("1")];
  account = { ...connected, status: "unconfirmed", issues, verification: newest("failed") };
  const main = await shown(history);
  const said = () => main.querySelectorAll(".history-row").map((row) => row.querySelector(".status").textContent);
  assert.deepEqual(said(), [t.outcome.notThereYet]);
  const letGo = hold((address) => String(address).endsWith("/a"));
  tests = [could("2"), could("1")];
  await turns({ verification: { ...newest("failed"), verification_id: "2" } });
  assert.deepEqual(said(), [t.outcome.notThereYet]);
  letGo();
  await soon(20);
  assert.deepEqual(said(), [t.outcome.failed]);
  press(button(main, t.newer.text));
  assert.deepEqual(said(), [t.outcome.notThereYet, t.outcome.failed]);
});

test("a test that still runs is compared with none", async () => {
  const running = tested("4", { state: "running", outcome: null, finished_at: null, steps: [] });
  tests = [running, tested("3"), tested("2"), tested("1")];
  account = { ...connected, testing: true, verification: newest("confirmed") };
  const main = await shown(history);
  const links = () => main.querySelectorAll('[data-part="changes"]').map(({ href }) => href);
  const choices = () => main.querySelector("select").children.map((option) => option.value);
  assert.deepEqual(links(), ["#/accounts/a/tests/3/since/2", "#/accounts/a/tests/2/since/1"]);
  assert.deepEqual(choices(), ["3", "2", "1"]);
  tests = [tested("4"), ...tests.slice(1)];
  await turns({ testing: false, verification: { ...newest("confirmed"), verification_id: "4" } });
  assert.equal(links()[0], "#/accounts/a/tests/4/since/3");
  assert.deepEqual(choices(), ["4", "3", "2", "1"]);
});

test("what changed of a test that still runs is that it runs, until it has ended", async () => {
  const running = tested("3", { state: "running", outcome: null, finished_at: null, steps: [] });
  tests = [running, tested("2")];
  account = { ...connected, testing: true, verification: newest("confirmed") };
  const main = await shown(changes, { test: "3", earlier: "2" });
  assert.ok(main.textContent.includes(t.tests.running));
  assert.ok(main.textContent.includes(t.tests.notEnded));
  assert.ok(!main.textContent.includes(t.tests.notTested));
  tests = [tested("3"), tested("2")];
  // The account tells, long before both are read again by themselves.
  store.put({ ...account, testing: false, version: 2 }, Date.now());
  await soon(20);
  assert.ok(!main.textContent.includes(t.tests.notEnded));
  assert.ok(main.textContent.includes(t.tests.nothingChanged(2)));
});

test("an account that rests until somebody tests it is not said to be found by itself", async () => {
  tests = [];
  account = { ...connected, status: "unconfirmed" };
  const main = await shown(overview);
  assert.ok(main.textContent.includes(t.account.unconfirmed.assume_role));
  await turns({ next_verification_at: null });
  assert.ok(main.textContent.includes(t.account.noNextTest));
  showNewer(main);
  assert.ok(!main.textContent.includes("automatically,"));
  assert.ok(main.textContent.includes(t.account.unconfirmed.nobodyLooks));
});

test("an access key that AWS rejects waits for other keys, not for a test", async () => {
  tests = [];
  const key = { ...connected, access_type: "access_key", access_key_id: "WXYZ", status: "unconfirmed" };
  account = key;
  const waits = { overview: t.account.unconfirmed.access_key, instructions: t.instructions.watch.unconfirmedKey };
  const issues = [{ code: "credentials_rejected", message: "AWS does not accept it.", remedy: "Rotate keys." }];
  const known = { issues, verification: newest("failed"), updated_at: "2026-01-01T10:01:00Z" };
  for (const [draw, before, after] of [
    [overview, waits.overview, t.account.statusText.notThereYet],
    [instructions, waits.instructions, t.instructions.watch.keyRefused],
  ]) {
    store.forget();
    account = key;
    const main = await shown(draw);
    assert.ok(main.textContent.includes(before), `${draw.name}, before a test`);
    await turns(known);
    assert.ok(main.textContent.includes(after), `${draw.name}, after it`);
    if (draw === overview) showNewer(main);
    assert.ok(!main.textContent.includes(before), `${draw.name}, after it`);
    // Nothing that was found is left of the keys before.
    await turns({ issues: [], updated_at: "2026-01-01T11:00:00Z" });
    if (draw === overview) showNewer(main);
    assert.ok(main.textContent.includes(before), `${draw.name}, with other keys`);
  }
});

test("a test asks for another key only while its own is rejected", async () => {
  const rejected = { ...step("trust:account-matches", "denied"), group: "trust", ok: false };
  tests = [tested("1", { outcome: "failed", steps: [{ ...rejected, reason: "credentials_rejected" }] })];
  const issues = [{ code: "credentials_rejected", message: "AWS does not accept it.", remedy: "Rotate keys." }];
  const key = { access_type: "access_key", access_key_id: "WXYZ", status: "unconfirmed" };
  account = { ...connected, ...key, issues, verification: newest("failed") };
  const main = await shown(one, { test: "1" });
  const asks = () => main.querySelectorAll(".step-remedy").filter(({ hidden }) => !hidden).length;
  assert.equal(asks(), 1);
  await turns({ status: "failed" });
  assert.equal(asks(), 1);
  // Other keys, and what a test made of them.
  await turns({ status: "unconfirmed", issues: [], access_key_id: "ABCD" });
  assert.equal(asks(), 0);
  await turns({ status: "confirmed", verification: { ...newest("confirmed"), verification_id: "2" } });
  assert.equal(asks(), 0);
});

for (const [what, status, code] of [
  ["is found open to others between tests", "failed", "confused_deputy"],
  ["is revoked", "unconfirmed", "revoked"],
])
  test(`a test whose account ${what} did not find that`, async () => {
    tests = [tested("1")];
    const said = "What somebody found since.";
    account = { ...connected, verification: newest("confirmed") };
    const main = await shown(one, { test: "1" });
    await turns({ status, issues: [{ code, message: said, remedy: "Mend it." }], updated_at: "2026-01-01T12:00:00Z" });
    assert.ok(main.textContent.includes(t.tests.outcomeThen.confirmed));
    assert.ok(!main.textContent.includes(said));
  });

test("what a test found is said while it is so, also of one that could not enter", async () => {
  tests = [tested("1", { outcome: "failed" })];
  const issues = [{ code: "role_not_assumable", message: "The role cannot be assumed.", remedy: "Deploy it." }];
  for (const status of ["failed", "unconfirmed"]) {
    store.forget();
    account = { ...connected, status, issues, verification: newest("failed") };
    assert.ok((await shown(one, { test: "1" })).textContent.includes(issues[0].message), status);
  }
});

test("a word that the page does not know is said as it is", async (context) => {
  const announcer = announcerIn(context);
  tests = [tested("3", { outcome: "split" }), tested("2"), tested("1")];
  account = { ...connected, verification: newest("confirmed") };
  const main = await shown(history);
  const [option] = main.querySelector("select").children;
  assert.ok(option.textContent.endsWith("split"), option.textContent);
  await turns({ status: "resting" });
  await soon(100);
  assert.ok(announcer.textContent.includes(t.account.isNow("resting")), announcer.textContent);
});

test("what a test finds again is not drawn anew, so that what a reader has selected stays so", async () => {
  tests = [];
  const issues = [{ code: "ec2_partial", message: "Starting is refused.", remedy: "Allow it." }];
  account = { ...connected, status: "degraded", issues, verification: newest("degraded") };
  const main = await shown(overview);
  const [issue] = main.querySelectorAll(".issues li");
  await turns({
    verification: { ...newest("degraded"), verification_id: "2", finished_at: "2026-01-02T10:01:00Z" },
    updated_at: "2026-01-02T10:01:00Z",
    next_verification_at: "2030-01-02T10:00:00Z",
  });
  assert.ok(main.querySelectorAll(".issues li")[0] === issue);
  await turns({ issues: [{ ...issues[0], message: "Stopping is refused." }] });
  assert.ok(main.querySelector(".issues").textContent.includes(t.severityBefore));
  showNewer(main);
  assert.ok(main.querySelector(".issues").textContent.includes("Stopping is refused."));
});

test("a state and an access type that the page does not know are said as they are", async (context) => {
  const errors = [];
  context.mock.method(console, "error", (...said) => errors.push(said.join(" ")));
  tests = [];
  account = { ...connected, access_type: "federation", capabilities: { ec2: "restricted" } };
  const [chip] = capabilityChips(account).children;
  assert.deepEqual([chip.textContent, chip.getAttribute("title")], ["EC2: restricted", "EC2: restricted"]);
  const main = await shown(overview);
  assert.ok(main.querySelector(".account-sub").textContent.endsWith(" · federation"));
  await turns({ status: "unconfirmed", capabilities: {} });
  showNewer(main);
  assert.ok(main.textContent.includes(t.account.unconfirmed.other));
  assert.ok((await shown(instructions)).textContent.includes(t.account.tabs.instructions));
  assert.deepEqual(
    errors.filter((error) => error.startsWith("no text")),
    [],
  );
});

test("a permission group without words has one readable name in every view", async () => {
  tests = [tested("1", { steps: [{ ...step("glacier:ListVaults", "allowed"), group: "cold_storage" }] })];
  account = { ...connected, capabilities: { cold_storage: "full" }, verification: newest("confirmed") };
  const [chip] = capabilityChips(account).children;
  const names = [
    chip.textContent.split(":")[0],
    (await shown(overview)).querySelector(".capability dt").textContent,
    (await shown(one, { test: "1" })).querySelector(".test-group h2").textContent,
  ];
  assert.deepEqual(names, Array(3).fill("Cold storage"));
});

test("a test that found something wrong was refused by nobody", async () => {
  tests = [];
  account = connected;
  const { fetch } = globalThis;
  const entry = { interaction_id: "1", action: "test", outcome: "refused", at: "2026-01-01T10:00:00Z", actor: "anna" };
  const act = { ...entry, interaction_id: "2", action: "stop", detail: "It is pending." };
  const items = [{ ...entry, detail: "The test found the account failed." }, act];
  globalThis.fetch = async (address, options) =>
    String(address).includes("/interactions") ? Response.json({ items, next_cursor: null }) : fetch(address, options);
  const main = await shown(interactions);
  const said = main.querySelectorAll(".trail-detail").map(({ textContent }) => textContent.trim());
  assert.deepEqual(said, ["The test found the account failed.", "Refused. It is pending."]);
});

test("a status in the audit trail has the word that it has everywhere", async () => {
  tests = [];
  const entry = {
    ...{ entry_id: "1", account_id: "a", action: "revoked", at: "2026-01-01T10:00:00Z", target: { type: "account" } },
    ...{ actor: {}, changes: [{ field: "status", before: "confirmed", after: "unconfirmed" }] },
  };
  globalThis.fetch = async () => Response.json({ items: [entry], next_cursor: null });
  const said = (await shown(organizationAudit)).querySelector(".trail-detail").textContent;
  assert.equal(said, `${t.audit.fields.status}: ${t.status.confirmed} → ${t.status.unconfirmed}`);
});

test("what the last turn of a schedule was refused for is not said of now", async () => {
  tests = [];
  // The API keeps it until the next turn.
  const note = "A person revoked the use of the account A: press Test to use it again, and try again.";
  const resource = {
    ...{ resource_id: "r", kind: "ec2", instance_id: "i-1", region: "eu-west-1", name: "web1", note },
    schedule: { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] },
    next_action: { action: "start", at: "2030-01-07T08:00:00Z" },
  };
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    String(address).includes("/resources")
      ? Response.json({ items: [resource], next_cursor: null })
      : fetch(address, options);
  const said = (await shown(schedules)).querySelector(".resource-note").textContent;
  assert.equal(said, `The last turn of its schedule: ${note}`);
});

const none = { ...connected, capabilities: { ec2: "none", rds: "full" } };

test("what is refused, by whatever policy, is not said to be granted by none", async () => {
  account = none;
  const said = (await shown(overview)).textContent;
  assert.ok(said.includes(t.account.possible.ec2.none) && said.includes(t.account.optional), said);
  assert.ok(!said.includes("granted"), said);
});

test("nothing is optional beside a problem", async () => {
  const message = "ec2:StopInstances is refused for i-1 (eu-west-1), which is under Cavok's control.";
  const issues = [{ code: "instance_refused", message, remedy: "Allow it.", severity: "problem" }];
  account = { ...none, status: "degraded", issues };
  const said = (await shown(overview)).textContent;
  assert.ok(said.includes(message) && said.includes(t.account.possible.ec2.none), said);
  assert.ok(!said.includes("optional"), said);
});

test("what is not kept any more is not said never to have been", async () => {
  tests = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    /interactions|audit/.test(address) ? Response.json({ items: [], next_cursor: null }) : fetch(address, options);
  const issues = [{ code: "revoked", message: "Revoked.", remedy: "Press Test.", severity: "problem" }];
  account = { ...connected, status: "unconfirmed", issues, verification: newest("confirmed") };
  for (const [draw, said] of [
    [interactions, t.interactions.none],
    [history, t.tests.none],
    [accountAudit, t.audit.none],
  ]) {
    const main = await shown(draw);
    assert.ok(main.textContent.includes(said), draw.name);
    assert.ok(!/\b(yet|has not been)\b/.test(said), said);
  }
  assert.ok((await shown(interactions)).textContent.includes("90 days"));
});

test("an aborted test that found something said something, and it is not said that the status stayed", async () => {
  const steps = [step("sts:AssumeRole", "allowed"), step("trust:account-matches", "allowed")];
  tests = [tested("1", { state: "aborted", outcome: null, steps })];
  // Its regions were changed while it ran.
  account = { ...connected, status: "unconfirmed" };
  const said = (await shown(one, { test: "1" })).textContent;
  assert.ok(said.includes(t.tests.outcomeText.aborted) && said.includes(t.tests.allGood(2)), said);
  assert.ok(!/could say anything|its status/.test(said), said);
});
