// What a form says of its fields, and what it keeps of what was typed.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, element, hold, modal, opened, press, signIn, submit } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { h } = await import(`${page}/lib/dom.js`);
const { field, setError } = await import(`${page}/lib/ui.js`);
const { overview } = await import(`${page}/views/account.js`);
const { newAccount } = await import(`${page}/views/new-account.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const there = {
  ...{ account_id: "a", name: "A", provider_id: "123456789012", status: "confirmed", version: 1 },
  ...{ access_type: "assume_role", issues: [], capabilities: {}, write_logs: true },
  ...{ role_arn: "arn:aws:iam::123456789012:role/CavokCloud", role_path: "/", regions: ["eu-west-1"] },
};
let sent;

beforeEach(() => {
  sent = [];
  globalThis.fetch = async (address, { method }) => {
    const { pathname } = new URL(address);
    if (method !== "GET") sent.push(method);
    if (pathname.endsWith("/usage")) return Response.json({}, { status: 403 });
    if (pathname.endsWith("/a")) return Response.json(there);
    return Response.json({ items: [], next_cursor: null });
  };
});

const fieldOf = (name) => modal().querySelector(`[data-field="${name}"]`);
const inputOf = (name) => fieldOf(name).querySelector("input");
const chips = () => fieldOf("regions").querySelectorAll(".chip-region");

function typed(name, value) {
  inputOf(name).value = value;
  modal().querySelector("form").dispatchEvent(new Event("input"));
}

async function adds() {
  newAccount({ onClose() {}, onAdded() {} });
  await soon();
}

async function leaves() {
  press(button(modal(), t.actions.cancel));
  await soon();
}

test("what is wrong with no field is said below all fields, so that it moves none", async () => {
  await adds();
  const order = all(modal());
  const at = (selector) => order.indexOf(modal().querySelectorAll(selector).at(-1));
  assert.ok(at("[data-field]") < at(".form-error") && at(".form-error") < at(".form-actions"));
  await leaves();
});

test("regions that were added, or taken out, last are kept like what was typed", async () => {
  await adds();
  typed("provider_id", "123456789012");
  typed("regions", "eu-west-1 eu-west-2");
  press(button(fieldOf("regions"), t.actions.add));
  await leaves();
  await adds();
  assert.deepEqual(
    chips().map(({ textContent }) => textContent),
    ["eu-west-1", "eu-west-2"],
  );
  press(all(chips()[0]).find(({ ariaLabel }) => ariaLabel === t.regionsField.remove("eu-west-1")));
  await leaves();
  await adds();
  assert.deepEqual(
    chips().map(({ textContent }) => textContent),
    ["eu-west-2"],
  );
  await leaves();
});

test("a region that is typed and not added yet is kept, and seen", async () => {
  await adds();
  typed("regions", "eu-west-1");
  await leaves();
  await adds();
  assert.equal(inputOf("regions").value, "eu-west-1");
  assert.ok(modal().querySelector("details").open);
  typed("regions", "");
  await leaves();
});

/** Fills in New Account, as it is asked for when it is sent. */
async function fills(onAdded = () => {}) {
  newAccount({ onClose() {}, onAdded });
  await soon();
  const form = modal().querySelector("form");
  const find = form.querySelector.bind(form);
  const checked = { access_type: "access_key", write_logs: "yes", provider: "aws" };
  form.querySelector = (selector) => {
    const [, name] = /name="(\w+)"\]:checked/.exec(selector) ?? [];
    return name ? { value: checked[name] } : find(selector);
  };
  for (const input of modal().querySelectorAll("input")) input.value ??= "";
  const values = { provider_id: "123456789012", name: "Prod", access_key_id: "AKIAIOSFODNN7EXAMPLE" };
  for (const [name, value] of Object.entries({ ...values, secret_access_key: "THE-SECRET" })) typed(name, value);
}

test("no secret key is kept once a request has failed, nor is it taken for another when it is sent again", async () => {
  const { fetch } = globalThis;
  const keys = [];
  globalThis.fetch = async (address, options) => {
    if (options.method !== "POST") return fetch(address, options);
    keys.push(options.headers["idempotency-key"]);
    return Response.json({ title: "No" }, { status: 422 });
  };
  await fills();
  for (const secret of ["THE-SECRET", "THE-SECRET", "ANOTHER-SECRET"]) {
    typed("secret_access_key", secret);
    submit();
    await soon(20);
  }
  assert.equal(keys.length, 3);
  assert.ok(keys[0] === keys[1] && keys[1] !== keys[2]);
  assert.doesNotMatch(JSON.stringify(store.draftOf("anna")), /SECRET/);
  await leaves();
});

// Another value, between the press and its answer.
async function typesWhileSent(method, value, name = "name") {
  const letGo = hold((_, request) => request.method === method);
  submit();
  await soon(20);
  inputOf(name).focus();
  if (value) typed(name, value);
  letGo();
  await soon(20);
}

test("what is typed while an account is added is kept for the next", async () => {
  const added = [];
  await fills((account) => added.push(account));
  await typesWhileSent("POST", "Production");
  assert.equal(added.length, 1);
  assert.ok(modal().textContent.includes(t.newAccount.typedSince));
  assert.equal(store.draftOf("anna").values.name, "Production");
  store.sent();
  await leaves();
});

/** What the API says of an account that is added: it is wrong, or there is one of this number. */
function refuses(status) {
  const errors = status === 422 ? [{ field: "provider_id", message: "Not this one." }] : undefined;
  globalThis.fetch = async (_, { method }) =>
    method === "POST"
      ? Response.json({ title: "No", errors }, { status })
      : Response.json({ items: [there], next_cursor: null });
}

for (const status of [422, 409])
  test(`a late ${status} takes the focus from no field in which somebody types by then, or is`, async () => {
    refuses(status);
    await fills();
    for (const value of ["Production", ""]) {
      await typesWhileSent("POST", value);
      assert.equal(inputOf("provider_id").getAttribute("aria-invalid"), "true");
      assert.ok(document.activeElement === inputOf("name"), value);
      button(modal(), t.newAccount.submit).focus();
    }
    submit();
    await soon(20);
    assert.ok(document.activeElement !== button(modal(), t.newAccount.submit), "whoever waits is led to it");
    store.sent();
    await leaves();
  });

test("what is typed while a name is saved is not lost: the modal says that it is not saved yet", async () => {
  store.forget();
  store.put(there, Date.now());
  const view = new AbortController();
  const main = opened(overview, view.signal);
  await soon(20);
  press(all(main).find(({ dataset }) => dataset.part === "name"));
  typed("name", "Renamed");
  await typesWhileSent("PATCH", "Mended");
  const notice = modal().querySelector(".form-error");
  assert.equal(notice.textContent, t.forms.typedSince);
  // Whoever types at the end of a long form sees it, too.
  assert.ok(notice.wasBroughtIntoView);
  assert.equal(inputOf("name").value, "Mended");
  submit();
  await soon(20);
  assert.equal(modal(), undefined);
  assert.deepEqual(sent, ["PATCH", "PATCH"]);
  view.abort();
});

test("every input that is wrong is described by why, beside its help, and once", () => {
  const error = () => h("p", { class: "field-error" });
  const [day, time] = [h("input", {}), h("input", {})];
  const days = h("div", { "data-field": "windows.0.days" }, day, error());
  const windows = h("fieldset", { "data-field": "windows" }, h("div", {}, days, time), error());
  const url = h("input", {});
  const form = element();
  form.append(windows, field({ name: "url", label: "Address", help: "Of yours.", input: url }));
  for (const name of ["windows.0.days", "windows", "url", "url"]) setError(form, name, `${name} is wrong`);
  const described = (input) =>
    input
      .getAttribute("aria-describedby")
      .split(" ")
      .map((id) => all(form).find((node) => (node.id || node.getAttribute("id")) === id).textContent);
  assert.deepEqual(described(day), ["windows.0.days is wrong", "windows is wrong"]);
  assert.deepEqual(described(time), ["windows is wrong"]);
  assert.deepEqual(described(url), ["Of yours.", "url is wrong"]);
});

test("a change of role and regions has the help of a change: what it says is not refused", async () => {
  store.put(there, Date.now());
  const view = new AbortController();
  const main = opened(overview, view.signal);
  await soon(20);
  press(all(main).find(({ dataset }) => dataset.part === "role"));
  const helps = ["role_name", "role_path", "regions"].map((name) => fieldOf(name).querySelector(".help").textContent);
  // The only one that may be.
  inputOf("role_path").value = "";
  submit();
  await soon();
  view.abort();
  assert.deepEqual(sent, ["PATCH"]);
  assert.deepEqual(helps, [t.account.roleNameHelp, t.newAccount.rolePathHelp, t.account.regionsHelp]);
  for (const help of helps) assert.doesNotMatch(help, /empty/);
});
