// What is said when the role is looked for once more.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, opened, press, see, signIn, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { onReadNow } = await import(`${page}/lib/dom.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const account = { account_id: "a", name: "A", status: "unconfirmed", access_type: "assume_role", version: 1 };

beforeEach(() => {
  store.forget();
  store.add(account, Date.now());
});

/** The API, with what it answers to a look, to a read of the account, and to one of its instructions. */
function answers(look, read = () => Response.json(account), guide = () => Response.json({}, { status: 403 })) {
  globalThis.fetch = async (address, { method }) => {
    if (method === "POST") return look();
    return String(address).endsWith("/a") ? read() : guide();
  };
}

// Between two looks; a little less after an answer that took a little.
const isPause = (wait) => wait > 3_000 && wait <= 5_500;

/**
 * Looks follow one another without a pause, and time passes only as the test lets it. Returns what lets this many
 * minutes pass, which is over sooner if there is nothing to do any more.
 */
function quickly(context) {
  const { setTimeout: really } = globalThis;
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    waits.push(wait);
    return really(work, isPause(wait) || wait === 30_000 ? 1 : wait);
  });
  const { now } = performance;
  let ahead = 0;
  context.mock.method(performance, "now", () => now.call(performance) + ahead);
  const pass = async (minutes, turns, isOver = () => false) => {
    for (let passed = 0; passed < minutes * 60_000 && !isOver(); passed += 25_000) {
      const before = turns();
      ahead += 25_000;
      await until(() => turns() > before || isOver());
    }
  };
  const sleep = (minutes) => (ahead += minutes * 60_000);
  return { pass, sleep, waits };
}

const isOver = (main) => main.textContent.includes(t.instructions.looks.over);
const saidIn = (main) => main.querySelector(".watch-text").textContent;

test("a look after which the account cannot be read says so, and its button is busy until then", async (context) => {
  let read = () => Response.json(account);
  const looked = [];
  let looks = 0;
  let look = async () => Response.json({ state: "waiting" });
  answers(
    () => {
      looks += 1;
      return look();
    },
    () => read(),
  );
  const { pass } = quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await pass(
    40,
    () => looks,
    () => isOver(main),
  );
  look = () => new Promise((resolve) => looked.push(resolve));

  const again = button(main, t.instructions.lookAgain);
  press(again);
  await until(() => looked.length);
  assert.equal(again.getAttribute("aria-busy"), "true");
  read = () => Response.json({ title: "Forbidden", detail: "You may not see it." }, { status: 403 });
  for (const answer of looked) answer(Response.json({ state: "waiting" }));
  await until(() => toasts.textContent);
  assert.equal(toasts.textContent, "You may not see it.");
  assert.equal(again.getAttribute("aria-busy"), null);
  view.abort();
});

test("looks wait as long as the API asks, and reread nothing else at once", async (context) => {
  const looks = [
    () => Response.json({ title: "Too many" }, { status: 429, headers: { "retry-after": "60" } }),
    () => Response.json({}, { status: 504 }),
  ];
  const waiting = () => Response.json({ state: "waiting" });
  answers(() => (looks.shift() ?? waiting)());
  const { setTimeout: really } = globalThis;
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    waits.push(wait);
    return really(work, isPause(wait) || wait === 60_000 ? 20 : wait);
  });
  const view = new AbortController();
  let rereads = 0;
  onReadNow(() => (rereads += 1), view.signal);
  opened(instructions, view.signal);
  await soon(300);
  view.abort();
  assert.ok(waits.includes(60_000));
  assert.deepEqual([looks.length, rereads], [0, 0]);
});

test("a turn that comes and goes is not announced, but a look that fails is, and that it goes on", async (context) => {
  const states = ["waiting", "busy", "waiting", "busy", "", "busy", "waiting", "busy", "waiting"];
  answers(() => {
    const state = states.length > 1 ? states.shift() : states[0];
    return state ? Response.json({ state }) : Response.json({}, { status: 422 });
  });
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, isPause(wait) ? 100 : wait));
  const said = [];
  const announcer = {
    set textContent(text) {
      if (text) said.push(text);
    },
  };
  context.mock.method(document, "getElementById", () => announcer);
  const view = new AbortController();
  opened(instructions, view.signal);
  await soon(1_300);
  view.abort();
  assert.equal(states.length, 1);
  const looks = said.filter((text) => Object.values(t.instructions.looks).includes(text));
  assert.deepEqual(looks, [t.instructions.looks.failed, t.instructions.looks.waiting]);
});

for (const [how, look] of [
  ["failed", () => Response.json({ message: "Unprocessable" }, { status: 422 })],
  ["waited for those of others", () => Response.json({ state: "busy" })],
])
  test(`looks that all ${how} are no half hour of looks, which begins after them`, async (context) => {
    let looks = 0;
    let answer = look;
    answers(
      () => {
        looks += 1;
        return answer();
      },
      () => Response.json(account),
      () => Response.json({ steps: [] }),
    );
    const { pass, waits } = quickly(context);
    const view = new AbortController();
    const main = opened(instructions, view.signal);
    const turns = () => looks;
    await pass(4, turns);
    assert.ok(!waits.includes(30_000));
    await pass(36, turns);
    await soon(20);
    assert.ok(!isOver(main), saidIn(main));
    assert.equal(button(main, t.instructions.lookAgain), undefined);
    // For so long, it looks less often.
    waits.length = 0;
    await pass(2, turns);
    assert.ok(waits.includes(30_000));
    answer = () => Response.json({ state: "waiting" });
    await pass(25, turns);
    await soon(20);
    waits.length = 0;
    await pass(1, turns);
    assert.ok(!waits.includes(30_000));
    assert.ok(saidIn(main).includes(t.instructions.looks.waiting), saidIn(main));
    await pass(20, turns, () => isOver(main));
    assert.ok(isOver(main), saidIn(main));
    view.abort();
  });

test("an account that could not be read for half an hour is looked for once it is", async (context) => {
  let looks = 0;
  let read = () => Response.json({ title: "Down" }, { status: 422 });
  answers(
    () => {
      looks += 1;
      return Response.json({ state: "waiting" });
    },
    () => read(),
  );
  store.forget();
  const { sleep } = quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await soon(20);
  sleep(31);
  assert.equal(looks, 0);
  read = () => Response.json(account);
  await until(() => looks);
  await soon(20);
  assert.ok(saidIn(main).includes(t.instructions.looks.waiting), saidIn(main));
  view.abort();
});

test("while the computer slept nobody looked", async (context) => {
  let looks = 0;
  answers(() => {
    looks += 1;
    return Response.json({ state: "waiting" });
  });
  const { sleep } = quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await until(() => looks);
  sleep(31);
  looks = 0;
  await until(() => looks > 2);
  assert.ok(!isOver(main), saidIn(main));
  view.abort();
});

test("an API that has no looks is asked once, and nobody is told that they failed", async (context) => {
  let looks = 0;
  answers(
    () => {
      looks += 1;
      return Response.json({ message: "Not Found" }, { status: 404 });
    },
    () => Response.json(account),
    () => Response.json({ steps: [] }),
  );
  quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await until(() => looks);
  await soon(50);
  assert.equal(looks, 1);
  assert.ok(saidIn(main).includes(t.instructions.watch.nobodyLooks), saidIn(main));
  assert.equal(store.freshness(Date.now()), "live");
  view.abort();
});

test("an API that had no looks is asked again once a page that was hidden is seen again", async (context) => {
  let looks = 0;
  let look = () => Response.json({ message: "Not Found" }, { status: 404 });
  answers(() => {
    looks += 1;
    return look();
  });
  quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await until(() => looks);
  await soon(20);
  look = () => Response.json({ state: "waiting" });
  await soon(50);
  assert.equal(looks, 1);
  see("hidden");
  await soon(20);
  see("visible");
  await until(() => looks > 2);
  await soon(20);
  assert.ok(saidIn(main).includes(t.instructions.looks.waiting), saidIn(main));
  view.abort();
});

test("after looks that found nothing to wait for, a half hour of others is one of its own", async (context) => {
  let looks = 0;
  let state = "off";
  answers(() => {
    looks += 1;
    return Response.json({ state });
  });
  const { pass } = quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  const turns = () => looks;
  await pass(29, turns);
  // As after a change of the role by another person.
  state = "waiting";
  await pass(5, turns);
  await soon(20);
  assert.ok(!isOver(main), saidIn(main));
  view.abort();
});

test("the half hour of looks begins anew when a page that was hidden is seen again", async (context) => {
  let looks = 0;
  answers(() => {
    looks += 1;
    return Response.json({ state: "waiting" });
  });
  const { pass, sleep } = quickly(context);
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  const turns = () => looks;
  await pass(29, turns);
  for (let away = 0; away < 2; away += 1) {
    see("hidden");
    await soon(60);
    sleep(31);
    looks = 0;
    see("visible");
    await until(() => looks > 2);
    await pass(5, turns);
    assert.ok(!isOver(main), saidIn(main));
  }
  await pass(40, turns, () => isOver(main));
  assert.ok(isOver(main), saidIn(main));
  view.abort();
});

for (const [who, group, state, said] of [
  ["an admin once it was looked for", "admin", "waiting", t.instructions.watch.unconfirmed],
  ["no viewer, who does not look", "viewer", "waiting", t.instructions.watch.notProvedYet],
  ["nobody while others are looked at", "admin", "busy", t.instructions.watch.notProvedYet],
  ["nobody once it is there", "admin", "found", t.instructions.watch.notProvedYet],
])
  test(`that the role is awaited is said to ${who}`, async () => {
    await signIn(session, group);
    store.forget();
    store.add({ ...account, next_verification_at: "2100-01-01T00:00:00Z" }, Date.now());
    const { promise, resolve } = Promise.withResolvers();
    answers(
      () => promise,
      () => Response.json({ ...account, next_verification_at: "2100-01-01T00:00:00Z" }),
    );
    const view = new AbortController();
    const main = opened(instructions, view.signal);
    await soon(30);
    assert.ok(main.textContent.includes(t.instructions.watch.notProvedYet));
    resolve(Response.json({ state }));
    await soon(60);
    assert.ok(main.textContent.includes(said), main.querySelector(".watch-text").textContent);
    view.abort();
  });

test("of an account that was tested before its last change, no test is said to have proved nothing yet", async () => {
  await signIn(session, "admin");
  const { notProvedSince, notProvedYet, nobodyLooks } = t.instructions.watch;
  const verification = { verification_id: "1", outcome: "confirmed", finished_at: "2026-01-01T10:01:00Z" };
  for (const [next, isLooked] of [
    ["2100-01-01T00:00:00Z", true],
    [null, false],
  ]) {
    store.forget();
    const tested = { ...account, verification, updated_at: "2026-01-02T10:00:00Z", next_verification_at: next };
    store.add(tested, Date.now());
    answers(
      () => Response.json({ state: isLooked ? "busy" : "over" }),
      () => Response.json(tested),
    );
    const view = new AbortController();
    const main = opened(instructions, view.signal);
    await soon(60);
    view.abort();
    assert.ok(main.textContent.includes(notProvedSince), main.querySelector(".watch-text").textContent);
    assert.ok(!main.textContent.includes(notProvedYet));
    assert.equal(main.textContent.includes(nobodyLooks), !isLooked);
  }
});

test("of an account that a test could not enter, it is not said whether one proved the role before", async () => {
  await signIn(session, "viewer");
  const { notEntered, notProvedSince, notProvedYet, nobodyLooks } = t.instructions.watch;
  const verification = { verification_id: "1", outcome: "failed", finished_at: "2026-01-01T10:01:00Z" };
  for (const next of ["2100-01-01T00:00:00Z", null]) {
    store.forget();
    const issues = [{ code: "role_not_assumable" }];
    const tested = { ...account, verification, issues, next_verification_at: next };
    store.add(tested, Date.now());
    answers(
      () => assert.fail(),
      () => Response.json(tested),
    );
    const view = new AbortController();
    const main = opened(instructions, view.signal);
    await soon(60);
    view.abort();
    assert.ok(saidIn(main).includes(notEntered), saidIn(main));
    for (const each of [notProvedSince, notProvedYet]) assert.ok(!saidIn(main).includes(each), saidIn(main));
    assert.equal(saidIn(main).includes(nobodyLooks), !next);
  }
});

for (const state of ["waiting", "off"])
  test(`that a look said "${state}" is not said of another role, however late it is answered`, async (context) => {
    await signIn(session, "admin");
    let there = { ...account, role_arn: "arn:aws:iam::123456789012:role/Old" };
    store.put(there, Date.now());
    const looks = [];
    answers(
      () => {
        looks.push(Promise.withResolvers());
        return looks.at(-1).promise;
      },
      () => Response.json(there),
    );
    quickly(context);
    const view = new AbortController();
    const main = opened(instructions, view.signal);
    const said = state === "off" ? t.instructions.watch.notProved : t.instructions.watch.unconfirmed;
    await until(() => looks.length);
    looks[0].resolve(Response.json({ state }));
    await until(() => saidIn(main).includes(said) && looks.length > 1);
    there = { ...there, role_arn: "arn:aws:iam::123456789012:role/New", version: 2 };
    store.put(there, Date.now());
    const isSaid = [saidIn(main).includes(said)];
    looks[1].resolve(Response.json({ state }));
    await until(() => looks.length > 2);
    isSaid.push(saidIn(main).includes(said));
    looks[2].resolve(Response.json({ state }));
    await until(() => saidIn(main).includes(said));
    view.abort();
    assert.deepEqual(isSaid, [false, false]);
  });

test("the time until the next look counts from the last one, not from its answer", async (context) => {
  await signIn(session, "admin");
  const look = Promise.withResolvers();
  let looks = 0;
  answers(() => {
    looks += 1;
    return look.promise;
  });
  const { sleep, waits } = quickly(context);
  const view = new AbortController();
  opened(instructions, view.signal);
  await until(() => looks);
  // The answer takes three seconds.
  sleep(3 / 60);
  waits.length = 0;
  look.resolve(Response.json({ state: "waiting" }));
  await until(() => waits.some((wait) => wait > 1_000 && wait < 3_000));
  view.abort();
});

test("whoever made a role that does not let Cavok in is not told to wait until it is there", async () => {
  await signIn(session, "admin");
  // AWS does not say which it is.
  const waits = { ...account, next_verification_at: "2100-01-01T00:00:00Z" };
  store.add(waits, Date.now());
  answers(
    () => Response.json({ state: "waiting" }),
    () => Response.json(waits),
  );
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await soon(60);
  view.abort();
  assert.match(saidIn(main), /^Waiting for a role that lets Cavok in\. Cavok looks every 5 seconds/);
  assert.doesNotMatch(saidIn(main), /to appear|is there/);
});

test("a test that was aborted says nothing of the role, which need not be made again", async () => {
  await signIn(session, "admin");
  answers(() => Response.json({ state: "off" }));
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await soon(60);
  view.abort();
  assert.match(saidIn(main), /^The last test did not prove the connection\. Test again; if it ends so again, follow/);
});
