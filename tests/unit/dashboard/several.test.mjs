// One week for several instances: each is asked for by itself, and has its own result.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, hold, modal, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { severalButton } = await import(`${page}/views/schedules.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const OLD = { time_zone: "UTC", windows: [{ days: ["sat"], start: "10:00", stop: "12:00" }] };
const instance = (name) => ({ kind: "ec2", instance_id: `i-${name}`, name, region: "us-east-1" });
const resource = (name, schedule = OLD) => ({ ...instance(name), resource_id: `r-${name}`, schedule });
const START = { action: "start", at: "2099-01-05T08:00:00Z" };
const STOP = { ...START, action: "stop" };

/** What the API has, what it answers otherwise by name, and which schedules it got. */
let there, answers, sent, next;

beforeEach(() => {
  modal()?.close();
  toasts.replaceChildren();
  store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
  [answers, sent, next] = [{}, [], STOP];
  there = { web: resource("web"), db: resource("db", null) };
  globalThis.fetch = async (address, { method, body }) => {
    const { pathname } = new URL(address);
    const given = body && JSON.parse(body);
    if (pathname.endsWith("/organization")) return Response.json({ quotas: [{ name: "changes", per_seconds: 45 }] });
    const name = pathname.split("r-")[1] ?? given?.instance_id.slice(2);
    if (method === "GET" && !name) return Response.json({ items: Object.values(there), next_cursor: null });
    if (method === "GET") return Response.json(there[name], { headers: { etag: `"${name}"` } });
    sent.push(`${method} ${name}`);
    if (answers[name]) return answers[name]();
    there[name] = { ...resource(name, given.schedule), next_action: next };
    return Response.json(there[name]);
  };
});

async function opened(names, options = {}) {
  const subjects = [{ resource: there.web }, { resource: there.db }, { instance: instance("new") }];
  let saved = 0;
  press(severalButton("a", () => subjects, { onSaved: () => (saved += 1), ...options }));
  const dialog = modal();
  const lines = dialog.querySelectorAll(".several-line");
  const box = (name) => lines.find((line) => line.textContent.includes(name)).querySelector("input");
  for (const name of names) box(name).checked = true;
  const results = () => lines.map((line) => line.querySelector(".several-result").textContent);
  return { dialog, box, results, saved: () => saved };
}

/** Returns whether the modal stays. */
const escape = () => {
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "Escape" });
  document.dispatchEvent(event);
  return event.defaultPrevented;
};

const pressed = async () => {
  submit();
  await soon(60);
};

test("those that are chosen get the week, whether they have a schedule, none, or are not under control", async () => {
  const { dialog, saved } = await opened(["web", "db", "new"]);
  await pressed();
  assert.deepEqual(sent, ["PATCH web", "PATCH db", "POST new"]);
  assert.deepEqual(new Set(Object.values(there).map(({ schedule }) => JSON.stringify(schedule))).size, 1);
  assert.equal(there.web.schedule.windows[0].start, "08:00");
  assert.ok(!dialog.open);
  assert.equal(toasts.querySelector("p").textContent, t.several.allSet(3));
  assert.equal(saved(), 1);
});

test("whoever chooses none is told, and nothing is sent", async () => {
  const { dialog } = await opened([]);
  await pressed();
  assert.deepEqual(sent, []);
  assert.ok(dialog.textContent.includes(t.several.needed));
  press(button(dialog, t.several.all));
  await soon(10);
  assert.ok(!dialog.textContent.includes(t.several.needed));
  await pressed();
  assert.equal(sent.length, 3);
});

test("the line of one that is set says that it has a schedule", async () => {
  answers.web = () => Response.json({ title: "Conflict", detail: "Its account is busy." }, { status: 409 });
  const { dialog } = await opened(["web", "db"]);
  const saysSo = () => dialog.querySelectorAll(".several-line")[1].textContent.includes(t.several.has);
  assert.ok(!saysSo());
  await pressed();
  assert.ok(saysSo());
});

test("one that is refused says why, and another press asks for that one alone", async () => {
  answers.db = () => Response.json({ title: "Conflict", detail: "Its account is busy." }, { status: 409 });
  const { dialog, results } = await opened(["web", "db"]);
  await pressed();
  assert.deepEqual(results(), [t.several.isSet, "Its account is busy.", ""]);
  assert.ok(dialog.open && dialog.textContent.includes(`${t.several.set(1, 2)} ${t.several.again}`));
  answers = {};
  sent = [];
  await pressed();
  assert.deepEqual(sent, ["PATCH db"]);
  assert.ok(!dialog.open);
});

test("the buttons are brought into sight again where the reasons of refusals pushed them down", async () => {
  const { dialog } = await opened(["web", "db"]);
  const actions = dialog.querySelector(".form-actions");
  answers.db = () => {
    actions.wasBroughtIntoView = false;
    return Response.json({ title: "Conflict", detail: "Busy." }, { status: 409 });
  };
  await pressed();
  assert.ok(actions.wasBroughtIntoView);
});

test("another week is set for those too that have the one before", async () => {
  answers.db = () => Response.json({ title: "Conflict", detail: "Busy." }, { status: 409 });
  const { dialog } = await opened(["web", "db"]);
  await pressed();
  [answers, sent] = [{}, []];
  press(button(dialog, t.week.presets.nights));
  await pressed();
  assert.deepEqual(sent, ["PATCH web", "PATCH db"]);
  assert.equal(there.web.schedule.windows[0].start, "06:00");
});

test("a schedule that another has changed is not overwritten unseen, the others are set", async () => {
  const { results } = await opened(["web", "db"]);
  there.web = resource("web", { ...OLD, time_zone: "Asia/Tokyo" });
  await pressed();
  assert.deepEqual(sent, ["PATCH db"]);
  assert.deepEqual(results(), [t.schedules.changedMeanwhile, t.several.isSet, ""]);
  await pressed();
  assert.deepEqual(sent, ["PATCH db", "PATCH web"]);
});

const tooMany = (headers) => () => Response.json({ title: "Too many", detail: "Slower." }, { status: 429, headers });

/** What waits for the quota, by its milliseconds, goes on once this is called. */
function held(context, milliseconds) {
  const { setTimeout: really } = globalThis;
  const works = [];
  context.mock.method(globalThis, "setTimeout", (work, wait) =>
    wait === milliseconds ? works.push(work) : really(work, wait),
  );
  return () => works.splice(0).forEach((work) => work());
}

for (const [what, headers, wait] of [
  ["as long as the API says", { "retry-after": "20" }, 20_000],
  ["as long as its quota lasts, if it does not say", {}, 45_000],
])
  test(`after too many requests it goes on by itself, ${what}`, async (context) => {
    const goOn = held(context, wait);
    answers.db = tooMany(headers);
    const { dialog, results } = await opened(["web", "db", "new"]);
    await pressed();
    assert.deepEqual(sent, ["PATCH web", "PATCH db"]);
    assert.deepEqual(results(), [t.several.isSet, "", ""]);
    const waits = t.several.waits(t.several.set(1, 3), "").split(":")[0];
    const said = dialog.querySelector(".several-said");
    assert.ok(said.textContent.includes(waits) && !said.hidden);
    await soon(60);
    assert.ok(dialog.querySelector(".announcer").textContent.includes(waits));
    goOn();
    await soon(60);
    assert.deepEqual(sent, ["PATCH web", "PATCH db", "PATCH db"], "not before it is over");
    answers = {};
    goOn();
    await soon(60);
    assert.deepEqual(sent.slice(3), ["PATCH db", "POST new"]);
    assert.ok(!dialog.open);
  });

/** The quota is used up after the first of two, and Stop was pressed. */
async function stoppedAsItWaits(context) {
  held(context, 20_000);
  answers.db = tooMany({ "retry-after": "20" });
  const { dialog } = await opened(["web", "db"]);
  await pressed();
  press(button(dialog, t.addMany.stop));
  return dialog;
}

test("whoever stops it while it waits keeps what is set, and another press goes on", async (context) => {
  const dialog = await stoppedAsItWaits(context);
  await soon(20);
  assert.ok(dialog.open && dialog.textContent.includes(`${t.several.set(1, 2)} ${t.several.again}`));
  assert.ok(button(dialog, t.actions.close) && !button(dialog, t.addMany.stop));
  assert.equal(dialog.querySelector(".several-line .spinner"), null);
  [answers, sent] = [{}, []];
  await pressed();
  assert.deepEqual(sent, ["PATCH db"]);
});

test("whoever stops it while one is sent sends no more", async () => {
  const { dialog } = await opened(["web", "db", "new"]);
  const letGo = hold((address, { method }) => method === "PATCH" && String(address).includes("r-db"));
  submit();
  await soon(30);
  assert.ok(dialog.textContent.includes(t.several.set(1, 3)), "it says how far it is");
  press(button(dialog, t.addMany.stop));
  letGo();
  await soon(60);
  assert.deepEqual(sent, ["PATCH web", "PATCH db"]);
  assert.ok(dialog.textContent.includes(`${t.several.set(2, 3)} ${t.several.again}`));
});

test("nothing else can be chosen while it sends, and what is unticked after Stop is not sent", async (context) => {
  held(context, 20_000);
  answers.db = tooMany({ "retry-after": "20" });
  const { dialog, box } = await opened(["web", "db", "new"]);
  const week = dialog.querySelectorAll("fieldset").find((node) => node.dataset.field === "windows");
  const isClosed = () => [box("new").closest("fieldset").disabled ?? false, week.inert ?? false];
  assert.deepEqual(isClosed(), [false, false]);
  box("new").focus();
  await pressed();
  assert.deepEqual(isClosed(), [true, true]);
  const stop = button(dialog, t.addMany.stop);
  assert.ok(document.activeElement === stop, "what had the focus has it no more");
  press(stop);
  await soon(20);
  assert.deepEqual(isClosed(), [false, false]);
  box("db").checked = false;
  [answers, sent] = [{}, []];
  await pressed();
  assert.deepEqual(sent, ["POST new"]);
});

test("whoever stops it while the last is sent is told that it stops, and then that all are set", async () => {
  const { dialog } = await opened(["web"]);
  const letGo = hold((_, { method }) => method === "PATCH");
  submit();
  await soon(30);
  const stop = button(dialog, t.addMany.stop);
  // A click comes to the form, too.
  press(stop);
  const click = Object.defineProperty(new Event("click"), "target", { value: stop });
  dialog.querySelector("form").dispatchEvent(click);
  assert.ok(button(dialog, t.several.stopping));
  await soon(80);
  assert.ok(dialog.querySelector(".announcer").textContent.includes(t.several.stopping));
  letGo();
  await soon(60);
  assert.ok(!dialog.open, dialog.textContent);
  assert.ok(toasts.textContent.includes(t.several.allSet(1)));
});

test("after no answer the others wait for another press", async () => {
  answers.web = () => Promise.reject(new TypeError("No network"));
  const { dialog, results } = await opened(["web", "db"]);
  await pressed();
  assert.deepEqual(sent, ["PATCH web"]);
  assert.ok(results()[0] && !results()[1]);
  assert.ok(dialog.textContent.includes(`${t.several.set(0, 2)} ${t.several.perhaps(1)} ${t.several.again}`));
});

for (const [what, answer, said] of [
  ["refused", () => Response.json({ title: "Broken" }, { status: 500 }), `${t.several.set(0, 2)} web: Broken`],
  ["not answered", () => Promise.reject(new TypeError("None")), `${t.several.set(0, 2)} ${t.several.perhaps(1)}`],
  [
    "wrong",
    () => Response.json({ title: "No", errors: [{ field: "x" }] }, { status: 422 }),
    `${t.several.set(0, 2)} No`,
  ],
])
  test(`whoever closes the modal while the first is sent is told that it was ${what}, once`, async () => {
    answers.web = answer;
    const { dialog, saved } = await opened(["web", "db"]);
    const letGo = hold((_, { method }) => method === "PATCH");
    submit();
    await soon(30);
    dialog.close();
    dialog.querySelector("form").isConnected = false;
    await soon(10);
    letGo();
    await soon(60);
    assert.equal(toasts.children.length, 1);
    assert.ok(toasts.textContent.includes(said), toasts.textContent);
    assert.equal(saved(), 1, "what is shown behind it is read again");
  });

test("whoever presses Stop twice, or holds its key, closes nothing", async (context) => {
  held(context, 20_000);
  let now = 0;
  context.mock.method(performance, "now", () => now);
  answers.db = tooMany({ "retry-after": "20" });
  const { dialog } = await opened(["web", "db"]);
  await pressed();
  const stop = button(dialog, t.addMany.stop);
  press(stop);
  await soon(20);
  assert.equal(stop.textContent, t.actions.close);
  for (let turn = 0; turn < 3; turn += 1) {
    now += 600;
    press(stop);
  }
  assert.ok(dialog.open);
  now += 1_000;
  press(stop);
  assert.ok(!dialog.open);
});

test("a press that began on Stop closes nothing, however soon all is sent", async () => {
  answers.web = () => Response.json({ title: "Conflict", detail: "Busy." }, { status: 409 });
  for (const begins of ["pointerdown", "keydown"]) {
    const { dialog } = await opened(["web"]);
    const letGo = hold((_, { method }) => method === "PATCH");
    submit();
    await soon(30);
    const stop = button(dialog, t.addMany.stop);
    stop.dispatchEvent(new Event(begins));
    letGo();
    await soon(60);
    assert.equal(stop.textContent, t.actions.close);
    press(stop);
    assert.ok(dialog.open);
    dialog.close();
    await soon(20);
  }
});

test("Stop while it waits says nothing of one that is under way", async (context) => {
  const dialog = await stoppedAsItWaits(context);
  await soon(80);
  assert.ok(!dialog.querySelector(".announcer").textContent.includes(t.several.stopping));
});

const WRONG = { title: "Wrong", errors: [{ field: "x", message: "y" }] };
for (const [what, answer] of [
  ["is wrong for one", () => Response.json(WRONG, { status: 422 })],
  ["must wait, nobody knows how long", tooMany({})],
])
  test(`how many are set stays said as the week ${what}`, async () => {
    answers.new = answer;
    const { fetch } = globalThis;
    globalThis.fetch = async (address, options) =>
      String(address).endsWith("/organization")
        ? Response.json({ title: "No" }, { status: 403 })
        : fetch(address, options);
    const { dialog } = await opened(["web", "db", "new"]);
    await pressed();
    const said = dialog.querySelector(".several-said");
    assert.ok(!said.hidden && said.textContent.includes(t.several.set(2, 3)));
    assert.ok(dialog.querySelector(".form-error").textContent);
    assert.ok(button(dialog, t.actions.close) && !button(dialog, t.actions.cancel));
  });

test("the bar counts those that are refused, too", async () => {
  answers.web = answers.db = () => Response.json({ title: "Conflict" }, { status: 409 });
  const { dialog } = await opened(["web", "db", "new"]);
  const letGo = hold((_, { method }) => method === "POST");
  submit();
  await soon(60);
  assert.deepEqual([dialog.querySelector("progress").value, dialog.querySelector("progress").max], [2, 3]);
  letGo();
});

test("how many are chosen is said, and all or none can be", async () => {
  const { dialog, box } = await opened([]);
  assert.ok(dialog.textContent.includes(t.several.chosen(0, 3)));
  Object.assign(box("db"), { checked: true }).dispatchEvent(new Event("change"));
  assert.ok(dialog.textContent.includes(t.several.chosen(1, 3)));
  press(button(dialog, t.several.all));
  await soon(10);
  assert.ok(dialog.textContent.includes(t.several.chosen(3, 3)));
  press(button(dialog, t.several.noneOfAll));
  await soon(10);
  assert.ok(dialog.textContent.includes(t.several.chosen(0, 3)) && !box("web").checked);
});

test("what is wrong with the week itself is said at its window", async () => {
  const errors = [{ field: "schedule.windows.0.start", message: "This hour is skipped." }];
  answers.web = () => Response.json({ title: "Wrong", errors }, { status: 422 });
  const { dialog, results } = await opened(["web", "db"]);
  await pressed();
  assert.deepEqual(sent, ["PATCH web"]);
  assert.deepEqual(results(), ["", "", ""]);
  const said = all(dialog).filter((node) => node.textContent === "This hour is skipped.");
  assert.ok(said.length);
  assert.ok(button(dialog, t.actions.cancel));
  const { hidden, classList } = dialog.querySelector(".several-said");
  assert.ok(!hidden && classList.contains("is-over"), "its room stays");
});

for (const [name, said] of [
  ["web", t.several.set(0, 2)],
  ["db", t.several.set(1, 2)],
])
  test(`whoever closes the modal while it waits for ${name} is told what was set, and why no more`, async (context) => {
    held(context, 20_000);
    answers[name] = tooMany({ "retry-after": "20" });
    const { dialog } = await opened(["web", "db"]);
    await pressed();
    dialog.close();
    dialog.querySelector("form").isConnected = false;
    await soon(20);
    assert.ok(toasts.textContent.startsWith(`${said} ${name}: Slower.`), toasts.textContent);
  });

test("whoever closes the modal sets no more, and is told for how many the week was set", async () => {
  const { dialog } = await opened(["web", "db"]);
  const letGo = hold((_, { method }) => method === "PATCH");
  submit();
  await soon(30);
  dialog.close();
  dialog.querySelector("form").isConnected = false;
  await soon(10);
  letGo();
  await soon(60);
  assert.deepEqual(sent, ["PATCH web"]);
  assert.ok(toasts.textContent.includes(t.several.set(1, 2)), toasts.textContent);
});

test("Escape does not lose which instances are chosen", async () => {
  const { box } = await opened([]);
  assert.ok(!escape(), "nothing is lost");
  box("db").checked = true;
  assert.ok(escape());
  assert.ok(escape(), "another one loses nothing");
  box("db").checked = false;
  assert.ok(!escape());
});

test("one that runs outside of the week is told of in its line, and the modal stays", async () => {
  next = START;
  const { dialog, results } = await opened(["web", "new"], { running: () => true });
  press(button(dialog, t.week.presets.nights));
  assert.ok(escape());
  await pressed();
  assert.ok(!escape(), "once all are set, closing it loses nothing");
  // Whether one runs that only its schedule is known of, nobody knows.
  assert.deepEqual(results(), [
    `${t.several.isSet} ${t.schedules.maybeOutside}`,
    "",
    `${t.several.isSet} ${t.schedules.outside}`,
  ]);
  assert.ok(dialog.open && dialog.textContent.includes(t.several.allSet(2)));
  assert.ok(button(dialog, t.actions.close));
});
