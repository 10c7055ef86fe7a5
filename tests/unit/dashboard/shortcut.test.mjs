// Where Ctrl-K opens “Go to”: the whole page is started, with an address of its own.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { element, modal } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
let show;
globalThis.window = { addEventListener: (_, listener) => (show = listener), scrollTo() {} };
globalThis.history = { replaceState() {} };
globalThis.fetch = async (address) =>
  Response.json(String(address).endsWith("config.json") ? { cognito_endpoint: "https://cognito.example/" } : {}, {
    status: String(address).includes("/v1/") ? 404 : 200,
  });
const { getElementById } = document;
const app = element();
document.body.append(app);
document.getElementById = (id) => (id === "app" ? app : getElementById(id));
document.documentElement = element("html");
location.hash = "#/access-details";
await import(`${page}/app.js`);
await until(() => show);

afterEach(() => modal()?.close());

async function pressedAt(hash) {
  location.hash = hash;
  show();
  await soon(20);
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "k", ctrlKey: true });
  document.dispatchEvent(event);
  return event.defaultPrevented;
}

test("it opens in any view of the page", async () => {
  assert.ok(await pressedAt("#/access-details"));
  await until(() => modal());
});

test("it leads nobody from the page of an invitation into the rest", async () => {
  assert.ok(!(await pressedAt("#/invitation/TOKEN")));
  await soon(30);
  assert.equal(modal(), undefined);
});
