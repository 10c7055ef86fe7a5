// What a text says of whether accounts are active beside their own fields, in whatever form. In doubt, none is.
import { breaksIn, linesIn, NOT_ACTIVE, numbersIn, OF_STATE, ONLY_ENDED, stateOf, WRITTEN_NUMBER } from "./printed.js";

const ALL_REFUSING = new RegExp(NOT_ACTIVE.source, "giu");
const LAST_REFUSING = new RegExp(`^[^]*(${NOT_ACTIVE.source})`, "iu");
// "active" as a state: not when it was so last, nor in the name of a product.
const ACTIVE =
  /(?<!\p{L})(?<!last[ _-]?)(?:actives?|aktive?|actifs?|a[ct]?tiv[oa]s?|attiv[ie])(?!\p{L})(?![ _-]?director)/iu;
// A line with more says more than that.
const SHORT = { characters: 100, words: 4 };
// A number in a line, of any kind that is said to be wrong.
const LIKE_NUMBER = new RegExp(`(?<!\\d)\\d{11,13}(?!\\d)|\\dE\\+\\d|${WRITTEN_NUMBER.source}`, "iu");
// What a list below it is of; and what may be said so, if nothing stands above it.
const HEADING = /^##|:[*_ ]*$/;
const LIKE_HEADING = /^##|[:=][*_ ]*[[{(]? *$|[*_]$|(?<!\p{L})accounts?\W*$/iu;
// "I closed the ticket. Please add:"
const SENTENCE = /\p{Ll}{2}[.;!?] +\p{Lu}/u;
// A key with its value; or a value alone: the name of a section, or one of a list.
const KEYED = /^[-|\s"']*([\w -]{1,40}?)["']? *[:=|]\s*["']?(.*?)["',|\s]*$/;
const ALONE = /^\[(?:profile +)?"?([^\]"]+)"?\]$|^"([^"]*)",?$/;
// So near to a number are the keys of its account, in lines.
const NEAR = 10;
// Colours of a terminal, and signs that nobody sees.
const UNSEEN = new RegExp("\\u001b\\[[\\d;?]*[A-Za-z]|\\[\\d[\\d;]*m|\\p{Cf}", "gu");
const QUOTED = /^(?:> ?)+(?! *aws )/gm;
// A number, as a program writes it that takes it for a decimal.
const DECIMAL = /(?<!\d)(\d{12})\.0+(?![\d.])/g;
const OTHER_DIGIT = /(?![0-9])\p{Nd}/gu;
/** Those that were met, of some hundreds. @type {Map<number, any>} */
const DIGITS = new Map();
// Signs of a line, or rows, that are looked at in one step; and lines.
const AT_ONCE = 1_000;
const AT_A_TIME = 20;
const LONGEST = 10_000;
const NUMBERED = new RegExp(`(?<!arn:\\S{0,100})${WRITTEN_NUMBER.source}`, "u");
// What somebody typed to have the rest printed.
const TYPED = /^(?:.{0,100}[$%>#] *)?aws +\w/;
const NO_HEAD = "sep=,\n";

/** @param {string} text */
export const withPlainSigns = (text) =>
  text.replace(UNSEEN, "").replace(QUOTED, "").replace(OTHER_DIGIT, digitOf).replace(DECIMAL, "$1");

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

const isActiveIn = (line) =>
  line.length < SHORT.characters && ACTIVE.test(line) && (line.match(/\p{L}+/gu) ?? []).length <= SHORT.words;

/** Does it with each, with a step after so many. @param {any[]} all @param {(each: any) => void} work */
export function* withEach(all, work) {
  for (const [index, each] of all.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) yield;
    work(each);
  }
}

/**
 * A line of the text that counts here. Either it is of accounts, with the `numbers` of which it does not say whether
 * they are active (`isRead`: if it could be read), or it has no number and a `state`. `indent`: in signs.
 * @typedef {{line: number, said: string, indent: number, rows: import("./pasted.js").Line[], state?: string,
 *   numbers: string[], isRead?: boolean}} Place
 */

/**
 * The lines, of which none adds an account that the text says is not active. What a line with numbers says is of them.
 * Of a line without, nobody knows whether it is a state, a heading or a remark: it may be of any account that does not
 * say itself that it is active, unless each has one such line of its own, or they stand below headings.
 * `heads`: lines that say how those below them are read. `headOf`: what field a key is.
 * @param {string} text @param {import("./pasted.js").Line[]} lines @param {Set<number>} heads
 * @param {(key: string) => string | undefined} headOf
 * @returns {Generator<void, import("./pasted.js").Line[], void>}
 */
export function* withoutRefused(text, lines, heads, headOf) {
  /** What is said of these numbers. @type {Map<string, string>} */
  const refused = new Map();
  const dropped = new Set();
  const places = yield* placesOf(text, lines, heads, headOf, refused, dropped);
  const first = places.find(isRefusing);
  const isUnknown = first && places.some(({ numbers }) => numbers.length);
  const owned = isUnknown ? yield* statesOf(places) : [];
  yield* withEach(owned?.filter(isRefusing) ?? [], ({ numbers, state, rows, isRead }) => {
    for (const number of numbers) refused.set(number, state);
    // It is said beside the numbers from now on.
    if (isRead) for (const row of rows) dropped.add(row);
  });
  const rest = [];
  yield* withEach(lines, (row) => {
    const state = row.account && refused.get(row.account.provider_id);
    if (state) rest.push(refusedLine(row, state));
    else if (!dropped.has(row)) rest.push(row);
  });
  return owned || !first ? rest : yield* doubtful(rest, places, first);
}

/** @param {{state?: string}} place */
const isRefusing = ({ state }) => state !== undefined && NOT_ACTIVE.test(state);

// In the order of the text. What is said beside a number goes to `refused`; lines that say no more, to `dropped`.
function* placesOf(text, lines, heads, headOf, refused, dropped) {
  const [active, values] = yield* saidIn(lines);
  /** @type {Place[]} */
  const places = [];
  // Up to which line a cell goes.
  let [at, covered] = [0, 0];
  for (const { line, from, to, said } of linesIn(text)) {
    if (line % AT_A_TIME === 0 || to - from > AT_ONCE) yield;
    const begin = at;
    while (at < lines.length && lines[at].line <= line) at += 1;
    const rows = lines.slice(begin, at);
    const whole = text.slice(from, to);
    const own = refusingIn(whole);
    const unsaid = yield* unsaidOf(rows, whole, own, active, refused);
    const isCovered = line <= covered;
    for (const { source } of rows) covered = Math.max(covered, line + breaksIn(source));
    const place = { line, said, indent: whole.search(/\S/), rows };
    if (rows.some(isNumbered)) {
      const isRead = !rows.some((row) => isNumbered(row) && !row.number);
      for (const row of rows) if (!isNumbered(row) && refusingIn(row.source)) dropped.add(row);
      const last = places.at(-1);
      // As in the ARN below a number.
      const isOfLast = unsaid.length === 1 && last?.isRead && last.numbers.at(-1) === unsaid[0];
      const isSaid = !unsaid.length && rows.every(({ own: certain }) => certain);
      if (!isSaid && !isOfLast) places.push({ ...place, numbers: unsaid, isRead: isRead || Boolean(own) });
      continue;
    }
    if (TYPED.test(said) || heads.has(line)) continue;
    const { value, isState } = keyedIn(said, headOf);
    const [, ended] = ONLY_ENDED.exec(said) ?? [];
    const state = isState ? refusingIn(value) : (own ?? (ended && `not active (${ended})`));
    const isFree = !isCovered && !isOwn(value, line, values);
    if (!isFree || NUMBERED.test(whole.slice(0, LONGEST))) continue;
    if (state) places.push({ ...place, numbers: [], state });
    else if (isActiveIn(isState ? value : said)) places.push({ ...place, numbers: [], state: "active" });
  }
  return places;
}

// What has a number of an account, or one that is said to be wrong.
const isNumbered = ({ number, error, source }) =>
  Boolean(number) || (error !== "elsewhere" && LIKE_NUMBER.test(source.slice(0, LONGEST)));

// The numbers of a line of which it does not say whether they are active.
function* unsaidOf(rows, whole, own, active, refused) {
  const unsaid = [];
  // Of several accounts in a line, each has what it says itself, if that is all there is.
  let others = own && rows.length > 1 ? countIn(whole) : 1;
  if (own && rows.length > 1) for (const { source } of rows) others -= countIn(source);
  const ofLine = others > 0 ? own : undefined;
  yield* withEach(rows, ({ number, isActive, source, error, of }) => {
    if (!number || isActive) return;
    const state = error === "notActive" ? (refusingIn(of) ?? "inactive") : (refusingIn(source) ?? ofLine);
    if (state) refused.set(number, state);
    else unsaid.push(number);
  });
  // Those of a line that could not be read, too. Beside an account, another number may be what it is paid by.
  const isOfOne = rows.some(({ number }) => number);
  if (!ofLine && rows.every(({ error }) => error !== "severalNumbers")) return unsaid;
  yield* withEach(yield* numbersIn(whole), (number) => {
    if (active.has(number) && isOfOne) return;
    if (ofLine) refused.set(number, refused.get(number) ?? ofLine);
    else unsaid.push(number);
  });
  return unsaid;
}

// The numbers whose own fields say that they are active. And the values that are certainly those of an account, each
// with its line.
function* saidIn(lines) {
  const active = new Set();
  const values = new Map();
  yield* withEach(lines, ({ number, isActive, own, line, source }) => {
    if (isActive) active.add(number);
    if (own && number) for (const value of source.slice(1, -1).split('","')) values.set(`${line} ${value}`, own);
  });
  return [active, values];
}

// The value of a key that an account has, what a list or an object is of, or a value alone. `isState`: it says whether
// an account is active.
function keyedIn(said, headOf) {
  const [, key = "", value = ""] = KEYED.exec(said) ?? [];
  const field = value && headOf(key);
  if (/^[[{]$/.test(value)) return { value: key };
  if (OF_STATE.test(field)) return { value: stateOf([[field, value, key]], ""), isState: true };
  return { value: field === "name" ? value : ALONE.exec(said)?.slice(1).find(Boolean) };
}

// Whether that is certainly a value of an account near this line.
function isOwn(value, line, values) {
  const near = Array.from({ length: 2 * NEAR + 1 }, (_, index) => `${line - NEAR + index} ${value}`);
  const found = value && near.find((each) => values.get(each)?.first <= line && line <= values.get(each).last);
  // Each is said once.
  return Boolean(found) && values.delete(found);
}

/**
 * Numbers with the state that they have: that of the heading above them, or of a line of their own above each, or below
 * each. Null if nobody knows.
 * @param {Place[]} places @returns {Generator<void, Place[] | null, void>}
 */
function* statesOf(places) {
  const runs = yield* runsOf(places);
  if (!runs) return null;
  const areAll = (isSuch) => runs.every((run, at) => !run.state || isSuch(run, at));
  const [begins, ends] = [runs[0], runs[runs.length - 1]].map(({ state }) => Boolean(state));
  // What says itself that it is active is not there any more once it is added.
  const unknown = runs.filter(({ state, numbers }) => state || numbers.length);
  const isSame = Boolean(unknown[0].state) === begins && Boolean(unknown[unknown.length - 1].state) === ends;
  // Below a heading, each may have a line of its own below it.
  const isMixed = begins && LIKE_HEADING.test(runs[0].said) && !areAll(({ said }) => LIKE_HEADING.test(said));
  // A heading says nothing of what stands above it.
  const isAbove = ends && runs.some(({ state, said }) => state && HEADING.test(said));
  const isList = runs.some((run) => !run.state && run.isList);
  const isOneEach = begins !== ends && isSame && !isMixed && !isAbove && !isList;
  const isOut = (run, other) => !other || run.indent <= other.indent;
  const isHeading = (run, at) =>
    HEADING.test(run.said) && !SENTENCE.test(run.said) && isOut(run, runs[at - 1]) && isOut(run, runs[at + 1]);
  const isLikeOne = ({ said }) => begins && LIKE_HEADING.test(said) && !SENTENCE.test(said);
  if (!isOneEach && (ends || !(areAll(isHeading) || areAll(isLikeOne)))) return null;
  const owned = [];
  for (const [at, run] of runs.entries()) {
    if (at % AT_ONCE === 0) yield;
    const of = runs[ends ? at + 1 : at - 1];
    if (!run.state && of) owned.push({ ...run, state: of.state, rows: of.rows });
  }
  return owned;
}

// What follows each other is one: numbers as a list, or states if they say the same.
function* runsOf(places) {
  /** @type {(Place & {isList?: boolean})[]} */
  const runs = [];
  for (const [index, place] of places.entries()) {
    if (index % AT_ONCE === 0) yield;
    const last = runs.at(-1);
    if (!last || Boolean(last.state) !== Boolean(place.state)) {
      runs.push({ ...place, numbers: [...place.numbers], rows: [...place.rows] });
      continue;
    }
    if (place.state && isRefusing(last) !== isRefusing(place)) return null;
    last.isList = true;
    last.isRead &&= place.isRead;
    last.indent = Math[place.state ? "max" : "min"](last.indent, place.indent);
    if (likeness(place.said) < likeness(last.said)) last.said = place.said;
    for (const number of place.numbers) last.numbers.push(number);
    for (const row of place.rows) last.rows.push(row);
  }
  return runs;
}

// None of these accounts is added. The lines that may mean them are left beside them.
function* doubtful(lines, places, { line: first, state: of = "" }) {
  const doubted = new Set();
  const states = new Map();
  const others = [];
  yield* withEach(places, (place) => {
    for (const number of place.numbers) doubted.add(number);
    for (const row of isRefusing(place) ? place.rows : []) states.set(row, place.state);
    const isLeft = place.rows.some(({ error, source }) => error === "numberMissing" || NOT_ACTIVE.test(source));
    if (place.state && !isLeft) others.push(place);
  });
  const rest = [];
  let next = 0;
  yield* withEach(lines, (row) => {
    for (; others[next]?.line < row.line; next += 1) rest.push(ofWhich(others[next]));
    const state = states.get(row) ?? (row.error === "numberMissing" && refusingIn(row.source));
    if (state) rest.push({ ...row, error: "ofWhich", of: state });
    // What was said twice of it is no repetition any more.
    else if (!row.account) rest.push(doubted.has(row.number) ? { ...row, isRepeat: false } : row);
    else if (!doubted.has(row.account.provider_id)) rest.push(row);
    else rest.push({ ...row, account: undefined, error: "inDoubt", of: { line: first, state: of } });
  });
  return [...rest, ...others.slice(next).map(ofWhich)];
}

// How much a line is like a heading.
const likeness = (said) => Number(LIKE_HEADING.test(said)) + Number(HEADING.test(said));

const ofWhich = ({ line, said, state }) => ({ line, source: said, head: NO_HEAD, error: "ofWhich", of: state });

// What is left of it says the same by itself.
/** @param {import("./pasted.js").Line} line @param {string} state */
function refusedLine({ line, source, head, account }, state) {
  const own = refusingIn(source);
  if (own) return { line, source, head, error: "notActive", of: own };
  const { provider_id: number, name } = /** @type {any} */ (account);
  const cells = [number, ...(/\d{10}/.test(name) ? [] : [name]), state];
  return { line, source: cells.join(","), head: NO_HEAD, error: "notActive", of: state };
}
