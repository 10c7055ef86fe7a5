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

/**
 * The lines, of which none adds an account that the text says is not active: in its own line, or in one without a
 * number beside it. If such lines stand before the first number or after the last, and not both, so does that of each.
 * `wholes`: from which line to which each account has a state of its own.
 * @param {string} text @param {import("./pasted.js").Line[]} lines @param {{first: number, last: number}[]} wholes
 * @returns {Generator<void, import("./pasted.js").Line[], void>}
 */
export function* withoutRefused(text, lines, wholes) {
  /** @type {Map<string, string>} */
  const refused = new Map();
  const used = new Set();
  /** @type {{numbers: string[], above: string, below: string}[]} */
  let runs = [];
  /** @type {{state: string, indent: number, isUsed: boolean, ends: (said: string) => boolean} | undefined} */
  let above;
  // What stood in the last line with numbers.
  let [latest, level, gap] = [/** @type {string[]} */ ([]), 0, 0];
  let isOpen = false;
  let [at, next] = [0, 0];
  // Below a heading, each may have a line of its own above it, or empty ones.
  const standing = (state, whole, said) => {
    const isHead = HEADING.test(said);
    const ends = (other) => !isHead || gap > 1 || NEXT.test(other);
    return { state, indent: whole.search(/\S/), isUsed: false, ends };
  };
  const decide = function* () {
    const [isAbove, isBelow] = [runs[0]?.above, runs.at(-1)?.below];
    let count = 0;
    for (const { numbers, above: before, below } of runs) {
      const said = isAbove && !isBelow ? [before || below] : isBelow && !isAbove ? [below || before] : [before, below];
      const state = said.find((each) => NOT_ACTIVE.test(each));
      count += 1;
      if (count % AT_ONCE === 0) yield;
      if (!state) continue;
      for (const number of numbers) {
        count += 1;
        if (count % AT_ONCE === 0) yield;
        refused.set(number, state);
      }
    }
    [runs, above, isOpen, latest] = [[], undefined, false, []];
  };
  for (const { line, from, to, said } of linesIn(text)) {
    if (line % AT_A_TIME === 0 || to - from > AT_ONCE) yield;
    const begin = at;
    while (at < lines.length && (lines[at].at ?? lines[at].line) <= line) at += 1;
    const rows = lines.slice(begin, at);
    const whole = text.slice(from, to);
    while (wholes[next]?.last < line) next += 1;
    const isWhole = wholes[next]?.first <= line && !rows.some(isUnsaid);
    const state = refusingIn(whole) ?? "";
    const isLike = rows.length > 0 && LIKE_NUMBER.test(whole);
    const ofNumbers = rows.filter(({ number, error }) => number || (error !== "elsewhere" && isLike));
    const numbers = [];
    // Of several in a line, each has what it says itself, if that is all there is.
    let others = rows.length > 1 && state ? countIn(whole) : 1;
    if (rows.length > 1 && state) for (const { source } of rows) others -= countIn(source);
    for (const [index, row] of rows.entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) yield;
      const { number, isActive, source, error, of } = row;
      // What it says is of a number that has another row.
      const isOther = !number && error !== "elsewhere" && !LIKE_NUMBER.test(source);
      if (isOther && (refusingIn(source) || (state && !ofNumbers.length))) used.add(row);
      if (!number || isActive) continue;
      numbers.push(number);
      const own =
        error === "notActive" ? (refusingIn(of) ?? "inactive") : (refusingIn(source) ?? (others > 0 && state));
      if (own) refused.set(number, own);
    }
    if (isWhole || SEPARATED.test(said)) {
      const kept = isWhole && rows.every(({ error }) => error === "elsewhere") ? above : undefined;
      yield* decide();
      // Right below what is read as a whole, what the next list is of looks like a key of it.
      above = isWhole && state && NEXT.test(said) ? standing(state, whole, said) : kept;
    } else if (ofNumbers.length) {
      // A number that there was already may be part of what is said of the last one.
      if (!runs.length || (!isOpen && ofNumbers.some(({ error }) => error !== "twice")))
        runs.push({ numbers: [], above: above?.state ?? "", below: "" });
      for (const number of numbers) runs[runs.length - 1].numbers.push(number);
      [latest, level, gap] = [numbers, whole.search(/\S/), 0];
      // A list that goes further in ends with its lines; one of lines that follow, with any other line.
      if (above && level > above.indent) above.ends = Boolean;
      else if (above?.isUsed && isOpen) above.ends = () => true;
      if (above) above.isUsed = true;
      isOpen = true;
    } else {
      isOpen = false;
      const indent = whole.search(/\S/);
      const ofLine = state || (isActiveIn(said) ? "active" : "");
      const last = runs.at(-1);
      if (said) gap += 1;
      if (ofLine) {
        // Of several between two numbers, the one that refuses.
        const before = above && !above.isUsed && NOT_ACTIVE.test(above.state) ? above.state : ofLine;
        above = standing(before, whole, said);
        // What a list is of says nothing of those above it.
        if (last && !NEXT.test(said) && !NOT_ACTIVE.test(last.below)) last.below = ofLine;
        // Further in, it is said of that line.
        if (state && indent > level) for (const number of latest) refused.set(number, state);
      } else if (above?.isUsed && indent <= above.indent && above.ends(said)) above = undefined;
    }
  }
  yield* decide();
  const rest = [];
  for (const [index, row] of lines.entries()) {
    if (index % AT_ONCE === 0) yield;
    const state = row.account && refused.get(row.account.provider_id);
    if (state) rest.push(refusedLine(row, state));
    else if (!used.has(row)) rest.push(row);
  }
  return rest;
}

// What is left of it says the same by itself.
/** @param {import("./pasted.js").Line} line @param {string} state */
function refusedLine({ line, source, head, account }, state) {
  const own = refusingIn(source);
  if (own) return { line, source, head, error: "notActive", of: own };
  const { provider_id: number, name } = /** @type {any} */ (account);
  const cells = [number, ...(/\d{10}/.test(name) ? [] : [name]), state];
  return { line, source: cells.join(","), head: "sep=,\n", error: "notActive", of: state };
}
