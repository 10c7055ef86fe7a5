// What a colleague stores while a change of ours is on its way is not overwritten unseen.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, hold, modal, opened, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const router = await import(`${page}/lib/router.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { overview } = await import(`${page}/views/account.js`);
const { organization } = await import(`${page}/views/organization.js`);
const { schedules } = await import(`${page}/views/schedules.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);
globalThis.history = { replaceState() {} };
router.start([{ path: "/accounts" }], () => {});

const EVENTS = Object.keys(t.webhook.eventTexts);
const week = (day) => ({ time_zone: "UTC", windows: [{ days: [day], start: "08:00", stop: "18:00" }] });
const theirs = "https://colleague.example/";
/** What the API keeps by the end of its path, with a version; a colleague's next change; our writes that were done;
 * whether the answer to the next one is lost. */
let there, meanwhile, done, isLost, view;

beforeEach(() => {
  view?.abort();
  modal()?.close();
  view = new AbortController();
  store.forget();
  toasts.replaceChildren();
  meanwhile = null;
  done = [];
  isLost = false;
  there = {
    "/accounts/a": {
      ...{ account_id: "a", name: "Production", provider_id: "123456789012", status: "confirmed", version: 1 },
      ...{ access_type: "access_key", access_key_id: "OURS", issues: [], capabilities: {} },
    },
    "/resources/r": {
      ...{ resource_id: "r", kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1", version: 1 },
      ...{ schedule: week("mon"), next_action: null },
    },
    "/webhook": {
      ...{ url: "https://ours.example/", events: EVENTS, state: "active", created_at: "2026-01-01T00:00:00Z" },
      ...{ updated_at: "2026-01-01T00:00:00Z", updated_by: "anna", version: 1 },
    },
  };
  const [none, ours] = [{ items: [], next_cursor: null }, { accounts: { total: 1, by_status: {} } }];
  const others = {
    "/organization": ours,
    "/usage": { ...none, free_interactions: 1, resets_at: "2026-02-01T00:00:00Z" },
  };
  globalThis.fetch = async (address, { method, headers, body }) => {
    const path = new URL(address).pathname.replace("/credentials", "");
    const found = Object.keys(there).find((each) => path.endsWith(each));
    const tagged = () => Response.json(there[found], { headers: { etag: `"${there[found].version}"` } });
    if (method !== "GET") {
      meanwhile?.();
      meanwhile = null;
      const { "if-match": match, "if-none-match": noneMatch } = headers;
      const isAnother = match && match !== `"${there[found]?.version}"`;
      if (isAnother || (noneMatch && there[found])) return Response.json({ title: "Changed" }, { status: 412 });
      if (method === "DELETE") {
        done.push(path);
        delete there[found];
        return new Response(null, { status: 204 });
      }
      const { access_key_id: key, rotate_secret, secret_access_key, ...rest } = JSON.parse(body);
      done.push({ ...rest, secret_access_key });
      change(found, { ...rest, ...(key && { access_key_id: key.slice(-4), status: "unconfirmed" }) });
      if (isLost) {
        isLost = false;
        throw new TypeError("Failed to fetch");
      }
      const secret = rotate_secret && "whsec_new";
      return Response.json({ ...there[found], secret });
    }
    if (path.endsWith("/resources")) return Response.json({ ...none, items: [there["/resources/r"]].filter(Boolean) });
    if (found && there[found]) return tagged();
    const other = Object.keys(others).find((each) => path.endsWith(each));
    return other ? Response.json(others[other]) : Response.json({ title: "None" }, { status: 404 });
  };
});

const change = (what, how) => (there[what] = { ...there[what], ...how, version: (there[what]?.version ?? 0) + 1 });

async function shown(draw) {
  const main = opened(draw, view.signal);
  await soon(30);
  return main;
}

async function save() {
  submit();
  await soon(30);
}

const said = () => modal().querySelector(".form-error").textContent;

async function changesWebhook(main) {
  press(button(main, t.actions.change));
  modal().querySelector("input").value = "https://new.example/";
}
async function changesSchedule(main) {
  press(button(main, t.schedules.change));
}
async function renames(main) {
  press(button(main, t.actions.rename));
  modal().querySelector("input").value = "One";
}
async function rotatesKeys(main) {
  press(button(main, t.account.rotate));
  const [id, secret] = modal().querySelectorAll("input");
  id.value = "AKIAIOSFODNN7EXAMPLE";
  secret.value = "a secret";
}

async function removesWebhook(main) {
  press(button(main, t.webhook.remove));
}
async function releases(main) {
  press(button(main, t.schedules.remove));
}
async function removesAccount(main) {
  press(button(main, t.account.remove));
  modal().querySelector("input").value = "123456789012";
}

for (const [what, draw, opens, of, their, word] of [
  [
    ...["a webhook that is to be removed", organization, removesWebhook, "/webhook"],
    ...[{ url: theirs }, t.webhook.removeMeanwhile(theirs)],
  ],
  [
    ...["a schedule that is to be released", schedules, releases, "/resources/r"],
    ...[{ schedule: week("sun") }, t.schedules.removeMeanwhile],
  ],
  [
    ...["an account that is to be deleted", overview, removesAccount, "/accounts/a"],
    ...[{ status: "degraded" }, t.account.removeMeanwhile("Production", "OURS", t.status.degraded)],
  ],
  [
    ...["an account that is to be deleted, whose name", overview, removesAccount, "/accounts/a"],
    ...[{ name: "Other" }, t.account.removeMeanwhile("Other", "OURS", t.status.confirmed)],
  ],
  [
    ...["an account that is to be deleted, whose key", overview, removesAccount, "/accounts/a"],
    ...[{ access_key_id: "NEWS" }, t.account.removeMeanwhile("Production", "NEWS", t.status.confirmed)],
  ],
  ["the webhook", organization, changesWebhook, "/webhook", { url: theirs }, t.webhook.changedMeanwhile(theirs)],
  [
    ...["a schedule", schedules, changesSchedule, "/resources/r"],
    ...[{ schedule: week("sun") }, t.schedules.changedMeanwhile],
  ],
  [
    ...["an access key", overview, rotatesKeys, "/accounts/a"],
    ...[{ access_key_id: "NEWS", status: "unconfirmed" }, t.account.keysMeanwhile("NEWS", t.status.unconfirmed)],
  ],
])
  for (const [when, isSent] of [
    ["before ours is sent", false],
    ["while ours is on its way", true],
  ]) {
    test(`${what} that a colleague changes ${when} is told, and replaced by who insists`, async () => {
      await opens(await shown(draw));
      const changes = () => change(of, their);
      if (isSent) meanwhile = changes;
      else changes();
      await save();
      assert.deepEqual(done, []);
      assert.equal(said(), word);
      await save();
      assert.equal(done.length, 1);
    });
  }

for (const [what, draw, opens, input, another, of, their] of [
  ["a name", overview, renames, "input", "Two", "/accounts/a", { name: "Theirs" }],
  ["a webhook", organization, changesWebhook, "input", "https://two.example/", "/webhook", { url: theirs }],
  ["a schedule", schedules, changesSchedule, "select", "Europe/Oslo", "/resources/r", { schedule: week("sun") }],
])
  for (const [then, isTheirs] of [
    ["is replaced by another value", false],
    ["and that a colleague then changes, is told", true],
  ])
    test(`${what} that was saved, though the answer was lost, ${then}`, async () => {
      await opens(await shown(draw));
      isLost = true;
      await save();
      assert.equal(done.length, 1);
      assert.ok(said().includes(t.problems.perhapsDone), said());
      modal().querySelector(input).value = another;
      if (isTheirs) change(of, their);
      await save();
      assert.equal(done.length, isTheirs ? 1 : 2);
      assert.equal(modal() === undefined, !isTheirs);
    });

test("a webhook that a colleague sets first is told", async () => {
  there["/webhook"] = undefined;
  const main = await shown(organization);
  press(button(main, t.webhook.add));
  modal().querySelector("input").value = "https://new.example/";
  meanwhile = () => change("/webhook", { url: theirs, events: EVENTS });
  await save();
  assert.deepEqual(done, []);
  assert.equal(said(), t.webhook.changedMeanwhile(theirs));
});

test("a new secret replaces the secret alone, whatever is stored while it is on its way", async () => {
  const main = await shown(organization);
  press(button(main, t.webhook.rotate));
  meanwhile = () => change("/webhook", { url: theirs });
  await save();
  assert.deepEqual(
    done.map(({ url }) => url),
    [theirs],
  );
  assert.ok(modal().textContent.includes("whsec_new"));
  press(button(modal(), t.webhook.secretKept));
});

test("an account that a colleague has deleted is not deleted: another may have its number by now", async () => {
  await removesAccount(await shown(overview));
  store.remove("a");
  await save();
  assert.deepEqual(done, []);
  assert.equal(said(), t.account.missing);
});

for (const [what, isRead] of [
  ["once the page has found that it is gone", true],
  ["also if the page has not found that yet", false],
])
  test(`a deletion of ours whose answer was lost is done when it is pressed again, ${what}`, async () => {
    await removesAccount(await shown(overview));
    const { fetch } = globalThis;
    globalThis.fetch = async (address, options) => {
      const isThere = there["/accounts/a"];
      if (options.method !== "DELETE") return isThere || isRead ? fetch(address, options) : new Promise(() => {});
      if (!isThere) return Response.json({ title: "No such account" }, { status: 404 });
      await fetch(address, options);
      throw new TypeError("Failed to fetch");
    };
    await save();
    assert.ok(said().includes(t.problems.perhapsDone), said());
    assert.equal(!store.account("a"), isRead);
    await save();
    assert.equal(modal()?.textContent, undefined);
    assert.ok(toasts.textContent.includes(t.account.removed("Production")), toasts.textContent);
    assert.ok(!store.account("a"));
  });

test("an account is deleted by the number that it has, not by that which was shown", async () => {
  await removesAccount(await shown(overview));
  change("/accounts/a", { provider_id: "210987654321" });
  store.put(there["/accounts/a"], Date.now());
  await save();
  assert.deepEqual(done, []);
  assert.ok(modal().textContent.includes(t.account.removeMismatch));
});

/** Saves what is in the modal, and leaves that for another one before the answer comes. Returns what answers. */
async function savedLate(main) {
  const letGo = hold((_, { method }) => method === "PUT");
  await save();
  modal().close();
  await soon();
  await changesWebhook(main);
  return async () => {
    letGo();
    await soon(30);
    assert.equal(modal().querySelector("input").value, "https://new.example/");
    modal().close();
    await soon(10);
  };
}

test("a secret whose answer is late covers no modal in which somebody works: it comes after that", async () => {
  const main = await shown(organization);
  press(button(main, t.webhook.rotate));
  const answers = await savedLate(main);
  await answers();
  assert.ok(modal().textContent.includes("whsec_new"));
  press(button(modal(), t.webhook.secretKept));
});

test("nor does the question whether to make a secret that was not shown", async () => {
  there["/webhook"] = undefined;
  const main = await shown(organization);
  press(button(main, t.webhook.add));
  modal().querySelector("input").value = "https://ours.example/";
  meanwhile = () => change("/webhook", { url: theirs, events: EVENTS, created_at: "2026-01-02T00:00:00Z" });
  await save();
  const answers = await savedLate(main);
  await answers();
  assert.ok(modal().textContent.includes(t.webhook.secretNotShown));
});

test("the secret of a webhook is shown at once, though its modal stays for what was typed meanwhile", async () => {
  there["/webhook"] = undefined;
  const main = await shown(organization);
  press(button(main, t.webhook.add));
  modal().querySelector("input").value = "https://ours.example/";
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) => {
    const answer = await fetch(address, options);
    return options.method === "PUT" ? Response.json({ ...(await answer.json()), secret: "whsec_first" }) : answer;
  };
  const letGo = hold((_, { method }) => method === "PUT");
  await save();
  modal().querySelector("form").dispatchEvent(new Event("input"));
  letGo();
  await soon(30);
  assert.ok(modal().textContent.includes("whsec_first"), modal().textContent);
  press(button(modal(), t.webhook.secretKept));
  await soon();
  assert.equal(said(), t.forms.typedSince);
});

test("keys are replaced though a name was changed meanwhile, which is no conflict", async () => {
  await rotatesKeys(await shown(overview));
  meanwhile = () => change("/accounts/a", { name: "Renamed" });
  await save();
  assert.equal(done.length, 1);
  assert.equal(toasts.textContent, "The new keys are stored. Test the account now.");
});

test("keys of a revoked account are stored, and nobody is led to take it into use again", async () => {
  change("/accounts/a", { status: "unconfirmed", issues: [{ code: "revoked", message: "M.", remedy: "R." }] });
  await rotatesKeys(await shown(overview));
  await save();
  assert.equal(done.length, 1);
  assert.equal(toasts.textContent, "Saved. The account stays revoked until a person tests it.");
});

test("keys whose answer was lost are not sent again once a test has proved them", async () => {
  await rotatesKeys(await shown(overview));
  isLost = true;
  await save();
  assert.equal(done.length, 1);
  change("/accounts/a", { status: "confirmed" });
  store.put(there["/accounts/a"], Date.now());
  await save();
  assert.equal(done.length, 1);
  assert.equal(modal(), undefined);
  assert.ok(toasts.textContent.includes(t.account.rotatedAndProved));
});

for (const [what, isStored] of [
  ["of a key that was stored, though its answer was lost, nobody says that it was not", true],
  ["whose key was not stored is told so, and not to replace that which is there", false],
])
  test(what, async () => {
    await rotatesKeys(await shown(overview));
    isLost = isStored;
    meanwhile = () => isStored || change("/accounts/a", { access_key_id: "NEWS" });
    await save();
    // Another person tests what is there.
    change("/accounts/a", { status: "failed" });
    store.put(there["/accounts/a"], Date.now());
    await save();
    assert.equal(done.length, isStored ? 1 : 0);
    const { failed } = t.status;
    assert.equal(said(), isStored ? t.account.keysTested(failed) : t.account.keysMeanwhile("NEWS", failed));
    assert.match(said(), isStored ? /is stored/ : /not stored.* only if/);
  });

for (const [what, answer] of [
  ["was refused", () => Response.json({ title: "Invalid", detail: "It has a space." }, { status: 422 })],
  ["was not sent", () => Promise.reject(new TypeError("Failed to fetch"))],
])
  test(`a key that ${what} is not said to be in use, though the account had it before`, async (context) => {
    there["/accounts/a"].access_key_id = "MPLE";
    await rotatesKeys(await shown(overview));
    Object.assign(navigator, { onLine: what !== "was not sent" });
    context.after(() => Object.assign(navigator, { onLine: true }));
    const { fetch } = globalThis;
    let sent = 0;
    globalThis.fetch = async (address, options) => {
      if (options.method !== "PUT") return fetch(address, options);
      sent += 1;
      return answer();
    };
    for (let turn = 0; turn < 2; turn += 1) await save();
    assert.equal(sent, 2);
    assert.equal(toasts.textContent, "");
  });

test("keys of an account that turned out to be connected are not replaced unseen", async () => {
  change("/accounts/a", { status: "unconfirmed" });
  await rotatesKeys(await shown(overview));
  change("/accounts/a", { status: "confirmed" });
  await save();
  assert.deepEqual(done, []);
  assert.equal(said(), t.account.keysMeanwhile("OURS", t.status.confirmed));
});

test("an instance that a colleague released and took again is under the schedule that was saved", async () => {
  press(button(await shown(schedules), t.schedules.change));
  there["/resources/s"] = { ...there["/resources/r"], resource_id: "s" };
  delete there["/resources/r"];
  const { fetch } = globalThis;
  globalThis.fetch = (address, options) =>
    new URL(address).pathname.endsWith("/resources")
      ? Promise.resolve(Response.json({ items: [there["/resources/s"]], next_cursor: null }))
      : fetch(address, options);
  await save();
  assert.equal(there["/resources/s"].version, 2);
});

for (const [what, draw, opens, of] of [
  ["a webhook", organization, removesWebhook, "/webhook"],
  ["a schedule", schedules, releases, "/resources/r"],
])
  test(`${what} that a colleague has removed already is removed as well`, async () => {
    await opens(await shown(draw));
    delete there[of];
    await save();
    assert.equal(modal(), undefined);
  });

test("what a list says of an account is compared as well", async () => {
  store.add(there["/accounts/a"], Date.now());
  const { fetch } = globalThis;
  let reads = 0;
  globalThis.fetch = (address, options) => {
    const { pathname } = new URL(address);
    // What the view itself asks for takes long.
    if (pathname.endsWith("/accounts/a") && options.method === "GET" && ++reads === 1) return new Promise(() => {});
    return pathname.endsWith("/accounts")
      ? Promise.resolve(Response.json({ items: [], next_cursor: null }))
      : fetch(address, options);
  };
  const main = await shown(overview);
  press(button(main, t.actions.rename));
  modal().querySelector("input").value = "Mine";
  change("/accounts/a", { name: "Theirs" });
  await save();
  assert.deepEqual(done, []);
  assert.equal(said(), t.account.renamedMeanwhile("Theirs"));
});
