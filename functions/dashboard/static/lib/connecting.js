// How far the connection of an account is, and what to suggest for the instances that it shows.
import { isConnected, isRevoked, problemsOf } from "./ui.js";

/** The steps of an entry by a role. */
export const ENTRY = [
  "sts:AssumeRole",
  "trust:account-matches",
  "trust:without-external-id",
  "trust:with-wrong-external-id",
];
/** Of these, those that must be good, by the type of access. */
export const TRUST = { assume_role: ENTRY.slice(1), access_key: ["trust:account-matches"] };

export const isRunning = (test) => test?.state === "running";

/**
 * What is known of the two ways between an account and Cavok: of the entry, which is a role or a key, and of its
 * permissions. Each is "waiting", "working", "done", "part" (some permissions are refused) or "failed".
 * `checked`, `allowed`: how many permissions were tried, and how many AWS allows.
 * @param {any} account @param {any} test its newest one, null if there was none
 */
export function waysOf(account, test) {
  const running = isRunning(test);
  // A change of the connection leaves an account unconfirmed and without problems: no earlier test is about it.
  const isAbout = running || isConnected(account) || account.status === "failed" || problemsOf(account).length > 0;
  const steps = (isAbout && !isRevoked(account) && test?.steps) || [];
  const isGood = (name) => steps.some(({ step, ok }) => step === name && ok === true);
  const isBad = ENTRY.some((name) => steps.some(({ step, ok }) => step === name && ok === false));
  const others = steps.filter(({ step, verdict }) => !ENTRY.includes(step) && verdict !== "skipped");
  const allowed = others.filter(({ ok }) => ok === true).length;
  const isIn = (TRUST[account.access_type] ?? []).every(isGood) || (!running && isConnected(account));
  return {
    entry: entryOf(account, { running, isIn, isBad }),
    use: useOf(account, { running, isIn, isWhole: allowed === others.length, begun: others.length > 0 }),
    checked: others.length,
    allowed,
  };
}

// A role that refused may be there soon. A key that AWS refused stays so.
function entryOf(account, { running, isIn, isBad }) {
  if (isIn) return "done";
  if (running) return "working";
  return (isBad && account.status === "failed") || isKeyRefused(account) ? "failed" : "waiting";
}

function useOf(account, { running, isIn, isWhole, begun }) {
  if (!isIn) return "waiting";
  if (running) return "working";
  if (account.status === "failed") return "failed";
  return isWhole || !begun ? "done" : "part";
}

/** Whether AWS did not accept the key, or it is of another account. */
export const isKeyRefused = (account) =>
  account.access_type === "access_key" &&
  !isRevoked(account) &&
  (account.status === "failed" || (account.status === "unconfirmed" && problemsOf(account).length > 0));

/**
 * What the one primary button does: "deploy" the role, "rotate" the keys, "test", or lead "onward" from an account that
 * is connected. A test that runs changes nothing of it: to press for another one shows the same.
 * @param {any} account
 */
export function primaryOf(account) {
  if (isConnected(account)) return "onward";
  // Nothing is to be deployed or entered again: a test takes it into use.
  if (isRevoked(account)) return "test";
  if (account.access_type === "assume_role") return "deploy";
  return isKeyRefused(account) ? "rotate" : "test";
}

const keyOf = ({ kind, region, instance_id: id }) => `${kind}/${region}/${id}`;

/**
 * What a listing tells: how many instances there are, how many run now, and how many of these no schedule stops.
 * `isWhole`: whether all could be listed.
 * @param {{items: any[], unavailable: any[]}} listing @param {any[]} resources
 * @param {Record<string, {running: string}>} kinds
 */
export function foundOf({ items, unavailable }, resources, kinds) {
  const known = new Map(resources.map((resource) => [keyOf(resource), resource]));
  const running = items.filter((item) => runs(item, kinds));
  return {
    total: items.length,
    running: running.length,
    unscheduled: running.filter((item) => !known.get(keyOf(item))?.schedule).length,
    isWhole: unavailable.length === 0,
    /** Those that are not under control yet. */
    left: items.filter((item) => !known.has(keyOf(item))),
  };
}

export const runs = ({ kind, state }, kinds) => state === kinds[kind]?.running;

const WORDS = {
  office: ["dev", "development", "test", "testing", "tests", "qa", "demo", "sandbox", "playground", "lab", "training"],
  nights: ["stage", "staging", "stg", "preprod", "uat", "int", "integration"],
  none: ["prod", "production", "prd", "live"],
};

/**
 * A schedule to begin with, by the words of an instance's name: "office", "nights" or "none". Whoever runs at night on
 * purpose must not be stopped by a guess, so a name that says nothing gets none. What says production is not chosen
 * either, because all that are chosen may get one schedule at once. `word`: the one that says so, "" if none does.
 * @param {{name?: string | null}} instance
 */
export function suggestionFor({ name }) {
  const words = (name ?? "")
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());
  for (const schedule of ["none", "office", "nights"]) {
    const word = words.find((each) => WORDS[schedule].includes(each));
    if (word) return { schedule, word, isChosen: schedule !== "none" };
  }
  return { schedule: "none", word: "", isChosen: true };
}
