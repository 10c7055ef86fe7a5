// What AWS's own tools print, or keep, of accounts, as a table.
import { NUMBER, ROLE_NAME } from "./patterns.js";

// More takes long.
const MOST = { lines: 20_000, keys: 100, characters: 1_000 };
const CONFIG = {
  section: /^\[(?:profile +)?"?([^\]"]+)"?\]$/,
  number: /^(?:sso_account_id *= *|role_arn *= *arn:[\w-]+:iam::)(\d{12})/,
  role: /^role_arn *= *(arn:\S+)$/,
  other: /^(?:[#;]|[\w -]+=)/,
};
const TEXT_HEAD = ["kind", "arn", "email", "id", "method", "timestamp", "name", "status", "more"];

/**
 * Makes a table with a head, in which each account is in the line that it has in the text, in some steps. Returns it
 * and the number of its first line; null, if the text is none of these. `headOf`: the head that a key is, or undefined.
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
  let whole;
  try {
    whole = JSON.parse(text);
  } catch {
    return null;
  }
  yield;
  const parts = [whole, ...Object.values(whole)];
  const items = (parts.find(Array.isArray) ?? parts).filter((item) => item && typeof item === "object");
  if (items.length > MOST.lines) return null;
  let [line, at] = [1, 0];
  const rows = [];
  for (const item of items) {
    yield;
    const entries = Array.isArray(item) ? ofCells(item.slice(0, MOST.keys)) : Object.entries(item).slice(0, MOST.keys);
    const known = entries.map(([key, value]) => [headOf(key), plain(value)]);
    const values = Object.fromEntries(known.filter(([head]) => head));
    const number = Object.values(values).find((value) => NUMBER.test(value));
    // Without the line of one, the next ones follow.
    const next = at < 0 || !number ? -1 : text.indexOf(`"${number}"`, at);
    if (next >= 0) line += breaksIn(text.slice(at, next));
    at = next;
    rows.push({ line, number, values });
  }
  return rows.some(({ number }) => number) ? rows : null;
}

// With `--query "Accounts[].[Id,Name]"`.
const ofCells = (cells) => [
  ["id", cells.find((cell) => NUMBER.test(cell))],
  ["name", cells.find((cell) => !NUMBER.test(cell))],
];

const plain = (value) => (Array.isArray(value) ? value.join(" ") : typeof value === "object" ? "" : value);

// With `--output text`, each account begins so.
function* ofText(text) {
  const rows = [];
  for (const { line, said } of linesIn(text)) {
    yield;
    if (!said) continue;
    if (!said.startsWith("ACCOUNTS\t") || said.length > MOST.characters) return null;
    const cells = said.split("\t");
    rows.push({ line, values: Object.fromEntries(TEXT_HEAD.map((head, place) => [head, cells[place]])) });
  }
  return rows;
}

// ~/.aws/config: the role of a profile is one to be assumed by a person, unless it is named as ours are.
function* ofConfig(text) {
  const rows = [];
  let name = "";
  for (const { line, said } of linesIn(text)) {
    yield;
    if (!said) continue;
    if (said.length > MOST.characters) return null;
    const section = CONFIG.section.exec(said);
    if (!section && !CONFIG.other.test(said)) return null;
    name = section?.[1].trim() ?? name;
    const [, id] = CONFIG.number.exec(said) ?? [];
    const [, arn = ""] = CONFIG.role.exec(said) ?? [];
    const isOurs = ROLE_NAME.test(arn.slice(arn.lastIndexOf("/") + 1));
    if (id) rows.push({ line, values: { id, name, ...(isOurs ? { role_arn: arn } : {}) } });
  }
  return rows;
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
