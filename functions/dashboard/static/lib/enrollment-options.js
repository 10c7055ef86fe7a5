// What a person types into the form of an enrollment, and what the API takes.
import { NAME, NUMBER, UNIT } from "./patterns.js";

// What cannot be emptied once it is known.
const STAYS = new Set(["role_path", "regions", "management_account_id"]);

/** The entries of a list: one a line, or with spaces, commas or semicolons between them. @param {string} text */
export const entriesOf = (text) => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];

/** AWS shows account numbers as 1234-5678-9012. @param {string} text */
const numbersOf = (text) => entriesOf(text).map((entry) => entry.replaceAll("-", ""));

/** Tags, one a line, as key=value. A line without a value has an empty one. @param {string} text */
export function tagsOf(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return Object.fromEntries(
    lines.map((line) => {
      const [key, ...value] = line.split("=");
      return [key.trim(), value.join("=").trim()];
    }),
  );
}

export const tagsText = (tags) =>
  Object.entries(tags ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");

/**
 * What was typed, as the API takes it. What is empty is left out, or what `known` has is emptied.
 * @param {Record<string, any>} typed
 * @param {any} [known] the enrollment that is changed
 */
export function bodyOf(typed, known) {
  const text = (name) => (typed[name] ?? "").trim();
  const wanted = {
    name: text("name"),
    management_account_id: text("management_account_id").replace(/[\s-]/g, ""),
    include_ous: entriesOf(text("include_ous")),
    exclude_ous: entriesOf(text("exclude_ous")),
    exclude_accounts: numbersOf(text("exclude_accounts")),
    // The API has no empty pattern: this one fits every name.
    name_pattern: text("name_pattern") || (known?.name_pattern ? "*" : ""),
    regions: typed.regions ?? [],
    write_logs: typed.write_logs,
    role_path: text("role_path"),
    permissions_boundary: text("permissions_boundary"),
    tags: tagsOf(text("tags")),
    features: typed.features,
  };
  if (!known) return { provider: "aws", ...withoutEmpty(wanted) };
  const isOther = ([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name] ?? "");
  const changes = Object.entries(wanted).filter(isOther);
  return Object.fromEntries(changes.filter(([name, value]) => !(STAYS.has(name) && isEmpty(value))));
}

const isEmpty = (value) =>
  value === undefined || (typeof value === "object" ? !Object.keys(value).length : value === "");

const withoutEmpty = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));

/**
 * What the form can tell is wrong: fields, with the name of a text and what it is about.
 * @param {any} body
 * @returns {{field: string, error: string, of?: string}[]}
 */
export function wrongIn(body) {
  const errors = [];
  const first = (field, form, error) => {
    const of = (body[field] ?? []).find((entry) => !form.test(entry));
    if (of) errors.push({ field, error, of });
  };
  if ("name" in body ? !NAME.test(body.name) : body.provider) errors.push({ field: "name", error: "name" });
  const number = body.management_account_id;
  if (number && !NUMBER.test(number)) errors.push({ field: "management_account_id", error: "number", of: number });
  first("include_ous", UNIT, "unit");
  first("exclude_ous", UNIT, "unit");
  first("exclude_accounts", NUMBER, "number");
  return errors;
}
