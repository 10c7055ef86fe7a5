// Accounts in text that a person pastes: numbers, or lines of a spreadsheet (RFC 4180; also with semicolons or tabs, as
// spreadsheets write them elsewhere). Each line is an account, or has an error.
import { NAME, NUMBER } from "./patterns.js";

const WRITTEN_NUMBER = /(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)/;
const YES_NO = { yes: true, true: true, 1: true, no: false, false: false, 0: false };
// The fields of an account, by the heads that a column may have: the API's, those of our own export and of AWS
// Organizations. An "account_id" is ours and no number, if there is a "provider_id".
const HEADS = {
  provider_id: ["providerid", "accountnumber", "number", "accountid", "account"],
  name: ["name", "accountname"],
  role_name: ["rolename"],
  role_path: ["rolepath"],
  regions: ["regions", "region"],
  write_logs: ["writelogs"],
  access_type: ["accesstype"],
};

/**
 * A line of the text, from 1, with what it says of an account; or `error`: a code, and `of` what that is said.
 * @typedef {{line: number, source: string, account?: Record<string, any>, error?: string, of?: any}} Line
 */

/**
 * Reads the text, each line in a step. `head` is its line of names, if it has one.
 * @param {string} text
 * @returns {Generator<void, {head: string, lines: Line[]}, void>}
 */
export function* reading(text) {
  /** @type {Record<string, number> | null} */
  let columns = null;
  let head;
  const lines = [];
  const seen = new Map();
  for (const { line, source, cells } of rowsOf(text)) {
    yield;
    if (head === undefined) {
      columns = columnsOf(cells);
      head = columns ? source : "";
      if (columns) continue;
    }
    const values = columns
      ? Object.fromEntries(Object.entries(columns).map(([name, place]) => [name, (cells[place] ?? "").trim()]))
      : unnamed(cells);
    const read = accountOf(values);
    const number = read.account?.provider_id;
    if (number && seen.has(number)) lines.push({ line, source, error: "twice", of: seen.get(number) });
    else lines.push({ line, source, ...read });
    if (number && !seen.has(number)) seen.set(number, line);
  }
  return { head: head ?? "", lines };
}

/** Reads the text at once. @param {string} text */
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
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .split(/[^A-Za-z0-9]+/);
  return words
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")
    .slice(0, 64);
}

// Where each field is, if this line names one for the number.
function columnsOf(cells) {
  const heads = cells.map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ""));
  if (cells.some((cell) => WRITTEN_NUMBER.test(cell))) return null;
  const places = Object.entries(HEADS).map(([name, known]) => [
    name,
    known.map((head) => heads.indexOf(head)).find((place) => place >= 0) ?? -1,
  ]);
  const found = Object.fromEntries(places.filter(([, place]) => Number(place) >= 0));
  return "provider_id" in found ? found : null;
}

// The number is where one is; the name is beside it.
function unnamed(cells) {
  const at = cells.findIndex((cell) => WRITTEN_NUMBER.test(cell));
  if (at < 0) return { provider_id: cells.find((cell) => /\d/.test(cell)) ?? "" };
  const number = WRITTEN_NUMBER.exec(cells[at])?.[0] ?? "";
  const beside = [cells[at].replace(number, ""), ...cells.filter((_, place) => place !== at)];
  return { provider_id: number, name: beside.map((cell) => cell.trim()).find(Boolean) ?? "" };
}

/** @param {any} values */
function accountOf({ provider_id, name = "", role_name, role_path, regions, write_logs, access_type }) {
  const number = provider_id.replace(/[\s-]/g, "");
  if (!number) return { error: "numberMissing" };
  if (!NUMBER.test(number)) return { error: "numberWrong", of: number.replace(/\D/g, "").length };
  if (access_type === "access_key") return { error: "keyed" };
  const logs = write_logs ? YES_NO[write_logs.toLowerCase()] : undefined;
  if (write_logs && logs === undefined) return { error: "writeLogs", of: write_logs };
  const named = regions?.split(/[\s,;|]+/).filter(Boolean) ?? [];
  return {
    account: {
      provider_id: number,
      name: nameOf(name) || `Account${number}`,
      ...(logs === undefined ? {} : { write_logs: logs }),
      ...(named.length ? { regions: named } : {}),
      ...(role_name ? { role_name } : {}),
      ...(role_path ? { role_path } : {}),
    },
  };
}

// The rows of the text, without empty ones. A quoted cell may go over several lines.
function* rowsOf(text) {
  const delimiter = delimiterOf(text);
  const plain = new RegExp(`[^"\\r\\n${delimiter}]+`, "y");
  let [line, begin, start, cell, isQuoted] = [1, 1, 0, "", false];
  let cells = [];
  const endCell = () => {
    cells.push(cell.trim());
    cell = "";
  };
  // Empty, if no cell has anything.
  const endRow = (end) => {
    endCell();
    const row = { line: begin, source: text.slice(start, end).trim(), cells };
    cells = [];
    return row.cells.some(Boolean) ? [row] : [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    plain.lastIndex = at;
    const [run] = plain.exec(text) ?? [];
    if (run) {
      cell += run;
      at += run.length - 1;
    } else if (isQuoted && sign === '"' && text[at + 1] === '"') {
      cell += sign;
      at += 1;
    } else if (sign === '"' && (isQuoted || !cell.trim())) isQuoted = !isQuoted;
    else if (!isQuoted && sign === delimiter) endCell();
    else if (!isQuoted && (sign === "\n" || sign === "\r")) {
      yield* endRow(at);
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      line += 1;
      begin = line;
      start = at + 1;
    } else {
      if (sign === "\n") line += 1;
      cell += sign;
    }
  }
  yield* endRow(text.length);
}

// What its first line has most of.
function delimiterOf(text) {
  const [first = ""] = text.trimStart().split(/[\r\n]/);
  const counts = [",", ";", "\t"].map((sign) => first.split(sign).length);
  const most = Math.max(...counts);
  return most > 1 ? [",", ";", "\t"][counts.indexOf(most)] : ",";
}
