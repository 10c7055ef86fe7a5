// The modal of a new account has an address of its own, over that of the list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, modal, press } from "./drawn.mjs";
import { opened } from "./listed.mjs";
import { soon, until } from "./soon.mjs";

const { t } = await import("../../../functions/dashboard/static/views/texts.js");

test("whoever closes it is back in the list, which stands once in the history", async () => {
  globalThis.fetch = async () => Response.json({ items: [], next_cursor: null, accounts: { total: 0, by_status: {} } });
  const steps = [];
  globalThis.history = {
    pushState(_, __, address) {
      location.hash = address;
      steps.push(`push ${address}`);
    },
    replaceState: (_, __, address) => steps.push(`replace ${address}`),
    back: () => steps.push("back"),
  };
  location.hash = "#/accounts";
  press(button(await opened(), t.list.newAccount));
  await until(() => modal());
  modal().close();
  await soon(10);
  assert.deepEqual(steps, ["push #/accounts/new", "back"]);
  // The page was loaded again meanwhile. The list is below it still, perhaps with its filter, so it is drawn again.
  steps.length = 0;
  location.hash = "#/accounts/new";
  history.state = { isOver: true };
  press(button(await opened(), t.list.newAccount));
  await until(() => modal());
  modal().close();
  await soon(10);
  assert.deepEqual(steps, ["back"]);
  // Its own address was opened: there is nothing below it.
  steps.length = 0;
  history.state = null;
  press(button(await opened(), t.list.newAccount));
  await until(() => modal());
  modal().close();
  await soon(10);
  assert.deepEqual(steps, ["replace #/accounts"]);
});
