// What a step of the sign-in says and offers if it fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, element, press } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const session = await import(`${page}/lib/session.js`);
const { challenge } = await import(`${page}/views/challenges.js`);
const { t } = await import(`${page}/views/texts.js`);
await session.start({ cognito_endpoint: "https://cognito.example/" });

const refused = () => Response.json({ __type: "NotAuthorizedException", message: "Invalid session" }, { status: 400 });
const cut = () => {
  throw new TypeError("Failed to fetch");
};

for (const [how, answer, detail] of [
  ["refused", refused, t.challenges.over],
  ["cut off", cut, t.problems.networkDetail],
])
  test(`a key for an authenticator that is ${how}: why, try again, or start again`, async (context) => {
    const errors = context.mock.method(console, "error", () => {});
    globalThis.fetch = async () => answer();
    const [main, before] = [element(), element()];
    main.append(before);
    challenge(before, { name: "MFA_SETUP", username: "anna", session: "s" }, {});
    await soon();
    assert.match(main.textContent, new RegExp(`${t.signIn.failed}.*${detail}`));
    assert.ok(button(main, t.actions.retry) && button(main, t.challenges.restart));
    assert.equal(errors.mock.callCount(), 0);

    globalThis.fetch = async () => Response.json({ SecretCode: "KEY1", Session: "s" });
    press(button(main, t.actions.retry));
    await soon();
    assert.match(main.textContent, /KEY1/);
    assert.equal(main.textContent.split(t.challenges.restart).length, 2, "offered once");
  });
