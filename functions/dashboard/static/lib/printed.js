// What AWS's own tools print, or keep, of accounts, as a table.
import { NUMBER, ROLE_NAME } from "./patterns.js";

// More takes long.
const MOST = { lines: 20_000, keys: 100, characters: 1_000 };
const CONFIG = {
  section: /^\[(?:profile +)?"?([^\]"]+)"?\]$/,
  number: /^(?:sso_account_id *= *|role_arn *= *arn:[\w-]+:iam::)(\d{12})(?!\d)/,
  role: /^role_arn *= *(arn:\S+)$/,
  other: /^(?:[#;]|[\w -]+=)/,
  comment: /(?:^|\s)[#;].*/,
};
// What is in an ARN is no number of its own.
const NUMBERS = /\barn:[^\s"]+|(?<!\d)\d{12}(?!\d)/g;
const STATE = /^(active|suspended|closed|pending_\w+)$/i;
const TEXT_HEAD = ["kind", "arn", "email", "provider_id", "method", "timestamp", "name", "status", "more"];

/**
 * Makes a table with a head, in which each account is in the line that it has in the text, in some steps. Returns it
 * and the number of its first line; null, if the text is none of these. `headOf`: what field a key is, or undefined.
 * @param {string} text @param {(key: string) => string | undefined} headOf
 * @returns {Generator<void, {text: string, first: number} | null, void>}
 */
export function* printedTable(text, headOf) {
  const begin = text.slice(0, 1_000).trimStart();
  const rows =
    (/^[[{]/.test(begin) && (yield* ofJson(text, headOf))) ||
    (begin.startsWith("ACCOUNTS\t") && (yield* ofText(text))) ||
    (/^[[#;]/.test(begin) && (yield* ofConfig(text)));
  if (!rows || !rows.length) return null;
  yield;
  const heads = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const first = rows[0].line - 1;
  let [table, at] = [heads.join(","), first];
  for (const { line, values } of rows) {
    yield;
    // Several may be in one line.
    const breaks = Math.max(line - at, 1);
    table += "\n".repeat(breaks) + heads.map((head) => quoted(values[head])).join(",");
    at += breaks;
  }
  return { text: table, first };
}

const quoted = (value) =>
  `"${String(value ?? "")
    .replace(/\s+/g, " ")
    .replaceAll('"', '""')}"`;

// As `aws organizations list-accounts` prints it.
function* ofJson(text, headOf) {
  // It is parsed in one task, which then takes long.
  if (opensIn(text) > MOST.lines + MOST.keys) return null;
  yield;
  let whole;
  try {
    whole = JSON.parse(text);
  } catch {
    return null;
  }
  const rows = [];
  let [line, at] = [1, 0];
  // In the order of the text. `isOfRow`: within what is an account already.
  const left = [{ item: whole, isListed: false, isOfRow: false }];
  let next = left.pop();
  for (let count = 1; next;) {
    yield;
    const { item, isListed, isOfRow } = next;
    const values = valuesOf(item, headOf);
    const number = NUMBER.test(values.provider_id) ? String(values.provider_id) : "";
    const isRow = number || (!isOfRow && (Array.isArray(item) ? isListed && item.some(isPlainValue) : values.name));
    if (isRow) {
      // Without the line of one, the next ones follow.
      const found = at < 0 || !number ? -1 : text.indexOf(`"${number}"`, at);
      if (found >= 0) line += breaksIn(text.slice(at, found));
      at = found;
      rows.push({ line, values });
    }
    const within = Object.values(item).filter((each) => each && typeof each === "object");
    count += within.length;
    if (count > MOST.lines + MOST.keys) return null;
    for (const each of within.reverse())
      left.push({ item: each, isListed: Array.isArray(item), isOfRow: isOfRow || !!number });
    next = left.pop();
  }
  return (yield* hasAll(rows, text)) ? rows : null;
}

// Whether each number of the text is that of a row, or in its name. Else each line of the text is read by itself.
function* hasAll(rows, text) {
  const numbers = new Set();
  for (const { values } of rows) {
    yield;
    numbers.add(String(values.provider_id));
    for (const [number] of String(values.name ?? "").matchAll(NUMBERS)) numbers.add(number);
  }
  for (const [number] of text.matchAll(NUMBERS)) {
    yield;
    if (NUMBER.test(number) && !numbers.has(number)) return false;
  }
  return rows.some(({ values }) => NUMBER.test(values.provider_id));
}

function valuesOf(item, headOf) {
  if (Array.isArray(item)) return ofCells(item.slice(0, MOST.keys).filter(isPlainValue));
  const known = Object.entries(item)
    .slice(0, MOST.keys)
    .map(([key, value]) => [headOf(key), Array.isArray(value) && value.every(isPlainValue) ? value.join(" ") : value])
    .filter(([head, value]) => head && isPlainValue(value));
  // Of several keys that may be that of the number.
  const ids = known.filter(([head]) => head === "provider_id");
  const id = ids.find(([, value]) => NUMBER.test(value)) ?? ids[0];
  return Object.fromEntries(id ? [...known, id] : known);
}

// How many lists and objects it has at most: a name may have such a sign.
function opensIn(text) {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text[at] === "[" || text[at] === "{") count += 1;
  return count;
}

const isPlainValue = (value) => value !== null && typeof value !== "object";

// With `--query "Accounts[].[Id,Name]"`. An ARN is no name; an address is one only if there is no other.
function ofCells(cells) {
  const others = cells.filter((cell) => !NUMBER.test(cell) && !STATE.test(cell) && !/^arn:/.test(cell));
  return {
    provider_id: cells.find((cell) => NUMBER.test(cell)),
    name: others.find((cell) => !String(cell).includes("@")) ?? others[0],
    state: cells.find((cell) => STATE.test(cell)),
  };
}

// With `--output text`, each account begins so.
function* ofText(text) {
  const rows = [];
  for (const { line, said } of linesIn(text)) {
    yield;
    if (!said || said.startsWith("NEXTTOKEN\t")) continue;
    if (!said.startsWith("ACCOUNTS\t") || said.length > MOST.characters) return null;
    const cells = said.split("\t");
    if (!NUMBER.test(cells[3])) return null;
    rows.push({ line, values: Object.fromEntries(TEXT_HEAD.map((head, place) => [head, cells[place]])) });
  }
  return rows;
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
    if (!said) continue;
    plain.push(said);
    const section = CONFIG.section.exec(said);
    if (!section && !CONFIG.other.test(said)) return null;
    name = section?.[1].trim() ?? name;
    const [, provider_id] = CONFIG.number.exec(said) ?? [];
    if (!provider_id && said.startsWith("sso_account_id")) return null;
    const [, arn = ""] = CONFIG.role.exec(said) ?? [];
    const isOurs = ROLE_NAME.test(arn.slice(arn.lastIndexOf("/") + 1));
    if (provider_id) rows.push({ line, values: { provider_id, name, ...(isOurs ? { role_arn: arn } : {}) } });
  }
  return (yield* hasAll(rows, plain.join("\n"))) ? rows : null;
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
