// The list as a CSV file: which parts are read, how they are counted, and what becomes of an export that ends early.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, announced, announcerIn, button, element, press, signIn, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { readAll } = await import(`${page}/lib/exporting.js`);
const { choices, exporting } = await import(`${page}/views/choices.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const HEAD = "name,problems\r\n";
const lines = (body, cursor) =>
  new Response(body, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      ...(cursor && { link: `<?q=a&cursor=${cursor}>; rel="next"` }),
    },
  });
let asked, answers, saved, view, listing, place;

beforeEach(() => {
  view?.abort();
  view = new AbortController();
  asked = [];
  saved = [];
  toasts.replaceChildren();
  globalThis.fetch = async (address, { headers, signal }) => {
    const { pathname, searchParams } = new URL(address);
    if (pathname === "/v1/enrollments") return Response.json({ items: [], next_cursor: null }); // the choices'
    asked.push({ pathname, accept: headers.accept, ...Object.fromEntries(searchParams) });
    const answer = await answers.shift();
    signal.throwIfAborted();
    return answer;
  };
  URL.createObjectURL = (blob) => {
    saved.push(blob);
    return "blob:x";
  };
  URL.revokeObjectURL = () => {};
  Object.getPrototypeOf(element()).click = function () {
    this.dispatchEvent(new Event("click"));
    if (this.tag === "a") saved.push(this.getAttribute("download"));
  };
  listing = {
    selection: { q: "a", status: "", enrollment_id: "", ou: "", sort: "-name" },
    isFiltered: true,
    total: undefined,
    // Of a list only what is shown is loaded; all of it is exported.
    ids: ["a"],
  };
  place = element();
  document.body.append(place);
  choices(place, { listing: () => listing, onChoice() {}, onClear() {} }, view.signal);
});

test("all parts are read, one after the other, and only what is selected is asked for", async () => {
  answers = [lines(`${HEAD}a,\r\nb,"1\r\n""2"""\r\n`, "more"), lines("c,\r\n", "last"), lines("")];
  const counts = [];
  const { parts, count } = await readAll(listing.selection, (so) => counts.push(so), view.signal);
  const accept = "text/csv";
  const first = { pathname: "/v1/accounts", accept, q: "a", sort: "-name" };
  assert.deepEqual(asked, [first, { ...first, cursor: "more" }, { ...first, cursor: "last" }]);
  assert.deepEqual([counts, count], [[2, 3, 3], 3]);
  assert.equal(parts.join(""), `${HEAD}a,\r\nb,"1\r\n""2"""\r\nc,\r\n`);
});

test("a chosen account that moves while it is read is there once, and no other is missed", async () => {
  answers = [lines(`${HEAD}a,\r\nc,\r\n`, "more"), lines("a,\r\nd,\r\n", "last"), lines("b,\r\n", "never")];
  const { parts, count } = await readAll(listing.selection, () => {}, view.signal, new Set(["a", "b"]));
  assert.deepEqual([parts.join(""), count, asked.length], [`${HEAD}a,\r\nb,\r\n`, 2, 3]);
});

test("so is any account of all that are read", async () => {
  answers = [lines(`${HEAD}a,\r\nb,\r\n`, "more"), lines("a,2\r\nc,\r\n", "last"), lines("b,\r\n")];
  const { parts, count } = await readAll(listing.selection, () => {}, view.signal);
  assert.deepEqual([parts.join(""), count], [`${HEAD}a,\r\nb,\r\nc,\r\n`, 3]);
});

const run = () => press(button(place, t.choices.export));
const isIdle = () => Boolean(button(place, t.choices.export));

test("an export becomes one file, shows how far it is, and keeps the focus of whoever pressed", async () => {
  const second = Promise.withResolvers();
  answers = [lines(`${HEAD}a,\r\n`, "more"), second.promise];
  listing.total = 2;
  button(place, t.choices.export).focus();
  run();
  await until(() => asked.length === 2);
  const bar = all(place).find(({ tag }) => tag === "progress");
  assert.deepEqual([bar.value, bar.getAttribute("max")], [1, "2"]);
  assert.equal(document.activeElement, button(place, t.choices.cancel(1)));
  second.resolve(lines("b,\r\n"));
  await until(isIdle);
  assert.equal(await saved[0].text(), `${HEAD}a,\r\nb,\r\n`);
  assert.match(saved[1], /^cavok-accounts-\d{4}-\d\d-\d\d\.csv$/);
  assert.ok(toasts.textContent.includes(t.choices.exported(2)));
  assert.equal(document.activeElement, button(place, t.choices.export));
});

test("the file has the reader's day", async (context) => {
  context.after(() => delete process.env.TZ);
  process.env.TZ = "Pacific/Kiritimati";
  context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-05T12:00:00Z") });
  answers = [lines(`${HEAD}a,\r\n`)];
  run();
  await until(isIdle);
  assert.equal(saved[1], "cavok-accounts-2026-01-06.csv");
});

test("the focus of a reader who has gone on stays where it is", async () => {
  const held = Promise.withResolvers();
  answers = [held.promise];
  button(place, t.choices.export).focus();
  run();
  await soon();
  const elsewhere = element("input");
  document.body.append(elsewhere);
  elsewhere.focus();
  held.resolve(lines(HEAD));
  await until(isIdle);
  assert.equal(document.activeElement, elsewhere);
});

test("what has moved before the part that is read next is not in the file, which says so", async () => {
  place.replaceChildren();
  place.append(exporting(() => ({ ...listing, only: new Set(["a", "b", "c"]) }), view.signal));
  answers = [lines(`${HEAD}a,\r\n`, "more"), lines("d,\r\n")];
  run();
  await until(isIdle);
  assert.equal(await saved[0].text(), `${HEAD}a,\r\n`);
  assert.ok(toasts.textContent.includes(`${t.choices.exported(1)}. ${t.choices.missed(2)}`), toasts.textContent);
});

test("an export that is cancelled saves nothing, and asks for nothing more", async (context) => {
  const said = announced(announcerIn(context));
  const held = Promise.withResolvers();
  answers = [lines(`${HEAD}a,\r\n`, "more"), held.promise, lines("")];
  run();
  await until(() => asked.length === 2);
  await until(() => said.join(" ").includes(t.choices.begun));
  press(button(place, t.choices.cancel(1)));
  held.resolve(lines("b,\r\n", "again"));
  await until(isIdle);
  await soon(30);
  await until(() => said.join(" ").includes("is cancelled."));
  assert.deepEqual([asked.length, saved.length, toasts.textContent], [2, 0, ""]);
});

test("an export that fails says of how many it is, saves nothing, and can be begun anew", async () => {
  listing.total = 2;
  answers = [
    lines(`${HEAD}a,\r\n`, "more"),
    Response.json({ title: "Unprocessable", detail: "No" }, { status: 422 }),
    lines(`${HEAD}a,\r\n`),
  ];
  run();
  await until(isIdle);
  assert.deepEqual([saved.length, toasts.textContent], [0, "Export of 2 accounts: No"]);
  run();
  await until(() => saved.length > 0);
  assert.equal(asked.at(-1).cursor, undefined);
});

test("an export goes on once its view is left", async () => {
  const held = Promise.withResolvers();
  answers = [held.promise];
  run();
  await soon();
  view.abort();
  held.resolve(lines(`${HEAD}a,\r\n`));
  await until(() => saved.length > 0);
  assert.equal(toasts.textContent, t.choices.exported(1));
});

test("two that go on in another view say what each exports, and can be cancelled until they are over", async () => {
  const [more, frame] = [element(), element()];
  const person = element();
  person.setAttribute("class", "person");
  document.body.append(more, frame);
  frame.append(person);
  more.append(exporting(() => ({ ...listing, only: new Set(["a", "b"]) }), view.signal));
  const held = [1, 2].map(() => Promise.withResolvers());
  answers = held.map(({ promise }) => promise);
  run();
  press(button(more, t.choices.export));
  await until(() => asked.length === 2);
  view.abort();
  await soon();
  const shown = frame.querySelectorAll(".goes-on");
  assert.match(shown[0].textContent, /^The export begun at .* goes on\./);
  assert.match(shown[1].textContent, /The export of 2 accounts, begun at .*, goes on\./);
  for (const line of shown) {
    assert.equal(line.getAttribute("aria-label"), line.querySelector("p").textContent);
    assert.equal(line.querySelectorAll("button").length, 1);
    press(button(line, t.choices.cancel(0)));
  }
  for (const { resolve } of held) resolve(lines("b,\r\n"));
  // Their room is there until the session ends, or another view is shown.
  await until(() => !shown.some((line) => line.textContent));
  assert.equal(frame.querySelectorAll(".goes-on").length, 2);
  assert.equal(frame.querySelectorAll("[role], [aria-label]").length, 0);
  session.forget();
  await soon();
  assert.equal(frame.querySelectorAll(".goes-on").length, 0);
});
