// The pictures of docs/screens say what the page says now. `make screens` takes them, and notes which texts they show.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const page = "../../../functions/dashboard/static";
const { t } = await import(`${page}/views/texts.js`);
const { SIDEBAR } = await import(`${page}/sidebar.js`);
const pictures = Object.entries(
  JSON.parse(readFileSync(new URL("../../../docs/screens/texts.json", import.meta.url), "utf8")),
);
const hint = "Take the pictures again: make screens";

const textsOf = (part) =>
  typeof part === "string" ? [part] : part && typeof part === "object" ? Object.values(part).flatMap(textsOf) : [];

test("each text that a picture shows is one of the page's still", () => {
  const now = new Set(textsOf(t));
  const old = pictures.flatMap(([picture, { texts }]) =>
    texts.filter((text) => !now.has(text)).map((text) => `${picture}: ${text}`),
  );
  assert.deepEqual(old, [], hint);
});

test("each picture has the sidebar of now, but for the invitation, which has none", () => {
  const now = SIDEBAR.map(({ text }) => text);
  const old = pictures.filter(
    ([picture, { navigation }]) => `${navigation}` !== `${picture === "invitation" ? "" : now}`,
  );
  assert.deepEqual(
    old.map(([picture]) => picture),
    [],
    hint,
  );
});
