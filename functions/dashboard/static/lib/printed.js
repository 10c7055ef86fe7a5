// What AWS's own tools print, or keep, of accounts, as a table.
import { NUMBER, ROLE_NAME } from "./patterns.js";

// More takes long.
const MOST = { opened: 20_100, depth: 100, keys: 100, characters: 1_000 };
const CONFIG = {
  section: /^\[(?:profile +)?"?([^\]"]+)"?\]$/,
  number: /^(?:(?:granted_)?sso_account_id *= *"?([^"]+)|role_arn *= *"?arn:[\w-]+:iam::([^:"]+))/i,
  role: /^role_arn *= *"?(arn:[^\s"]+)"?$/i,
  other: /^(?:[#;]|[\w -]+=)/,
  comment: /(?:^|\s)[#;].*/,
};
// What is in an ARN is no number of its own, but in that of a role.
const NUMBERS =
  /(?<=\barn:[\w-]+:iam::)\d{12}(?=:role\/)|\barn:(?![\w-]+:iam::\d{12}:role\/)[^\s"]+|(?<!\d)\d{12}(?!\d)/g;
// Of digits, as a program may write them.
const LIKE_NUMBER = /^[^a-df-z]*\d[^a-df-z]*$/i;
const STATE = /^(active|suspended|closed|pending_\w+)$/i;
// Beside a number, what AWS's tools print that is no name.
const NO_NAME = /^(ACCOUNTS?|ACCOUNTLIST|CHILDREN|INVITED|CREATED|None|arn:\S*|\d+\.\d+|\d{4}-\d\d-\d\dT\S*)$/;
// A line of YAML, or of a table with a key in each line. Part of JSON looks so, too.
const PAIR = /^[-|"' ]*([A-Za-z][\w ]{0,40}?)["' ]*(?::\s|\|)\s*["']?([^|]*)/;
const NUMBER_PAIR = /^[-|"' ]*[A-Za-z][\w ]{0,40}?["' ]*(?::\s|\|)\s*["']?\d{12}(?!\d)/m;
const BORDER = /^[-+|: ]*$/;
const JSON_SIGNS = /["[\]{}\n]|\\["\\]/g;
// A value begins a line, or follows another.
const BEFORE_JSON = /(?:^|[\n\r,[\]}])[ \t]*$/;
const AFTER_JSON = /[ \t]*(?=[\n\r,[\]{}]|$)/y;

/** Whether a line may be one of what is read as a whole. @param {string} line */
export const isPrinted = (line) => /^\s*[[{#;|+]/.test(line) || PAIR.test(line);

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
 * What AWS's tools print in lines, as a table in which each account is in the line that it has in the text. Null, if
 * the text is none of these. `headOf`: what field a key is, or undefined.
 * @param {string} text @param {(key: string) => string | undefined} headOf
 * @returns {Generator<void, {text: string, first: number} | null, void>}
 */
export function* printedTable(text, headOf) {
  const begin = text.slice(0, MOST.characters).trimStart();
  const rows = (/^[[#;]/.test(begin) && (yield* ofConfig(text))) || (yield* ofPairs(text, headOf));
  if (rows) return yield* asTable(rows);
  return /^(?:[|+]|-{3})/.test(begin) ? { text: yield* withoutBorders(text), first: 1 } : null;
}

/** `first`: the number of the line of its head. @param {{line: number, values: any}[]} rows
 * @returns {Generator<void, {text: string, first: number}, void>} */
export function* asTable(rows) {
  const heads = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const first = rows[0].line - 1;
  let [text, at] = [heads.join(","), first];
  for (const { line, values } of rows) {
    yield;
    // Several may be in one line.
    const breaks = Math.max(line - at, 1);
    text += "\n".repeat(breaks) + heads.map((head) => quoted(values[head])).join(",");
    at += breaks;
  }
  return { text, first };
}

const quoted = (value) =>
  `"${String(value ?? "")
    .replace(/\s+/g, " ")
    .replaceAll('"', '""')}"`;

// As `aws organizations list-accounts` prints it, or a program makes of that.
function* ofJson(wholes, start, text, headOf) {
  const rows = [];
  let [line, at] = [1, 0];
  const goTo = (place) => {
    line += breaksIn(text.slice(at, place));
    at = place;
  };
  for (const { value: whole, from, to } of wholes) {
    goTo(from - start);
    const source = text.slice(0, to - start);
    let isFound = true;
    // In the order of the text. `isOfRow`: within what is an account already.
    const left = [{ item: whole, key: "", isListed: false, isOfRow: false }];
    for (let next = left.pop(); next; next = left.pop()) {
      yield;
      const { item, key, isListed, isOfRow } = next;
      const all = Array.isArray(item) ? yield* ofList(item, isListed, isOfRow) : ofObject(item, key, isOfRow, headOf);
      for (const values of all) {
        yield;
        // Without the line of one, the next ones follow.
        const id = values.provider_id ?? values.other_number ?? values.name ?? "";
        const place = isFound ? source.indexOf(JSON.stringify(id), at) : -1;
        isFound = place >= 0;
        if (isFound) goTo(place);
        rows.push({ line, values });
      }
      const isRow = isOfRow || all.some(({ provider_id }) => provider_id);
      const within = Object.keys(item).filter((name) => !isPlainValue(item[name]) && item[name]);
      for (const name of within.reverse())
        left.push({ item: item[name], key: name, isListed: Array.isArray(item), isOfRow: isRow });
    }
  }
  return yield* withStrays(rows, text);
}

// Each number that is not said by a row has one by itself: it may be an account, or a tag of one.
function* withStrays(rows, text) {
  if (!rows.some(({ values }) => LIKE_NUMBER.test(values.provider_id))) return null;
  const numbers = new Set();
  for (const { values } of rows) {
    yield;
    numbers.add(String(values.provider_id).replace(/\D/g, ""));
    const said = `${values.provider_id} ${values.other_number} ${values.name}`;
    for (const [number] of said.matchAll(NUMBERS)) numbers.add(number);
  }
  const strays = [];
  let [line, at] = [1, 0];
  for (const { index, 0: number } of text.matchAll(NUMBERS)) {
    yield;
    if (!NUMBER.test(number) || numbers.has(number)) continue;
    numbers.add(number);
    line += breaksIn(text.slice(at, index));
    at = index;
    strays.push({ line, values: { other_number: number } });
  }
  return [...rows, ...strays].toSorted((a, b) => a.line - b.line);
}

const isPlainValue = (value) => value !== null && typeof value !== "object";

function ofObject(item, key, isOfRow, headOf) {
  const { values, others } = valuesOf(item, headOf);
  // As a map has it, from numbers to what is said of each.
  if (NUMBER.test(key) && !isOfRow) values.provider_id ??= key;
  const isRow = LIKE_NUMBER.test(values.provider_id) || (!isOfRow && (values.provider_id || values.name));
  return isRow ? [values, ...others] : [];
}

function valuesOf(item, headOf) {
  const known = Object.keys(item)
    .slice(0, MOST.keys)
    .map((key) => [headOf(key), item[key]])
    .filter(([head]) => head)
    .map(([head, value]) => [head, Array.isArray(value) && value.every(isPlainValue) ? value.join(" ") : value])
    .filter(([, value]) => isPlainValue(value));
  // Of several keys that may be that of the number.
  const ids = known.filter(([head]) => head === "provider_id").map(([, value]) => value);
  const isLike = (value) => LIKE_NUMBER.test(value);
  const provider_id = ids.find((value) => NUMBER.test(value)) ?? ids.find(isLike) ?? ids[0];
  const others = new Set(ids.filter((value) => isLike(value) && String(value) !== String(provider_id)));
  return {
    values: { ...Object.fromEntries(known), ...(ids.length ? { provider_id } : {}) },
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
  const others = cells.filter((cell) => cell !== "" && ![NUMBER, STATE, NO_NAME].some((each) => each.test(cell)));
  return others.find((cell) => !String(cell).includes("@")) ?? others[0];
}

// ~/.aws/config: the role of a profile is one to be assumed by a person, unless it is named as ours are.
function* ofConfig(text) {
  const rows = [];
  const plain = [];
  let name = "";
  for (const { line, said: whole } of linesIn(text)) {
    yield;
    if (whole.length > MOST.characters) return null;
    const said = whole.replace(CONFIG.comment, "");
    plain.push(said);
    if (!said) continue;
    const section = CONFIG.section.exec(said);
    if (!section && !CONFIG.other.test(said)) return null;
    name = section?.[1].trim() ?? name;
    const [isNumber, ofSso, ofRole] = CONFIG.number.exec(said) ?? [];
    const [, arn = ""] = CONFIG.role.exec(said) ?? [];
    const isOurs = ROLE_NAME.test(arn.slice(arn.lastIndexOf("/") + 1));
    const values = { provider_id: ofSso ?? ofRole, name, ...(isOurs ? { role_arn: arn } : {}) };
    if (isNumber) rows.push({ line, values });
  }
  return yield* withStrays(rows, plain.join("\n"));
}

// With `--output yaml`, or a table that is too wide for the terminal. A key that comes again is of the next account.
function* ofPairs(text, headOf) {
  if (!NUMBER_PAIR.test(text)) return null;
  let last = { line: 1, item: {}, hasNumber: false };
  const items = [last];
  for (const { line, said } of linesIn(text)) {
    yield;
    const [, key = "", value = ""] = PAIR.exec(said) ?? [];
    const head = headOf(key);
    if (!head || !value) continue;
    const isNumber = head === "provider_id";
    if (key in last.item || (isNumber && last.hasNumber)) items.push((last = { line, item: {}, hasNumber: false }));
    last.item[key] = value.replace(/["', ]+$/, "");
    if (isNumber) Object.assign(last, { line, hasNumber: true });
  }
  const rows = items
    .map(({ line, item }) => ({ line, values: valuesOf(item, headOf).values }))
    .filter(({ values }) => values.provider_id || values.name);
  const isOfAccount = ({ values }) => NUMBER.test(values.provider_id) && (values.name ?? values.state);
  return rows.some(isOfAccount) ? yield* withStrays(rows, text) : null;
}

// With `--output table`, as a spreadsheet would be pasted.
function* withoutBorders(text) {
  let plain = "";
  for (const { said } of linesIn(text)) {
    yield;
    const cells = BORDER.test(said) ? [] : said.replace(/^\|+|\|+$/g, "").split("|");
    // Above the cells is what they are of.
    const isTitle = cells.length === 1 && !/\d/.test(said);
    plain += `${isTitle ? "" : cells.map((cell) => cell.trim()).join("\t")}\n`;
  }
  return plain;
}

function* linesIn(text) {
  let line = 0;
  for (const [whole] of text.matchAll(/[^\r\n]*(?:\r\n|[\r\n]|$)/g)) {
    line += 1;
    yield { line, said: whole.slice(0, MOST.characters + 3).trim() };
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
