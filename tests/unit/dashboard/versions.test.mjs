// How an organization sees which version of the template its accounts' roles have, and what is left of its quotas.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
let tick;
globalThis.setInterval = (work) => ((tick = work), 0);
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { organization } = await import(`${page}/views/organization.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

let versions, quotas;

beforeEach(() => {
  store.forget();
  quotas = [];
  const ours = { organization_id: "o", external_id: "x", trusted_account_id: "1" };
  const usage = { free_interactions: 10, resets_at: "2026-02-01T00:00:00Z", items: [], next_cursor: null };
  globalThis.fetch = async (address) => {
    const { pathname } = new URL(address);
    if (pathname.endsWith("/usage")) return Response.json(usage);
    if (!pathname.endsWith("/organization")) return Response.json({}, { status: 404 });
    return Response.json({ ...ours, quotas, accounts: { total: 50, by_status: {}, by_template_version: versions } });
  };
});

async function drawn() {
  const view = new AbortController();
  const main = opened(organization, view.signal);
  await soon(20);
  view.abort();
  return main;
}

test("an organization sees how many accounts run which version, and is led to them", async () => {
  versions = [
    { version: 2, accounts: 0, outdated: false },
    { version: 1, accounts: 45, outdated: true },
  ];
  const main = await drawn();
  const facts = all(main).filter(({ tag }) => tag === "dt" || tag === "dd");
  const of = (term) => facts[facts.findIndex(({ textContent }) => textContent === term) + 1];
  for (const [version, outdated, accounts] of [
    [2, false, 0],
    [1, true, 45],
  ]) {
    const shown = of(t.organization.version(version, outdated));
    assert.equal(shown.textContent, t.list.shown(accounts));
    assert.equal(shown.querySelector("a").href, `#/accounts?template_version=${version}`);
  }
  const unknown = of(t.organization.versionUnknown);
  assert.equal(unknown.textContent, t.list.shown(5));
  assert.equal(unknown.querySelector("a"), null);
});

test("where the version of each is known, nothing is said of others", async () => {
  versions = [{ version: 1, accounts: 50, outdated: false }];
  assert.ok(!(await drawn()).textContent.includes(t.organization.versionUnknown));
});

test("an older API says nothing of versions", async () => {
  versions = undefined;
  const main = await drawn();
  assert.ok(main.textContent.includes(t.organization.total(50)));
  assert.ok(!main.textContent.includes(t.organization.versions));
});

test("of requests, which each process counts alone, nothing is said to be left", async () => {
  quotas = ["requests", "tests"].map((name) => ({ name, limit: 1200, per_seconds: 60, remaining: 1190 }));
  const main = await drawn();
  const facts = all(main).filter(({ tag }) => tag === "dt" || tag === "dd");
  const of = (name) => facts[facts.findIndex(({ textContent }) => textContent === t.organization.quotaNames[name]) + 1];
  assert.equal(of("requests").textContent, "at least 1,200 a minute");
  assert.equal(of("tests").textContent, "1,190 of 1,200 left this minute");
  assert.equal(t.organization.quotaAtLeast(5, 1), "at least 5 a second");
  assert.equal(t.organization.quotaAtLeast(5, 10), "at least 5 in 10 seconds");
});

test("what was left of a quota is said no longer than its time lasts", async (context) => {
  quotas = [{ name: "tests", limit: 60, per_seconds: 60, remaining: 0 }];
  versions = [];
  const view = new AbortController();
  const main = opened(organization, view.signal);
  await soon(20);
  const said = () => all(main).findLast(({ tag }) => tag === "dd").textContent;
  assert.equal(said(), "0 of 60 left this minute");
  const from = Date.now();
  for (const [seconds, text] of [
    [50, "0 of 60 left this minute"],
    [600, "at most 60 a minute"],
  ]) {
    context.mock.method(Date, "now", () => from + seconds * 1_000);
    tick();
    assert.equal(said(), text);
  }
  view.abort();
});

test("accounts with an access key have no role whose version nobody knows", async () => {
  versions = [];
  const said = (await drawn()).textContent;
  assert.ok(said.includes(`${t.organization.versionUnknown}${t.list.shown(50)}`));
  assert.ok(t.organization.versionUnknown.includes("no role"));
});
