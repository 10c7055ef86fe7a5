// What can be gone to by its name, beside the accounts that a search finds.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { element, modal, press, signIn, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const session = await import(`${page}/lib/session.js`);
const { h } = await import(`${page}/lib/dom.js`);
const { jump } = await import(`${page}/views/jump.js`);
const { t } = await import(`${page}/views/texts.js`);
await signIn(session);
const SIDEBAR = [{ href: "#/accounts", icon: "cloud", text: "Cloud Accounts" }];

afterEach(async () => {
  modal()?.close();
  await soon();
});

function opened(views = SIDEBAR) {
  jump({ views, themes: [] });
  const options = () => modal().querySelectorAll("[role=option]");
  const texts = () => options().map(({ textContent }) => textContent);
  const choose = async (text) => {
    press(options().find(({ textContent }) => textContent === text));
    await soon();
  };
  return { texts, choose };
}

test("views that are not in the sidebar come after those that are", () => {
  assert.deepEqual(opened().texts().slice(0, 3), ["Cloud Accounts", t.enrollments.title, t.jump.audit]);
});

for (const [text, href] of [
  [t.enrollments.title, "#/enrollments"],
  [t.jump.audit, "#/organization/audit"],
  [t.enrollments.add, "#/enrollments/new"],
])
  test(`“${text}” leads to ${href}`, async () => {
    await opened().choose(text);
    assert.equal(location.hash, href);
  });

test("a viewer is told why no AWS Organization can be connected", async () => {
  await signIn(session, "viewer");
  location.hash = "";
  await opened().choose(t.enrollments.add);
  assert.equal(location.hash, "");
  assert.ok(toasts.textContent.includes(t.viewer.why));
  await signIn(session);
});

test("with chosen accounts it goes to the first action of their bar", async () => {
  const first = h("button", {}, t.bulk.test);
  const bar = h("div", { class: "bulk-chosen", hidden: true }, h("button", {}, "All"));
  bar.append(h("div", { class: "bulk-actions" }, first, h("button", {}, t.bulk.delete)));
  const main = element("main");
  main.append(bar);
  document.body.append(main);
  assert.ok(!opened().texts().includes(t.bulk.title));
  modal().close();
  await soon();
  bar.hidden = false;
  await opened().choose(t.bulk.title);
  assert.equal(modal(), undefined);
  assert.ok(document.activeElement === first);
  main.remove();
  assert.ok(!opened().texts().includes(t.bulk.title), "another view has none");
});
