// What an action may do to the page once its answer has come.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { hash: "#/accounts" };
globalThis.window = { addEventListener() {} };
const { back, go, render, start, whileHere } = await import("../../../functions/dashboard/static/lib/router.js");

test("it reaches the view in which it began, and no other", () => {
  const shown = [];
  start([{ path: "/accounts" }, { path: "/not-found" }], ({ path }) => shown.push(path));
  const here = whileHere();
  here(() => go("#/accounts"));
  assert.equal(shown.length, 2);
  const later = whileHere();
  location.hash = "#/organization";
  render();
  let instead = 0;
  later(
    () => assert.fail("the reader has left"),
    () => (instead += 1),
  );
  // An earlier visit of the same view is another one.
  here(() => assert.fail("the reader has left"));
  assert.deepEqual([shown.length, instead], [3, 1]);
});

test("an address that nobody can read is none of the page's", () => {
  let shown;
  location.hash = "#/accounts/100%";
  start([{ path: "/accounts/:id" }, { path: "/not-found" }], ({ route }) => (shown = route.path));
  assert.equal(shown, "/not-found");
  location.hash = "#/accounts/100%25";
  start([{ path: "/accounts/:id" }, { path: "/not-found" }], ({ params }) => (shown = params.id));
  assert.equal(shown, "100%");
});

test("back to what is shown below a modal draws nothing anew", () => {
  let [drawn, hear, backs] = [0, null, 0];
  window.addEventListener = (_, listener) => (hear = listener);
  globalThis.history = { back: () => (backs += 1) };
  location.hash = "#/accounts";
  start([{ path: "/accounts" }, { path: "/not-found" }], () => (drawn += 1));
  back();
  hear();
  assert.deepEqual([drawn, backs], [1, 1]);
  hear();
  assert.equal(drawn, 2, "whoever goes on by the browser's own button");
});
