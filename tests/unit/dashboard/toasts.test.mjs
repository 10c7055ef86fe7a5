// For how long a toast is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toasts } from "./drawn.mjs";

const { toast } = await import("../../../functions/dashboard/static/lib/ui.js");

const turns = (state) => {
  document.visibilityState = state;
  document.dispatchEvent(new Event("visibilitychange"));
};

test("its time passes only while the page is looked at", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  turns("hidden");
  toast("No test was started.", "warning");
  context.mock.timers.tick(60_000);
  turns("visible");
  context.mock.timers.tick(3_000);
  turns("hidden");
  context.mock.timers.tick(60_000);
  turns("visible");
  context.mock.timers.tick(5_000);
  assert.equal(toasts.textContent, "No test was started.");
  context.mock.timers.tick(1_000);
  assert.equal(toasts.textContent, "");
  turns("hidden");
  turns("visible");
  assert.equal(toasts.textContent, "");
});
