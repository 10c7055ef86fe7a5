// When a link of "Deploy on AWS" that expires is asked for anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
api.start({});
await signIn(session);

test("it is after ten minutes, and then no sooner than the API asks for", async (context) => {
  const account = { account_id: "a", name: "A", status: "confirmed", access_type: "access_key", version: 1 };
  store.add(account, Date.now());
  const link = (name) => {
    const template = encodeURIComponent(`https://b.s3.amazonaws.com/${name}?X-Amz-Expires=3600`);
    return `https://console.aws.amazon.com/x#/y?templateURL=${template}`;
  };
  const guide = (name) => Response.json({ steps: [], deploy_on_aws_url: link(name), cloudformation_template: "{}" });
  let answer = () => guide("old");
  let asked = 0;
  globalThis.fetch = async (address) => {
    if (!String(address).endsWith("/instructions")) return Response.json(account);
    asked += 1;
    return answer();
  };
  const { now } = performance;
  let minutes = 0;
  context.mock.method(performance, "now", () => now.call(performance) + minutes * 60_000);
  context.mock.method(
    Date,
    "now",
    (
      (clock) => () =>
        clock() + minutes * 60_000
    )(Date.now),
  );
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await soon(30);
  answer = () => Response.json({ title: "Busy" }, { status: 503, headers: { "retry-after": "120" } });
  const times = [];
  for (minutes of [0, 9, 11, 12, 14]) {
    if (minutes === 14) answer = () => guide("new");
    store.changed();
    await soon(20);
    times.push(asked);
  }
  view.abort();
  assert.deepEqual(times, [1, 1, 2, 2, 3]);
  assert.equal(main.querySelector(".deploy a").href, link("new"));
});
