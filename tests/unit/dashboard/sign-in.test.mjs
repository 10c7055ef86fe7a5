// What the sign-in says while the form of the next step does not come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, button, element, submit } from "./drawn.mjs";
import { until } from "./soon.mjs";

globalThis.history = { replaceState() {} };
const page = "../../../functions/dashboard/static";
const session = await import(`${page}/lib/session.js`);
const { signIn } = await import(`${page}/views/sign-in.js`);
const { t } = await import(`${page}/texts.js`);

const code = { ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "s", ChallengeParameters: {} };

/** The sign-in as it is when the module of the next step has taken long, and once that is there. */
async function shown(context, go = () => {}) {
  const main = element();
  /** @type {any} */
  let slow;
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    if (wait !== 5_000 || slow) return really(work, wait);
    slow = {};
    // Before any module is there.
    queueMicrotask(() => {
      work();
      Object.assign(slow, { says: main.textContent, again: button(main, t.actions.retry) });
    });
  });
  signIn({ main, title() {}, path: "/accounts" });
  await go(main);
  await until(() => slow?.says && !main.textContent.includes(t.problems.slow));
  return { slow, main };
}

test("a code that is asked for after the password", async (context) => {
  await session.start({ cognito_endpoint: "https://cognito.example/" });
  globalThis.fetch = async () => Response.json(code);
  const { slow, main } = await shown(context, (drawn) => {
    for (const input of drawn.querySelectorAll("input")) input.value = "anna";
    submit(drawn);
  });
  assert.ok(slow?.says.includes(t.problems.slow) && slow.again);
  assert.ok(all(main).some((node) => node.getAttribute("autocomplete") === "one-time-code"));
});

test("an authenticator that is set up after the hosted sign-in, which is not offered anew", async (context) => {
  const pending = JSON.stringify({ state: "x", verifier: "v", settingUp: true });
  sessionStorage.getItem = (key) => (key.includes("session") ? null : pending);
  globalThis.location = new URL("https://cavok.example/?code=1&state=x");
  const key = { SecretCode: "KEY1", Session: "s" };
  globalThis.fetch = async () => Response.json({ id_token: "i", access_token: "a", ...key });
  await session.start({ cognito_endpoint: "https://cognito.example/", hosted_domain: "https://hosted.example" });
  assert.ok(session.leftToDo());
  const { slow } = await shown(context);
  assert.ok(slow?.says.includes(t.problems.slow) && slow.again);
  assert.ok(!slow.says.includes(t.signIn.hosted));
});
