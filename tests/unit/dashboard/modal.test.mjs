// What happens when a modal closes: where the focus goes, and what has waited for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { element, modal } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { h, keyed } = await import(`${page}/lib/dom.js`);
const { dialog } = await import(`${page}/lib/modal.js`);
const session = await import(`${page}/lib/session.js`);
const { onceAlone } = await import(`${page}/lib/ui.js`);

const main = element("main");
const list = h("ul");
document.body.append(main);
main.append(list);
const power = (name) => list.children.find((row) => row.dataset.key === name)?.children[0];
const draw = (...items) =>
  keyed(
    list,
    items,
    ({ name }) => name,
    () => h("li", {}, h("button", { "data-part": "power" }, "Stop")),
  );
const [accounting, billing] = [{ name: "accounting" }, { name: "billing" }];

for (const [what, behind, heir] of [
  ["to what opened it", () => {}, () => power("billing")],
  ["to that which took its place", () => draw(accounting, { ...billing, state: "stopping" }), () => power("billing")],
  ["to no other's like where it is gone", () => draw(accounting), () => main],
])
  test(`it goes ${what}`, async () => {
    draw(accounting, billing);
    power("billing").focus();
    const { close } = dialog({ title: "Stop billing", content: () => "Stop it?" });
    behind();
    close();
    await soon();
    assert.ok(document.activeElement === heir());
  });

test("if that is gone, it goes to the heading of its section, or else of the view", async () => {
  const view = h("h1", {}, "Organization");
  const [open, closed] = [h("button", {}, "Set a webhook"), h("button", {}, "Change")];
  const other = h("section", {}, h("h2", {}, "Quotas"));
  main.replaceChildren(view, other, h("section", {}, h("h2", {}, "Webhook"), open));
  open.focus();
  let { close } = dialog({ title: "The signing secret", content: () => "whsec" });
  const heading = h("h2", {}, "Webhook");
  main.replaceChildren(view, other, h("section", {}, heading, closed));
  close();
  await soon();
  assert.ok(document.activeElement === heading);
  view.focus();
  ({ close } = dialog({ title: "Rename", content: () => "Name" }));
  const renamed = h("h1", {}, "Northwind");
  main.replaceChildren(renamed, other);
  close();
  await soon();
  assert.ok(document.activeElement === renamed);
  // A section that is hidden meanwhile cannot have it.
  const found = h("section", {}, h("h2", {}, "Connected."), h("button", {}, "Add resources"));
  main.replaceChildren(renamed, found);
  found.children[1].focus();
  ({ close } = dialog({ title: "Add resources", content: () => "Which?" }));
  found.hidden = true;
  main.focus();
  found.children[1].remove();
  close();
  await soon();
  assert.ok(document.activeElement === renamed);
  main.replaceChildren(list);
});

test("whoever was in the view as a whole is there again", async () => {
  main.replaceChildren(h("h1", {}, "Organization"), list);
  main.focus();
  dialog({ title: "Go to…", content: () => "Name" }).close();
  await soon();
  assert.ok(document.activeElement === main);
  main.replaceChildren(list);
});

test("one that only its own button closes is on top again, and so the last in the document", async () => {
  const lasting = dialog({ title: "The signing secret", lasting: true, content: () => "whsec" });
  lasting.node.close();
  const other = dialog({ title: "New Account", content: () => "Name" });
  await soon();
  assert.ok(modal() === lasting.node);
  for (const each of [lasting, other]) each.close();
  await soon();
  assert.equal(modal(), undefined);
});

for (const [what, ends, does] of [
  ["is done once both that were open are closed", () => {}, ["done"]],
  ["is not done for whoever is there after its session", () => session.forget(), []],
])
  test(`what waits until no modal is open ${what}`, async () => {
    const done = [];
    const open = ["New Account", "Rename"].map((title) => dialog({ title, content: () => "Name" }));
    onceAlone(() => done.push("done"));
    open.pop().close();
    await soon();
    assert.deepEqual(done, []);
    ends();
    open.pop().close();
    await soon();
    assert.deepEqual(done, does);
  });
