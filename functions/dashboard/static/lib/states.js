// What the lines of a text say of whether an account is active, in whatever form. In doubt, that it is not.
import { linesIn, NOT_ACTIVE, WRITTEN_NUMBER } from "./printed.js";

const ALL_REFUSING = new RegExp(NOT_ACTIVE.source, "giu");
const LAST_REFUSING = new RegExp(`^[^]*(${NOT_ACTIVE.source})`, "iu");
// A short line: a longer one is more than a state, or what a list is of.
const SHORT = { characters: 100, words: 4 };
// A number in a line, of any kind that is said to be wrong.
const LIKE_NUMBER = new RegExp(`(?<!\\d)\\d{11,13}(?!\\d)|\\dE\\+\\d|${WRITTEN_NUMBER.source}`, "iu");
// What a list is of; or ends one.
const HEADING = new RegExp(`^#|[:=][*_ ]*$|^[^\\p{L}]*(?:${NOT_ACTIVE.source})`, "iu");
const NEXT = /^[#\]})]|[:=][*_ ]*$/;
const SEPARATED = /^ *sep=.? *$/i;
// Colours of a terminal, and signs that nobody sees.
const UNSEEN = new RegExp("\\u001b\\[[\\d;?]*[A-Za-z]|\\[\\d[\\d;]*m|\\p{Cf}", "gu");
const QUOTED = /^(?:> ?)+(?! *aws )/gm;
const OTHER_DIGIT = /(?![0-9])\p{Nd}/gu;
/** Those that were met, of some hundreds. @type {Map<number, any>} */
const DIGITS = new Map();
// Signs of a line, or rows, that are looked at in one step; and lines.
const AT_ONCE = 1_000;
const AT_A_TIME = 20;

/** @param {string} text */
export const withPlainSigns = (text) => text.replace(UNSEEN, "").replace(QUOTED, "").replace(OTHER_DIGIT, digitOf);

/** The text in the signs that are read, with the same lines. @param {string} text
 * @returns {Generator<void, string, void>} */
export function* plainOf(text) {
  let plain = "";
  for (const [some] of text.matchAll(/[^]{1,20000}[^\r\n]{0,1000}/gu)) {
    yield;
    plain += withPlainSigns(some);
  }
  return plain;
}

// Each script has its ten one after the other.
function digitOf(sign) {
  const code = Number(sign.codePointAt(0));
  const known = DIGITS.get(code);
  if (known) return known;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1;
  DIGITS.set(code, String(before % 10));
  return DIGITS.get(code);
}

/** What it says last of an account that is not active. @param {string} text */
const refusingIn = (text) => (NOT_ACTIVE.test(text) ? LAST_REFUSING.exec(text)?.[1] : undefined);

const countIn = (text) => text.match(ALL_REFUSING)?.length ?? 0;

// When it was so last says nothing of now.
const isActiveIn = (line) =>
  line.length < SHORT.characters &&
  /(?<!\p{L})(?<!last[ _-]?)active(?!\p{L})/iu.test(line) &&
  (line.match(/\p{L}+/gu) ?? []).length <= SHORT.words;

/** Whether the own fields of an account say nothing of that. @param {import("./pasted.js").Line} line */
export const isUnsaid = ({ number, isActive, error }) => Boolean(number) && !isActive && error !== "notActive";

/** Does it with each, with a step after so many. @param {any[]} all @param {(each: any) => void} act */
export function* withEach(all, act) {
  for (const [index, each] of all.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) yield;
    act(each);
  }
}

/**
 * The lines, of which none adds an account that the text says is not active: in its own line, or in one without a
 * number beside it. If such lines stand before the first number or after the last, and not both, so does that of each.
 * `wholes`: from which line to which each account has a state of its own.
 * @param {string} text @param {import("./pasted.js").Line[]} lines @param {{first: number, last: number}[]} wholes
 * @returns {Generator<void, import("./pasted.js").Line[], void>}
 */
export function* withoutRefused(text, lines, wholes) {
  const refused = new Map();
  const used = new Set();
  // The numbers since what was read as a whole. `isOpen`: the last line has some.
  let list = { heading: undefined, runs: [], isOpen: false };
  let [at, next] = [0, 0];
  for (const { line, from, to, said } of linesIn(text)) {
    if (line % AT_A_TIME === 0 || to - from > AT_ONCE) yield;
    const begin = at;
    while (at < lines.length && (lines[at].at ?? lines[at].line) <= line) at += 1;
    while (wholes[next]?.last < line) next += 1;
    const here = lineOf(text.slice(from, to), said, lines.slice(begin, at));
    const isWhole = wholes[next]?.first <= line && !here.rows.some(isUnsaid);
    yield* decideOwn(here, refused, used);
    if (isWhole || SEPARATED.test(said)) {
      yield* decideRuns(list.runs, refused);
      list = { heading: isWhole ? headingBelow(here, list.heading) : undefined, runs: [], isOpen: false };
    } else if (here.ofNumbers.length) addNumbers(list, here);
    else addWords(list, here, refused);
  }
  yield* decideRuns(list.runs, refused);
  const rest = [];
  yield* withEach(lines, (row) => used.has(row) || rest.push(withState(row, refused.get(row.account?.provider_id))));
  return rest;
}

// What a line says: `rows` were read in it, some `ofNumbers` of any kind; `numbers`, of those that may be not active.
function lineOf(whole, said, rows) {
  const isLike = rows.length > 0 && LIKE_NUMBER.test(whole);
  const ofNumbers = rows.filter(({ number, error }) => number || (error !== "elsewhere" && isLike));
  const numbers = rows.filter(({ number, isActive }) => number && !isActive).map(({ number }) => number);
  return { whole, said, indent: whole.search(/\S/), state: refusingIn(whole) ?? "", rows, ofNumbers, numbers };
}

// What a line says of its own numbers. Of several, each has what it says itself, if that is all there is.
function* decideOwn({ whole, state, rows, ofNumbers }, refused, used) {
  const ofEach = state && countIn(whole) > rows.reduce((count, { source }) => count + countIn(source), 0) ? state : "";
  yield* withEach(rows, (row) => {
    const { number, isActive, source, error, of } = row;
    const own = refusingIn(error === "notActive" ? of : source);
    // What it says is of a number that has another row.
    const isOther = !number && error !== "elsewhere" && !LIKE_NUMBER.test(source);
    if (isOther && (own || (state && !ofNumbers.length))) used.add(row);
    const said = own ?? (error === "notActive" ? "inactive" : ofEach);
    if (said && number && !isActive) refused.set(number, said);
  });
}

// Lines with numbers that follow each other are a run. What stands only above them all, or only below, is said of each.
function* decideRuns(runs, refused) {
  const [isAbove, isBelow] = [runs[0]?.above, runs.at(-1)?.below].map(Boolean);
  for (const { lines, above, below } of runs) {
    yield;
    const said = isAbove === isBelow ? [above, below] : [isAbove ? above || below : below || above];
    const state = said.find((each) => NOT_ACTIVE.test(each));
    const numbers = state ? lines.flatMap((line) => line.numbers) : [];
    yield* withEach(numbers, (number) => refused.set(number, state));
  }
}

// A line with numbers: in the last run, or the first one of the next.
function addNumbers(list, here) {
  const { heading, runs, isOpen } = list;
  // A number that there was already may be part of what is said of the last one.
  if (!runs.length || (!isOpen && here.ofNumbers.some(({ error }) => error !== "twice")))
    runs.push({ lines: [], above: heading?.state ?? "", below: "" });
  runs.at(-1).lines.push(here);
  list.isOpen = true;
  if (!heading) return;
  // A list that goes further in ends with its lines; one of lines that follow, with any other line.
  if (here.indent > heading.indent) heading.isOver = Boolean;
  else if (heading.isUsed && isOpen) heading.isOver = () => true;
  Object.assign(heading, { isUsed: true, gap: 0 });
}

// What stands between numbers may be said of those above it, and is the heading of those below.
function addWords(list, { said, indent, state }, refused) {
  const [heading, last] = [list.heading, list.runs.at(-1)];
  const ofLine = state || (isActiveIn(said) ? "active" : "");
  list.isOpen = false;
  if (heading && said) heading.gap += 1;
  if (ofLine) {
    // Of several between two numbers, the one that refuses.
    const isKept = heading && !heading.isUsed && NOT_ACTIVE.test(heading.state);
    list.heading = headingOf(said, indent, isKept ? heading.state : ofLine);
    // What a list is of says nothing of those above it.
    if (last && !NEXT.test(said) && !NOT_ACTIVE.test(last.below)) last.below = ofLine;
    const latest = last?.lines.at(-1);
    // Further in, it is said of that line.
    if (state && indent > latest?.indent) for (const number of latest.numbers) refused.set(number, state);
  } else if (heading?.isUsed && indent <= heading.indent && heading.isOver(said, heading.gap)) list.heading = undefined;
}

// What stands above numbers, until it `isOver`. `gap`: how many lines of words follow the last of them. Below what a
// list is of, each may have a line of its own above it, or empty ones.
function headingOf(said, indent, state) {
  const isOver = HEADING.test(said) ? (other, gap) => gap > 1 || NEXT.test(other) : () => true;
  return { state, indent, isUsed: false, gap: 0, isOver };
}

// Right below what is read as a whole, what the next list is of looks like a key of it.
function headingBelow({ rows, said, indent, state }, heading) {
  if (state && NEXT.test(said)) return headingOf(said, indent, state);
  return rows.every(({ error }) => error === "elsewhere") ? heading : undefined;
}

/** What is left of it says the same by itself. @param {import("./pasted.js").Line} row @param {string} [state] */
function withState(row, state) {
  if (!state) return row;
  const { line, source, head, account } = row;
  const own = refusingIn(source);
  if (own) return { line, source, head, error: "notActive", of: own };
  const { provider_id: number, name } = /** @type {any} */ (account);
  const cells = [number, ...(/\d{10}/.test(name) ? [] : [name]), state];
  return { line, source: cells.join(","), head: "sep=,\n", error: "notActive", of: state };
}
