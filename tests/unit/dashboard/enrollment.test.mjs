// The view of one AWS Organization: when it was read, and when it will be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn } from "./drawn.mjs";
import { until } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { one } = await import(`${page}/views/enrollment.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

test("the next synchronization is ahead, the last one is past", async () => {
  const at = (hours) => new Date(Date.now() + hours * 3_600_000 + 60_000 * Math.sign(hours)).toISOString();
  const enrollment = {
    ...{ enrollment_id: "a", name: "Northwind", status: "connected", issues: [], totals: {}, template: null },
    ...{ include_ous: [], exclude_ous: [], exclude_accounts: [], regions: [], tags: {}, features: [] },
    ...{ last_synchronized_at: at(-2), next_synchronization_at: at(4) },
  };
  globalThis.fetch = async (address) =>
    Response.json(
      new URL(address).pathname.endsWith("/a")
        ? enrollment
        : { items: [], next_cursor: null, steps: [], deploy_on_aws_url: "https://a.b" },
    );
  const leaving = new AbortController();
  const main = opened(one, leaving.signal);
  await until(() => main.textContent.includes(t.enrollments.nextSynchronization));
  leaving.abort();
  const { lastSynchronized, nextSynchronization } = t.enrollments;
  assert.match(main.textContent, new RegExp(`${lastSynchronized}2 hours ago${nextSynchronization}in 4 hours`, "u"));
});
