// What the view of instances reads beside its listing, and when it lists.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch when they are loaded, and what a view is made of.
globalThis.addEventListener = () => {};
const element = () => ({ append() {}, setAttribute() {}, addEventListener() {} });
globalThis.document = { addEventListener() {}, createElement: element, getElementById: element };
globalThis.setInterval = () => 0;
globalThis.location = new URL("https://cavok.example/");
globalThis.sessionStorage = { getItem: () => null, setItem() {}, removeItem() {} };
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en" }, configurable: true });
const api = await import("../../../functions/dashboard/static/lib/api.js");
const { Instances } = await import("../../../functions/dashboard/static/views/instances.js");
api.start({});

const instance = { kind: "ec2", region: "eu-west-1", instance_id: "i-1" };
/** The requests that wait for their answers. */
let asked, view;

beforeEach(() => {
  asked = [];
  globalThis.fetch = () =>
    new Promise((resolve) => {
      asked.push({ answer: (...items) => resolve(Response.json({ items, next_cursor: null })) });
    });
  view = new Instances({ id: "a" }, new AbortController().signal);
});

test("of schedules that come out of order, those asked for last are shown", async () => {
  const reads = [view.readResources(), view.readResources()];
  await soon();
  asked[1].answer({ ...instance, resource_id: "newer" });
  await reads[1];
  asked[0].answer();
  await reads[0];
  assert.deepEqual(
    [...view.resources.values()].map(({ resource_id: id }) => id),
    ["newer"],
  );
});

test("a known result is listed anew, but not where the first listing failed, which waits for a person", async () => {
  let listings = 0;
  view.draw = () => {};
  view.list = async () => {
    listings += 1;
  };
  for (const [listing, listed] of [
    [null, 0],
    [{ items: [], unavailable: [] }, 1],
  ]) {
    view.listing = listing;
    view.awaited.set("act", Date.parse("2026-01-10T10:00:00Z"));
    const looked = view.look();
    await soon();
    asked.pop().answer({ ...instance, interaction_id: "act", action: "stop", at: "2026-01-10T10:00:00Z" });
    await looked;
    assert.equal(listings, listed);
  }
});
