// Many accounts at once: pasted, read line by line, and added some at a time.
import * as api from "../lib/api.js";
import { choice } from "../lib/choice.js";
import { announce, fill, h, later, render } from "../lib/dom.js";
import { second } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { partsAfter, send } from "../lib/importing.js";
import { reading, textOf } from "../lib/pasted.js";
import { styled } from "../lib/pictures.js";
import { regionsField } from "../lib/regions-field.js";
import { roomy } from "../lib/room.js";
import * as session from "../lib/session.js";
import { inSlices } from "../lib/slices.js";
import * as store from "../lib/store.js";
import {
  besideIn,
  decoded,
  inItsPlace,
  keptOf,
  keyOf,
  LONGEST_TEXT,
  NOTHING,
  onTop,
  textIn,
  textOrFile,
  withAbove,
  withoutAdded,
  Workbook,
} from "../lib/text-or-file.js";
import { button, clearErrors, errorPanel, field, form, notice, reasonOf, toast } from "../lib/ui.js";
import { t } from "./texts.js";

// More are counted, not shown.
const SHOWN = { errors: 100, ready: 20, characters: 300 };
// How often screen readers hear how far an import is.
const PARTS_SAID = 4;

/** What was in the form when its view was left, or what its import had left then. `of`: whose it is. No other person
 * sees it, and a reload forgets it. `region`: what was typed of one, and not added. `unanswered`: what was sent.
 * `results`: until the next import begins. `sent`: of how many the answer is not known. `isSending`: an import runs.
 * @typedef {import("../lib/text-or-file.js").Content} Content
 * @typedef {{created: any[], refused: {line: any, problem: any}[], unsent: number, sent: number, rest: number,
 *   problem?: any, isLeft: boolean}} Result
 * @typedef {{of: string, content: Content, logs: boolean, regions: string[], region: string, results: Result[],
 *   unanswered: import("../lib/importing.js").Unanswered, isSending: boolean}} Draft
 * @param {string} of @returns {Draft} */
const noDraft = (of) => ({
  ...{ of, content: NOTHING, logs: true, regions: [], region: "", results: [] },
  ...{ unanswered: new Map(), isSending: false },
});
let draft = noDraft("");
/** Ends what a toast says of an import whose view was left. The view says it, and more truly. */
let closeToast = () => {};
const noForm = () => {};
/** Puts the draft into the form, if one is shown, and its results there.
 * @type {(place?: Element) => void} */
let putBack = noForm;

export function addMany({ main, title, signal }) {
  styled("add-many");
  title(t.addMany.title);
  fill(
    main,
    h("div", { class: "crumb" }, h("a", { href: store.listAddress() }, icon("left"), t.list.title)),
    h("div", { class: "page-head" }, h("h1", {}, t.addMany.title)),
    h("p", { class: "lead" }, t.enrollments.whole, " ", h("a", { href: "#/enrollments" }, t.enrollments.connect)),
    session.somebody().canChange ? importer(signal) : notice("info", h("p", {}, t.viewer.why)),
  );
}

function importer(signal) {
  const of = session.somebody().email;
  const until = session.ending();
  if (draft.of !== of) draft = noDraft(of);
  const { unanswered } = draft;
  /** @type {Set<Result>} */
  const drawn = new Set();
  const text = /** @type {any} */ (
    h("textarea", { class: "input import-text", rows: "10", spellcheck: "false", autocapitalize: "none", value: "" })
  );
  const file = h("input", { type: "file", class: "input" });
  const regions = regionsField({
    value: draft.regions,
    text: draft.region,
    help: t.newAccount.regionsHelp,
    optional: true,
  });
  // It stays, so that screen readers hear what changes in it.
  const summary = h("div", { role: "status" });
  const shownLines = h("div", {});
  const preview = h("section", { class: "import-preview", "aria-label": t.addMany.preview }, summary, shownLines);
  const result = h("section", { class: "import-result", "aria-label": t.addMany.result });
  // Those that come while somebody fills the form in: below it, so that nothing moves.
  const late = h("section", { class: "import-result", "aria-label": t.addMany.result });
  /** Of an import whose view was left. */
  const answer = h("span", {}, t.addMany.sending);
  /** Whether that is why the last press of Add was refused. */
  let isRefused = false;
  /** The last import. Parts are left of one that was stopped or failed. `rest`: all lines that it has left.
   * @type {{parts: {key: string, lines: any[]}[], choices: string, rest: () => any[], goOn: () => any}} */
  let last = { parts: [], choices: "", rest: () => [], goOn: async () => {} };
  const unsent = () => last.parts.flatMap(({ lines }) => lines);
  /** The reading of the file that was chosen last. */
  let choosing = Promise.resolve();
  // Reading ends with the view, and once there is another text.
  let newest = new AbortController();
  const anew = () => {
    newest.abort();
    newest = new AbortController();
    return AbortSignal.any([signal, newest.signal]);
  };

  /** What there is now, or null if the signal ended the reading. Shows it, unless there is another text by then. */
  const readText = async (ends = anew()) => {
    const there = textIn(accounts.read());
    const shown = there.length > LONGEST_TEXT ? null : there;
    const lines = await inSlices(reading(shown ?? ""), ends);
    if (lines && textIn(accounts.read()) === there) drawPreview(summary, shownLines, shown, lines);
    return lines;
  };
  const accounts = textOrFile(text, () => readText());
  text.addEventListener("input", () => later(200, readText, anew()));
  file.addEventListener("change", () => {
    choosing = choose();
  });
  async function choose() {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    // What was typed just before would be read over what is said of the file.
    anew();
    const isTooLong = chosen.size > LONGEST_TEXT;
    // The beginning says whether it is a workbook, however long it is.
    const part = isTooLong ? chosen.slice(0, 4) : chosen;
    const lines = await part
      .arrayBuffer()
      .then(decoded)
      .catch((why) => void toast(why instanceof Workbook ? t.addMany.workbook : t.addMany.unreadable, "warning"));
    // Another may be chosen by now.
    const isLast = file.files?.[0] === chosen;
    // So that the same file can be chosen again, removed or corrected.
    if (isLast) file.value = "";
    if (lines === undefined) return void readText();
    if (!isLast) return;
    if (!isTooLong && !lines.trim()) {
      toast(t.addMany.empty, "warning");
      return void readText();
    }
    if (!isTooLong) return void accounts.place({ name: chosen.name, text: lines }, false);
    if (!textIn(accounts.read())) return drawPreview(summary, shownLines, null, []);
    toast(t.addMany.tooLong, "warning");
    readText();
  }

  const node = form({
    submitText: t.addMany.submit,
    fields: [
      field({ name: "accounts", label: t.addMany.text, help: t.addMany.textHelp, input: text, after: accounts.node }),
      field({ name: "file", label: t.addMany.file, optional: true, input: file }),
      choice({
        name: "write_logs",
        label: t.newAccount.writeLogs,
        value: draft.logs ? "yes" : "no",
        className: "choice-row",
        options: [
          { value: "yes", title: t.yes, text: t.newAccount.writeLogsYes },
          { value: "no", title: t.no, text: t.newAccount.writeLogsNo },
        ],
      }),
      regions.node,
    ],
    async onsubmit(_, first) {
      // What is left of an import whose view was left comes into the form first.
      isRefused = draft.isSending;
      if (draft.isSending) throw { status: 422, errors: [{ field: "accounts", message: t.addMany.sending }] };
      await add(first);
    },
  });

  // What is there at the press. What is typed or chosen while it is read is no part of it, and stays.
  async function add(first) {
    const named = regions.read();
    const choices = choicesOf(named ?? []);
    let waited;
    while (waited !== choosing) await first((waited = choosing));
    const there = textIn(accounts.read());
    anew();
    const read = await first(readText(signal));
    if (!read) return;
    const ready = read.filter(({ account }) => account);
    if (!ready.length) accounts.node.querySelector("button")?.focus();
    if (!ready.length) throw { status: 422, errors: [{ field: "accounts", message: t.addMany.none }] };
    if (named === null) throw { status: 422, errors: [] };
    const isSame = JSON.stringify(choices) === last.choices && there === textOf(last.rest());
    await (last.parts.length && isSame ? last.goOn() : run(read, choices, there));
  }

  // Dropped anywhere in the form, a file would be opened instead of the page.
  node.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  node.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    file.files = event.dataTransfer.files;
    if (file.files.length > 1) toast(t.addMany.oneFile(file.files[0].name), "warning");
    file.dispatchEvent(new Event("change"));
  });

  const writesLogs = () => !node.querySelector('input[name="write_logs"][value="no"]:checked');
  /** @param {string[]} named */
  const choicesOf = (named) => ({ write_logs: writesLogs(), ...(named.length ? { regions: named } : {}) });
  /** Unless another person is here by now. @param {Content} content @param {Partial<Draft>} [chosen] */
  const keep = (content, chosen) => {
    if (draft.of === of) draft = { ...draft, ...chosen, content: keptOf(content) };
  };
  putBack = (place = late) => {
    if (node.hidden || draft.of !== of) return;
    if (!draft.isSending) {
      answer.textContent = t.addMany.answered;
      if (isRefused) clearErrors(node);
      isRefused = false;
    }
    const [kept, { results }] = [inItsPlace(draft.content), draft];
    draft = { ...draft, content: NOTHING };
    for (const each of results.filter((one) => !drawn.has(one))) place.append(h("div", {}, resultOf(each)));
    for (const each of results) drawn.add(each);
    if (kept.inPlace || kept.text || kept.aside.length) accounts.show(onTop(kept, accounts.read()));
  };
  signal.addEventListener("abort", () => {
    putBack = noForm;
    // An import keeps what it has left once it knows.
    const chosen = { logs: writesLogs(), regions: regions.chosen(), region: regions.text() };
    keep(onTop(draft.content, accounts.read()), chosen);
  });

  // While it runs, the form is not there: what is sent stays what it was.
  async function run(read, choices, whole) {
    const ready = read.filter(({ account }) => account);
    const bodyOf = ({ account }) => ({ provider: "aws", access_type: "assume_role", ...choices, ...account });
    const parts = partsAfter(unanswered, ready, bodyOf);
    const progress = { done: 0, created: [], refused: [] };
    const unread = read.filter(({ error, isRepeat }) => error && !isRepeat);
    const rest = () =>
      [...unread, ...progress.refused.map(({ line }) => line), ...unsent()].toSorted((a, b) => a.line - b.line);
    /** What screen readers have heard. The end has its heading. @type {Set<number | string>} */
    const heard = new Set([PARTS_SAID]);
    const chosen = JSON.stringify(choices);
    last = { parts, choices: chosen, rest, goOn };
    const there = accounts.read();
    if (textIn(there) !== whole) return goOn(rest());
    accounts.show({ text: besideIn(there), inPlace: null, aside: keptOf(there).aside });
    await go(rest(), NOTHING);

    // What somebody has made of the rest comes back, without the accounts that are added meanwhile.
    async function goOn(lines = unsent()) {
      const held = accounts.read();
      accounts.show(NOTHING);
      await go(lines, held);
    }

    // Whoever has chosen otherwise since adds what is there so.
    function again() {
      const isSame = !regions.text() && JSON.stringify(choicesOf(regions.chosen())) === chosen;
      return isSame ? goOn() : node.requestSubmit();
    }

    // Of these lines, those that are not added come back too.
    async function go(lines, held) {
      const going = new Set(lines);
      node.hidden = true;
      const asked = Date.now();
      const own = new AbortController();
      const said = h("p", {});
      const bar = h("progress", { max: ready.length, value: 0, "aria-label": t.addMany.title });
      const stop = button(t.addMany.stop, { onclick: () => own.abort() });
      const draw = (waitsUntil) => {
        bar.value = progress.done;
        said.textContent = waitsUntil
          ? t.addMany.waits(progress.done, ready.length, second(waitsUntil))
          : t.addMany.progress(progress.done, ready.length);
        const news = waitsUntil ? "waits" : Math.floor((PARTS_SAID * progress.done) / ready.length);
        if (!heard.has(news)) announce(said.textContent);
        heard.add(news);
      };
      draw();
      closeToast();
      draft = { ...draft, results: draft.results.filter((each) => !drawn.has(each)), isSending: true };
      fill(late);
      fill(result, h("div", { class: "import-progress" }, bar, said, stop));
      stop.focus();
      const sending = new AbortController();
      // The browser asks whether to leave the page.
      addEventListener("beforeunload", (event) => event.preventDefault(), { signal: sending.signal });
      let problem;
      try {
        await send(parts, bodyOf, progress, draw, AbortSignal.any([signal, own.signal]), unanswered);
      } catch (error) {
        // What was sent before a stop may fail, too.
        if (!own.signal.aborted || /** @type {any} */ (error).name !== "AbortError") problem = error;
      }
      sending.abort();
      // The next person may see other accounts.
      if (!until.aborted) store.addAll(progress.created, asked);
      const left = await withoutAdded(held, progress.created);
      // Whoever has edited what was left has not removed what was sent since.
      const others = rest().filter((line) => going.has(line) && !left.keys.has(keyOf(line)));
      const content = withAbove(textOf(others), left.content);
      const isLeft = signal.aborted;
      if (isLeft && problem?.name === "AbortError") problem = undefined;
      const leftOf = (isSent) => (problem ? [] : parts.filter(({ key }) => unanswered.has(key) === isSent));
      const [sent, never] = [true, false].map((isSent) => leftOf(isSent).flatMap((part) => part.lines).length);
      const became = { ...progress, unsent: never, sent, rest: rest().length, problem, isLeft };
      if (isLeft) return leave(content, became);
      drawn.add(became);
      draft = { ...draft, results: [...draft.results, became], isSending: false };
      drawResult(became, again);
      showForm(content);
    }

    // What is left is in the form when the person comes back, or is back already.
    function leave(content, became) {
      // What was typed since stays, below, and so does what was chosen since.
      keep(onTop(content, draft.content), { results: [...draft.results, became], isSending: false });
      putBack();
      if (until.aborted) return;
      const { created, rest: count, problem } = became;
      const back = count && putBack === noForm ? { href: "#/accounts/many", text: t.addMany.back } : undefined;
      closeToast();
      closeToast = toast(
        t.addMany.left(created.length, count) + (problem ? ` ${reasonOf(problem)}` : ""),
        "warning",
        back,
      );
    }
  }

  function drawResult(became, again) {
    fill(result, resultOf(became, again));
    const heading = /** @type {HTMLElement} */ (result.querySelector("h2"));
    heading.focus();
    announce(heading.textContent);
  }

  // What was not added is left to be corrected and sent again, above what is there.
  function showForm(content) {
    accounts.show(onTop(content, accounts.read()));
    node.hidden = false;
  }

  closeToast();
  if (draft.isSending) fill(result, notice("info", roomy("p", {}, [t.addMany.sending, t.addMany.answered], answer)));
  putBack(result);
  readText();
  // What was read comes after a while, so nothing stands below it.
  return h("div", { class: "importer" }, result, node, preview, late);
}

const nextLinks = ({ account_id: id }) => [
  h("a", { href: `#/accounts/${api.segment(id)}/instructions` }, t.list.instructions),
  " · ",
  h("a", { href: "#/accounts?status=unconfirmed" }, t.addMany.show),
];

/** @param {Result} of @param {() => any} [again] */
const resultOf = ({ created, refused, unsent, sent, rest, problem, isLeft }, again) => [
  problem && errorPanel(problem, again),
  h("h2", { tabindex: "-1" }, t.addMany.added(created.length)),
  created.length > 0 && h("p", {}, t.addMany.next, " ", nextLinks(created[0])),
  sent > 0 && notice("warning", h("p", {}, t.addMany.sent(sent))),
  unsent > 0 && notice("warning", h("p", {}, t.addMany.unsent(unsent, isLeft))),
  refused.length > 0 && [
    h("h3", {}, t.addMany.refused(refused.length)),
    lineList(refused, ({ line, problem: why }) => ({ ...line, why: whyOf(why) })),
  ],
  rest > 0 && h("p", {}, t.addMany.rest),
];

// In the API's words, field by field where it says so.
const whyOf = ({ errors, detail, title }) => errors?.map(({ message }) => message).join(" ") || detail || title;

/** Null for a text that is too long to be read. @param {string | null} text */
function drawPreview(summary, place, text, lines) {
  const wrong = lines.filter(({ error }) => error);
  const ready = lines.filter(({ account }) => account);
  const said = lines.length ? t.addMany.summary(ready.length, wrong.length) : "";
  render(summary, text === null || said, () =>
    text === null ? notice("warning", h("p", {}, t.addMany.tooLong)) : h("p", {}, said),
  );
  render(place, text, () => [
    wrong.length > 0 && lineList(wrong, (each) => ({ ...each, why: t.addMany.errors[each.error](each.of) })),
    ready.length > 0 && readyTable(ready),
  ]);
}

// A text without a break is laid out in one task. What is wrong with a line may say what stands in it.
const cut = (text) => (text.length > SHOWN.characters ? `${text.slice(0, SHOWN.characters)}…` : text);

const lineList = (entries, lineOf) => [
  h(
    "ul",
    { class: "import-lines" },
    entries
      .slice(0, SHOWN.errors)
      .map(lineOf)
      .map(({ line, source, why }) =>
        h(
          "li",
          {},
          h("strong", {}, t.addMany.line(line)),
          " ",
          cut(why),
          " ",
          h("code", { class: "muted" }, cut(source)),
        ),
      ),
  ),
  entries.length > SHOWN.errors && h("p", { class: "muted" }, t.addMany.more(entries.length - SHOWN.errors)),
];

const readyTable = (ready) => [
  h(
    "div",
    { class: "import-table", tabindex: "0", role: "group", "aria-label": t.addMany.ready },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          t.addMany.columns.map((column) => h("th", { scope: "col" }, column)),
        ),
      ),
      h(
        "tbody",
        {},
        ready.slice(0, SHOWN.ready).map(({ line, account }) =>
          h(
            "tr",
            {},
            [
              String(line),
              account.provider_id,
              account.name,
              [account.role_path, account.role_name].filter(Boolean).join(""),
              account.regions?.join(" "),
              { true: t.yes, false: t.no }[account.write_logs],
            ].map((cell) => h("td", {}, cell ? cut(cell) : t.list.none)),
          ),
        ),
      ),
    ),
  ),
  ready.length > SHOWN.ready && h("p", { class: "muted" }, t.addMany.more(ready.length - SHOWN.ready)),
];
