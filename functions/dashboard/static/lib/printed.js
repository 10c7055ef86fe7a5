// What AWS's own tools print, or keep, of accounts, as a table.
import { NUMBER, ROLE_NAME } from "./patterns.js";

// More takes long.
const MOST = { opened: 20_100, depth: 100, keys: 100, characters: 1_000 };
const CONFIG = {
  begins: /^[ \t]*\[(?:profile [^\]\r\n]+|default)\]/gm,
  section: /^\[(?:profile +(?! ))?"?([^\]"]+)"?\]$/,
  number: /^(?:(?:granted_)?sso_account_id *= *"?([^"]+)|role_arn *= *"?arn:[\w-]+:iam::([^:"]+))/i,
  role: /^role_arn *= *"?(arn:[^\s"]+)"?$/i,
  other: /^(?:[#;]|[\w -]+=)/,
  comment: /(?:^|\s)[#;].*/,
};
// Web pages and word processors put other spaces and dashes than those of a keyboard, and signs that nobody sees.
// Not part of a longer one, as that of a card.
export const WRITTEN_NUMBER = /(?<!\d\p{Pd}?)\d{4}[\p{Zs}\p{Pd}]?\d{4}[\p{Zs}\p{Pd}]?\d{4}(?!\p{Pd}?\d)/u;
export const ONLY_NUMBER = new RegExp(`^\\s*${WRITTEN_NUMBER.source}\\s*$`, "u");
// What is in an ARN is no number of its own, but in that of a role.
const NUMBERS = new RegExp(
  `(?<=\\barn:[\\w-]+:iam::)\\d{12}(?=:role/)|\\barn:(?![\\w-]+:iam::\\d{12}:role/)[^\\s"]+|${WRITTEN_NUMBER.source}`,
  "gu",
);
// Of digits, as a program may write them.
const LIKE_NUMBER = /^[^a-df-z]*\d[^a-df-z]*$/i;
export const STATE = /^(active|suspended|closed|pending_\w+)$/i;
// The fields of a state. Two ask: whether it is active, or not any more.
export const OF_STATE = /^(state|active|ended)$/;
const YES = new RegExp(
  "^(?:[✓✔☑✅]\\ufe0f? ?(?:y|yes|true)?|y|yes|ja?|o|oui|s[iíì]?|sim|true|t|wahr|vrai|vero|verdadero|verdadeiro|1|x|" +
    "[^\\p{L}\\d]*(?:active|aktiv|actif|a[ct]?tiv[oa])[^\\p{L}\\d]*)$",
  "iu",
);
const NO = /^(?:[-–—~✗✘✖❌☐]\ufe0f? ?)?(?:n|no|nein|non|não|false|f|0|null|none|never|n\/a|\[\])?$/iu;
// Where a state is said, and no name.
export const ENDED =
  "disabled|terminat(?:ed|ing|ion)|decommission|delet(?:ed|ing|ion)|retir(?:ed|ing)|archived|cancell?ed|dormant|" +
  "shut ?down|unused|(?:not|no longer) (?:in |being )?used?(?!\\p{L})|[✗✘✖❌]";
const IS_ENDED = new RegExp(ENDED, "iu");
/** A cell, or a line, of no more than such a word, and perhaps since when, or how many; but not none. */
export const ONLY_ENDED = new RegExp(
  `^(?!\\D*0\\D*$)[^\\p{L}\\d]*((?:${ENDED})(?:ed)?(?: (?:aws )?accounts?)?)[^\\p{L}]*$`,
  "iu",
);
const IN_OTHER_LANGUAGES = [
  "(?<!\\p{L})ina[ckt]?ti[vf](?!i[td])|d[eé]sa[ck]?tiv(?:ad[oa]|ée?)|disattivat[oa]|deaktiviert",
  "ausgesetzt|gesperrt|gekündigt|(?<!\\p{L})geschlossen|stillgelegt|suspens[ao](?!\\p{L})|sospes[ao]",
  "(?:en)?cerrad[ao]|clôturé|fermée?(?!\\p{L})",
  "chius[ao](?!\\p{L})|停止|閉鎖|解約",
];
// After a key.
const IS = `["' ]{0,3}(?:[:=]>? {0,3}|>)["']?`;
// What AWS Organizations, or a person, says of an account that is not active, also within a word, as programs write it.
// No status of ours is like these.
export const NOT_ACTIVE = new RegExp(
  [
    "(?:suspend(?:ed|ing|ue?|id[oa])?|suspension|in-?active|de-?activated",
    ...IN_OTHER_LANGUAGES,
    // Beside a name, in brackets.
    `[[(] ?(?:${ENDED})(?:ed|ing)?(?: (?:aws )?accounts?)?` +
      "(?:[,;:]? ?(?:in|on|at|since|as|by|from|\\p{Pd}|\\d)[^()[\\]]{0,30})?[)\\]]",
    // Cut, or wrapped.
    "susp(?!ect|ici|en[ds])\\p{L}{0,4}|(?<!\\p{L})close?$",
    "pending[ _-]?(?:closure|activation)|(?<!\\p{L})pending(?!\\p{L})",
    "(?<!dis|en|fore|pending[ _-]?)clos(?:ed|ing|ure)",
    // A "no" of another column is further away.
    "(?:not|never|isn.t)\\p{Zs}{2,9}active",
    "(?:not|never|isn.t|(?<!\\p{L})non?)(?:[\\p{Zs}_\\p{Pd}](?:\\p{L}{1,20}\\p{Zs})?)?active",
    "(?:is|account|currently|(?<!\\p{L})(?<!last[ _-]?))active(?:account)?(?: ?\\([^()\\n]{0,20}\\))?" +
      `${IS}(?:false|no?|f|0|[✗✘✖❌☐])(?![\\p{L}\\d])`,
    // None, if it is said not to be so.
    `(?:state|status)${IS}(?:[\\p{L}-]{1,20} ){0,2}(?:${ENDED}))` +
      `(?!\\w{0,12}(?:${IS}(?:false|no|null|none|0|~|\\[\\])["']?|["' ]{0,3}[:=]>? {0,3}(?:""|'')) {0,3}` +
      "(?:$|[\\r\\n,;<)}\\]|]))",
  ].join("|"),
  "iu",
);
// Beside a number, what AWS's tools print that is no name.
const NO_NAME = /^(ACCOUNTS?|ACCOUNTLIST|CHILDREN|INVITED|CREATED|None|arn:\S*|\d+\.\d+|\d{4}-\d\d-\d\dT\S*)$/;
// A line of YAML, or of a table with a key in each line. Part of JSON looks so, too.
const PAIR = /^([-|"'\s]*)([A-Za-z][\w -]{0,40}?)(["' ]*)(?::(?=\s|$)|\|)\s*["']?([^|]*)/;
// Beside lines with a key: a list, a comment; or what ends an account.
const BESIDE_PAIRS = /^\s*(?:$|-\s|#|[\s[\]{},]*$)/;
const ENDS = /^(?:[\s[\]{},]*|[\s|]*[-+][-+|\s]*)$/;
const NOT_SAID = /^(?:null|none|~)?$/i;
const TABLE_LINE = /^\s*(?:\||[-+][-+|:=\s]{2,}$)/;
// As Jira writes states and heads.
const JIRA_STATUS = /\{status:(?:[^{}]*\|)?title=([^{}|]*)[^{}]*\}/gi;
const JIRA_HEAD = /^\|\|(?:[^|]+\|\|){2,}$/;
const BORDER = /^[-+|:= ]*$/;
const JSON_SIGNS = /["[\]{}\n]|\\["\\]/g;
// A value begins a line, or follows another.
const BEFORE_JSON = /(?:^|[\n\r,[\]}])[ \t]*$/;
const AFTER_JSON = /[ \t]*(?=[\n\r,[\]{}]|$)/y;

/** What the fields of an account say of its state, as NOT_ACTIVE knows it. `beside`: all that is said of it.
 * @param {any[][]} fields @param {string} beside */
export function stateOf(fields, beside) {
  const all = fields.map(([field, value, head]) => {
    const said = String(value ?? "").trim();
    if (field === "state" && (!IS_ENDED.test(said) || NOT_ACTIVE.test(said))) return said;
    if (field === "active" && YES.test(said)) return "ACTIVE";
    if (field === "ended" && NO.test(said)) return NOT_ACTIVE.test(beside) ? "" : "ACTIVE";
    return OF_STATE.test(field) ? `not active (${head}: ${said || "-"})` : "";
  });
  return all.find((each) => NOT_ACTIVE.test(each)) ?? all.filter(Boolean).join(" ");
}

/** Whether a line may be one of what is read as a whole. @param {string} line */
export const isPrinted = (line) => /^\s*[[{#;|+]/.test(line) || PAIR.test(line) || TABLE_LINE.test(line);

/** Where runs of JSON with accounts begin and end, each as a table. @param {string} text
 * @param {(key: string) => string | undefined} headOf
 * @returns {Generator<void, {from: number, to: number, rows: any[]}[], void>} */
export function* jsonIn(text, headOf) {
  /** @type {{from: number, to: number, values: any[]}[]} */
  const runs = [];
  for (const { from, to } of yield* bracketsIn(text)) {
    yield;
    const last = runs.at(-1);
    AFTER_JSON.lastIndex = to;
    const value = AFTER_JSON.test(text) ? parsed(text.slice(from, to)) : undefined;
    if (value === undefined) continue;
    const follows = last && /^[\s,]*$/.test(text.slice(last.to, Math.min(from, last.to + MOST.characters)));
    if (last && follows && from - last.to < MOST.characters) {
      last.to = to;
      last.values.push({ value, from, to });
    } else runs.push({ from, to, values: [{ value, from, to }] });
  }
  const found = [];
  for (const { from, to, values } of runs) {
    const rows = yield* ofJson(values, from, text.slice(from, to), headOf);
    if (rows) found.push({ from, to, rows });
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The outermost brackets that are closed: none of too many, which would be parsed in one task.
function* bracketsIn(text) {
  /** @type {{from: number, to: number}[]} */
  const found = [];
  /** @type {number[]} */
  const open = [];
  if (!/[[{]/.test(text)) return found;
  let [isQuoted, count, opened] = [false, 0, 0];
  for (const { index, 0: sign } of text.matchAll(JSON_SIGNS)) {
    count += 1;
    if (count % MOST.characters === 0) yield;
    if (sign === "\n") isQuoted = false;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (isQuoted || sign.length > 1) continue;
    else if (sign === "[" || sign === "{") {
      opened += 1;
      open.push(index);
      if (opened > MOST.opened || open.length > MOST.depth) return [];
    } else {
      const from = open.pop();
      if (from === undefined || !BEFORE_JSON.test(text.slice(Math.max(from - MOST.keys, 0), from))) continue;
      while ((found.at(-1)?.from ?? 0) > from) found.pop();
      found.push({ from, to: index + 1 });
    }
  }
  return found;
}

/**
 * The parts of a text without JSON: what AWS's tools print in lines, as rows or as a table, each of whose lines is in
 * the line that it has in the text, and ordinary lines. `headOf`: what field a key is, or undefined.
 * @param {string} text @param {(key: string) => string | undefined} headOf
 * @returns {Generator<void, {from: number, to: number, rows?: any[], table?: string, isLike?: boolean}[], void>}
 */
export function* partsIn(text, headOf) {
  const parts = [];
  const begins = Array.from(text.matchAll(CONFIG.begins), ({ index }) => index);
  // With another name, if it is the first.
  if (/^[[#;]/.test(text.slice(0, MOST.characters).trimStart())) begins.unshift(0);
  let [at, next] = [0, 0];
  const upTo = function* (to) {
    for (const part of yield* runsAsParts(text.slice(at, to), headOf))
      parts.push({ ...part, from: at + part.from, to: at + part.to });
  };
  for (const begin of begins) {
    yield;
    if (begin < next) continue;
    const { rows, length } = yield* ofConfig(text.slice(begin));
    next = begin + length;
    if (!rows) continue;
    yield* upTo(begin);
    parts.push({ from: begin, to: next, rows });
    at = next;
  }
  yield* upTo(text.length);
  return parts;
}

function* runsAsParts(text, headOf) {
  const parts = [];
  let [at, isLike] = [0, false];
  const upTo = (to) => {
    if (text.slice(at, to).trim()) parts.push({ from: at, to, isLike });
  };
  for (const { from, to, hasCells, hasNumber } of yield* runsIn(text)) {
    yield;
    isLike = true;
    const part = text.slice(from, to);
    const pairs = hasNumber ? yield* ofPairs(part, headOf) : null;
    if (!pairs && !hasCells) continue;
    upTo(from);
    parts.push({ from, to, ...(pairs ? { rows: pairs } : { table: yield* withoutBorders(part) }) });
    at = to;
  }
  upTo(text.length);
  return parts;
}

// Lines of a table, or lines with a key, one below the other.
function* runsIn(text) {
  /** @type {{from: number, to: number, isTable: boolean, hasCells: boolean, hasNumber: boolean}[]} */
  const runs = [];
  let isOpen = false;
  for (const { from, to, whole } of linesIn(text)) {
    yield;
    const isTable = TABLE_LINE.test(whole);
    const last = isOpen ? runs.at(-1) : undefined;
    const pair = PAIR.exec(whole);
    if (isTable || pair) {
      const run = last?.isTable === isTable ? last : { from, to, isTable, hasCells: false, hasNumber: false };
      if (run !== last) runs.push(run);
      run.to = to;
      run.hasCells ||= isTable && !BORDER.test(whole.trim());
      run.hasNumber ||= WRITTEN_NUMBER.test(pair?.[4] ?? "");
      isOpen = true;
    } else isOpen = Boolean(last) && (last?.isTable ? !whole.trim() : BESIDE_PAIRS.test(whole));
  }
  return runs;
}

/** With a line for each. `placeOf` one of these: where it stands. `own`: the lines in which no key is another's.
 * @typedef {{line: number, own?: {first: number, last: number}}} Place @param {(Place & {values: any})[]} rows
 * @returns {Generator<void, {text: string, placeOf: (line: number) => Place}, void>} */
export function* asTable(rows) {
  const heads = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  let text = heads.join(",");
  for (const { values } of rows) {
    yield;
    text += `\n${rowOf(heads.map((head) => values[head]))}`;
  }
  return { text, placeOf: (line) => rows[line - 2] ?? { line: 1 } };
}

/** @param {any[]} values */
export const rowOf = (values) => values.map(quoted).join(",");

const quoted = (value) =>
  `"${String(value ?? "")
    .replace(/\s+/g, " ")
    .replaceAll('"', '""')}"`;

// As `aws organizations list-accounts` prints it, or a program makes of that.
function* ofJson(wholes, start, text, headOf) {
  const rows = [];
  const own = { first: 1, last: 1 + breaksIn(text) };
  let [line, at] = [1, 0];
  const goTo = (place) => {
    line += breaksIn(text.slice(at, place));
    at = place;
  };
  for (const { value: whole, from, to } of wholes) {
    goTo(from - start);
    const source = text.slice(0, to - start);
    let isFound = true;
    // In the order of the text. `isOfRow`: within what is an account already. `state`: what the object around it says.
    const left = [{ item: whole, key: "", isListed: false, isOfRow: false, state: undefined }];
    for (let next = left.pop(); next; next = left.pop()) {
      yield;
      const { item, key, isListed, isOfRow } = next;
      const isList = Array.isArray(item);
      const all = isList ? yield* ofList(item, isListed, isOfRow) : yield* ofObject(item, key, isOfRow, headOf);
      for (const values of all) {
        yield;
        if (values.provider_id) values.state ??= NOT_ACTIVE.test(key) ? key : next.state;
        // Without the line of one, the next ones follow.
        const id = values.provider_id ?? values.other_number ?? values.name ?? "";
        const place = isFound ? source.indexOf(JSON.stringify(id), at) : -1;
        isFound = place >= 0;
        if (isFound) goTo(place);
        rows.push({ line, values, own });
      }
      const isRow = isOfRow || all.some(({ provider_id }) => provider_id);
      const names = Object.keys(item);
      const said = [key, valuesOf(item, headOf).values.state].find((each) => NOT_ACTIVE.test(each ?? ""));
      const state = all.some(isNumbered) ? undefined : (said ?? next.state);
      const isMap = !isList && names.length > 1 && names.every((name) => NUMBER.test(name));
      const within = names.filter((name) => !isPlainValue(item[name]) && item[name]);
      for (const name of within.reverse())
        left.push({ item: item[name], key: name, isListed: isList, isOfRow: isRow && !isMap, state });
    }
  }
  return yield* withStrays(rows, text);
}

// Each number that is not said by a row has one by itself: it may be an account, or a tag of one.
function* withStrays(rows, text) {
  const isOfRow = (values) =>
    LIKE_NUMBER.test(values.provider_id) || (isNumbered(values) && NOT_ACTIVE.test(values.state));
  if (!rows.some(({ values }) => isOfRow(values))) return null;
  const numbers = new Set();
  for (const { values } of rows) {
    yield;
    numbers.add(digitsOf(values.provider_id));
    for (const [number] of `${values.provider_id} ${values.other_number}`.matchAll(NUMBERS))
      numbers.add(digitsOf(number));
  }
  const strays = [];
  let [line, at] = [1, 0];
  for (const { index, 0: written } of text.matchAll(NUMBERS)) {
    yield;
    const number = digitsOf(written);
    if (written.startsWith("arn:") || numbers.has(number)) continue;
    numbers.add(number);
    line += breaksIn(text.slice(at, index));
    at = index;
    strays.push({ line, values: { other_number: number } });
  }
  return [...rows, ...strays].toSorted((a, b) => a.line - b.line);
}

const digitsOf = (value) => String(value).replace(/\D/g, "");

/** The numbers of a text, but those in ARNs that are no role's. @param {string} text
 * @returns {Generator<void, string[], void>} */
export function* numbersIn(text) {
  const numbers = [];
  let count = 0;
  for (const [written] of text.matchAll(NUMBERS)) {
    count += 1;
    if (count % MOST.characters === 0) yield;
    if (!written.startsWith("arn:")) numbers.push(digitsOf(written));
  }
  return numbers;
}
const isNumbered = ({ provider_id: number }) =>
  LIKE_NUMBER.test(number) || (WRITTEN_NUMBER.test(number) && !/\barn:/.test(number));
const isPlainValue = (value) => value !== null && typeof value !== "object";
const listed = (value) => (Array.isArray(value) && value.every(isPlainValue) ? value.join(" ") : value);

function* ofObject(item, key, isOfRow, headOf) {
  const all = yield* ofMap(item, key, headOf);
  if (all) return all;
  const { values, others } = valuesOf(item, headOf);
  // As a map has it, from numbers to what is said of each.
  if (NUMBER.test(key) && !isOfRow) values.provider_id ??= key;
  const isRow = LIKE_NUMBER.test(values.provider_id) || (!isOfRow && (values.provider_id || values.name));
  return isRow ? [values, ...others] : [];
}

// From numbers to names, or from names to numbers: of one alone, nobody knows.
function* ofMap(item, key, headOf) {
  const entries = Object.entries(item);
  let [isByNumber, isByName] = [entries.length > 1, entries.length > 1 && !/tags?$/i.test(key)];
  for (const [index, [name, value]] of entries.entries()) {
    if (index % MOST.keys === 0) yield;
    isByNumber &&= NUMBER.test(name) && isPlainValue(value);
    isByName &&= isPlainValue(value) && ONLY_NUMBER.test(value) && !headOf(name);
    if (!isByNumber && !isByName) return null;
  }
  if (!entries.length) return null;
  if (!isByNumber) return entries.map(([name, value]) => ({ provider_id: value, name }));
  return entries.map(([provider_id, value]) => ({
    provider_id,
    ...(STATE.test(value) ? { state: value } : ONLY_NUMBER.test(value) ? {} : { name: value }),
  }));
}

function valuesOf(item, headOf) {
  const known = Object.keys(item)
    .slice(0, MOST.keys)
    .map((key) => [headOf(key), item[key], key])
    .filter(([head]) => head)
    .map(([head, value, key]) => [head, OF_STATE.test(head) ? (value ?? "") : listed(value), key])
    // The number of another account is nothing else of this one.
    .filter(([head, value]) => isPlainValue(value) && (head === "provider_id" || !ONLY_NUMBER.test(value)));
  // Of several keys that may be that of the number.
  const ids = known.filter(([head]) => head === "provider_id").map(([, value]) => value);
  const isLike = (value) => LIKE_NUMBER.test(value);
  const provider_id = ids.find((value) => NUMBER.test(value)) ?? ids.find(isLike) ?? ids[0];
  const beside = Object.values(item).slice(0, MOST.keys).filter(isPlainValue).join(" ").slice(0, MOST.characters);
  const state = stateOf(known, beside);
  const plain = known.filter(([head]) => !OF_STATE.test(head));
  const others = new Set(ids.filter((value) => isLike(value) && String(value) !== String(provider_id)));
  return {
    values: { ...Object.fromEntries(plain), ...(state && { state }), ...(ids.length ? { provider_id } : {}) },
    others: [...others].map((other_number) => ({ other_number })),
  };
}

// With `--query "Accounts[].Id"`, or `"Accounts[].[Id,Name]"`. An address is a name only if there is no other.
function* ofList(list, isListed, isOfRow) {
  if (isOfRow) return [];
  /** @type {any[][]} */
  const [cells, ids] = [[], []];
  let isOfNumbers = true;
  for (const [index, cell] of list.entries()) {
    if (index % MOST.keys === 0) yield;
    if (!isPlainValue(cell)) continue;
    cells.push(cell);
    if (NUMBER.test(cell)) ids.push(cell);
    isOfNumbers &&= LIKE_NUMBER.test(cell);
  }
  if (isOfNumbers && (ids.length || isListed)) return cells.map((cell) => ({ provider_id: cell }));
  if (ids.length > 1 || !(ids.length || (isListed && cells.length))) return [];
  const some = cells.slice(0, MOST.keys);
  return [{ provider_id: ids[0], name: nameIn(some), state: some.find((cell) => STATE.test(cell)) }];
}

/** What is a name beside a number, if one is. @param {any[]} cells */
export function nameIn(cells) {
  const isOther = (cell) => /[\p{L}\d]/u.test(cell) && ![NUMBER, STATE, NO_NAME].some((each) => each.test(cell));
  const others = cells.filter(isOther);
  // Rather than the number of a row, or where mail goes.
  const names = others.filter((cell) => !String(cell).includes("@"));
  return names.find((cell) => /\p{L}/u.test(cell)) ?? names[0] ?? others[0];
}

// ~/.aws/config: the role of a profile is one to be assumed by a person, unless it is named as ours are.
function* ofConfig(text) {
  const rows = [];
  const plain = [];
  let [name, begin, length] = ["", 1, 0];
  for (const { line, to, said: whole } of linesIn(text)) {
    yield;
    if (whole.length > MOST.characters) break;
    const said = whole.replace(CONFIG.comment, "");
    const section = CONFIG.section.exec(said);
    if (said && !section && !CONFIG.other.test(said)) break;
    plain.push(said);
    length = to;
    if (section) [name, begin] = [section[1].trim(), line];
    const [isNumber, ofSso, ofRole] = CONFIG.number.exec(said) ?? [];
    const [, arn = ""] = CONFIG.role.exec(said) ?? [];
    const isOurs = ROLE_NAME.test(arn.slice(arn.lastIndexOf("/") + 1));
    const values = { provider_id: ofSso ?? ofRole, name, ...(isOurs ? { role_arn: arn } : {}) };
    if (isNumber) rows.push({ line, values, own: { first: begin, last: line } });
  }
  return { rows: yield* withStrays(rows, plain.join("\n")), length };
}

// With `--output yaml`, or a table that is too wide for the terminal.
function* ofPairs(text, headOf) {
  /** @type {any[][]} */
  const groups = [];
  let keys = [];
  let list = Infinity;
  // Where keys stand beside that of the number.
  let level;
  const end = () => {
    if (keys.length) groups.push(keys);
    [keys, level] = [[], undefined];
  };
  for (const { line, whole } of linesIn(text)) {
    yield;
    const [isPair, before = "", key = "", quotes = "", value = ""] = PAIR.exec(whole) ?? [];
    if (isPair === undefined) {
      if (ENDS.test(whole) || (/^\s*-\s/.test(whole) && whole.search(/-\s/) <= list)) end();
      continue;
    }
    const [start, stop] = [before.length, before.length + key.length + quotes.length];
    const dash = before.search(/-\s/);
    const isNext = dash >= 0 && dash <= list;
    if (isNext) list = dash;
    if (isNext || (level && start < level.start && stop !== level.stop)) end();
    const head = headOf(key);
    const said = value.replace(/["',\s]+$/, "");
    // Alone, it may be a heading.
    if (!head || (head === "ended" && !said && !/(?:""|'')[,\s]*$/.test(whole))) continue;
    if ((OF_STATE.test(head) ? WRITTEN_NUMBER : NOT_SAID).test(said)) continue;
    const isNumber = head === "provider_id" && WRITTEN_NUMBER.test(said);
    keys.push({ line, key, head, value: said.replace(NOT_SAID, ""), start, stop, isNumber });
    if (isNumber) level ??= { start, stop };
  }
  end();
  const rows = [];
  let isSaid = false;
  for (const group of groups) {
    yield;
    isSaid ||= group.some(isSaying);
    const all = yield* ofGroup(group, headOf);
    const own = { first: group[0].line, last: group[group.length - 1].line };
    rows.push(...(all.length === 1 ? [{ ...all[0], own }] : all));
  }
  return isSaid ? yield* withStrays(rows, text) : null;
}

const isSaying = ({ head, value }) => (head === "name" ? !ONLY_NUMBER.test(value) : value && OF_STATE.test(head));

// The accounts of keys that stand together. If it is not sure which key is of which, none has a name.
function* ofGroup(keys, headOf) {
  const number = keys.find(({ isNumber }) => isNumber);
  const isBeside = ({ start, stop }) => !number || start === number.start || stop === number.stop;
  const own = keys.filter(isBeside);
  /** @type {{line: number, item: any, numbers: Set<string>}[]} */
  const items = [];
  let isSure = true;
  for (const { line, key, value, isNumber } of own) {
    yield;
    if (key === own[0].key) items.push({ line, item: {}, numbers: new Set() });
    const last = items[items.length - 1];
    isSure &&= !(key in last.item);
    last.item[key] = value;
    if (isNumber) last.line = line;
    if (isNumber) last.numbers.add(digitsOf(value));
  }
  isSure &&= !number || items.every(({ numbers }) => numbers.size === 1);
  if (!isSure)
    return own.filter(({ isNumber }) => isNumber).map(({ line, value }) => ({ line, values: { provider_id: value } }));
  const rows = [];
  for (const { line, item } of items) {
    yield;
    const { values } = valuesOf(item, headOf);
    if (values.provider_id || values.name) rows.push({ line, values });
  }
  return rows;
}

// With `--output table`, as a spreadsheet would be pasted.
function* withoutBorders(text) {
  let plain = "";
  for (const { said: whole } of linesIn(text)) {
    yield;
    const said = whole.replace(JIRA_STATUS, "$1");
    const cells = BORDER.test(said) ? [] : said.replace(/^\|+|\|+$/g, "").split(JIRA_HEAD.test(said) ? "||" : "|");
    // Above the cells is what they are of.
    const isTitle = cells.length === 1 && !/\d/.test(said);
    plain += `${isTitle ? "" : cells.map((cell) => cell.trim()).join("\t")}\n`;
  }
  return plain;
}

/** The lines of a text; of a long one, what it begins with. @param {string} text */
export function* linesIn(text) {
  let line = 0;
  for (const { index: from, 0: all } of text.matchAll(/[^\r\n]*(?:\r\n|[\r\n]|$)/g)) {
    line += 1;
    const whole = all.slice(0, MOST.characters + 3).trimEnd();
    yield { line, from, to: from + all.length, whole, said: whole.trimStart() };
  }
}

/** How many line breaks there are. One by one: pieces of a text of a million breaks take long. @param {string} text */
export function breaksIn(text) {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === 10 ? text.charCodeAt(at - 1) !== 13 : sign === 13) count += 1;
  }
  return count;
}
