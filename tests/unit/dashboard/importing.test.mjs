// Many accounts at once: what is sent under which key, what becomes of what was refused, stopped or not answered, and
// what the view says of it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, element, signIn, submit, toasts, press } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { partsAfter, partsOf, send } = await import(`${page}/lib/importing.js`);
const { addMany } = await import(`${page}/views/add-many.js`);
const { t } = await import(`${page}/views/texts.js`);
const { problems } = (await import(`${page}/texts.js`)).t;
api.start({});
await signIn(session);

const problem = (code, detail, errors) => ({ code, title: code, detail, ...(errors && { errors }) });
const account = ({ provider_id: number, name }) => ({
  account_id: `id${number}`,
  provider_id: number,
  name,
  version: 1,
});
/** What was sent, and what answers it: the accounts of a request, to an answer. */
let sent, answer, view;

beforeEach(async () => {
  view?.abort();
  // Another person was here: nothing is left of the test before.
  await signIn(session, "admin", "ben");
  addMany({ main: element(), title() {}, signal: AbortSignal.abort() });
  await signIn(session);
  view = new AbortController();
  store.forget();
  toasts.replaceChildren();
  sent = [];
  answer = (accounts) => ({ created: accounts.map(account), refused: [] });
  globalThis.fetch = async (address, { method, headers, body }) => {
    if (method === "GET") return Response.json({ quotas: [{ name: "new_accounts", per_seconds: 60 }] });
    const { accounts } = JSON.parse(body);
    sent.push({ key: headers["idempotency-key"], accounts, path: new URL(address).pathname });
    const answered = await answer(accounts, sent.length);
    return answered instanceof Response ? answered : Response.json(answered);
  };
});

const numbers = (count) => Array.from({ length: count }, (_, index) => String(100_000_000_000 + index));
const linesOf = (count) =>
  numbers(count).map((number, index) => ({ line: index, account: { provider_id: number, name: "A" } }));
const bodyOf = ({ account: body }) => body;
const begun = () => ({ done: 0, created: [], refused: [] });
/** All are added, once what this returns is resolved. */
function addsAllLater() {
  const held = Promise.withResolvers();
  answer = async (accounts) => {
    await held.promise;
    return { created: accounts.map(account), refused: [] };
  };
  return held;
}

/** Waits of a minute are over at once. Returns how many there were. */
function withoutWaits(context) {
  const { setTimeout: really } = globalThis;
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    if (milliseconds === 60_000) waits.push(milliseconds);
    return really(work, milliseconds === 60_000 ? 0 : milliseconds);
  });
  return waits;
}

test("a hundred accounts are sent at once, each part under a key of its own", async () => {
  const [parts, progress, said] = [partsOf(linesOf(250)), begun(), []];
  await send(parts, bodyOf, progress, () => said.push(progress.done), view.signal);
  assert.deepEqual(
    sent.map(({ path, accounts }) => [path, accounts.length]),
    [100, 100, 50].map((count) => ["/v1/accounts/import", count]),
  );
  assert.equal(new Set(sent.map(({ key }) => key)).size, 3);
  assert.deepEqual([parts, said, progress.created.length], [[], [100, 200, 250], 250]);
});

test("what is refused is known by its line, and keeps nothing up", async () => {
  answer = (accounts) => ({
    created: accounts.slice(0, -1).map(account),
    refused: [{ index: accounts.length - 1, problem: problem("already_connected", "There.") }],
  });
  const progress = begun();
  await send(partsOf(linesOf(150)), bodyOf, progress, () => {}, view.signal);
  assert.deepEqual(
    progress.refused.map(({ line, problem: { detail } }) => [line.line, detail]),
    [
      [99, "There."],
      [149, "There."],
    ],
  );
  assert.deepEqual([progress.done, progress.created.length], [150, 148]);
});

test("what is beyond the quota is sent again, alone and under another key, once that is over", async (context) => {
  const waits = withoutWaits(context);
  answer = (accounts, turn) => {
    const some = turn === 1 ? 3 : accounts.length;
    const beyond = accounts
      .slice(some)
      .map((_, at) => ({ index: some + at, problem: problem("quota_exceeded", "No") }));
    return { created: accounts.slice(0, some).map(account), refused: beyond };
  };
  const [progress, said] = [begun(), []];
  await send(partsOf(linesOf(5)), bodyOf, progress, (at) => said.push([progress.done, Boolean(at)]), view.signal);
  assert.deepEqual(said, [
    [3, false],
    [3, true],
    [5, false],
  ]);
  assert.deepEqual([waits.length, progress.created.length, progress.refused], [1, 5, []]);
  assert.deepEqual(sent[1].accounts, sent[0].accounts.slice(3));
  assert.notEqual(sent[1].key, sent[0].key);
});

test("what was not answered is left, and is sent again under the same key", async () => {
  answer = (accounts, turn) =>
    turn === 2
      ? Response.json({ title: "No", detail: "Not now." }, { status: 422 })
      : { created: accounts.map(account), refused: [] };
  const [parts, progress] = [partsOf(linesOf(150)), begun()];
  await assert.rejects(
    send(parts, bodyOf, progress, () => {}, view.signal),
    { detail: "Not now." },
  );
  assert.deepEqual([parts.length, parts[0].lines.length, progress.done], [1, 50, 100]);
  await send(parts, bodyOf, progress, () => {}, view.signal);
  assert.equal(sent[2].key, sent[1].key);
  assert.deepEqual([parts, progress.created.length], [[], 150]);
});

test("whoever stops sends no further part", async () => {
  const own = new AbortController();
  const [parts, progress] = [partsOf(linesOf(250)), begun()];
  await assert.rejects(
    send(parts, bodyOf, progress, () => own.abort(), own.signal),
    { name: "AbortError" },
  );
  assert.deepEqual([sent.length, parts.length, progress.done], [1, 2, 100]);
});

test("a part without an answer is sent again under its key once all its accounts are there again", async () => {
  const unanswered = new Map();
  answer = () => Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  const parts = partsOf(linesOf(150));
  await assert.rejects(send(parts, bodyOf, begun(), () => {}, view.signal, unanswered));
  const keys = (lines) => partsAfter(unanswered, lines, bodyOf).map(({ key, lines: { length } }) => [key, length]);
  assert.deepEqual(
    keys(linesOf(120)).map(([key, count]) => [key === sent[0].key, count]),
    [
      [true, 100],
      [false, 20],
    ],
  );
  assert.notEqual(keys(linesOf(150))[1][0], parts[1].key, "that was not sent");
  assert.notEqual(keys(linesOf(99))[0][0], sent[0].key);
  answer = (accounts) => ({ created: accounts.map(account), refused: [] });
  await send(parts, bodyOf, begun(), () => {}, view.signal, unanswered);
  assert.equal(unanswered.size, 0);
});

// ---- the view ----------------------------------------------------------------------------------

function opened() {
  const main = element();
  document.body.append(main);
  addMany({ main, title() {}, signal: view.signal });
  return main;
}
const field = (main, tag) => all(main).find((node) => node.tag === tag);
async function pasted(main, text) {
  field(main, "textarea").value = text;
  field(main, "textarea").dispatchEvent(new Event("input"));
  await soon(250);
}
/** Typed just before a button is pressed: it is not read yet. */
const typed = (main, text) => Object.assign(field(main, "textarea"), { value: text });
const encoded = (text) => (typeof text === "string" ? new TextEncoder().encode(text) : text);
/** A file is chosen. `lines`: its text or bytes, or a promise of them. */
function choose(main, name, lines) {
  const input = all(main).find((node) => node.getAttribute("type") === "file");
  input.files = [{ name, size: 12, arrayBuffer: async () => encoded(await lines) }];
  input.dispatchEvent(new Event("change"));
}
/** Pasted at the end, if the page lets the browser do so. Returns the event. */
function paste(main, data) {
  const text = field(main, "textarea");
  Object.assign(text, { selectionStart: text.value.length, selectionEnd: text.value.length });
  const event = new Event("beforeinput", { cancelable: true });
  text.dispatchEvent(Object.assign(event, { data, inputType: "insertFromPaste" }));
  return event;
}
const asSent = ({ provider_id, name, role_name }) => [provider_id, name, role_name];
const ACTS = `${t.addMany.remove}${t.addMany.edit}`;
const inPlace = (main) => main.querySelector(".in-place").textContent;
const preview = (main) => main.querySelector(".import-preview");
const result = (main) => main.querySelector(".import-result");
const isDone = (main) => () => Boolean(all(result(main)).find(({ tag }) => tag === "h2"));

test("each line is shown as what it will be, or with what is wrong with it", async () => {
  const main = opened();
  await pasted(main, "123456789012 Prod web\n12345\n123456789012");
  const shown = preview(main).textContent;
  assert.ok(shown.includes(t.addMany.summary(1, 2)), shown);
  for (const said of ["123456789012", "ProdWeb", t.addMany.errors.numberWrong(5), t.addMany.errors.twice(1)])
    assert.ok(shown.includes(said), said);
  assert.ok(shown.includes(`${t.addMany.line(2)} ${t.addMany.errors.numberWrong(5)}`));
});

test("of many lines some are shown, and the others counted", async () => {
  const main = opened();
  await pasted(main, [...numbers(50), ...Array(130).fill("x")].join("\n"));
  const shown = preview(main);
  assert.equal(all(shown).filter(({ tag }) => tag === "li").length, 100);
  assert.equal(all(shown).filter(({ tag }) => tag === "tr").length, 21);
  for (const count of [30]) assert.ok(shown.textContent.includes(t.addMany.more(count)));
});

test("of a long line the beginning is shown", async () => {
  const main = opened();
  const long = "x".repeat(400);
  await pasted(main, `number,write_logs,role_path\n${long},\n123456789012,${long}\n123456789013,,/${long}/`);
  const shown = all(preview(main)).filter(({ tag }) => ["code", "li", "td"].includes(tag));
  for (const { textContent: said } of shown) assert.ok(said.length < 700, said);
  assert.ok(shown.some(({ textContent: said }) => said === `${long.slice(0, 300)}…`));
});

test("what is ready is sent as accounts with a role; lines that are wrong are not", async () => {
  const main = opened();
  await pasted(main, "provider_id,name,write_logs,regions\n123456789012,Prod,no,eu-west-1\nwrong,x,,\n123456789013,,,");
  submit(main);
  await until(isDone(main));
  const same = { provider: "aws", access_type: "assume_role" };
  assert.deepEqual(sent[0].accounts, [
    { ...same, write_logs: false, regions: ["eu-west-1"], provider_id: "123456789012", name: "Prod" },
    { ...same, write_logs: true, provider_id: "123456789013", name: "Account123456789013" },
  ]);
  assert.ok(result(main).textContent.includes(t.addMany.added(2)));
  assert.equal(document.activeElement.tag, "h2");
});

test("of two files that are chosen one after the other the second counts, whichever is read first", async () => {
  const main = opened();
  const slow = Promise.withResolvers();
  choose(main, "slow.csv", slow.promise);
  choose(main, "fast.csv", "123456789012");
  await soon(30);
  slow.resolve("210987654321");
  await soon(30);
  assert.ok(inPlace(main).startsWith("fast.csv"), inPlace(main));
  choose(main, "changed.csv", Promise.reject(new Error("It has changed.")));
  await until(() => toasts.textContent.includes(t.addMany.unreadable));
  assert.ok(inPlace(main).startsWith("fast.csv"), inPlace(main));
  press(button(main, t.addMany.remove));
});

test("a file stands in the field's place, is sent, and leaves the field what was typed there", async () => {
  const main = opened();
  await pasted(main, "210987654321 Typed");
  choose(main, "accounts.csv", "number,name\n123456789012,One\n123,Two\n");
  await until(() => preview(main).textContent.includes(t.addMany.summary(1, 1)));
  assert.ok(preview(main).textContent.includes(`${t.addMany.line(3)} ${t.addMany.errors.numberWrong(3)}`));
  assert.equal(inPlace(main), `accounts.csv ${t.addMany.lines(3)}${ACTS}`);
  assert.equal(field(main, "textarea").hidden, true);
  submit(main);
  await until(isDone(main));
  assert.deepEqual(sent[0].accounts.map(asSent), [["123456789012", "One", undefined]]);
  assert.equal(field(main, "textarea").hidden, false);
  assert.equal(field(main, "textarea").value, "number,name\n123,Two\nsep=\n210987654321 Typed");
  assert.equal(inPlace(main), "");
});

test("a long text that is pasted never comes into the field, and is undone and done again", async () => {
  const main = opened();
  const text = field(main, "textarea");
  await pasted(main, "number,name\n");
  assert.equal(paste(main, numbers(100).join("\n")).defaultPrevented, false);
  text.focus();
  assert.equal(paste(main, numbers(1_000).join("\n")).defaultPrevented, true);
  assert.equal(inPlace(main), `${t.addMany.pasted} ${t.addMany.lines(1_001)}${ACTS}`);
  assert.equal(text.value, "number,name\n");
  await until(() => preview(main).textContent.includes(t.addMany.summary(1_000, 0)));
  const remove = button(main, t.addMany.remove);
  assert.equal(document.activeElement, remove);
  assert.equal(all(main).find(({ id }) => id === remove.getAttribute("aria-describedby")).tag, "p");
  const undo = Object.assign(new Event("keydown", { cancelable: true }), { key: "z", ctrlKey: true });
  main.querySelector(".in-place").dispatchEvent(undo);
  assert.deepEqual([text.hidden, text.value, document.activeElement], [false, "number,name\n", text]);
  press(button(main, t.addMany.putBack(t.addMany.pasted, 1_001)));
  submit(main);
  await until(() => sent.length === 10 && isDone(main)());
  assert.deepEqual([text.hidden, text.value, inPlace(main)], [false, "", ""]);
});

test("a file that is dropped in the form is as one that is chosen, and text is left to the browser", async () => {
  const main = opened();
  const drop = (type, files) => {
    const dataTransfer = { types: files.length ? ["Files"] : ["text/plain"], files };
    const event = Object.assign(new Event(type, { cancelable: true }), { dataTransfer });
    field(main, "form").dispatchEvent(event);
    return event.defaultPrevented;
  };
  const files = [{ name: "dropped.csv", size: 12, arrayBuffer: async () => encoded("123456789012") }];
  assert.deepEqual([drop("dragover", []), drop("drop", []), drop("dragover", files)], [false, false, true]);
  assert.equal(drop("drop", files), true);
  await until(() => inPlace(main).startsWith("dropped.csv"));
  assert.equal(toasts.textContent, "");
  drop("drop", [...files, ...files]);
  assert.ok(toasts.textContent.includes(t.addMany.oneFile("dropped.csv")));
  await soon(30);
  press(button(main, t.addMany.remove));
});

test("a file is read in the encoding in which Excel has written it", async () => {
  const main = opened();
  const text = "123456789012,Müller";
  const windows = Uint8Array.from(text, (sign) => sign.codePointAt(0));
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  const bare = utf16.subarray(2);
  const swapped = [utf16, bare].map((bytes) => Buffer.from(bytes).swap16());
  for (const bytes of [encoded(text), windows, utf16, bare, ...swapped]) {
    choose(main, "accounts.csv", bytes);
    await until(() => inPlace(main));
    await until(() => preview(main).textContent.includes("123456789012Muller"));
    press(button(main, t.addMany.remove));
    await until(() => !preview(main).textContent);
  }
});

test("a workbook is no text, and hides nothing of what stands", async () => {
  const main = opened();
  await pasted(main, "123456789012");
  for (const begin of [[0x50, 0x4b, 3, 4], [0xd0, 0xcf, 0x11, 0xe0], []]) {
    choose(main, "accounts.xlsx", Uint8Array.from([...begin, 0xa1, 0xb1]));
    if (begin.length) await until(() => toasts.textContent.includes(t.addMany.workbook));
    else await until(() => inPlace(main).includes("accounts.xlsx"));
    assert.equal(inPlace(main) === "", begin.length > 0);
    toasts.replaceChildren();
  }
  press(button(main, t.addMany.remove));
});

test("a file with nothing in it says so, and hides nothing of what stands", async () => {
  const main = opened();
  await pasted(main, "123456789012");
  for (const bytes of [[], [0xef, 0xbb, 0xbf], [0x20, 0x0a]]) {
    choose(main, "empty.csv", Uint8Array.from(bytes));
    await until(() => toasts.textContent.includes(t.addMany.empty));
    assert.equal(inPlace(main), "");
    toasts.replaceChildren();
  }
});

test("a few long lines stay out of the field too", () => {
  const main = opened();
  assert.equal(paste(main, "x".repeat(100_001)).defaultPrevented, true);
  press(button(main, t.addMany.remove));
});

test("a file that was chosen and not sent is there again, with what was typed", async () => {
  const first = opened();
  await pasted(first, "210987654321 Typed");
  choose(first, "accounts.csv", "123456789012");
  await until(() => inPlace(first));
  view.abort();
  view = new AbortController();
  const main = opened();
  assert.ok(inPlace(main).startsWith("accounts.csv"), inPlace(main));
  press(button(main, t.addMany.remove));
  assert.equal(field(main, "textarea").value, "210987654321 Typed");
  field(main, "textarea").value = "";
});

test("what is left of a long import stays out of the field, above a file that was chosen meanwhile", async () => {
  for (const isBack of [false, true]) {
    const held = addsAllLater();
    const main = opened();
    choose(main, "accounts.csv", numbers(1_200).join("\n"));
    await until(() => inPlace(main));
    submit(main);
    await until(() => sent.length);
    view.abort();
    view = new AbortController();
    const early = opened();
    if (isBack) choose(early, "more.csv", "123456789012");
    await soon(20);
    held.resolve();
    const said = `${t.addMany.rests} ${t.addMany.lines(isBack ? 1_101 : 1_100)}${ACTS}`;
    await until(() => inPlace(early) === said);
    assert.deepEqual([field(early, "textarea").value, field(early, "textarea").hidden], ["", true]);
    press(button(early, t.addMany.remove));
    view.abort();
    view = new AbortController();
    sent = [];
  }
});

test("what is left above a file holds nothing of what was typed beside that, which stays", async () => {
  for (const isBack of [true, false]) {
    const held = addsAllLater();
    const first = opened();
    await pasted(first, numbers(150).join("\n"));
    submit(first);
    await until(() => sent.length);
    view.abort();
    view = new AbortController();
    let main = opened();
    await pasted(main, "210987654321 Typed");
    choose(main, "more.csv", "123456789012");
    await until(() => inPlace(main).startsWith("more.csv"));
    if (!isBack) view.abort();
    held.resolve();
    if (!isBack) {
      await until(() => toasts.textContent.includes(t.addMany.left(100, 50)));
      view = new AbortController();
      main = opened();
    }
    await until(() => inPlace(main).startsWith(t.addMany.rests));
    submit(main);
    await until(isDone(main));
    assert.equal(field(main, "textarea").value, "210987654321 Typed");
    await pasted(main, "");
    view.abort();
    view = new AbortController();
    sent = [];
  }
});

test("what is put back holds nothing of what was typed since, which stays", async () => {
  const main = opened();
  paste(main, numbers(1_001).join("\n"));
  press(button(main, t.addMany.remove));
  await pasted(main, "210987654321 Typed");
  press(button(main, t.addMany.putBack(t.addMany.pasted, 1_001)));
  submit(main);
  await until(() => sent.length === 11 && isDone(main)());
  assert.deepEqual([field(main, "textarea").value, inPlace(main)], ["210987654321 Typed", ""]);
  await pasted(main, "");
});

test("what a chosen file replaces can be put back, also after that was sent and by whoever comes back", async () => {
  const first = opened();
  paste(first, numbers(1_001).join("\n"));
  const back = t.addMany.putBack(t.addMany.pasted, 1_001);
  for (const name of ["accounts.csv", "again.csv"]) {
    choose(first, name, "123456789012");
    await until(() => inPlace(first).startsWith(name));
    assert.ok(inPlace(first).endsWith(back));
  }
  view.abort();
  view = new AbortController();
  const main = opened();
  submit(main);
  await until(isDone(main));
  assert.deepEqual(sent[0].accounts.map(asSent), [["123456789012", "Account123456789012", undefined]]);
  press(button(main, back));
  assert.equal(inPlace(main), `${t.addMany.pasted} ${t.addMany.lines(1_001)}${ACTS}`);
  press(button(main, t.addMany.remove));
});

test("what a file replaced that was sent is there again for whoever comes back, but nothing removed", async () => {
  const first = opened();
  paste(first, "x".repeat(100_001));
  press(button(first, t.addMany.remove));
  paste(first, numbers(1_001).join("\n"));
  choose(first, "accounts.csv", "123456789012");
  await until(() => inPlace(first).startsWith("accounts.csv"));
  submit(first);
  await until(isDone(first));
  view.abort();
  view = new AbortController();
  const main = opened();
  assert.equal(inPlace(main), t.addMany.putBack(t.addMany.pasted, 1_001));
  press(button(main, t.addMany.putBack(t.addMany.pasted, 1_001)));
  press(button(main, t.addMany.remove));
});

test("what stands in the field's place comes into it for whoever edits it, with what was typed there", async () => {
  const main = opened();
  await pasted(main, "210987654321 Typed");
  choose(main, "accounts.csv", "number,name\n123456789012,One");
  await until(() => inPlace(main));
  button(main, t.addMany.edit).focus();
  press(button(main, t.addMany.edit));
  const text = field(main, "textarea");
  const whole = "number,name\n123456789012,One\nsep=\n210987654321 Typed";
  assert.deepEqual([text.value, text.hidden, inPlace(main)], [whole, false, ""]);
  assert.equal(document.activeElement, text);
  await pasted(main, "number\n");
  paste(main, numbers(1_001).join("\n"));
  press(button(main, t.addMany.edit));
  assert.equal(text.value, `number\n${numbers(1_001).join("\n")}`);
  await pasted(main, "");
});

test("a text that was edited stays out of the field of whoever comes back", async () => {
  const first = opened();
  paste(first, numbers(1_001).join("\n"));
  press(button(first, t.addMany.edit));
  view.abort();
  view = new AbortController();
  const main = opened();
  assert.equal(inPlace(main), `${t.addMany.pasted} ${t.addMany.lines(1_001)}${ACTS}`);
  assert.equal(field(main, "textarea").value, "");
  await until(() => preview(main).textContent.includes(t.addMany.summary(1_001, 0)));
  press(button(main, t.addMany.remove));
});

test("what is too long to be laid out is not offered as text, with what was typed in the field", async () => {
  const main = opened();
  const isOffered = () => Boolean(button(main, t.addMany.edit));
  const says = () => inPlace(main).includes(t.addMany.tooLongToEdit);
  for (const [text, isShort] of [
    [numbers(3_000).join("\n"), true],
    [numbers(3_001).join("\n"), false],
    ["x".repeat(300_000), true],
    ["x".repeat(300_001), false],
  ]) {
    paste(main, text);
    assert.deepEqual([isOffered(), says()], [isShort, !isShort]);
    press(button(main, t.addMany.remove));
  }
  await pasted(main, "210987654321 Typed");
  choose(main, "accounts.csv", numbers(3_000).join("\n"));
  await until(() => inPlace(main).startsWith("accounts.csv"));
  assert.equal(isOffered(), false);
  press(button(main, t.addMany.remove));
  await pasted(main, "");
});

test("a file that was corrected can be chosen again by its name, and one that could not be read too", async () => {
  const main = opened();
  const input = all(main).find((node) => node.getAttribute("type") === "file");
  for (const bytesOf of [async () => "123456789012", () => Promise.reject(new Error("It has changed."))]) {
    input.value = "accounts.csv";
    choose(main, "accounts.csv", bytesOf());
    await until(() => input.value === "");
  }
  assert.ok(inPlace(main).startsWith("accounts.csv"), inPlace(main));
  press(button(main, t.addMany.remove));
});

test("a slow file gives whoever types meanwhile no button to press", async () => {
  const main = opened();
  const slow = Promise.withResolvers();
  choose(main, "slow.csv", slow.promise);
  field(main, "textarea").focus();
  slow.resolve("123456789012");
  await until(() => inPlace(main));
  assert.equal(document.activeElement.tag, "p");
  press(button(main, t.addMany.remove));
  assert.equal(document.activeElement.tag, "textarea");
});

test("a file that cannot be read hides nothing of what stands", async () => {
  const main = opened();
  await pasted(main, "123456789012");
  const input = all(main).find((node) => node.getAttribute("type") === "file");
  const big = () => {
    input.files = [{ name: "big.csv", size: 2_000_000, slice: () => new Blob(["1234"]) }];
    input.dispatchEvent(new Event("change"));
  };
  const isRead = () => preview(main).textContent.includes(t.addMany.summary(1, 0));
  field(main, "textarea").value = "123456789012 Typed";
  field(main, "textarea").dispatchEvent(new Event("input"));
  big();
  await until(() => preview(main).textContent.includes("Typed"));
  assert.ok(isRead() && toasts.textContent.includes(t.addMany.tooLong));
  assert.ok(!toasts.textContent.includes(t.addMany.workbook));
  input.files = [{ name: "big.xlsx", size: 2_000_000, slice: () => new Blob([Uint8Array.from([0x50, 0x4b, 3, 4])]) }];
  input.dispatchEvent(new Event("change"));
  await until(() => toasts.textContent.includes(t.addMany.workbook));
  field(main, "textarea").dispatchEvent(new Event("input"));
  await pasted(main, "");
  big();
  await until(() => preview(main).textContent.includes(t.addMany.tooLong), "where nothing else stands");
});

test("nothing is sent where no line can be read", async () => {
  const main = opened();
  await pasted(main, "nothing");
  submit(main);
  await soon(30);
  assert.equal(sent.length, 0);
  assert.ok(main.textContent.includes(t.addMany.none));
});

test("a text that is too long is not read", async () => {
  const main = opened();
  await pasted(main, `123456789012\n${" ".repeat(1_500_000)}`);
  submit(main);
  await soon(30);
  assert.equal(sent.length, 0);
  assert.ok(preview(main).textContent.includes(t.addMany.tooLong));
  await pasted(main, "123456789012");
  assert.ok(preview(main).textContent.includes(t.addMany.summary(1, 0)));
});

test("what was refused is said with its line and its reason, and left to be corrected", async () => {
  answer = (accounts) => ({
    created: [account(accounts[0])],
    refused: [
      { index: 1, problem: problem("already_connected", "It is connected.") },
      { index: 2, problem: problem("invalid_fields", "Please correct: regions.", [{ message: "No such region." }]) },
    ],
  });
  const main = opened();
  await pasted(main, "number,name\n123456789012,One\n123456789013,Two\n123456789014,Three");
  submit(main);
  await until(isDone(main));
  const shown = result(main).textContent;
  for (const said of [
    t.addMany.added(1),
    t.addMany.refused(2),
    "It is connected.",
    "No such region.",
    t.addMany.line(4),
  ])
    assert.ok(shown.includes(said), said);
  assert.equal(field(main, "textarea").value, "number,name\n123456789013,Two\n123456789014,Three");
  assert.equal(field(main, "form").hidden, false);
});

test("an import that is stopped says what was not sent, and leaves it", async () => {
  const held = addsAllLater();
  const main = opened();
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => sent.length);
  assert.ok(result(main).textContent.includes(t.addMany.progress(0, 150)));
  assert.equal(document.activeElement, button(main, t.addMany.stop));
  assert.equal(field(main, "form").hidden, true);
  press(button(main, t.addMany.stop));
  held.resolve();
  await until(isDone(main));
  assert.equal(sent.length, 1);
  for (const said of [t.addMany.added(100), t.addMany.unsent(50)]) assert.ok(result(main).textContent.includes(said));
  assert.equal(field(main, "textarea").value, numbers(150).slice(100).join("\n"));
});

test("an import that fails goes on where it was", async () => {
  answer = (accounts, turn) =>
    turn === 2
      ? Response.json({ title: "No", detail: "Not now." }, { status: 422 })
      : { created: accounts.map(account), refused: [] };
  const main = opened();
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => button(main, t.actions.retry));
  assert.ok(result(main).textContent.includes("Not now."));
  assert.ok(result(main).textContent.includes(t.addMany.added(100)));
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(150)));
  assert.equal(sent[2].key, sent[1].key);
  assert.equal(field(main, "textarea").value, "");
});

test("whoever stops learns that the answer to what was sent before is lost, and goes on under its key", async () => {
  const main = opened();
  answer = (accounts, turn) => {
    if (turn === 2) press(button(main, t.addMany.stop));
    return [2, 3, 4].includes(turn)
      ? new Response("", { status: 504, headers: { "retry-after": "0.01" } })
      : { created: accounts.map(account), refused: [] };
  };
  await pasted(main, numbers(250).join("\n"));
  submit(main);
  await until(isDone(main));
  assert.ok(result(main).textContent.includes(problems.perhapsDone), result(main).textContent);
  assert.ok(!result(main).textContent.includes(t.addMany.unsent(150)));
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(250)));
  assert.deepEqual([sent.length, new Set(sent.slice(1, 5).map(({ key }) => key)).size], [6, 1]);
});

/** What refuses the first line, and the second part until the third request. */
const failsOnce = (accounts, turn) => {
  if (turn === 2) return Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  if (turn > 1) return { created: accounts.map(account), refused: [] };
  return { created: accounts.slice(1).map(account), refused: [{ index: 0, problem: problem("x", "There.") }] };
};
/** An import of 150 lines of which the first is refused, and the second part fails. */
async function failedInPart(main) {
  answer = failsOnce;
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => button(main, t.actions.retry));
}
const CORRECTED = "210987654321";
const corrected = (main) => pasted(main, field(main, "textarea").value.replace(numbers(1)[0], CORRECTED));

test("what was corrected before a failed import went on stays alone, without what was added then", async () => {
  const main = opened();
  await failedInPart(main);
  await corrected(main);
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(149)));
  await until(() => field(main, "form").hidden === false);
  assert.equal(field(main, "textarea").value, CORRECTED);
});

test("what was corrected before a failed import went on is left once to whoever leaves", async () => {
  for (const isAdded of [true, false]) {
    sent = [];
    const main = opened();
    await failedInPart(main);
    const wrong = numbers(150)[0];
    await pasted(main, field(main, "textarea").value.replace(wrong, `${wrong} Corrected`));
    const held = Promise.withResolvers();
    answer = async (accounts) => {
      await held.promise;
      return isAdded
        ? { created: accounts.map(account), refused: [] }
        : Response.json({ title: "No" }, { status: 422 });
    };
    press(button(main, t.actions.retry));
    await until(() => sent.length === 3);
    view.abort();
    view = new AbortController();
    const back = opened();
    held.resolve();
    const left = [`${wrong} Corrected`, ...(isAdded ? [] : numbers(150).slice(100))].join("\n");
    await until(() => field(back, "textarea").value === left);
    await pasted(back, "");
    view.abort();
    view = new AbortController();
  }
});

test("a file that was chosen before a failed import went on stays in the field's place", async () => {
  const main = opened();
  await failedInPart(main);
  choose(main, "more.csv", `${CORRECTED}\n${numbers(150)[149]}`);
  await until(() => inPlace(main).startsWith(`more.csv ${t.addMany.lines(2)}`));
  press(button(main, t.actions.retry));
  await until(() => inPlace(main).startsWith(`more.csv ${t.addMany.lines(1)}`));
  press(button(main, t.addMany.remove));
  assert.equal(field(main, "textarea").value, numbers(1)[0]);
});

test("adding what a failed import has left goes on with it", async () => {
  const main = opened();
  await failedInPart(main);
  submit(main);
  await until(() => result(main).textContent.includes(t.addMany.added(149)));
  assert.ok(result(main).textContent.includes(t.addMany.refused(1)));
  assert.deepEqual([sent.length, sent[2].key], [3, sent[1].key]);
  assert.equal(field(main, "textarea").value, numbers(1)[0]);
});

test("adding what a failed import has left adds what was typed beside its file too", async () => {
  const main = opened();
  await pasted(main, `${CORRECTED} Typed`);
  choose(main, "accounts.csv", numbers(150).join("\n"));
  await until(() => inPlace(main));
  answer = failsOnce;
  submit(main);
  await until(() => button(main, t.actions.retry));
  await until(() => preview(main).textContent.includes(t.addMany.summary(52, 0)));
  submit(main);
  await until(() => result(main).textContent.includes(t.addMany.added(52)));
  assert.equal(sent[2].key, sent[1].key);
  assert.ok(sent.slice(2).some(({ accounts }) => accounts.some(({ provider_id: number }) => number === CORRECTED)));
});

test("what goes on and is not added is left, above what was made of the rest meanwhile", async () => {
  const other = `${CORRECTED} Other`;
  const refuses = (accounts) => ({
    created: [],
    refused: accounts.map((_, index) => ({ index, problem: problem("x", "No.") })),
  });
  for (const [count, isStopped, left] of [
    [150, false, numbers(150).slice(100)],
    [350, true, numbers(350).slice(200)],
  ]) {
    sent = [];
    const main = opened();
    answer = failsOnce;
    await pasted(main, numbers(count).join("\n"));
    submit(main);
    await until(() => button(main, t.actions.retry));
    await pasted(main, other);
    answer = (accounts) => {
      if (!isStopped) return refuses(accounts);
      press(button(main, t.addMany.stop));
      return { created: accounts.map(account), refused: [] };
    };
    press(button(main, t.actions.retry));
    await until(() => sent.length === 3 && !field(main, "form").hidden);
    assert.equal(field(main, "textarea").value, [...left, other].join("\n"));
    assert.ok(result(main).textContent.includes(t.addMany.rest));
    await pasted(main, "");
    view.abort();
    view = new AbortController();
  }
});

test("a part without an answer keeps its key as long as its accounts are unchanged", async () => {
  for (const change of [CORRECTED, "no logs", "part"]) {
    sent = [];
    const main = opened();
    await failedInPart(main);
    if (change === CORRECTED) await corrected(main);
    else if (change === "part") await pasted(main, `${field(main, "textarea").value} Changed`);
    else all(main).find(({ ownValue, tag }) => tag === "input" && ownValue === "no").checked = true;
    submit(main);
    const count = change === CORRECTED ? 4 : 3;
    await until(() => sent.length === count && isDone(main)());
    assert.equal(sent[2].key === sent[1].key, change === CORRECTED, change);
    assert.deepEqual([sent[2].accounts.length, sent.length], [change === CORRECTED ? 50 : 51, count]);
    view.abort();
    view = new AbortController();
  }
});

test("lines that could not be read are left too, where they were", async () => {
  answer = (accounts) => ({
    created: accounts.slice(1).map(account),
    refused: [{ index: 0, problem: problem("already_connected", "There.") }],
  });
  const main = opened();
  await pasted(main, "12345\n123456789012\n123456789013\nwrong\n123456789013");
  submit(main);
  await until(isDone(main));
  assert.equal(field(main, "textarea").value, "12345\n123456789012\nwrong");
});

/** An import of 150 of which the second part fails, and then waits for what this returns. */
async function failed(main) {
  const held = Promise.withResolvers();
  answer = async (accounts, turn) => {
    if (turn === 2) return Response.json({ title: "No", detail: "Not now." }, { status: 422 });
    if (turn === 3) await held.promise;
    return { created: accounts.map(account), refused: [] };
  };
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => button(main, t.actions.retry));
  return held;
}

test("a line of a number that stands twice is left if it says something else", async () => {
  const main = opened();
  typed(main, "500000000001 Two\n500000000001 Three\n5000-0000-0001 Two");
  submit(main);
  await until(isDone(main));
  assert.equal(field(main, "textarea").value, "500000000001 Three");
  answer = () => Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  typed(main, numbers(1)[0]);
  submit(main);
  await until(() => button(main, t.actions.retry));
  typed(main, "500000000001 Two\n500000000001 Three");
  answer = (accounts) => ({ created: accounts.map(account), refused: [] });
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(1)));
  assert.equal(field(main, "textarea").value, "500000000001 Two\n500000000001 Three");
});

const failing = () => {
  answer = () => Response.json({ title: "No", detail: "Not now." }, { status: 422 });
};
const adding = () => {
  answer = (accounts) => ({ created: accounts.map(account), refused: [] });
};
const leave = () => {
  view.abort();
  view = new AbortController();
};
/** An import's view is left while it is sent. `put`: what puts its lines there. Returns what `addsAllLater` does. */
async function leftWhileSending(put = (main) => typed(main, numbers(102).join("\n"))) {
  const held = addsAllLater();
  const main = opened();
  await put(main);
  submit(main);
  await until(() => sent.length);
  leave();
  return held;
}

/** An import of so many lines that failed: none of them is added. */
async function failedImport(main, count) {
  failing();
  (count > 1_000 ? paste : typed)(main, numbers(count).join("\n"));
  submit(main);
  await until(() => button(main, t.actions.retry));
}

test("what was typed beside what is left stays, whether that goes on, is added or its view is left", async () => {
  for (const how of ["retry", "add", "leave"]) {
    let main = opened();
    await failedImport(main, 1_100);
    press(button(main, t.addMany.remove));
    typed(main, "210987654321 Typed");
    press(button(main, t.addMany.putBack(t.addMany.rests, 1_100)));
    adding();
    const held = how === "leave" && addsAllLater();
    if (how === "add") submit(main);
    else press(button(main, t.actions.retry));
    if (held) {
      await until(() => field(main, "form").hidden);
      leave();
      held.resolve();
      await until(() => toasts.textContent);
      main = opened();
    } else await until(() => result(main).textContent.includes(t.addMany.added(1_100)));
    assert.equal(field(main, "textarea").value, "210987654321 Typed", how);
    assert.equal(inPlace(main), held ? `${t.addMany.rests} ${t.addMany.lines(1_000)}${ACTS}` : "");
    if (held) press(button(main, t.addMany.remove));
    typed(main, "");
    leave();
  }
});

test("what stands in the field's place and holds no more than the field is gone once the rest is added", async () => {
  const main = opened();
  typed(main, "210987654321 Typed");
  failing();
  choose(main, "accounts.csv", numbers(1_100).join("\n"));
  await until(() => inPlace(main).startsWith("accounts.csv"));
  submit(main);
  await until(() => button(main, t.actions.retry));
  assert.ok(inPlace(main).startsWith(`${t.addMany.rests} ${t.addMany.lines(1_101)}`), inPlace(main));
  adding();
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(1_100)));
  assert.deepEqual([field(main, "textarea").value, inPlace(main)], ["210987654321 Typed", ""]);
});

test("a file that was put aside before a failed import went on can be put back", async () => {
  const main = opened();
  await failedImport(main, 1_100);
  choose(main, "b.csv", "210987654321 B");
  await until(() => inPlace(main).startsWith("b.csv"));
  press(button(main, t.addMany.putBack(t.addMany.rests, 1_100)));
  adding();
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(1_100)));
  assert.equal(inPlace(main), t.addMany.putBack("b.csv", 1));
});

test("the rest that arrives gives whoever types no button to press", async () => {
  const held = await leftWhileSending(async (main) => {
    choose(main, "accounts.csv", numbers(1_300).join("\n"));
    await until(() => inPlace(main));
  });
  const back = opened();
  field(back, "textarea").focus();
  typed(back, "2109876543");
  held.resolve();
  await until(() => inPlace(back).startsWith(t.addMany.rests));
  assert.equal(document.activeElement.tag, "p");
  assert.ok(document.activeElement.textContent.startsWith(t.addMany.rests));
});

test("a short rest that arrives leaves whoever types where they were", async () => {
  const held = await leftWhileSending();
  const text = field(opened(), "textarea");
  text.focus();
  Object.assign(text, { value: "2109876543", selectionStart: 3, selectionEnd: 3 });
  held.resolve();
  await until(() => text.value.includes("\n"));
  assert.ok(text.value.endsWith("\n2109876543"));
  assert.deepEqual([text.selectionStart, text.selectionEnd], Array(2).fill(text.value.length - 7));
});

test("what is left stands alone if it is too long to be read with what is there, which is put aside", async () => {
  const long = (count, from) =>
    Array.from({ length: count }, (_, at) => `${from + at},${"x".repeat(600)},${"y".repeat(600)}`).join("\n");
  const held = await leftWhileSending(async (main) => {
    choose(main, "first.csv", long(800, 100_000_000_000));
    await until(() => inPlace(main));
  });
  const back = opened();
  choose(back, "second.csv", long(800, 200_000_000_000));
  await until(() => inPlace(back));
  held.resolve();
  await until(() => inPlace(back).startsWith(`${t.addMany.rests} ${t.addMany.lines(700)}`));
  await until(() => preview(back).textContent.includes(t.addMany.summary(700, 0)));
  press(button(back, t.addMany.putBack("second.csv", 800)));
  await until(() => preview(back).textContent.includes(t.addMany.summary(800, 0)));
  assert.ok(button(back, t.addMany.putBack(t.addMany.rests, 700)));
});

test("what was typed is left where a file without accounts hides it from the rest of an import", async () => {
  const held = await leftWhileSending();
  const back = opened();
  typed(back, "210987654321 Typed");
  choose(back, "none.csv", "number,name");
  await until(() => inPlace(back));
  held.resolve();
  await until(() => inPlace(back).startsWith(t.addMany.rests));
  assert.equal(field(back, "textarea").value, "210987654321 Typed");
});

test("whoever chooses otherwise before a failed import goes on adds what is left so", async () => {
  const main = opened();
  await failedImport(main, 150);
  all(main).find(({ ownValue, tag }) => tag === "input" && ownValue === "no").checked = true;
  adding();
  press(button(main, t.actions.retry));
  await until(() => result(main).textContent.includes(t.addMany.added(150)));
  const logs = sent.slice(1).flatMap(({ accounts }) => accounts.map(({ write_logs: writes }) => writes));
  assert.deepEqual([logs.length, new Set(logs)], [150, new Set([false])]);
});

test("a lost part is sent again under its key by whoever comes back, and after another import", async () => {
  for (const between of ["left", "another import", "signed in again"]) {
    sent = [];
    let main = opened();
    const held = Promise.withResolvers();
    answer = async () => {
      if (between === "signed in again") await held.promise;
      return Response.json({ title: "No", detail: "Not now." }, { status: 422 });
    };
    typed(main, numbers(3).join("\n"));
    submit(main);
    await until(() => sent.length);
    const { fetch } = globalThis;
    if (between === "signed in again") await signIn(session);
    else await until(() => button(main, t.actions.retry));
    globalThis.fetch = fetch;
    if (between === "another import") {
      adding();
      choose(main, "b.csv", CORRECTED);
      await until(() => inPlace(main).startsWith("b.csv"));
      submit(main);
      await until(() => result(main).textContent.includes(t.addMany.added(1)));
    } else {
      leave();
      main = opened();
      held.resolve();
      await until(() => field(main, "textarea").value);
      adding();
    }
    submit(main);
    await until(() => result(main).textContent.includes(t.addMany.added(3)));
    assert.equal(sent.at(-1).key, sent[0].key, between);
    leave();
  }
});

test("whoever leaves is told why what is left failed", async () => {
  const main = opened();
  const held = Promise.withResolvers();
  answer = async () => {
    await held.promise;
    return Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  };
  typed(main, numbers(3).join("\n"));
  submit(main);
  await until(() => sent.length);
  view.abort();
  held.resolve();
  await until(() => toasts.textContent.includes(`${t.addMany.left(0, 3)} Not now.`));
});

test("whoever comes back while a part is sent is told so, and adds nothing until that is answered", async () => {
  const held = await leftWhileSending();
  const back = opened();
  assert.equal(result(back).querySelector("p").firstChild.textContent, t.addMany.sending);
  typed(back, numbers(102).join("\n"));
  submit(back);
  await until(() => field(back, "form").textContent.includes(t.addMany.sending));
  typed(back, "210987654321");
  submit(back);
  await until(() => field(back, "form").textContent.includes(t.addMany.sending));
  held.resolve();
  await until(() => field(back, "textarea").value === [...numbers(102).slice(100), "210987654321"].join("\n"));
  assert.equal(result(back).querySelector("p").firstChild.textContent, t.addMany.answered);
  assert.ok(!field(back, "form").textContent.includes(t.addMany.sending));
  submit(back);
  await until(() => result(back).textContent.includes(t.addMany.added(3)));
  assert.deepEqual(
    sent.map(({ accounts }) => accounts.length),
    [100, 3],
  );
  assert.equal(field(back, "textarea").value, "");
});

test("what is typed while what is there is read is no part of it, and stays", async (context) => {
  const main = opened();
  typed(main, numbers(300).join("\n"));
  // As on a slow machine: each line is read in a task of its own.
  let now = performance.now();
  context.mock.method(performance, "now", () => (now += 20));
  submit(main);
  await soon(5);
  await pasted(main, `${numbers(300).join("\n")}\n210987654321 Typed\n12`);
  assert.deepEqual(sent, []);
  await until(() => result(main).textContent.includes(t.addMany.added(300)));
  assert.equal(field(main, "textarea").value, "210987654321 Typed\n12");
  await until(() => preview(main).textContent.includes(t.addMany.summary(1, 1)));
});

test("of two files that are chosen one after the other, whoever pressed in between adds the second", async () => {
  const main = opened();
  const [first, second] = [Promise.withResolvers(), Promise.withResolvers()];
  typed(main, "333333333333");
  choose(main, "a.csv", first.promise);
  submit(main);
  choose(main, "b.csv", second.promise);
  first.resolve("111111111111");
  await soon(20);
  second.resolve("222222222222");
  await until(isDone(main));
  assert.deepEqual(
    sent.map(({ accounts }) => accounts[0].provider_id),
    ["222222222222"],
  );
});

test("two files of one name are known by their lines, and by when each was replaced", async () => {
  const main = opened();
  for (const text of ["111111111111\n222222222222", "333333333333", "444444444444", "555555555555"]) {
    choose(main, "accounts.csv", text);
    await until(() => preview(main).textContent.includes(text.slice(0, 12)));
  }
  const names = all(main.querySelector(".in-place")).filter(({ tag }) => tag === "button");
  const [, , newest, older, oldest] = names.map(({ textContent }) => textContent);
  assert.equal(oldest, t.addMany.putBack("accounts.csv", 2));
  for (const each of [newest, older]) assert.match(each, /^Put “accounts.csv” back \(1 line, .*:\d\d.*\)$/);
  press(button(main, t.addMany.remove));
});

test("what became of an import whose view was left is said until the next one begins", async () => {
  for (const isBack of [false, true]) {
    const held = await leftWhileSending();
    answer = () => assert.fail("stopped");
    let main = isBack && opened();
    held.resolve();
    await until(() => toasts.textContent);
    main ||= opened();
    const places = all(main).filter((node) => node.getAttribute("class") === "import-result");
    const said = [t.addMany.added(100), t.addMany.unsent(2, true)];
    const texts = places.map(({ textContent }) => said.every((each) => textContent.includes(each)));
    assert.deepEqual(texts, [!isBack, isBack], "below, for whoever is in the form");
    typed(main, "");
    leave();
    main = opened();
    assert.ok(result(main).textContent.includes(said[0]));
    assert.equal(main.textContent.split(said[0]).length, 2, "once");
    answer = (accounts) => ({ created: accounts.map(account), refused: [] });
    typed(main, "210987654321");
    submit(main);
    await until(() => result(main).textContent.includes(t.addMany.added(1)));
    assert.ok(!main.textContent.includes(said[0]));
    leave();
    main = opened();
    assert.ok(result(main).textContent.includes(t.addMany.added(1)));
    assert.ok(!main.textContent.includes(said[0]));
    leave();
    toasts.replaceChildren();
    sent = [];
  }
});

test("why lines were refused is said to whoever left by a link of the result, and comes back", async () => {
  answer = (accounts) => ({
    created: [account(accounts[0])],
    refused: [{ index: 1, problem: problem("already_connected", "It is connected.") }],
  });
  const main = opened();
  typed(main, numbers(2).join("\n"));
  submit(main);
  await until(isDone(main));
  leave();
  assert.ok(result(opened()).textContent.includes("It is connected."));
});

test("what a toast says of an import whose view was left ends there, and leads nobody there who is back", async () => {
  for (const isBack of [false, true]) {
    const held = await leftWhileSending();
    let main = isBack && opened();
    held.resolve();
    await until(() => toasts.textContent.includes(t.addMany.left(100, 2)));
    assert.equal(
      all(toasts).some(({ tag }) => tag === "a"),
      !isBack,
    );
    main ||= opened();
    answer = (accounts) => ({ created: accounts.map(account), refused: [] });
    if (isBack) submit(main);
    if (isBack) await until(isDone(main));
    assert.equal(toasts.textContent, "");
    typed(main, "");
    leave();
    sent = [];
  }
});

test("why lines were refused is said to whoever comes back, and to nobody else", async () => {
  for (const isOther of [false, true]) {
    const held = Promise.withResolvers();
    answer = async () => {
      await held.promise;
      return { created: [], refused: [{ index: 0, problem: problem("already_connected", "It is connected.") }] };
    };
    const main = opened();
    typed(main, "123456789012");
    submit(main);
    await until(() => sent.length);
    leave();
    held.resolve();
    await until(() => toasts.textContent);
    if (isOther) await signIn(session, "admin", "ben");
    assert.equal(result(opened()).textContent.includes("It is connected."), !isOther);
    sent = [];
    leave();
    toasts.replaceChildren();
  }
});

test("a file that is still read is added too", async () => {
  const main = opened();
  const slow = Promise.withResolvers();
  choose(main, "slow.csv", slow.promise);
  submit(main);
  await soon(20);
  slow.resolve("123456789012");
  await until(isDone(main));
  assert.deepEqual(sent[0].accounts.map(asSent), [["123456789012", "Account123456789012", undefined]]);
});

test("while a failed import goes on, nobody can send the same lines beside it", async () => {
  const main = opened();
  const held = await failed(main);
  assert.equal(field(main, "form").hidden, false);
  press(button(main, t.actions.retry));
  await until(() => sent.length === 3);
  assert.equal(field(main, "form").hidden, true);
  held.resolve();
  await until(() => result(main).textContent.includes(t.addMany.added(150)));
  assert.equal(field(main, "form").hidden, false);
});

test("what was typed before a failed import went on stays", async () => {
  const main = opened();
  const held = await failed(main);
  await pasted(main, "210987654321 Typed");
  press(button(main, t.actions.retry));
  held.resolve();
  await until(() => result(main).textContent.includes(t.addMany.added(150)));
  assert.equal(field(main, "textarea").value, "210987654321 Typed");
});

/** What screen readers hear. */
function hearing(context) {
  const heard = element();
  const { getElementById } = document;
  document.getElementById = (id) => (id === "announcer" ? heard : getElementById(id));
  context.after(() => Object.assign(document, { getElementById }));
  const texts = [];
  const { append } = heard;
  heard.append = (...parts) => {
    texts.push(...parts.filter(Boolean));
    append.apply(heard, parts);
  };
  return texts;
}

test("how far an import is can be seen all the time, and is heard each quarter", async (context) => {
  const heard = hearing(context);
  answer = async (accounts) => {
    await soon(80);
    return { created: accounts.map(account), refused: [] };
  };
  const main = opened();
  await pasted(main, numbers(1_000).join("\n"));
  heard.length = 0;
  submit(main);
  await until(isDone(main));
  await soon(100);
  assert.equal(sent.length, 10);
  assert.deepEqual(heard, [
    ...[0, 300, 500, 800].map((done) => t.addMany.progress(done, 1_000)),
    t.addMany.added(1_000),
  ]);
});

test("what was read is said in one element that stays, so that screen readers hear it", async () => {
  const main = opened();
  const status = () => all(main).filter((node) => node.getAttribute("role") === "status");
  const [first] = status();
  await pasted(main, "123456789012");
  assert.equal(first.textContent, t.addMany.summary(1, 0));
  await pasted(main, " ".repeat(1_500_001));
  assert.equal(first.textContent, t.addMany.tooLong);
  await pasted(main, "123456789012\nwrong");
  assert.equal(first.textContent, t.addMany.summary(1, 1));
  assert.deepEqual(status(), [first]);
});

test("whoever leaves is told what was added and what was not sent", async () => {
  const held = addsAllLater();
  const main = opened();
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => sent.length);
  view.abort();
  held.resolve();
  await until(() => toasts.textContent.includes(t.addMany.left(100, 50)));
  assert.equal(all(toasts).find(({ tag }) => tag === "a").href, "#/accounts/many");
  assert.equal(sent.length, 1);
});

test("what is left is in the field of whoever comes back, and of nobody else", async () => {
  answer = (accounts) => ({
    created: accounts.slice(1).map(account),
    refused: [{ index: 0, problem: problem("already_connected", "There.") }],
  });
  const held = Promise.withResolvers();
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    await held.promise;
    return fetch(...request);
  };
  const main = opened();
  const noLogs = (place) => all(place).find(({ ownValue, tag }) => tag === "input" && ownValue === "no");
  noLogs(main).checked = true;
  await pasted(main, ["number,name", ...numbers(150), "wrong"].join("\n"));
  submit(main);
  await until(() => field(main, "form").hidden);
  view.abort();
  view = new AbortController();
  // Who is back before the answer gets it then.
  const early = opened();
  assert.deepEqual([field(early, "textarea").value, noLogs(early).checked], ["", true]);
  held.resolve();
  const left = ["number,name", numbers(1)[0], ...numbers(150).slice(100), "wrong"].join("\n");
  await until(() => field(early, "textarea").value === left);
  assert.ok(toasts.textContent.includes(t.addMany.left(99, 52)));
  view.abort();
  await signIn(session, "admin", "ben");
  view = new AbortController();
  assert.equal(field(opened(), "textarea").value, "");
  view.abort();
  await signIn(session);
  view = new AbortController();
  assert.equal(field(opened(), "textarea").value, "", "another person was here");
});

test("what is left stands above what was typed since, in the field and in the draft", async () => {
  for (const isBack of [true, false]) {
    const held = addsAllLater();
    const main = opened();
    await pasted(main, numbers(102).join("\n"));
    submit(main);
    await until(() => field(main, "form").hidden);
    view.abort();
    view = new AbortController();
    const early = opened();
    field(early, "textarea").value = "123456789012 Typed";
    if (!isBack) view.abort();
    held.resolve();
    const both = [...numbers(102).slice(100), "123456789012 Typed"].join("\n");
    if (!isBack) {
      await until(() => toasts.textContent.includes(t.addMany.left(100, 2)));
      await soon();
      view = new AbortController();
    }
    const place = isBack ? early : opened();
    await until(() => field(place, "textarea").value === both);
    field(place, "textarea").value = "";
    view.abort();
    view = new AbortController();
    toasts.replaceChildren();
  }
});

const HEADED = "number,name,role_name\n100000000000,One,CavokOne";
const OTHERWISE = "name;number\nTwo;100000000001";

test("what is left and what was typed since are each sent as their own heads say", async () => {
  const held = Promise.withResolvers();
  answer = async (accounts, turn) => {
    if (turn === 1) await held.promise;
    const refused = accounts.map((_, index) => ({ index, problem: problem("already_connected", "There.") }));
    return turn === 1 ? { created: [], refused } : { created: accounts.map(account), refused: [] };
  };
  const main = opened();
  await pasted(main, HEADED);
  submit(main);
  await until(() => sent.length);
  view.abort();
  view = new AbortController();
  const back = opened();
  await pasted(back, OTHERWISE);
  held.resolve();
  await until(() => field(back, "textarea").value.length > OTHERWISE.length);
  submit(back);
  await until(isDone(back));
  assert.deepEqual(sent[1].accounts.map(asSent), [
    ["100000000000", "One", "CavokOne"],
    ["100000000001", "Two", undefined],
  ]);
});

test("what is typed before a failed import goes on is kept for whoever leaves, below its own head", async () => {
  answer = () => Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  const main = opened();
  await pasted(main, HEADED);
  submit(main);
  await until(() => button(main, t.actions.retry));
  await pasted(main, OTHERWISE);
  const held = Promise.withResolvers();
  answer = async () => {
    await held.promise;
    return Response.json({ title: "No", detail: "Not now." }, { status: 422 });
  };
  press(button(main, t.actions.retry));
  await until(() => sent.length === 2);
  view.abort();
  held.resolve();
  await until(() => toasts.textContent.includes(t.addMany.left(0, 1)));
  await soon();
  view = new AbortController();
  const back = opened();
  assert.equal(field(back, "textarea").value, `${HEADED}\nsep=\n${OTHERWISE}`);
  field(back, "textarea").value = "";
});

test("a region that was typed and not added is there again", async () => {
  const region = (main) => all(main).find((node) => node.getAttribute("list"));
  const main = opened();
  region(main).value = "eu-west-1";
  view.abort();
  view = new AbortController();
  const back = opened();
  assert.equal(region(back).value, "eu-west-1");
  region(back).value = "";
});

test("the end of an import whose view was left changes nothing that was chosen since", async () => {
  const held = await leftWhileSending();
  const region = (place) => all(place).find((node) => node.getAttribute("list"));
  const noLogs = (place) => all(place).find(({ ownValue, tag }) => tag === "input" && ownValue === "no");
  const since = opened();
  noLogs(since).checked = true;
  region(since).value = "eu-west-1";
  leave();
  held.resolve();
  await until(() => toasts.textContent);
  const back = opened();
  assert.deepEqual([noLogs(back).checked, region(back).value], [true, "eu-west-1"]);
});

test("what is left of an import whose session ended is there once the same person has signed in again", async () => {
  const held = addsAllLater();
  const main = opened();
  await pasted(main, numbers(102).join("\n"));
  submit(main);
  await until(() => sent.length);
  await signIn(session);
  view.abort();
  held.resolve();
  await soon(20);
  view = new AbortController();
  const again = opened();
  await until(() => field(again, "textarea").value === numbers(102).join("\n"));
  field(again, "textarea").value = "";
});

test("of what was sent and not answered as its session ended, it is not said that it was not sent", async () => {
  const held = addsAllLater();
  const main = opened();
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => sent.length);
  const { fetch } = globalThis;
  await signIn(session);
  globalThis.fetch = fetch;
  leave();
  held.resolve();
  await soon(20);
  const back = opened();
  for (const said of [t.addMany.sent(100), t.addMany.unsent(50, true), t.addMany.rest])
    assert.ok(result(back).textContent.includes(said), said);
});

test("after whoever began it has signed out, an import tells the next person nothing", async () => {
  const held = addsAllLater();
  const main = opened();
  await pasted(main, numbers(150).join("\n"));
  submit(main);
  await until(() => sent.length);
  await signIn(session, "admin", "ben");
  view.abort();
  held.resolve();
  await soon(20);
  assert.equal(toasts.textContent, "");
  assert.equal(store.account(`id${numbers(1)[0].slice(0, 12)}`), null);
  await signIn(session);
});

test("what was pasted and not sent is there again, with what was chosen", async () => {
  await pasted(opened(), "123456789012 Prod");
  view.abort();
  view = new AbortController();
  const main = opened();
  assert.equal(field(main, "textarea").value, "123456789012 Prod");
  await soon(30);
  assert.ok(preview(main).textContent.includes(t.addMany.summary(1, 0)));
  field(main, "textarea").value = "";
});

test("the browser asks before it leaves the page while an import runs, and not after", async (context) => {
  const asks = new Set();
  context.mock.method(globalThis, "addEventListener", (type, listener, { signal }) => {
    if (type !== "beforeunload") return;
    asks.add(listener);
    signal.addEventListener("abort", () => asks.delete(listener));
  });
  const held = addsAllLater();
  const main = opened();
  await pasted(main, "123456789012");
  assert.equal(asks.size, 0);
  submit(main);
  await until(() => sent.length);
  const leaving = new Event("beforeunload", { cancelable: true });
  for (const ask of asks) ask(leaving);
  assert.equal(leaving.defaultPrevented, true);
  held.resolve();
  await until(isDone(main));
  assert.equal(asks.size, 0);
});

test("the list is read anew after an import", async () => {
  const before = store.listingOf({});
  const main = opened();
  await pasted(main, "123456789012");
  submit(main);
  await until(isDone(main));
  assert.notEqual(store.listingOf({}), before);
  assert.equal(store.account("id123456789012").name, "Account123456789012");
});

test("a viewer is told why not", async () => {
  await signIn(session, "viewer");
  const main = opened();
  assert.ok(main.textContent.includes(t.viewer.why));
  assert.equal(field(main, "textarea"), undefined);
  await signIn(session);
});
