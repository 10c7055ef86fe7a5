// The pictures of docs/screens say what the page says now. `make screens` takes them, and notes which texts they show.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { t } = await import("../../../functions/dashboard/static/views/texts.js");
const pictures = () => JSON.parse(readFileSync(new URL("../../../docs/screens/texts.json", import.meta.url), "utf8"));

const textsOf = (part) =>
  typeof part === "string" ? [part] : part && typeof part === "object" ? Object.values(part).flatMap(textsOf) : [];

test("each text that a picture shows is one of the page's still", () => {
  const now = new Set(textsOf(t));
  const old = Object.entries(pictures()).flatMap(([picture, texts]) =>
    texts.filter((text) => !now.has(text)).map((text) => `${picture}: ${text}`),
  );
  assert.deepEqual(old, [], "Take the pictures again: make screens");
});
