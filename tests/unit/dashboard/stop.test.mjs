// The question whether to stop an instance that runs outside of its new schedule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, element, signIn, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

let tick;
globalThis.setInterval = (work) => (tick = work);
Object.assign(Object.getPrototypeOf(element()), {
  showModal() {
    this.open = true;
  },
  close() {
    if (this.open) setTimeout(() => this.dispatchEvent(new Event("close")));
    this.open = false;
  },
});
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { scheduleDialog } = await import(`${page}/views/schedules.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const submit = async () => {
  const forms = all(document.body).filter(({ tag }) => tag === "form");
  forms.at(-1).dispatchEvent(new Event("submit", { cancelable: true }));
  await soon(30);
};
const instance = { kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1" };
const saved = {
  ...instance,
  resource_id: "r",
  schedule: { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] },
  next_action: { action: "start", at: new Date(Date.now() + 86_400_000).toISOString() },
};

/** The question whose stop is under way while the instance stops. Returns what answers the request. */
async function stopping(onStop) {
  store.add({ account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] }, 0);
  let runs = true;
  let answer;
  globalThis.fetch = async (address) =>
    String(address).includes("/stop?") ? new Promise((resolve) => (answer = resolve)) : Response.json(saved);
  scheduleDialog("a", { instance, running: () => runs, onSaved() {}, onStop });
  await submit();
  toasts.replaceChildren();
  await submit();
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
