// Adding an instance under control changes nothing that another person has added meanwhile.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { signIn } from "./drawn.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { adding } = await import(`${page}/lib/resources.js`);
api.start({});
await signIn(session);

const INSTANCE = { kind: "ec2", instance_id: "i-1", name: "web", region: "us-east-1" };
const week = (start) => ({ time_zone: "UTC", windows: [{ days: ["mon"], start, stop: "18:00" }] });
const [OFFICE, NIGHTS] = [week("08:00"), week("06:00")];
const first = (asked) => asked;

/** What is under control, what was asked for besides reading, and what becomes of the next answers. */
let there, acts, answers;

beforeEach(() => {
  [there, acts, answers] = [null, [], []];
  globalThis.fetch = async (address, { method, body }) => {
    if (method === "GET") {
      if (!String(address).endsWith("/r")) return Response.json({ items: there ? [there] : [], next_cursor: null });
      return Response.json(there, { headers: { etag: '"1"' } });
    }
    acts.push(method);
    const answer = answers.shift();
    if (answer === "refused") return Response.json({ title: "Broken" }, { status: 500 });
    if (method === "POST" && there)
      return Response.json({ title: "Conflict", code: "already_controlled" }, { status: 409 });
    there = { ...INSTANCE, resource_id: "r", schedule: JSON.parse(body).schedule };
    if (answer === "lost") throw new TypeError("Failed to fetch");
    return Response.json(there, { status: method === "POST" ? 201 : 200 });
  };
});

const another = (schedule) => (there = { ...INSTANCE, resource_id: "r", schedule });

for (const [what, schedule] of [
  ["a schedule of its own", OFFICE],
  ["the schedule that was wanted before", NIGHTS],
  ["no schedule", null],
])
  test(`what another has added with ${what} is not changed, however often it is pressed`, async () => {
    const add = adding("a", INSTANCE);
    answers = ["refused"];
    await assert.rejects(add(NIGHTS, first), { status: 500 });
    another(schedule);
    for (const wanted of [null, NIGHTS, OFFICE, null]) {
      const { isOthers, resource } = await add(wanted, first);
      assert.deepEqual([isOthers, resource.schedule], [true, schedule]);
    }
    assert.deepEqual(there.schedule, schedule);
    assert.deepEqual(acts, ["POST", "POST"]);
  });

test("what this has added gets another schedule", async () => {
  const add = adding("a", INSTANCE);
  await add(OFFICE, first);
  assert.equal((await add(NIGHTS, first)).isOthers, false);
  assert.deepEqual([acts, there.schedule], [["POST", "PATCH"], NIGHTS]);
});

test("so does what it may have added: its answer was lost", async () => {
  const add = adding("a", INSTANCE);
  answers = ["lost"];
  await assert.rejects(add(null, first), { perhapsDone: true });
  assert.equal((await add(null, first)).isOthers, false);
  assert.deepEqual(acts, ["POST"], "it is as it should be");
  answers = ["lost"];
  await assert.rejects(add(OFFICE, first), { perhapsDone: true });
  assert.equal((await add(NIGHTS, first)).isOthers, false);
  assert.deepEqual(there.schedule, NIGHTS);
  another(OFFICE);
  await add(NIGHTS, first);
  another(week("09:00"));
  assert.equal((await add(OFFICE, first)).isOthers, true, "another has changed it since");
});

test("a request that was lost and not done is sent again", async () => {
  const add = adding("a", INSTANCE);
  answers = ["lost"];
  await assert.rejects(add(OFFICE, first));
  there = null;
  assert.equal((await add(OFFICE, first)).isOthers, false);
  assert.deepEqual(acts, ["POST", "POST"]);
});

test("nothing is sent once its modal is closed", async () => {
  const closed = (asked) => asked.finally(() => Promise.reject(new DOMException("", "AbortError")));
  await assert.rejects(adding("a", INSTANCE)(null, closed), { name: "AbortError" });
  assert.deepEqual(acts, []);
});
