// What the page makes of 429, and of a list of several pages.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en-GB" }, configurable: true });
globalThis.sessionStorage = { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.location = new URL("https://cavok.example/");
const { resourcesOf } = await import("../../../functions/dashboard/static/lib/resources.js");
const api = await import("../../../functions/dashboard/static/lib/api.js");
api.start({});

let asked, answers;
beforeEach(() => {
  asked = [];
});
globalThis.fetch = async (url) => {
  asked.push(url.pathname + url.search);
  return answers.shift();
};
const refusal = (seconds) =>
  Response.json(
    { title: "Too Many Requests", detail: "Enough." },
    { status: 429, headers: { "retry-after": seconds } },
  );

test("whoever is refused for longer than anybody waits is told until when, which stays true", async (context) => {
  const now = new Date(2026, 0, 5, 9, 0, 0, 500).getTime();
  context.mock.method(Date, "now", () => now);
  answers = [refusal("43")];
  const detail = "Enough. Try again after 5 Jan 2026, 09:00:44.";
  await assert.rejects(api.get("/v1/organization"), { status: 429, detail });
  assert.equal(asked.length, 1);
});

test("a short wait is waited for", async () => {
  answers = [refusal("0.01"), Response.json({ ours: true })];
  assert.deepEqual(await api.get("/v1/organization"), { ours: true });
  assert.equal(asked.length, 2);
});

test("all pages of the resources are read", async () => {
  answers = [Response.json({ items: [1, 2], next_cursor: "c" }), Response.json({ items: [3], next_cursor: null })];
  assert.deepEqual(await resourcesOf("a"), [1, 2, 3]);
  assert.deepEqual(asked, ["/v1/accounts/a/resources", "/v1/accounts/a/resources?cursor=c"]);
});
