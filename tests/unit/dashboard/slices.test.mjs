// Long work is done in short tasks: how much in each, and when it ends early. Time passes with each look at it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, element, modal, opened, press, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { inSlices } = await import(`${page}/lib/slices.js`);
const { accountsIn, asOneText, reading } = await import(`${page}/lib/pasted.js`);
const { allSchedules } = await import(`${page}/views/all-schedules.js`);
const { addMany } = await import(`${page}/views/add-many.js`);
const store = await import(`${page}/lib/store.js`);
const { Instances } = await import(`${page}/views/instances.js`);
const { problems } = await import(`${page}/views/problems.js`);
const { schedules } = await import(`${page}/views/schedules.js`);
const { mapIn } = await import(`${page}/views/permission-map.js`);
const { severalDialog } = await import(`${page}/views/several.js`);
const { memberTree } = await import(`${page}/views/members.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

let view;
beforeEach(() => {
  view?.abort();
  view = new AbortController();
});

/**
 * Each task is that of a timer, which counts what is done in it: `did`, each time so many milliseconds. Without `did`,
 * each look at the time is what is done.
 */
function tasks(context, milliseconds, looks = false) {
  const counts = [0];
  const { setTimeout: really } = globalThis;
  const { now: before } = performance;
  globalThis.setTimeout = (work, ...rest) =>
    really(
      () => {
        counts.push(0);
        work();
      },
      ...rest,
    );
  let now = 0;
  const did = () => {
    counts[counts.length - 1] += 1;
    now += milliseconds;
  };
  performance.now = () => {
    if (looks) did();
    return now;
  };
  context.after(() => Object.assign(globalThis, { setTimeout: really }) && Object.assign(performance, { now: before }));
  return { counts, did, most: () => Math.max(...counts) };
}

/** Counts nodes, and calls this for each. */
function nodes(context, onNode = () => {}) {
  const { createElement } = document;
  const made = { count: 0 };
  document.createElement = (tag) => {
    made.count += 1;
    onNode();
    return createElement(tag);
  };
  context.after(() => Object.assign(document, { createElement }));
  return made;
}

test("a task has the steps of ten milliseconds, and what they return comes at the end", async (context) => {
  const { did, most, counts } = tasks(context, 1);
  const steps = (function* () {
    for (let step = 0; step < 95; step += 1) {
      did();
      yield;
    }
    return "all";
  })();
  assert.equal(await inSlices(steps, view.signal), "all");
  assert.equal(most(), 10);
  assert.equal(counts.filter(Boolean).length, 10);
});

test("the layout of what a step drew is work of its task", async (context) => {
  const { did, most } = tasks(context, 5);
  Object.defineProperty(document.body, "offsetHeight", { configurable: true, get: did });
  context.after(() => delete document.body.offsetHeight);
  await inSlices(Array.from({ length: 9 }, () => 0).values(), view.signal);
  assert.equal(most(), 2);
});

test("short work is done in the task that begins it", async (context) => {
  const { counts } = tasks(context, 1);
  assert.equal((await inSlices(reading("123456789012\n"), view.signal)).length, 1);
  assert.equal(counts.length, 1);
});

test("work that is ended goes no further, and returns nothing", async (context) => {
  const { did } = tasks(context, 4);
  let done = 0;
  const steps = (function* () {
    while (done < 100) {
      did();
      done += 1;
      if (done === 5) view.abort();
      yield;
    }
  })();
  assert.equal(await inSlices(steps, view.signal), null);
  assert.equal(done, 6, "the task that ends it, no other one");
  assert.equal(await inSlices(steps, view.signal), null);
  assert.equal(done, 6);
});

const LINES = 2_000;
const pasted = Array.from({ length: LINES }, (_, index) => `${100_000_000_000 + index},Name ${index}`).join("\n");

test("a text is read a line a step, as if it was read at once", async () => {
  const steps = reading(pasted);
  let [count, step] = [0, steps.next()];
  for (; !step.done; step = steps.next()) count += 1;
  assert.ok(count >= LINES, `${count} steps`);
  assert.deepEqual(step.value, accountsIn(pasted));
});

test("a line of many numbers, of many cells or of a whole listing is read in many steps", () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => String(100_000_000_000 + index));
  const listing = JSON.stringify(numbers.map((Id) => ({ Id, Name: `Name ${Id}` })));
  for (const [text, count, error] of [
    [numbers.join("\t"), 20_000],
    [numbers.join(" "), 20_000],
    [listing, 20_000],
    [listing.slice(0, -1), 20_000],
    [`${",".repeat(100_000)}x`, 1, "numberMissing"],
    ["1 ".repeat(400_000), 1, "valueTooLong"],
    [`"${'""'.repeat(100_000)}x"`, 1, "numberMissing"],
  ]) {
    const steps = reading(text);
    let [many, step] = [0, steps.next()];
    for (; !step.done; step = steps.next()) many += 1;
    assert.ok(many >= 39, `${many} steps`);
    assert.deepEqual([step.value.length, step.value[0].error], [count, error]);
  }
});

/**
 * Counts what is done: each look of a pattern, each piece and each thousand characters gone through. A run over
 * signs that makes nothing of them is not counted: for all of a text it takes some milliseconds.
 */
function working(context) {
  const done = { count: 0 };
  const count = (prototype, name, amount) => {
    const really = prototype[name];
    prototype[name] = function (...of) {
      const made = really.apply(this, of);
      done.count += amount(this, made, of);
      return made;
    };
    context.after(() => Object.assign(prototype, { [name]: really }));
  };
  count(RegExp.prototype, "exec", () => 1);
  count(String.prototype, "trim", ({ length }) => length / 1_000);
  count(String.prototype, "split", (_, { length }) => length);
  const doubled = (made, before) => Math.abs(before.length - made.length);
  count(String.prototype, "replaceAll", (before, made) => doubled(made, before));
  count(Array.prototype, "find", ({ length }) => length / 10);
  return done;
}

const CHARACTERS = 60_000;
const filled = (piece, before = "", after = "") =>
  before + piece.repeat((CHARACTERS - before.length - after.length) / piece.length) + after;
const PIECES = [
  ...['"', '""', 'a"', ' "', '" ', '"a,', '"",', '"a" ,', '"\n', '"a\n', '"a\r', '""\n', '"""\n', '"a""\n', '""a'],
  ...[",", ";", "\t", ",;\t", "a,", "1,", "\n", "\r", "\r\n", " \n", "a\n", "1\n", " ", "1", "1 ", "1-", "1\u2013"],
  ...["1234 ", "1234-", "111111111111 ", "111111111111,", "111111111111\n", "a", "é", "漢", "😀", "e\u0301", "\u00a0"],
  ...['{"id":"111111111111"},', '{"a":"b"},', "[],", "0,", "[", "ACCOUNTS\ta\n", "[a]\n", "a=b\n"],
  ...["sep=\n", "sep=;\n", "  sep=;  \n", 'sep=;\n"a\n', "id\n", "number,name\n"],
];
const TABLE = "number,name,regions,write_logs,role_arn\n";

test("each step has little work, whatever the text is", (context) => {
  const done = working(context);
  // In a value of each kind; quotes and lines would end it.
  const values = ["", "111111111111,", "111111111111,a,", "111111111111,a,b,", "111111111111,a,b,no,arn:aws:iam::"];
  const tables = values.map((cells) => [`${TABLE}${cells}"`, '"']);
  for (const piece of PIECES) {
    const whole = [["", ""], ...["1", '"', "[a]\n"].map((before) => [before, ""]), ['"', '"'], ["[", "0]"]];
    for (const [before, after] of /["\r\n]/.test(piece) ? whole : [...whole, ...tables]) {
      const steps = reading(filled(piece, before, after));
      for (let step = { done: false }; !step.done;) {
        done.count = 0;
        step = steps.next();
        assert.ok(done.count < 25_000, `${done.count} in a step of ${JSON.stringify([before, piece, after])}`);
      }
    }
  }
});

test("two texts are joined with little work, whatever the first is", (context) => {
  const done = working(context);
  for (const piece of PIECES) {
    done.count = 0;
    asOneText(filled(piece), "111111111111");
    assert.ok(done.count < 150_000, `${done.count} for ${JSON.stringify(piece)}`);
  }
});

function importer(context) {
  const main = element();
  document.body.append(main);
  addMany({ main, title() {}, signal: view.signal });
  const text = main.querySelector("textarea");
  // What a view leaves, the next one would put back.
  context.after(() => Object.assign(text, { value: "" }));
  const paste = (value) => {
    text.value = value;
    text.dispatchEvent(new Event("input"));
  };
  return { paste, said: () => main.querySelector(".import-preview").textContent };
}

test("the view of many accounts reads in short tasks, and makes few nodes of many lines", async (context) => {
  const { paste, said } = importer(context);
  const { most, counts } = tasks(context, 0.1, true);
  const made = nodes(context);
  paste(pasted);
  await until(() => said().includes(t.addMany.summary(LINES, 0)));
  assert.ok(most() <= 110, `${most()} lines in a task`);
  assert.ok(counts.filter(Boolean).length >= LINES / 110);
  assert.ok(made.count < 300, `${made.count} nodes`);
  paste("wrong\n".repeat(LINES));
  await until(() => said().includes(t.addMany.summary(0, LINES)));
  assert.ok(made.count < 1_000, `${made.count} nodes`);
});

test("another text is read instead of one that is not read to its end", async (context) => {
  const { paste, said } = importer(context);
  tasks(context, 5, true);
  paste(pasted);
  await soon(220);
  paste("123456789012");
  await until(() => said().includes(t.addMany.summary(1, 0)));
  await soon(50);
  assert.ok(said().includes(t.addMany.summary(1, 0)));
});

const INSTANCES = 400;
const instances = Array.from({ length: INSTANCES }, (_, index) => ({
  ...{ kind: "ec2", region: "us-east-1", instance_id: `i-${index}`, name: `Name${index}`, type: "t3" },
  state: "running",
}));

test("many instances are drawn in short tasks, and only what has changed is drawn again", async (context) => {
  store.add({ account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 }, Date.now());
  globalThis.fetch = async (address) => {
    const items = String(address).includes("/instances") ? instances : [];
    return Response.json({ items, unavailable: [], next_cursor: null });
  };
  const handle = { id: "a", signal: view.signal };
  const shown = new Instances(handle, view.signal);
  const { did, most } = tasks(context, 0.05);
  const made = nodes(context, did);
  document.body.append(shown.section());
  const rows = () => shown.rows.children;
  await until(() => rows().length === INSTANCES);
  assert.ok(most() < made.count / 4, `${most()} of ${made.count} nodes in a task`);
  const before = [...rows()];
  made.count = 0;
  shown.keep({
    ...shown.listing,
    items: instances.map((each, at) => (at === 300 ? { ...each, state: "stopped" } : each)),
  });
  await until(() => rows()[300] !== before[300]);
  await soon(30);
  assert.equal(rows().filter((row, at) => row !== before[at]).length, 1);
  assert.ok(made.count < 100, `${made.count} nodes`);
  // An empty listing ends what is being drawn.
  shown.keep({ ...shown.listing, items: instances.map((each) => ({ ...each, state: "stopped" })) });
  shown.keep({ ...shown.listing, items: [] });
  await soon(50);
  assert.equal(shown.rows.textContent, t.instances.none);
});

test("so are the schedules of many accounts, and what is the same is not drawn again", async (context) => {
  const hour = new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 3_600_000);
  const stop = `${String(hour.getUTCHours()).padStart(2, "0")}:00`;
  const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  const at = hour.toISOString();
  const items = Array.from({ length: 50 }, (_, index) => ({
    ...{ resource_id: `r${index}`, name: `web${index}`, instance_id: `i-${index}`, kind: "ec2", region: "us-east-1" },
    ...{ account_id: `a${index}`, account_name: `A${index}`, provider_id: "123456789012", account_status: "confirmed" },
    schedule: { time_zone: "UTC", windows: [{ days, start: stop, stop: `${stop.slice(0, 2)}:30` }] },
    next_action: { action: "start", at },
    turn_at: at,
  }));
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const { did, most } = tasks(context, 0.05);
  const made = nodes(context, did);
  const main = opened(allSchedules, view.signal);
  const rows = () => main.querySelectorAll(".trail-row");
  await until(() => rows().length === 4 * items.length);
  await soon(20);
  assert.ok(most() < 500, `${most()} of ${made.count} nodes in a task`);
  const [drawn, before] = [made.count, new Set(rows())];
  items[7] = { ...items[7], name: "another" };
  readNow();
  await until(() => main.textContent.includes("another"));
  await soon(20);
  const others = rows().filter((row) => !before.has(row)).length;
  assert.ok(others > 0 && others < 10, `${others} rows are drawn again`);
  assert.ok(made.count - drawn < 300, `${made.count - drawn} nodes`);
});

test("problems of many accounts are compared with what is shown in short tasks", async (context) => {
  const accounts = instances.map(({ name }, at) => ({ account_id: `a${at}`, name, provider_id: "1" }));
  const items = ["a", "b", "c", "d", "e"].map((cause) => ({
    ...{ cause, code: "permission_lost", message: cause, remedy: "…", fix: null, differing: [] },
    accounts,
  }));
  globalThis.fetch = async () => Response.json({ accounts_read: INSTANCES, items, next_cursor: null });
  const { did, most } = tasks(context, 6);
  const { stringify } = JSON;
  context.mock.method(JSON, "stringify", (value, ...more) => {
    if (value?.accounts?.length === INSTANCES) did();
    return stringify(value, ...more);
  });
  const main = opened(problems, view.signal);
  await until(() => main.querySelectorAll(".cause").length === items.length);
  assert.equal(most(), 2);
});

test("so are many schedules, with their weeks", async (context) => {
  const account = {
    account_id: "a",
    name: "A",
    status: "confirmed",
    access_type: "assume_role",
    version: 1,
    issues: [],
  };
  store.add(account, Date.now());
  const schedule = { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] };
  const items = instances.slice(0, 200).map((each, at) => ({ ...each, resource_id: `r${at}`, schedule }));
  globalThis.fetch = async (address) =>
    Response.json(String(address).includes("/resources") ? { items, next_cursor: null } : account);
  const { did, most } = tasks(context, 0.05);
  const made = nodes(context, did);
  const main = opened(schedules, view.signal);
  document.body.append(main);
  await until(() => main.querySelectorAll(".resource").length === items.length);
  await soon(20);
  assert.ok(most() < made.count / 3, `${most()} of ${made.count} nodes in a task`);
  assert.equal(main.querySelectorAll(".week-now").filter(({ hidden }) => !hidden).length, items.length);
});

test("a map of twenty regions is drawn in short tasks, and shown once it is whole", async (context) => {
  const region_health = Array.from({ length: 20 }, (_, at) => ({ region: `region-${at}`, status: "reachable" }));
  const steps = Array.from({ length: 15 }, (_, at) => ({
    ...{ step: `ec2:Action${at}`, group: "ec2", verdict: "allowed", evidence: "live", region: "region-0" },
  }));
  const account = { account_id: "a", access_type: "assume_role", status: "confirmed", capabilities: { ec2: "full" } };
  const last = { verification_id: "v", outcome: "confirmed", started_at: "2026-01-01T00:00:00Z", region_health, steps };
  const { did, most } = tasks(context, 0.05);
  const made = nodes(context, did);
  const target = element();
  const draw = mapIn(target, view.signal);
  const of = { test: last, account, policy: null };
  const drawn = draw(of);
  assert.equal(target.children.length, 0);
  await drawn;
  assert.equal(target.querySelectorAll("td").length, 300);
  assert.ok(most() < made.count / 3, `${most()} of ${made.count} nodes in a task`);
  const { count } = made;
  await draw({ ...of });
  assert.equal(made.count, count, "the same is not drawn again");
  // What is drawn meanwhile is not finished.
  draw({ ...of, policy: {} });
  await draw({ ...of, test: null });
  await soon(50);
  assert.equal(target.querySelectorAll("td").length, 0);
});

test("a map that cannot be drawn leaves the rest of its view, which says that it is incomplete", async (context) => {
  const said = context.mock.method(console, "error", () => {});
  const account = { account_id: "a", access_type: "assume_role", status: "confirmed", capabilities: {} };
  await mapIn(element(), view.signal)({ test: { region_health: [], steps: null }, account, policy: null });
  assert.equal(said.mock.callCount(), 1);
  assert.equal(store.freshness(Date.now()), "incomplete");
});

test("a week for many instances lists them in short tasks, and whoever chooses all chooses all", async (context) => {
  const { did, most } = tasks(context, 0.05);
  const made = nodes(context, did);
  const subjects = instances.map((instance) => ({ instance }));
  severalDialog("a", subjects, { noteOf: () => "", suggestionOf: () => "none", onSaved() {} });
  const lines = () => modal().querySelectorAll(".several-line");
  assert.ok(lines().length < INSTANCES);
  press(button(modal(), t.several.all));
  await until(() => lines().length === INSTANCES);
  await soon(20);
  assert.ok(lines().every((line) => line.querySelector("input").checked));
  assert.ok(most() < made.count / 5, `${most()} of ${made.count} nodes in a task`);
  modal().close();
});

test("a filter of an enrollment's tree draws open units some at a time", async (context) => {
  const UNITS = 6;
  const totals = { connected: 3, problem: 2 };
  const items = Array.from({ length: UNITS * UNITS }, (_, index) => ({
    ou_ids: ["r", `part${index % UNITS}`, `team${index}`],
    ou_path: `Root/Part ${index % UNITS}/Team ${index}`,
    totals,
  }));
  // Members never come: those of each unit would, in a task of their own.
  globalThis.fetch = async (address) =>
    String(address).includes("/units") ? Response.json({ items, next_cursor: null }) : new Promise(() => {});
  const { node } = memberTree("e", view.signal);
  document.body.append(node);
  const buttons = () => node.querySelectorAll(".unit-button");
  await until(() => buttons().length === UNITS + 1);
  for (const each of buttons().slice(1)) each.dispatchEvent(new Event("click"));
  assert.equal(buttons().length, 1 + UNITS + UNITS * UNITS);
  const { did, counts, most } = tasks(context, 0.5);
  const made = nodes(context, did);
  const only = node.querySelectorAll(".filters input").find((input) => input.value === "problem");
  only.dispatchEvent(new Event("change"));
  const shown = t.enrollments.counted(t.enrollments.states.problem, totals.problem);
  const figures = () => node.querySelectorAll(".unit-figures").slice(-UNITS);
  await until(() => figures().every(({ textContent }) => textContent === shown));
  assert.ok(counts.length > 3, `${made.count} nodes: ${counts}`);
  assert.ok(most() < made.count / 2, `${most()} of ${made.count} nodes in a task`);
});
