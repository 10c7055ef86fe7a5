// The question whether to stop an instance that runs outside of its new schedule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, button, modal, signIn, submit, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
let tick;
globalThis.setInterval = (work) => (tick = work);
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const router = await import(`${page}/lib/router.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { dayName, timeOfDay } = await import(`${page}/lib/later-formats.js`);
const { dialog } = await import(`${page}/lib/modal.js`);
const { scheduleDialog } = await import(`${page}/views/schedules.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const submitted = async () => {
  submit();
  await soon(30);
};
const instance = { kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1" };
const saved = {
  ...instance,
  resource_id: "r",
  schedule: { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] },
  next_action: { action: "start", at: new Date(Date.now() + 86_400_000).toISOString() },
};

let there, runs, answer;

/** The question, which is asked once the schedule is saved. */
async function asked(onStop) {
  store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
  [there, runs] = [saved, true];
  globalThis.fetch = async (address, { method }) => {
    if (String(address).includes("/stop?")) return new Promise((resolve) => (answer = resolve));
    return there || method === "POST" ? Response.json(there) : Response.json({ title: "Not Found" }, { status: 404 });
  };
  scheduleDialog("a", { instance, running: () => runs, onSaved() {}, onStop });
  await submitted();
  toasts.replaceChildren();
  return modal();
}

/** The question whose stop is under way while the instance stops. Returns what answers the request. */
async function stopping(onStop) {
  await asked(onStop);
  await submitted();
  runs = false;
  tick();
  assert.equal(toasts.textContent, "");
  return async (response) => {
    answer(response);
    await soon(30);
    tick();
  };
}

test("what stops while its stop is being sent was not left as it was", async () => {
  const stopped = [];
  const answered = await stopping(({ result }) => stopped.push(result));
  await answered(Response.json({ interaction_id: "x", action: "stop", result: "pending" }));
  assert.deepEqual([stopped, toasts.textContent], [["pending"], ""]);
});

test("what stopped though its stop was refused was left as it was", async () => {
  const answered = await stopping(() => assert.fail());
  await answered(Response.json({ title: "Conflict", detail: "It does not run." }, { status: 409 }));
  assert.equal(toasts.textContent, t.schedules.left("web1", t.schedules.rested));
});

async function changes(to) {
  there = to;
  readNow();
  await soon(30);
}

test("the question follows another's change of the schedule", async () => {
  const question = await asked(() => assert.fail());
  const leave = (hour) =>
    button(question, t.schedules.leaveIt(t.schedules.moment(dayName(0, "long"), timeOfDay(hour * 60))));
  assert.ok(leave(18));
  const schedule = { time_zone: "Asia/Tokyo", windows: [{ days: ["mon"], start: "08:00", stop: "19:00" }] };
  await changes({ ...saved, schedule });
  assert.ok(leave(19));
  assert.ok(question.textContent.includes(t.schedules.zone("Asia/Tokyo")));
  await changes(null);
  assert.ok(!question.open);
  assert.equal(toasts.textContent, t.schedules.left("web1", t.schedules.moved));
});

test("in a time zone that this browser does not know, the question names no moment", async () => {
  const question = await asked(() => assert.fail());
  await changes({ ...saved, schedule: { ...saved.schedule, time_zone: "America/Nowhere" } });
  assert.ok(button(question, t.actions.cancel));
  question.close();
});

/** The schedule is saved, and the reader leaves the view before anything can be asked. Returns the question, if any. */
async function leavingBefore(leave) {
  [there, runs] = [saved, true];
  const drawn = Promise.withResolvers();
  scheduleDialog("a", { instance, running: () => runs, onSaved: () => drawn.promise, onStop: () => assert.fail() });
  await submitted();
  leave();
  drawn.resolve();
  await soon(30);
  return modal();
}

test("whoever leaves the view before the question is asked all the same, and led away from it by no link", async () => {
  toasts.replaceChildren();
  const view = { path: "/", view() {} };
  router.start([view], () => {});
  const question = await leavingBefore(router.render);
  assert.ok(question.textContent.includes(t.schedules.outside));
  assert.ok(toasts.textContent.includes(t.schedules.saved));
  assert.equal(toasts.querySelector("a"), null);
  question.close();
});

test("where there is nothing to ask, a link leads to the week", async () => {
  toasts.replaceChildren();
  const saving = leavingBefore(() => {});
  runs = false;
  assert.equal(await saving, undefined);
  assert.equal(toasts.querySelector("a").href, "#/accounts/a/schedules");
});

test("the question ends with the session of whom it was asked", async () => {
  await signIn(session);
  const question = await asked(() => assert.fail());
  session.forget();
  store.forget();
  assert.ok(!question.open);
  tick();
  assert.equal(toasts.textContent, "");
  await signIn(session);
});

test("nobody else is asked", async () => assert.equal(await leavingBefore(session.forget), undefined));

for (const [what, status] of [
  ["is there all the same", "saved"],
  ["is not there", "refused"],
])
  test(`a schedule whose answer was lost and ${what}, once its modal is given up`, async () => {
    toasts.replaceChildren();
    await signIn(session);
    store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
    runs = true;
    let stored = null;
    let isDown = true;
    globalThis.fetch = async (address, { method, body }) => {
      if (method === "POST") {
        if (status === "saved") stored = { ...saved, ...JSON.parse(body) };
        throw new TypeError("The connection was closed");
      }
      if (isDown) return Response.json({ title: "Down" }, { status: 422 });
      if (String(address).endsWith("/r")) return Response.json(stored);
      return Response.json({ items: stored ? [stored] : [], next_cursor: null });
    };
    scheduleDialog("a", { instance, running: () => runs, onSaved() {}, onStop: () => assert.fail() });
    await submitted();
    const form = modal();
    assert.ok(form.textContent.includes("Perhaps it was done"), form.textContent);
    form.close();
    await soon(30);
    assert.equal(modal(), undefined);
    // It is asked once the API says what is there.
    isDown = false;
    readNow();
    await soon(30);
    assert.equal(modal()?.textContent.includes(t.schedules.outside), status === "saved" || undefined);
    modal()?.close();
  });

/** Another week is saved while the network is bad, and its modal given up. Returns what saves the same once more. */
async function savedButLost() {
  toasts.replaceChildren();
  store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
  runs = true;
  there = { ...saved, schedule: { ...saved.schedule, windows: [{ days: ["tue"], start: "08:00", stop: "18:00" }] } };
  const resource = there;
  const network = { isBad: true };
  globalThis.fetch = async (address, { method, body }) => {
    if (String(address).includes("/stop?"))
      return Response.json({ interaction_id: "x", action: "stop", result: "pending" });
    if (method === "PATCH") there = { ...there, ...JSON.parse(body) };
    if (network.isBad && method === "PATCH") {
      network.isBad = "for reads too";
      throw new TypeError("The connection was closed");
    }
    return network.isBad === "for reads too"
      ? Response.json({ title: "Down" }, { status: 422 })
      : Response.json(String(address).endsWith("/r") ? there : { items: [there], next_cursor: null });
  };
  const save = async (onSaved = () => {}, meanwhile = () => {}) => {
    scheduleDialog("a", { instance, resource, running: () => runs, onSaved, onStop: () => (runs = undefined) });
    await meanwhile();
    await submitted();
  };
  await save();
  assert.ok(modal().textContent.includes("Perhaps it was done"), modal().textContent);
  modal().close();
  await soon(30);
  assert.equal(modal(), undefined);
  network.isBad = false;
  return save;
}

for (const [what, answers] of [
  ["leaves it", async (question) => question.close()],
  ["stops it", async () => submitted()],
])
  test(`whoever saves again after an answer was lost, and ${what}, is asked once`, async () => {
    await signIn(session);
    const save = await savedButLost();
    await save();
    assert.ok(modal().textContent.includes(t.schedules.outside));
    await answers(modal());
    await soon(30);
    readNow();
    await soon(30);
    assert.equal(modal()?.textContent, undefined);
  });

test("a modal that is saved asks in place of what waited for it to close", async () => {
  await signIn(session);
  const save = await savedButLost();
  // What the first one sent is found while the second is open.
  await save(
    () => soon(40),
    () => {
      readNow();
      return soon(30);
    },
  );
  await soon(80);
  assert.ok(modal().textContent.includes(t.schedules.outside));
  modal().close();
  await soon(60);
  assert.equal(modal()?.textContent, undefined);
});

test("of two modals whose answers were lost one asks", async () => {
  await signIn(session);
  const save = await savedButLost();
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) => {
    if (options.method === "PATCH") throw new TypeError("The connection was closed");
    return fetch(address, options);
  };
  await save();
  modal().close();
  await soon(30);
  assert.ok(modal().textContent.includes(t.schedules.outside));
  modal().close();
  readNow();
  await soon(30);
  assert.equal(modal()?.textContent, undefined);
});

for (const [what, seconds, how, before = 0] of [
  ["soon", 10, "asked"],
  ["soon, after a long look at its modal,", 10, "asked", 600],
  ["within a minute", 40, "told"],
  ["later", 90, "left alone"],
])
  test(`whoever gives up a schedule that is stored ${what} is ${how}`, async (context) => {
    await signIn(session);
    toasts.replaceChildren();
    store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
    runs = true;
    let [stored, sent] = [null, null];
    globalThis.fetch = async (address, { method, body }) => {
      if (method === "POST") {
        sent = { ...saved, ...JSON.parse(body) };
        return Response.json({ message: "Endpoint request timed out" }, { status: 504 });
      }
      if (String(address).endsWith("/r")) return Response.json(stored);
      return Response.json({ items: stored ? [stored] : [], next_cursor: null });
    };
    scheduleDialog("a", { instance, running: () => runs, onSaved() {}, onStop: () => assert.fail() });
    await submitted();
    const counted = performance.now.bind(performance);
    let passed = before * 1000;
    context.mock.method(performance, "now", () => counted() + passed);
    modal().close();
    await soon(30);
    assert.equal(modal(), undefined);
    passed += seconds * 1000;
    if (how === "left alone") await changes(null);
    stored = sent;
    readNow();
    await soon(30);
    assert.equal(modal()?.textContent.includes(t.schedules.outside) ?? false, how === "asked");
    assert.equal(toasts.textContent.includes(t.schedules.lateOutside("web1")), how === "told");
    modal()?.close();
  });

for (const [what, runsNow, waitsFor, opens] of [
  ["the answer", true, "answer"],
  ["the answer, though nobody sees what runs", undefined, "answer"],
  ["another modal", true, "modal", () => dialog({ title: "Rename", content: () => "Name" })],
  ["a second modal of the schedule, which sends nothing", true, "modal", (open) => (open(), modal())],
])
  test(`who waits long for ${what} is told, and asked by no modal: that would be out of place`, async (context) => {
    const [kept, letGo] = held(keep);
    const { open, save } = await several(kept);
    runs = runsNow;
    const drawn = Promise.withResolvers();
    open(() => drawn.promise);
    await save(19);
    if (waitsFor === "modal") letGo();
    await soon(30);
    const other = opens?.(open);
    if (other) drawn.resolve();
    await soon(30);
    const later = Date.now() + 600_000;
    context.mock.method(Date, "now", () => later);
    if (other) other.close();
    letGo();
    await soon(30);
    drawn.resolve();
    await soon(60);
    assert.equal(modal()?.textContent, undefined);
    const text = runs ? t.schedules.lateOutside("web1") : t.schedules.lateMaybeOutside("web1");
    assert.ok(toasts.textContent.includes(t.schedules.saved) && toasts.textContent.includes(text), toasts.textContent);
    assert.equal(toasts.querySelector("a").href, "#/accounts/a/instances");
  });

test("who gives the modal up late, before an answer, is asked once there is one", async (context) => {
  const [kept, letGo] = held(keep);
  const { open, save, close } = await several(kept);
  open();
  await save(19);
  const later = Date.now() + 600_000;
  context.mock.method(Date, "now", () => later);
  await close();
  letGo();
  await soon(30);
  assert.ok(modal()?.textContent.includes(t.schedules.outside), toasts.textContent);
  modal().close();
});

let server;
const keep = (sent) => Response.json((server.stored = sent));
const lose = (sent) => (keep(sent), Response.json({ message: "Endpoint request timed out" }, { status: 504 }));
const refuse = () => Response.json({ title: "Conflict", detail: "It is not so." }, { status: 409 });

/** The schedules of an instance that runs outside of each are sent one after the other, and answered like this. */
async function several(...answers) {
  await signIn(session);
  store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
  runs = true;
  toasts.replaceChildren();
  server = { stored: saved, reads: 0, sent: 0, isDown: false };
  globalThis.fetch = async (address, { method, body }) => {
    if (method === "PATCH") return answers[server.sent++]({ ...saved, ...JSON.parse(body) });
    server.reads += 1;
    if (server.isDown) return Response.json({ message: "Endpoint request timed out" }, { status: 504 });
    return Response.json(
      String(address).endsWith("/r") ? server.stored : { items: [server.stored], next_cursor: null },
    );
  };
  const open = (onSaved = () => {}) =>
    scheduleDialog("a", { instance, resource: server.stored, running: () => runs, onSaved, onStop() {} });
  const save = async (hour) => {
    const input = all(modal()).findLast((node) => node.getAttribute("type") === "time");
    input.value = `${hour}:00`;
    input.dispatchEvent(new Event("change"));
    await submitted();
  };
  const close = async () => {
    const form = modal().querySelector("form");
    modal().close();
    form.isConnected = false;
    await soon(60);
  };
  return { open, save, close };
}

const isAskedOf = (hour) =>
  Boolean(modal()?.textContent.includes(t.schedules.moment(dayName(0, "long"), timeOfDay(hour * 60))));

/** An answer that comes once it is let go. */
function held(how) {
  const { promise, resolve } = Promise.withResolvers();
  const answered = async (sent) => {
    const content = how(sent);
    await promise;
    return content;
  };
  return [answered, resolve];
}

for (const [when, isDrawn] of [
  ["after the later one was asked about", true],
  ["before the later one is asked about", false],
])
  test(`an earlier schedule whose answer comes ${when} is not asked about`, async () => {
    const drawn = Promise.withResolvers();
    if (isDrawn) drawn.resolve();
    const [first, letGo] = held(keep);
    const { open, save, close } = await several(first, keep);
    open();
    await save(19);
    await close();
    open(() => drawn.promise);
    await save(21);
    if (!isDrawn) letGo();
    await soon(60);
    assert.equal(isAskedOf(21), isDrawn);
    drawn.resolve();
    letGo();
    await soon(60);
    assert.ok(isAskedOf(21), modal()?.textContent);
    await close();
    assert.equal(modal()?.textContent, undefined);
  });

for (const [what, isLost] of [
  ["is there", false],
  ["is lost too", true],
])
  test(`who tries once more after an answer was lost is asked once the other answer ${what}`, async () => {
    const [second, letGo] = held(isLost ? lose : keep);
    const { open, save, close } = await several(lose, second);
    open();
    await save(19);
    await save(19);
    await close();
    assert.equal(modal()?.textContent, undefined);
    letGo();
    await soon(60);
    assert.ok(isAskedOf(19));
    await close();
    readNow();
    await soon(60);
    assert.equal(modal()?.textContent, undefined);
  });

test("a schedule whose answer was lost is not asked about while another is being sent", async () => {
  const lost = (sent) => {
    server.isDown = true;
    return lose(sent);
  };
  const [second, letGo] = held(Response.json);
  const { open, save, close } = await several(lost, second);
  open();
  await save(19);
  await close();
  server.isDown = false;
  open();
  await save(21);
  await close();
  readNow();
  await soon(60);
  assert.equal(modal()?.textContent, undefined);
  letGo();
  await soon(60);
  assert.ok(isAskedOf(21), modal()?.textContent);
  await close();
  readNow();
  await soon(60);
  assert.equal(modal()?.textContent, undefined);
});

test("a schedule that is saved is asked about though a later one is refused", async () => {
  const drawn = Promise.withResolvers();
  const { open, save, close } = await several(keep, refuse);
  open(() => drawn.promise);
  await save(19);
  open();
  drawn.resolve();
  await save(21);
  assert.ok(!isAskedOf(19));
  await close();
  assert.ok(isAskedOf(19), modal()?.textContent);
  await close();
  assert.equal(modal()?.textContent, undefined);
});

test("so is one whose answer comes only once the later one was refused, and its modal given up", async () => {
  const [first, letGo] = held(keep);
  const { open, save, close } = await several(first, refuse);
  open();
  await save(19);
  await close();
  open();
  await save(21);
  await close();
  assert.ok(isAskedOf(19), modal()?.textContent);
  await close();
  letGo();
  await soon(60);
  assert.equal(modal()?.textContent, undefined);
});

for (const [who, turn] of [
  ["about which there was nothing to ask", async () => {}],
  [
    "about which another person was to be asked",
    async () => (session.forget(), await soon(30), await signIn(session, "admin")),
  ],
])
  test(`a schedule ${who} is not asked about because a later one is refused`, async () => {
    const isOther = who.includes("person");
    const drawn = Promise.withResolvers();
    const { open, save, close } = await several(keep, refuse);
    const { fetch } = globalThis;
    runs = isOther;
    open(() => isOther && drawn.promise);
    await save(19);
    await soon(60);
    assert.ok(!toasts.textContent.includes(t.schedules.rested), toasts.textContent);
    await turn();
    globalThis.fetch = fetch;
    store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
    runs = true;
    open();
    await save(21);
    assert.equal(server.sent, 2);
    await close();
    assert.equal(modal()?.textContent, undefined);
    drawn.resolve();
    await soon(60);
    assert.equal(modal()?.textContent, undefined);
  });

test("a schedule that was refused is not asked about though the instance has it already", async () => {
  const { open, save, close } = await several(refuse);
  open();
  await save(18);
  const { reads } = server;
  await close();
  readNow();
  await soon(60);
  assert.deepEqual([modal()?.textContent, server.reads], [undefined, reads]);
});

test("a schedule that was not sent, because reading before it failed, is looked for by nobody", async () => {
  const { open, close } = await several();
  open();
  server.isDown = true;
  submit();
  while (server.reads < 3) await soon(30);
  await soon(60);
  const { reads } = server;
  await close();
  readNow();
  await soon(60);
  assert.deepEqual([server.sent, server.reads], [0, reads]);
});
