// Where a browser says no language of its reader, or none that there is, the page is there all the same.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
// As Chromium says under LANG=C.
Object.defineProperty(globalThis, "navigator", { value: { language: "en-US@posix" }, configurable: true });
const { hour } = await import("../../../functions/dashboard/static/lib/format.js");
const { firstDay, percent } = await import("../../../functions/dashboard/static/lib/later-formats.js");
const { LOCALE, plural } = await import("../../../functions/dashboard/static/texts.js");

test("it is written as the browser writes by itself", () => {
  assert.equal(LOCALE, new Intl.NumberFormat().resolvedOptions().locale);
  assert.equal(plural(1500, { other: "# rows" }), `${(1500).toLocaleString()} rows`);
  assert.equal(percent(84), (0.84).toLocaleString(undefined, { style: "percent" }));
  assert.ok(hour(Date.now()));
  assert.ok(firstDay() >= 1);
});
