// A list of which each press reads twice as many answers: how often it is read again, and what is said of its age.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { all, button, element, press, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { doubling } = await import(`${page}/lib/doubling.js`);
const { h, noteChange, readNow } = await import(`${page}/lib/dom.js`);
const { freshnessMark } = await import(`${page}/lib/ui.js`);
const { Problem } = await import(`${page}/lib/problem.js`);
const { t } = await import(`${page}/views/texts.js`);

let view = new AbortController();
afterEach(() => view.abort());

/** The last change is before what follows. Another test has set the clock; a read in its millisecond is too old. */
async function changedBefore() {
  noteChange();
  await soon(2);
}

/** A list of so many answers, and how many were asked for. `fails`: whether a request does, or a promise of that. */
function opened(count, fails = () => false, known = undefined, readAt = 0) {
  view = new AbortController();
  const asked = [];
  const content = element();
  const place = element();
  const ask = async (cursor, signal) => {
    signal.throwIfAborted();
    asked.push(cursor);
    const left = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    if (await Promise.race([fails(asked.length), left]))
      throw new Problem({ status: 422, title: "No.", detail: "Not now." });
    const next = Number(cursor) + 1;
    return { next_cursor: next < count ? String(next) : null };
  };
  const more = element();
  const toAll = element();
  const draw = (answers, allOf) => {
    content.replaceChildren(`${answers.length} of ${count}`, more);
    if (!toAll.hasChildNodes()) toAll.append(h("button", { class: "button", ...allOf("All") }, "All"));
    return content;
  };
  const said = () => content.textContent;
  const kept = { answers: known, readAt };
  const part = doubling(place, ask, draw, {
    text: "More",
    count: ({ length }) => 10 * length,
    said,
    signal: view.signal,
    kept,
  });
  more.append(part.more);
  const shows = (answers) => until(() => all(place).includes(content) && content.textContent.startsWith(`${answers} `));
  const readAll = () => press(toAll.firstChild);
  return { asked, kept, part, place, shows, toAll, readAll, more: () => press(button(place, "More")) };
}

test("each press reads twice as many answers, until there are no more", async () => {
  const { asked, place, shows, more } = opened(5);
  for (const answers of [1, 2, 4]) {
    await shows(answers);
    more();
  }
  await shows(5);
  assert.equal(button(place, "More"), undefined);
  assert.equal(asked.length, 1 + 2 + 4 + 5);
});

test("who comes back sees what was read, and as many answers are read again", async () => {
  const known = [{ next_cursor: "1" }, { next_cursor: "2" }, { next_cursor: "3" }];
  const { asked, place, shows } = opened(5, undefined, known);
  assert.ok(button(place, "More"), "at once");
  await until(() => asked.length === 3);
  await shows(3);
});

test("who comes back can read all from what was read", async () => {
  await changedBefore();
  const { asked, shows, readAll } = opened(5, undefined, [{ next_cursor: "1" }, { next_cursor: "2" }], Date.now());
  await shows(2);
  readAll();
  await shows(5);
  assert.deepEqual(asked, ["2", "3", "4"]);
});

test("for who comes back, what was just read is not read again, unless the page changed something", async (context) => {
  const known = [{ next_cursor: null }];
  const { setTimeout: really } = globalThis;
  const pauses = [];
  context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    pauses.push(milliseconds);
    return really(work, milliseconds);
  });
  let now = Date.now() + 3_600_000;
  context.mock.timers.enable({ apis: ["Date"], now });
  const readsAfter = async (milliseconds, meanwhile = () => {}) => {
    view.abort();
    const readAt = now;
    meanwhile();
    context.mock.timers.setTime((now += milliseconds));
    const { asked, shows } = opened(1, undefined, known, readAt);
    await shows(1);
    await soon(20);
    return asked.length;
  };
  assert.equal(await readsAfter(29_000), 0);
  assert.ok(pauses.includes(1_000), "it is read when it would have been");
  assert.equal(await readsAfter(31_000), 1);
  assert.equal(await readsAfter(5_000, noteChange), 1);
  assert.equal(await readsAfter(5_000, readNow), 1);
  assert.equal(await readsAfter(-5_000), 1, "the clock was set back");
});

test("what takes many requests is read again as much more seldom", async (context) => {
  const { setTimeout: really } = globalThis;
  const pauses = [];
  context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    // No request has so much time.
    if (milliseconds > 20_000) pauses.push(milliseconds / 1_000);
    return really(work, milliseconds);
  });
  const { shows, more } = opened(20);
  for (const answers of [1, 2, 4, 8, 16]) {
    await shows(answers);
    more();
  }
  await shows(20);
  readNow();
  await until(() => pauses.at(-1) > 500);
  const [first, last] = [pauses[0], pauses.at(-1)];
  assert.ok(first > 25 && first <= 30, `${first} s for one answer`);
  assert.ok(last > 500 && last <= 600, `${last} s for twenty`);
});

test("a press that fails says why and keeps what came, and the next one reads on from there", async () => {
  await changedBefore();
  const { asked, shows, readAll, toAll } = opened(9, (request) => request === 6);
  await shows(1);
  readAll();
  await until(() => toasts.textContent.includes("Not now."));
  await shows(4);
  assert.deepEqual(asked, [null, null, "1", "2", "3", "4"]);
  await until(() => toAll.textContent === "All");
  readAll();
  await shows(9);
  assert.deepEqual(asked.slice(6), ["4", "5", "6", "7", "8"]);
});

test("after a change, or much later, a press that failed is begun anew", async (context) => {
  let fails = true;
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 7_200_000 });
  for (const meanwhile of [noteChange, () => context.mock.timers.setTime(Date.now() + 3_600_000)]) {
    const { asked, shows, readAll, toAll } = opened(9, (request) => fails && request === 6);
    await shows(1);
    readAll();
    await shows(4);
    await until(() => toAll.textContent === "All");
    meanwhile();
    fails = false;
    readAll();
    await shows(9);
    assert.equal(asked[6], null);
    view.abort();
    fails = true;
    context.mock.timers.setTime(Date.now() + 60_000);
  }
});

test("what is read again by itself, and fails, takes nothing away", async () => {
  await changedBefore();
  const { asked, part, shows, more } = opened(9, (request) => request === 5);
  await shows(1);
  more();
  await shows(2);
  await assert.rejects(part.again());
  assert.equal(asked.length, 5);
  await shows(2);
  await part.again();
  await shows(2);
  assert.equal(asked.length, 7);
});

test("a button that reads says how many it has read, and its next press stops that and keeps them", async () => {
  await changedBefore();
  const { asked, part, shows, toAll } = opened(9, (request) => request === 5 && new Promise(() => {}));
  const click = (detail) => toAll.firstChild.dispatchEvent(Object.assign(new Event("click"), { detail }));
  await shows(1);
  click(1);
  assert.equal(toAll.textContent, "Stop · 0 read");
  await until(() => toAll.textContent === "Stop · 30 read");
  // Of a double click.
  click(2);
  await soon(20);
  assert.equal(toAll.textContent, "Stop · 30 read");
  click(1);
  await shows(3);
  await until(() => toAll.textContent === "All");
  // As many are read again.
  await part.again();
  assert.deepEqual(asked.slice(5), [null, "1", "2"]);
});

test("what nobody can stop any more, because its button is gone, is stopped, and what was read stays", async () => {
  await changedBefore();
  let go = (_) => {};
  const held = new Promise((resolve) => (go = resolve));
  const { asked, place, shows, readAll, toAll, more } = opened(20, (request) => request > 3 && held);
  await shows(1);
  readAll();
  await until(() => asked.length === 4);
  toAll.firstChild.isConnected = false;
  go(false);
  await shows(3);
  assert.equal(asked.length, 4);
  toAll.firstChild.isConnected = true;
  // Nor does it want more than others do.
  await until(() => toAll.textContent === "All");
  more();
  await shows(6);
  assert.equal(button(place, "More").textContent, "More");
});

test("what was read by then is kept for who comes back, if its view is left meanwhile", async () => {
  await changedBefore();
  const { asked, kept, shows, readAll } = opened(9, (request) => request === 5 && new Promise(() => {}));
  await shows(1);
  readAll();
  await until(() => asked.length === 5);
  view.abort();
  await until(() => kept.answers.length === 3);
  const later = opened(9, undefined, kept.answers, kept.readAt);
  await later.shows(3);
  later.readAll();
  await later.shows(9);
  assert.equal(later.asked[0], "3");
});

test("no less is kept than what is shown", async () => {
  await changedBefore();
  const { asked, kept, part, shows, more } = opened(9, (request) => request === 5 && new Promise(() => {}));
  await shows(1);
  more();
  await shows(2);
  part.again().catch(() => {});
  await until(() => asked.length === 5);
  view.abort();
  await soon(20);
  assert.equal(kept.answers.length, 2);
});

test("a press while it reads, and one that reads on, say how many were read before", async () => {
  await changedBefore();
  const { asked, place, shows, readAll, toAll, more } = opened(9, (request) => request > 4 && new Promise(() => {}));
  await shows(1);
  const other = button(place, "More");
  readAll();
  await until(() => toAll.textContent === "Stop · 30 read");
  more();
  assert.equal(other.textContent, "Stop · 30 read");
  readAll();
  await shows(3);
  await until(() => toAll.textContent === "All");
  readAll();
  assert.equal(toAll.textContent, "Stop · 30 read");
  assert.equal(asked.at(-1), "3");
});

test("a press that began on Stop, and ends once the read has ended, begins none", async () => {
  await changedBefore();
  let go = (_) => {};
  const held = new Promise((resolve) => (go = resolve));
  const { asked, place, shows, more } = opened(9, (request) => request === 3 && held);
  await shows(1);
  const node = button(place, "More");
  for (const begins of ["pointerdown", "keydown"]) {
    const { length } = asked;
    node.dispatchEvent(new Event(begins));
    press(node);
    if (begins === "pointerdown") await until(() => node.textContent === "Stop · 10 read");
    node.dispatchEvent(new Event(begins));
    go(false);
    await until(() => node.textContent === "More");
    const read = asked.length;
    assert.ok(read > length);
    press(node);
    await soon(20);
    assert.deepEqual([asked.length, node.textContent], [read, "More"]);
  }
  more();
  await shows(8);
});

for (const [what, first, second, answers, requests] of [
  ["a press for more, while all are read", "all", "more", 9, 9],
  ["all, while more are read", "more", "all", 9, 9],
  ["a read by itself, while all are read", "all", "itself", 9, 9],
  ["a press for more, while it reads by itself", "itself", "more", 4, 4],
  ["all, after what changed while more are read", "more", "changed", 9, 18],
])
  test(`one read at a time: ${what}`, async () => {
    await changedBefore();
    let go = (_) => {};
    const held = new Promise((resolve) => (go = resolve));
    const list = opened(9, (request) => request === 5 && held);
    await list.shows(1);
    list.more();
    await list.shows(2);
    const acts = {
      ...{ all: list.readAll, more: list.more, itself: () => list.part.again().catch(() => {}) },
      changed: () => {
        noteChange();
        list.readAll();
      },
    };
    acts[first]();
    await until(() => list.asked.length === 5);
    acts[second]();
    await soon(20);
    assert.equal(list.asked.length, 5);
    go(false);
    await list.shows(answers);
    await until(() => list.asked.length === 3 + requests);
    await soon(20);
    assert.equal(list.asked.length, 3 + requests);
  });

test("of two presses that fail, none makes later reads longer", async () => {
  await changedBefore();
  const { asked, part, shows, readAll, more } = opened(9, (request) => request === 4);
  await shows(1);
  readAll();
  more();
  await until(() => toasts.textContent.includes("Not now."));
  await soon(20);
  assert.equal(asked.length, 4);
  await part.again();
  assert.equal(asked.length, 6);
});

test("what is read seldom has its time, and is late only if it is older than that", () => {
  let age = 0;
  const mark = (lateAfter) => freshnessMark(() => Date.now() - age, view.signal, lateAfter && (() => lateAfter));
  const isLive = ({ className }) => className === "freshness freshness-live";
  view = new AbortController();
  assert.equal(mark(900_000).textContent, t.time.live);
  age = 60_000;
  assert.ok(!isLive(mark()));
  const seldom = mark(900_000);
  assert.ok(isLive(seldom));
  assert.equal(seldom.textContent, mark().textContent);
  age = 901_000;
  assert.ok(!isLive(mark(900_000)));
});
