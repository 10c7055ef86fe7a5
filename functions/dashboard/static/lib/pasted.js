// Accounts in text that a person pastes: numbers, or lines of a spreadsheet (RFC 4180; also with semicolons or tabs, as
// spreadsheets write them elsewhere). Each line is an account, or has an error. Several numbers alone are one each.
import { NAME, NUMBER } from "./patterns.js";
import {
  asTable,
  breaksIn,
  isPrinted,
  jsonIn,
  nameIn,
  NOT_ACTIVE,
  numbersIn,
  OF_STATE,
  ONLY_ENDED,
  ONLY_NUMBER,
  partsIn,
  rowOf,
  STATE,
  stateOf,
  WRITTEN_NUMBER,
} from "./printed.js";
import { plainOf, withEach, withoutRefused, withPlainSigns } from "./states.js";

const WRITTEN_NUMBERS = new RegExp(WRITTEN_NUMBER, "gu");
// As that of a telephone is written.
const DIALLED = new RegExp(`[:(]\\p{Zs}?\\+${WRITTEN_NUMBER.source}`, "u");
// As a spreadsheet writes a number that is too long for its column: some digits are lost.
const ROUNDED = /\dE\+\d/i;
// With the comma of some languages, which then separates no cells.
const DECIMALS = /\d,\d+E\+\d/gi;
const ROLE_ARN = /^arn:aws:iam::(\d{12}):role(\/|\/\S*\/)([^/\s]+)$/;
// As AWS Organizations names an account.
const OF_ORGANIZATION = /\barn:[\w-]+:organizations::\d{12}:account\/o-\w+\/(\d{12})(?!\d)/g;
// Beside a number, an ARN is no name. One of a role says which.
const ARNS = /\barn:\S+/g;
const ROLE = /\barn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]*[\w+=,@/-]/;
// With such a line, a file tells Excel what separates its cells. It begins a table: with a head of its own, or none.
// Without a sign, it begins a text of any kind.
const SEPARATOR = /^sep=.?$/i;
const SEPARATED = /^ *sep=[^\r\n] *(?=[\r\n]|$)/i;
// So does what somebody typed to have the rest printed. It is the last one of a line, and none other is tried.
const PROMPT = `(?=(.*[$%>#] *aws ))\\1(?!.*${WRITTEN_NUMBER.source})`;
const BEGINS = new RegExp(`^(?: *sep= *$|${PROMPT}.*)`, "imu");
const TABLES = new RegExp(`^(?= *sep=.? *$|${PROMPT})`, "gimu");
// Of a number that stands in a table, and not where an account's does.
const STRAY_HEAD = "sep=,\nprovider_id,other_number";
// Characters, of a line of heads, of what says how a line is read, and of a value: more takes long.
const LONGEST_HEAD = 10_000;
const LONGEST_PLAIN = { lines: 3_000, characters: 100_000 };
// At most, with spaces or dashes of two units each, and what stands after it.
const LONGEST_NUMBER = 20;
// How much of a long line is read in a step.
const AT_ONCE = 1_000;
// Among which a name is.
const MOST_CELLS = 100;
// Letters that are not a plain one with a mark.
const LETTERS = {
  ...{ ß: "ss", ẞ: "SS", æ: "ae", Æ: "AE", œ: "oe", Œ: "OE", ø: "o", Ø: "O", ł: "l", Ł: "L", đ: "d", Đ: "D" },
  ...{ ð: "d", Ð: "D", þ: "th", Þ: "Th", ħ: "h", Ħ: "H", ı: "i" },
};
// As it may be decorated, or be said twice.
const ACTIVE = /^(?:[^\p{L}\d]*(?:active|enabled|open|ok|live|in use))+[^\p{L}\d]*$/iu;
const YES_NO = { __proto__: null, yes: true, true: true, 1: true, no: false, false: false, 0: false };
// The fields of an account, by the heads that a column may have: the API's, those of our own export and of AWS
// Organizations, whose "arn" is an account's. An "account_id" is ours and no number, if there is a "provider_id".
const HEADS = {
  provider_id: [
    ...["providerid", "accountnumber", "accountid", "acctid", "kontonummer"],
    ...["account", "konto", "cuenta", "compte", "conta", "number", "id"],
  ],
  name: ["name", "accountname", "kontoname", "nombre", "nom", "nome"],
  alias: ["alias", "accountalias", "displayname"],
  role_name: ["rolename"],
  role_path: ["rolepath"],
  role_arn: ["rolearn"],
  regions: ["regions", "region"],
  write_logs: ["writelogs"],
  access_type: ["accesstype"],
  arn: ["arn"],
  state: [
    ...["state", "status", "accountstate", "accountstatus"],
    ...["lifecyclestate", "lifecyclestatus", "currentstatus"],
  ],
  active: ["active"],
  ended: ["ended"],
  other_number: ["othernumber"],
};
const FIELDS = new Map(Object.entries(HEADS).flatMap(([name, known]) => known.map((head) => [head, name])));
// What is said of no other account, and how the values look: "AWS account ID (12 digits)".
const BESIDE = new RegExp(
  "^(?:aws|linked|member|usage)(?=acc(?:oun)?t)|^aws(?=(?:id|state|status)$)|(?<=account)n[or]$|" +
    "(?:digits|yn|yes(?:or)?no|truefalse)$",
  "g",
);
// Whether it is active, or not any more; and since when.
const ASKS = new RegExp(
  "^(?:is|it|still|currently|account|date)*(?:(active|inuse|aktiv|actif|at?tivo|activo)(?:account|now)?|" +
    "(?:suspended|suspension|closed?|closure|inactive|(?:deactivat|terminat|decommission)(?:ed|ion)?|disabled|" +
    "deleted|retired|archived)" +
    "(?:account|date|on|at|since|time)*)$",
);
// Below such a head is a name, if the number is below another one.
const OF_BOTH = /^(?:account|konto|cuenta|compte|conta)$/;
const plainHead = (text) => {
  const letters = text.toLowerCase().replace(/[^a-z]/g, "");
  return letters.replace(BESIDE, "").replace(ASKS, (_, active) => (active ? "active" : "ended"));
};
/** @param {string} key */
const knownHead = (key) => FIELDS.get(plainHead(key));
// As the console of AWS, and where people sign in to it, show an account below its name.
const CARD = new RegExp(`^(?:#${WRITTEN_NUMBER.source} |${WRITTEN_NUMBER.source} \\| )\\S+@\\S+$`, "u");
// No name, but for example a date, or how many there are.
const NO_TITLE = new RegExp(
  "[|@]|:$|^(?:\\d|(?:ou|r)-|page )|\\(\\d+\\)$|\\d[/.-]\\d{1,2}[/.-]\\d|" + `active|${NOT_ACTIVE.source}`,
  "iu",
);
// A border or a bracket; or what stands between accounts as the AWS CLI prints them.
const NOTHING_SAID = /^(?:[^\p{L}\d]*|(?:NEXTTOKEN\t[A-Za-z]|PATHS\to-)\S*)$/u;
// Access keys of AWS, which are no names.
const KEYS = /(?<![\w/+])(?:A(?:KI|SI)A[A-Z\d]{16}|(?=[A-Za-z]*[\d/+])[A-Za-z\d/+]{40})(?![\w/+])/g;
// Before a value: what it is called is no name.
const CALLED = /^\W*(\w[\w -]{0,40}?)["' ]{0,3}[:=]/;

/**
 * A line of the text, from 1, with what it says of an account; or `error`: a code, and `of` what that is said. `head`:
 * the lines that stand before it, and say how it is read. `isRepeat`: it says what the line of this number says.
 * `number`: of an account, whose own fields say so if it `isActive`. `own`: the lines in which no key is another's.
 * @typedef {{line: number, source: string, head: string, account?: Record<string, any>, error?: string, of?: any,
 *   isRepeat?: boolean, number?: string, isActive?: boolean, own?: {first: number, last: number}}} Line
 */

/**
 * Reads the text, each line in a step, and a long one in several. Each line of names begins a table.
 * @param {string} text
 * @returns {Generator<void, Line[], void>}
 */
export function* reading(text) {
  const plain = yield* plainOf(text);
  /** @type {Line[]} */
  const lines = [];
  const seen = new Map();
  const heads = new Set();
  let [line, at] = [1, 0];
  const parts = yield* partsOf(plain);
  for (const { from, to, rows, table, isLike } of parts) {
    yield;
    line += breaksIn(plain.slice(at, from));
    at = from;
    const isWhole = rows || table !== undefined;
    const printed = rows
      ? yield* asTable(rows)
      : { text: table ?? plain.slice(from, to), placeOf: (each) => ({ line: each }) };
    // What is left of it is read as before only below its separator: less of it may look like something else.
    const isAlone = parts.length === 1 && !isWhole && !isLike;
    // The head of what was printed is no line of it.
    yield* readingTable(printed, line - 1, lines, seen, rows ? new Set() : heads, isAlone);
  }
  // Once each, and none of an account.
  const said = [];
  const others = new Set(seen.keys());
  const isNew = (number) => !others.has(number) && others.add(number);
  yield* withEach(lines, (each) => (each.error !== "elsewhere" || isNew(each.of)) && said.push(each));
  return yield* withoutRefused(plain, said, heads, knownHead);
}

// Each is read by itself.
function* partsOf(text) {
  const parts = [];
  let at = 0;
  for (const run of [...(yield* jsonIn(text, knownHead)), { from: text.length, to: text.length, rows: null }]) {
    const places = [at];
    for (const { index } of text.slice(at, run.from).matchAll(TABLES)) {
      yield;
      if (index) places.push(at + index);
    }
    for (const [index, place] of places.entries()) {
      yield;
      const piece = text.slice(place, places[index + 1] ?? run.from);
      const [begin = ""] = BEGINS.exec(piece.slice(0, LONGEST_HEAD)) ?? [];
      const from = place + (piece.startsWith(begin) ? begin.length : 0);
      if (SEPARATED.test(piece.slice(0, LONGEST_HEAD))) parts.push({ from: place, to: place + piece.length });
      else
        for (const part of yield* partsIn(text.slice(from, place + piece.length), knownHead))
          parts.push({ ...part, from: from + part.from, to: from + part.to });
    }
    if (run.rows) parts.push(run);
    at = run.to;
  }
  return parts;
}

// `placeOf`: where one of its lines stands. `before`: how many lines of the text are. `seen`: the line of each account
// number, and what it says. `heads`: lines that are none of an account, and say nothing but how others are read.
function* readingTable({ text, placeOf }, before, lines, seen, heads, isAlone) {
  // Without its first line, another sign may be what the next one has most of.
  const noHead = `sep=${delimiterOf(text)}\n`;
  const isComma = isAlone && noHead === "sep=,\n" && !/[;\t]|\d,\d+E\+\d/i.test(text);
  const [above, begin] = [isAlone ? "" : noHead, isComma ? "" : noHead];
  // `above`: what a head stands below. `least`: how many names make one.
  const table = { noHead, above, head: begin, columns: null, fields: [], title: -1, least: 1, next: Infinity };
  for (const row of rowsOf(text)) {
    yield;
    if (!row) continue;
    const { line: place, own: near } = placeOf(row.line);
    const line = before + place;
    const { source, cells } = row;
    if (cells && readHead({ line, source, cells }, table)) continue;
    const { head, columns, fields } = table;
    const own = near && { own: { first: before + near.first, last: before + near.last } };
    const add = (found) => lines.push({ line, source, head, ...own, ...found });
    if (!cells) add({ error: "quoteOpen" });
    // A separator in a value makes two of it: what comes after it would be read as something else.
    else if (columns && cells.slice(fields.length).some(Boolean)) add({ error: "tooManyCells", of: fields.length });
    else if (columns) {
      const values = valuesIn(row, table);
      const found = foundIn(values, line, seen);
      // Where each cell is a line, nobody knows what is below which head.
      table.isReadBelow &&= cells.length > 1 || fields.length < 3 || !ONLY_NUMBER.test(source);
      if (!table.isReadBelow) heads.delete(table.line);
      else if (found.number) heads.add(table.line);
      const strays = yield* straysIn(row, columns, found);
      // What is left of it says the others no more; nor is what follows read as before without its separator.
      const alone = strays.size && { source: rowOf(Object.values(values)), head: `sep=,\n${Object.keys(values)}` };
      if (alone && !table.above) Object.assign(table, { above: noHead, head: noHead + head });
      add({ ...found, ...alone });
      for (const of of strays) add({ source: `,${of}`, head: STRAY_HEAD, error: "elsewhere", of });
    } else {
      const title = CARD.test(source) ? titleIn(lines.at(-1), line) : undefined;
      const named = title && { source: rowOf([...cells, title.source]), head: "sep=,\n" };
      const all = yield* unnamed(title ? [...cells, title.source] : cells);
      const sourceOf = ({ provider_id }) => (all.length > 1 ? provider_id : source);
      if (title) lines.pop();
      yield* withEach(all, (values) => add({ source: sourceOf(values), ...named, ...foundIn(values, line, seen) }));
    }
  }
}

// The line above, if it is no more than a name.
const titleIn = (above, line) =>
  above?.line === line - 1 && isName(above) && !NO_TITLE.test(above.source) ? above : undefined;
const isName = ({ error, of, source }) =>
  error === "numberMissing" || (error === "numberWrong" && of < 10 && /\p{L}/u.test(source));

// Whether this row is none of an account: it says how those below it are read, which the table has then, or nothing.
function readHead({ line, source, cells }, table) {
  if (SEPARATOR.test(source)) return Object.assign(table, { above: table.noHead, head: table.noHead, next: line + 1 });
  // What stands below another line is a head only if it has two names, as a name of one account may be one.
  // Nor is what stands below an empty line that follows the separator, as it does where there is no head.
  const least = line > table.next ? 2 : table.least;
  const isLong = source.length + cells.length > LONGEST_HEAD;
  const isEmpty = !isLong && NOTHING_SAID.test(source);
  const columns = isLong || isEmpty ? null : columnsOf(cells);
  const isHead = columns && Object.keys(columns).length >= least;
  Object.assign(table, { least: isEmpty ? least : 2, next: Infinity });
  if (isHead) {
    const fields = cells.map((cell) => [knownHead(cell), cell]);
    const isTitle = (cell, place) => place !== columns.provider_id && OF_BOTH.test(plainHead(cell));
    const title = cells.findIndex(isTitle);
    Object.assign(table, { line, columns, fields, title, head: table.above + source });
    table.isReadBelow = cells.every(isReadBelow);
  }
  // It would be one, once what stands above it is gone.
  else if (columns) table.head ||= table.noHead;
  return isEmpty || isHead;
}

// Whether what this cell of a head says of a state is read in the lines below it.
const isReadBelow = (cell) => OF_STATE.test(knownHead(cell) ?? "") || !NOT_ACTIVE.test(cell);

// What a row says below a head.
function valuesIn({ source, cells }, { columns, fields, title }) {
  const cellOf = ([name, place]) => [name, (cells[place] ?? "").trim()];
  const found = withOwnNumber(Object.fromEntries(Object.entries(columns).map(cellOf)), cells, fields);
  // Another number is no name.
  const names = [found.name, cells[title]].filter((each) => each && !WRITTEN_NUMBER.test(each));
  const values = { ...found, name: names[0] ?? "" };
  const said = fields.flatMap(([field, head], place) => (OF_STATE.test(field) ? [[field, cells[place], head]] : []));
  // A cell alone is none of a table of more.
  const isOne = cells.length === 1 && fields.length > 2;
  return said.length && !isOne ? { ...values, state: stateOf(said, source) } : values;
}

// The number may be in another column that is called so, beside a name; or alone, as browsers copy a table of cells.
function withOwnNumber(values, cells, fields) {
  const isAlone = cells.length === 1 && Object.keys(values).length > 1;
  const likely = cells.filter((_, place) => isAlone || fields[place]?.[0] === "provider_id");
  const numbers = likely.filter((cell) => /^[^\p{L}\d]*$/u.test(cell.replace(WRITTEN_NUMBER, "")) && cell);
  if (numbers.length !== 1 || /\d{10}|\dE\+\d/i.test(plainNumber(values.provider_id))) return values;
  return { ...values, name: (isAlone ? "" : values.name) || values.provider_id, provider_id: numbers[0] };
}

// What is read of an account; of one that a line above has, which one that is.
function foundIn(values, line, seen) {
  const found = accountOf(values);
  const { account, ...more } = found;
  const first = seen.get(found.number);
  if (found.number && !first) seen.set(found.number, { line, account });
  if (!account || !first) return found;
  const isRepeat = JSON.stringify(first.account) === JSON.stringify(account);
  return { ...more, error: "twice", of: first.line, isRepeat };
}

// The numbers that are not where an account's is. Of one that is not active, all that it says is shown.
function* straysIn({ source, cells }, columns, { number, isActive, error }) {
  if (!number || error === "notActive" || (!isActive && NOT_ACTIVE.test(source))) return new Set();
  const isOther = (cell, place) =>
    place !== columns.provider_id && (ONLY_NUMBER.test(cell) || !Object.values(columns).includes(place));
  const others = cells.filter(isOther).join("\n");
  const numbers = new Set(yield* numbersIn(others));
  numbers.delete(number);
  return numbers;
}

/** The text of some lines of a text, each below its own head. @param {Line[]} lines */
export const textOf = (lines) =>
  lines
    .flatMap(({ head, source }, index) => (head === lines[index - 1]?.head ? [source] : [head, source]))
    .filter(Boolean)
    .join("\n");

/** One text after the other, each of which is read as before. @param {string} first @param {string} second */
export function asOneText(first, second) {
  if (!first || !second) return first || second;
  const isSame = [first, second].every(isPlain) && delimiterOf(first) === delimiterOf(second);
  const follows = isSame || SEPARATOR.test(firstLineOf(second));
  return [first, ...(follows ? [] : ["sep="]), second].join("\n");
}

// Whether it is one table without a head, and has no line that says something of another. More is not looked through in
// one task: a head may stand in any line.
const isPlain = (text) =>
  text.length <= LONGEST_PLAIN.characters &&
  breaksIn(text) < LONGEST_PLAIN.lines &&
  text.search(TABLES) < 0 &&
  withPlainSigns(text) === text &&
  text.split(/[\r\n]/).every((line) => line.length > LONGEST_HEAD || isPlainLine(line));

const isPlainLine = (line) =>
  !isPrinted(line) &&
  (WRITTEN_NUMBER.test(line) || !(NOT_ACTIVE.test(line) || columnsOf(line.split(delimiterOf(line)))));

/** Reads the text at once. @param {string} text @returns {Line[]} */
export function accountsIn(text) {
  const steps = reading(text);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** A name of letters and digits: each word of another begins with a capital. @param {string} text */
export function nameOf(text) {
  if (NAME.test(text)) return text;
  const words = text
    .slice(0, LONGEST_HEAD)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/\p{L}/gu, (letter) => LETTERS[letter] ?? letter)
    .split(/[^A-Za-z0-9]+/);
  return words
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")
    .slice(0, 64);
}

// Where each field is, if this line names one for the number.
function columnsOf(cells) {
  if (cells.some((cell) => WRITTEN_NUMBER.test(cell))) return null;
  const heads = cells.map(plainHead);
  /** @type {Record<string, number>} */
  const found = {};
  for (const [head, name] of FIELDS) if (heads.includes(head)) found[name] ??= heads.indexOf(head);
  return "provider_id" in found ? found : null;
}

// The number is where one is; the name is beside it. Of several numbers, nobody knows which one a name is of.
function* unnamed(cells) {
  const filled = cells.filter(Boolean);
  const isLong = cells.length > AT_ONCE;
  if (isLong) yield;
  const whole = filled.join("\n").replace(OF_ORGANIZATION, "$1");
  if (isLong) yield;
  const numbers = new Set();
  let isNamed = false;
  for (let from = 0; from < whole.length;) {
    if (from) yield;
    const to = from + LONGEST_HEAD;
    // With the sign before it, which may be a digit.
    const begin = Math.max(from - 1, 0);
    const part = whole.slice(begin, to + LONGEST_NUMBER);
    isNamed ||= /\p{L}/u.test(part);
    for (const { index, 0: written } of part.matchAll(WRITTEN_NUMBERS)) {
      if (begin + index >= to) break;
      numbers.add(plainNumber(written));
    }
    if (numbers.size > 1 && isNamed) return [{ error: "severalNumbers" }];
    from = to;
  }
  if (!numbers.size) {
    const rounded = yield* firstOf(filled, (cell) => ROUNDED.test(cell));
    return [{ provider_id: rounded ?? (yield* firstOf(filled, (cell) => /\d/.test(cell))) ?? "" }];
  }
  if (numbers.size === 1 && DIALLED.test(whole.slice(0, LONGEST_HEAD))) return [{ error: "numberWrong", of: 12 }];
  if (numbers.size > 1) return [...numbers].map((number) => ({ provider_id: number, name: "" }));
  const beside = (cell) =>
    cell
      .slice(0, LONGEST_HEAD)
      .replace(ARNS, "")
      .replace(WRITTEN_NUMBERS, "")
      .replace(KEYS, "")
      .replace(NOT_ACTIVE, "")
      .replace(/(?<!\p{L})ACTIVE(?!\p{L})/u, "")
      .replace(CALLED, (called, head) => (knownHead(head) ? "" : called))
      .trim()
      .replace(/^.+$/, (left) => (knownHead(left) === "provider_id" ? "" : left));
  const at = yield* firstOf(filled, (cell) => WRITTEN_NUMBER.test(cell.slice(0, LONGEST_HEAD)));
  const beginning = filled.slice(0, MOST_CELLS);
  const name = nameIn([at ?? "", ...beginning].map(beside)) ?? "";
  // Which of the two is it?
  if (/^\d{10,}$/.test(plainNumber(name))) return [{ provider_id: name }];
  const begin = whole.slice(0, LONGEST_HEAD);
  const [role_arn = ""] = ROLE.exec(begin) ?? [];
  // Alone beside the number, it is a name.
  const ended = filled.length > 2 && beginning.find((cell) => ONLY_ENDED.test(cell));
  const state = ended ? `not active (${ended})` : beginning.filter((cell) => STATE.test(cell)).join(" ");
  return [{ provider_id: [...numbers][0], name, state, role_arn }];
}

// The first of these that is such.
function* firstOf(all, isSuch) {
  for (const [index, each] of all.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) yield;
    if (isSuch(each)) return each;
  }
  return undefined;
}

/** @param {string} written */
const plainNumber = (written) => written.replace(/[\s\p{Pd}]/gu, "");

/** @param {any} values */
function accountOf(values) {
  const { provider_id = "", alias = "", name = "", regions, write_logs, access_type, ...more } = values;
  if (more.error) return more;
  if (more.other_number) return { error: "elsewhere", of: more.other_number };
  if (Object.values(values).some(({ length }) => length > LONGEST_HEAD)) return { error: "valueTooLong" };
  const isOne = provider_id.replace(/\D+/g, "").length === 12;
  const [written = provider_id] = isOne ? (WRITTEN_NUMBER.exec(provider_id) ?? []) : [];
  const number = plainNumber(written);
  if (ROUNDED.test(number)) return { error: "numberRounded", of: provider_id };
  const digits = number.replace(/\D+/g, "").length;
  if (!digits) return { error: "numberMissing" };
  if (!NUMBER.test(number)) return { error: "numberWrong", of: digits };
  if (/^access[ _-]?keys?$/i.test(access_type)) return { error: "keyed" };
  const isActive = ACTIVE.test(more.state) && !NOT_ACTIVE.test(provider_id);
  if (more.arn ? more.state && !isActive : NOT_ACTIVE.test(more.state ?? ""))
    return { error: "notActive", of: more.state, number };
  const [, owner, path, role] = ROLE_ARN.exec(more.role_arn) ?? [];
  if (more.role_arn && owner !== number) return { error: "roleArn", of: more.role_arn };
  const [role_name, role_path] = [more.role_name || role, more.role_path || path];
  const logs = write_logs ? YES_NO[write_logs.toLowerCase()] : undefined;
  if (write_logs && logs === undefined) return { error: "writeLogs", of: write_logs };
  const named = regions?.split(/[\s,;|]+/).filter(Boolean) ?? [];
  return {
    ...{ number, isActive },
    account: {
      provider_id: number,
      name: nameOf(name || alias) || `Account${number}`,
      ...(logs === undefined ? {} : { write_logs: logs }),
      ...(named.length ? { regions: named } : {}),
      ...(role_name ? { role_name } : {}),
      ...(role_path ? { role_path } : {}),
    },
  };
}

// The rows of the text, without empty ones. A quoted cell may go over several lines. A row with a quote that is not
// closed has no cells, and ends with its line: what follows is not lost. While a long row is read, there is none.
function* rowsOf(text) {
  const delimiter = delimiterOf(text);
  const plain = new RegExp(`[^"\\r\\n${delimiter}]+`, "y");
  const untilQuote = /"[^"\r\n]*/y;
  const spaces = / */y;
  const endOf = (pattern, at) => {
    pattern.lastIndex = at;
    pattern.test(text);
    return pattern.lastIndex;
  };
  const isEnd = (at) => at === text.length || [delimiter, "\n", "\r"].includes(text[at]);
  let [line, begin, start, from] = [1, 1, 0, 0];
  // What is in a quoted cell; and whether there was no other sign than spaces in this one.
  let [quoted, isBlank] = [/** @type {string | null} */ (null), true];
  let cells = [];
  let steps = 0;
  const endCell = (at) => {
    cells.push((quoted ?? text.slice(from, at)).trim());
    quoted = null;
    isBlank = true;
    from = at + 1;
  };
  // The first and the last cell of a head may be empty.
  const sourceUpTo = (end) => (delimiter === "\t" ? text.slice(start, end) : text.slice(start, end).trim());
  // Empty, if no cell has anything.
  const endRow = (end) => {
    endCell(end);
    const row = { line: begin, source: sourceUpTo(end), cells };
    cells = [];
    if (!row.cells.some(Boolean)) return [];
    steps = 0;
    return [row];
  };
  // Where the cell ends that is quoted from there, or -1.
  function* endOfQuoted(at) {
    let [inside, since, pairs] = ["", at + 1, 0];
    let close = text.indexOf('"', since);
    for (; close >= 0 && text[close + 1] === '"'; close = text.indexOf('"', close + 2)) {
      pairs += 1;
      if (pairs % AT_ONCE) continue;
      yield null;
      inside += text.slice(since, close + 2).replaceAll('""', '"');
      since = close + 2;
    }
    const end = close < 0 ? -1 : endOf(spaces, close + 1);
    if (end < 0 || !isEnd(end)) return -1;
    quoted = inside + text.slice(since, close).replaceAll('""', '"');
    return end;
  }
  for (let at = 0; at < text.length;) {
    steps += 1;
    if (steps % AT_ONCE === 0) yield null;
    const sign = text[at];
    if (sign === delimiter) {
      endCell(at);
      at += 1;
    } else if (sign === "\n" || sign === "\r") {
      yield* endRow(at);
      at += sign === "\r" && text[at + 1] === "\n" ? 2 : 1;
      line += 1;
      begin = line;
      start = from = at;
    } else if (sign !== '"') {
      const end = endOf(plain, at);
      isBlank &&= !text.slice(at, end).trim();
      at = end;
    } else if (isBlank) {
      const end = yield* endOfQuoted(at);
      const lost = endOf(untilQuote, at);
      isBlank = false;
      if (end >= 0) {
        if (end - at > LONGEST_HEAD) yield null;
        line += breaksIn(text.slice(at, end));
        at = end;
      } else if (text[lost] === '"') at += 1;
      else {
        yield { line: begin, source: sourceUpTo(lost), cells: null };
        cells = [];
        from = at = lost;
      }
    } else at += 1;
  }
  yield* endRow(text.length);
}

// What its first line has most of, as far as it is looked at; of words above it, the first one with a number.
function delimiterOf(text) {
  const above = firstLineOf(text);
  const isOne = (line) => WRITTEN_NUMBER.test(line) || ROUNDED.test(line);
  const isFirst =
    above.length > AT_ONCE ||
    isOne(above) ||
    SEPARATOR.test(above) ||
    [",", ";", "\t"].some((sign) => columnsOf(above.split(sign)));
  const below = isFirst ? [] : text.slice(0, AT_ONCE).split(/[\r\n]/);
  const first = below.find(isOne) ?? above;
  const separators = first.replace(DECIMALS, "");
  const counts = [",", ";", "\t"].map((sign) => separators.split(sign).length);
  const most = Math.max(...counts);
  if (most > 1) return [",", ";", "\t"][counts.indexOf(most)];
  return first === separators ? "," : ";";
}

// A border says nothing.
const firstLineOf = (text) => /^(?:[-+=\s]*[\r\n])?([^\r\n]*)/.exec(text.trimStart().slice(0, LONGEST_HEAD))?.[1] ?? "";
