// The page's only store of accounts, with the time of each read. Views read from it and draw again when it changes. It
// also keeps the draft of a new account. (views/schedules.js keeps the schedules that were sent.)
import * as api from "./api.js";
import { later, noteChange } from "./dom.js";
import { isMissing, retryAfter } from "./problem.js";
import * as session from "./session.js";
import { stored } from "./storage.js";

/**
 * An account as the API describes it. It has more fields than these.
 * @typedef {{account_id: string, name: string, provider_id: string, status: string, version: number, testing: boolean,
 *   access_type: string, issues?: {code?: string, severity?: string}[], write_logs?: boolean,
 *   template?: {version: number} | null, enrollment_id?: string | null}} Account
 * How many accounts have a role of this version.
 * @typedef {{version: number, accounts: number, outdated: boolean}} VersionInUse
 * One page of a listing. `cursor`: what it was read with. `at`: when it was requested, in milliseconds. `isShort`: the
 * API looked as far as it does for one answer, and found few or none.
 * @typedef {{cursor: string | null, limit: number, ids: string[], at: number, isShort: boolean}} ListedPage
 */

const PAGE_SIZE = 100;
const FIRST_PAGE_SIZE = 50;
// Data is late after this time: a little more than `ANSWERED_WITHIN_MS` of watched.js.
const LATE_AFTER_MS = 45_000;
const FEW = 6;
// Other work waits at most this long for a read that hangs.
const HANGS_AFTER_MS = 5_000;
const OPERATIONS = "cavok.operations";

/** @type {Map<string, {account: Account, at: number}>} */
const accounts = new Map();
/** When each account was found to be gone, in milliseconds. @type {Map<string, number>} */
const gone = new Map();
export const isGone = (id) => gone.has(id);
/** Accounts with a read in progress for a list. @type {Set<string>} */
const awaited = new Set();
/** The turn in which each row was last read. @type {Map<string, number>} */
const turns = new Map();
let turn = 0;
/** @type {Set<() => void>} */
const listeners = new Set();
/** The number of accounts by status, and by the version of their roles. `at`: when it was requested. `since`: answers
 * to earlier requests are outdated.
 * @type {{total: number, by_status: Record<string, number>, by_template_version?: VersionInUse[], at: number,
 *   since: number} | null} */
let counts = null;
/** The list that was shown last. @type {Listing | null} */
let listing = null;
/** The bulk operations that are shown until they are closed, the newest first, and whose they are. A reload keeps them.
 * @type {{of: string, ids: string[]}} */
let shownOperations = stored(() => JSON.parse(sessionStorage.getItem(OPERATIONS) ?? "null")) ?? { of: "", ids: [] };
/** @type {Account | null} */
let added = null;
let addressOfList = "";
/** The newest listing of instances. `at`: when it was requested. `age`: how long ago. Both in milliseconds.
 * @type {{id: string, listed: {items: any[], unavailable: any[], at: number, age: () => number}} | null} */
let instances = null;
/** The draft of a new account, without the secret key.
 * @type {{of: string, values: Record<string, any>}} */
let draft = { of: "", values: {} };
/** How the last read of each part of the view ended. Forgotten when the view is left. `asked`: when it was requested,
 * in milliseconds. `unreachable`: no answer came. `alone`: another part was read since, so the network works.
 * @type {Map<any, {asked: number, signal: AbortSignal, isShown: () => boolean, failed: boolean, unreachable: boolean,
 *   alone: boolean}>} */
const ends = new Map();
/** Parts of the view that could not be read yet. The function says whether the view needs the part now.
 * @type {Map<any, () => boolean>} */
const lacking = new Map();
// An element may have left the document. A part with a name is shown until the view is left.
const inView = (part) => () => part.isConnected ?? true;

/** The draft of this person, also after they signed in again. Another person gets an empty one. */
export function draftOf(person) {
  if (draft.of !== person) draft = { of: person, values: {} };
  return draft;
}

/** Empties the draft after it was sent. */
export function sent() {
  draft = { of: draft.of, values: {} };
}

/** Calls the listener after each change, until the view is left. */
export function onChange(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener), { once: true });
}

/** Tells the listeners that something was read. */
export function changed() {
  for (const listener of [...listeners]) listener();
}

/**
 * Forgets everything, because another person may see other accounts. Whoever signs in again after a session that has
 * ended by itself sees their operations again.
 */
export function forget() {
  accounts.clear();
  gone.clear();
  counts = null;
  listing = null;
  addressOfList = "";
  if (session.current() ? shownOperations.of !== whose() : !session.hasEnded()) keepOperations([]);
  added = null;
  instances = null;
  ends.clear();
  awaited.clear();
  turns.clear();
}

/** @returns {Account | null} */
export const account = (id) => accounts.get(id)?.account ?? null;
/** The shown version as a tag for If-Match, which compares only versions. Undefined if none is known. */
export function tagOf(id) {
  const version = account(id)?.version;
  return version === undefined ? undefined : `"${version}"`;
}
/** When this account was read last, in milliseconds; 0 if never. */
export const readAt = (id) => accounts.get(id)?.at ?? 0;
export const numbers = () => counts;
const whose = () => {
  const { email = "", organization = "" } = session.current() ?? {};
  return `${organization} ${email}`;
};
export const operations = () => (shownOperations.of === whose() ? shownOperations.ids : []);
export const showOperation = (id) => keepOperations([id, ...operations().filter((other) => other !== id)]);
export const closeOperation = (id) => keepOperations(operations().filter((other) => other !== id));
function keepOperations(ids) {
  shownOperations = { of: whose(), ids };
  stored(() =>
    ids.length
      ? sessionStorage.setItem(OPERATIONS, JSON.stringify(shownOperations))
      : sessionStorage.removeItem(OPERATIONS),
  );
}
/** An account that the store is known to have. @returns {Account} */
const kept = (id) => /** @type {any} */ (account(id));

/**
 * Keeps an answer of the API, unless the store has a newer one or the account is gone.
 * @param {any} answer
 * @param {number} asked when it was requested, in milliseconds: an answer is no newer than its request
 */
export function put(answer, asked) {
  keep([answer], asked);
  changed();
}

// The clock may have been set back. A time in the future counts as 0, so that any other read is newer.
const passed = (at) => (at > Date.now() ? 0 : at);

// The rows of all of them move together.
function keep(answers, at) {
  const before = answers.map((answer) => keepOne(answer, at));
  listing?.replace(answers.flatMap((now, index) => (before[index] ? [[before[index], now]] : [])));
}

/** Returns the account that an answer replaces, if it does. @returns {Account | undefined} */
function keepOne(answer, at) {
  const id = answer.account_id;
  const known = accounts.get(id);
  const same = known?.account.version === answer.version;
  // A test may change an account but not its version. Among answers of the same version, the latest request wins.
  const older = known && (same ? passed(known.at) > at : known.account.version > answer.version);
  if (passed(gone.get(id) ?? 0) > at || older) return undefined;
  accounts.set(id, { account: answer, at });
  if (!known) return undefined;
  if (["version", "status", "testing"].some((name) => known.account[name] !== answer[name])) noteChange();
  if (hasTurned(known.account, answer)) {
    // Only numbers older than the known answer certainly lack this change.
    count(known.account, -1, known.at - 1, counts?.since);
    count(answer, 1, known.at - 1, counts?.since);
  }
  return known.account;
}

/** @param {Account} account */
const versionOf = ({ template }) => template?.version;

/** Whether a change moves the account to another count. @param {Account} before @param {Account} now */
export const hasTurned = (before, now) => before.status !== now.status || versionOf(before) !== versionOf(now);

/**
 * Takes an account out of everything that shows it.
 * @param {string} id @param {number} [asked] when this page requested the deletion. If somebody else deleted the
 *   account, only the API knows whether the numbers still include it.
 */
export function remove(id, asked) {
  const known = account(id);
  if (known && asked !== undefined) count(known, -1, asked);
  gone.set(id, Date.now());
  accounts.delete(id);
  ends.delete(id);
  if (added?.account_id === id) added = null;
  listing?.leaveOut([id]);
  changed();
}

// Applies a change of one account to the numbers at once, unless they were requested later and may include it already.
function count(one, by, asked, since = Date.now()) {
  if (!counts) return;
  const { total, by_status: each, by_template_version: versions } = counts;
  const { status } = one;
  const more = (number) => Math.max(number + by, 0);
  if (passed(counts.at) <= asked)
    Object.assign(counts, {
      total: total + by,
      by_status: { ...each, [status]: more(each?.[status] ?? 0) },
      by_template_version: versions?.map((inUse) =>
        inUse.version === versionOf(one) ? { ...inUse, accounts: more(inUse.accounts) } : inUse,
      ),
    });
  counts.since = since;
}

// ---- reading -----------------------------------------------------------------------------------

/**
 * Every read of watched data goes through here, so that the page knows whether it is up to date.
 * @template Answer
 * @param {any} part what is read; its next read replaces the result of this one
 * @param {() => Promise<Answer>} request
 * @param {AbortSignal} signal of the view
 * @param {() => boolean} [isShown] whether a failure matters now
 */
export async function reading(part, request, signal, isShown = inView(part)) {
  const asked = Date.now();
  try {
    const answer = await request();
    for (const each of ends.values()) each.alone = true;
    end(part, { asked, signal, isShown }, null);
    return { answer, asked };
  } catch (problem) {
    end(part, { asked, signal, isShown }, problem);
    throw problem;
  }
}

// When reads end out of order, the latest request decides. A 404 is not a failure: the part is gone.
function end(part, how, problem) {
  const { asked, signal } = how;
  const last = ends.get(part);
  if (signal.aborted || problem?.name === "AbortError" || passed(last?.asked ?? 0) > asked) return;
  if (last?.signal !== signal) {
    const leave = () => ends.get(part)?.signal === signal && ends.delete(part);
    signal.addEventListener("abort", leave, { once: true });
  }
  const failed = Boolean(problem) && !isMissing(problem);
  const alone = failed && last?.failed ? last.alone : false;
  ends.set(part, { ...how, failed, unreachable: problem?.unreachable ?? false, alone });
  if (failed || last?.failed) changed();
}

/** Reads one account. If it is gone, removes it from the store, then throws the problem. */
export async function read(id, signal) {
  return (await reading(id, () => readOne(id, signal), signal)).answer;
}

/** The same for a read outside of the watching: its failure says nothing about the age of the page. */
export async function readOne(id, signal) {
  const asked = Date.now();
  try {
    const answer = await api.get(`/v1/accounts/${api.segment(id)}`, { signal });
    keep([answer], asked);
    changed();
    return answer;
  } catch (problem) {
    if (isMissing(problem)) remove(id);
    throw problem;
  }
}

/** Reads the numbers. Returns the whole answer about the organization. */
export async function readNumbers(signal) {
  const { answer, asked } = await reading("numbers", () => api.get("/v1/organization", { signal }), signal);
  // When answers come out of order, the latest request wins.
  if (passed(counts?.since ?? 0) <= asked) counts = { ...answer.accounts, at: asked, since: asked };
  changed();
  return answer;
}

/** Marks a part that could not be read or drawn, until it is, or the view is left. `isMissed`: whether it is needed. */
export function lacks(part, signal, isMissed = inView(part)) {
  if (signal.aborted || lacking.has(part)) return;
  lacking.set(part, isMissed);
  signal.addEventListener("abort", () => lacking.delete(part), { once: true });
  changed();
}

/** Ends what `lacks` began. */
export function has(part) {
  if (lacking.delete(part)) changed();
}

/**
 * How current data is, if it was read at this time. `lateAfter`: milliseconds.
 * @returns {"live" | "late" | "incomplete" | "offline"}
 */
export function freshness(at, now = Date.now(), lateAfter = LATE_AFTER_MS) {
  const failing = [...ends.values()].filter(({ failed, isShown }) => failed && isShown());
  if (!navigator.onLine || failing.some(({ unreachable, alone }) => unreachable && !alone)) return "offline";
  if ([...lacking.values()].some((isMissed) => isMissed())) return "incomplete";
  return failing.length || Math.abs(now - at) > lateAfter ? "late" : "live";
}

/**
 * The oldest of these read times. Ignores 0, which means not read yet; returns 0 if all are. A time in the future was
 * read before the clock was set back, so it counts as the oldest.
 * @param {number[]} times
 */
export function oldest(times, now = Date.now()) {
  const there = times.filter(Boolean);
  return there.find((at) => at > now) ?? (there.length ? Math.min(...there) : 0);
}

/** The newest listing of instances, if it is of this account. */
export const instancesOf = (id) => (instances && instances.id === id ? instances.listed : null);
export function keepInstances(id, listed) {
  instances = { id, listed };
}

// ---- the list ----------------------------------------------------------------------------------

/**
 * Which accounts a list has, and in which order: each as the API takes it, "" where it is left open.
 * @typedef {{q: string, status: string, access_type: string, has_problems: string, template_version: string,
 *   enrollment_id: string, ou: string, sort: string}} Selection
 * @type {Selection}
 */
export const EVERYTHING = {
  q: "",
  status: "",
  access_type: "",
  has_problems: "",
  template_version: "",
  enrollment_id: "",
  ou: "",
  sort: "",
};
// What needs somebody comes first, as in the API.
const BY_URGENCY = ["failed", "degraded", "unconfirmed", "confirmed"];

/**
 * The listing of this selection: the one that was shown last, or a new one with what was chosen in that.
 * @param {Partial<Selection>} selection
 */
export function listingOf(selection) {
  const wanted = new Listing(selection);
  const before = listing ?? wanted;
  const isSame = (change) =>
    JSON.stringify({ ...before.selection, ...change }) === JSON.stringify({ ...wanted.selection, ...change });
  if (!listing || listing.isOutdated || !isSame({})) listing = wanted;
  listing.selected = before.selected;
  // In another order there are the same accounts.
  listing.isOther = !isSame({ sort: "" });
  if (listing !== before && !listing.isOther) listing.had = new Set([...before.ids, ...before.had]);
  return listing;
}

// Names have no spaces: words begin at capitals, and at digits after something else.
function hasWord(name, q) {
  const lower = name.toLowerCase();
  return [...name.matchAll(/^|[A-Z]|(?<!\d)\d/g)].some(({ index }) => lower.startsWith(q, index));
}

/**
 * Adds an account that this page has created, so that the next list shows it.
 * @param {Account} made @param {number} asked when its creation was requested, in milliseconds
 */
export function add(made, asked) {
  const { account_id: id } = made;
  added = made;
  // An account that the store knows is counted already. An earlier request may have made it and lost its answer.
  if (!accounts.has(id)) count(made, 1, asked);
  keep([made], asked);
  if (accounts.has(id) && listing && !listing.isFiltered) listing.add(kept(id));
  changed();
}

/**
 * Accounts that this page has made: whoever comes back to the list reads it anew.
 * @param {Account[]} made @param {number} asked when the first was asked for, in milliseconds
 */
export function addAll(made, asked) {
  keep(made, asked);
  // One that is shown by now goes on, and finds them.
  if (listing) listing.isOutdated = true;
  changed();
}

/** The address of the list as it was shown last, with its filters, order and columns. */
export const listAddress = () => `#/accounts${addressOfList && `?${addressOfList}`}`;
/** @param {URLSearchParams} query */
export const keepListAddress = (query) => {
  addressOfList = String(query);
};

/** The account that was added last. Returns it only once. */
export function takeAdded() {
  const last = added;
  added = null;
  return last;
}

/** @param {string[]} ids @param {Set<string>} others */
const without = (ids, others) => ids.filter((id) => !others.has(id));

/** A selection of the accounts in the API's order, as far as it has been read. */
export class Listing {
  /** @param {Partial<Selection>} selection */
  constructor(selection) {
    // The AWS console shows numbers as 1234-5678-9012. Names have no hyphens or spaces.
    this.selection = { ...EVERYTHING, ...selection, q: (selection.q ?? "").replace(/[\s-]/g, "") };
    /** @type {string[]} */
    this.ids = [];
    /** @type {ListedPage[]} */
    this.pages = [];
    /** Accounts of these pages that are not shown yet. @type {string[]} */
    this.arrivals = [];
    /** The difference between rows and numbers, and how many more pages may be read because of it. */
    this.apart = { by: 0, reads: 0 };
    /** The page that had the last turn. @type {any} */
    this.turn = null;
    /** What the same list had in another order, and has not loaded yet in this one. @type {Set<string>} */
    this.had = new Set();
    this.cursor = null;
    this.started = false;
    this.ended = false;
    /** Whether somebody has stopped that the API looks on. */
    this.isStopped = false;
    this.scroll = 0;
    /** The row that had the focus last. @type {string | undefined} */
    this.at = "";
    /** @type {import("./bulk.js").Chosen} */
    this.selected = { ids: new Set(), isAll: false };
    /** Whether whoever comes back reads it anew. */
    this.isOutdated = false;
    /** Whether it selects others than the listing that was shown before it. */
    this.isOther = false;
  }

  get isFiltered() {
    return this.isFilteredBeside("sort");
  }

  /** Whether it is by anything but its order and this. @param {string} name */
  isFilteredBeside(name) {
    return Object.values({ ...this.selection, sort: "", [name]: "" }).some(Boolean);
  }

  /** Whether the API found few or none in the last page, or somebody has stopped that it looks on. */
  get isSparse() {
    return !this.ended && (this.isStopped || Boolean(this.pages.at(-1)?.isShort));
  }

  /** How many accounts the organization has in this selection. Undefined while unknown. */
  get total() {
    const { status, template_version: wanted } = this.selection;
    if (!counts || this.isFilteredBeside(wanted ? "template_version" : "status")) return undefined;
    // The API may not know a version that it does not list. Its count stays undefined.
    if (wanted) return counts.by_template_version?.find(({ version }) => String(version) === wanted)?.accounts;
    return status ? (counts.by_status?.[status] ?? 0) : counts.total;
  }

  async readMore(signal) {
    const limit = this.started ? PAGE_SIZE : FIRST_PAGE_SIZE;
    const { cursor } = this;
    const { ids, next, at, isShort } = await this.#read(() => this.#ask(cursor, limit, signal), signal);
    this.#takeFromAll(ids);
    this.pages.push({ cursor, limit, ids, at, isShort });
    this.#append(ids);
    Object.assign(this, { cursor: next, started: true, ended: !next });
    changed();
  }

  #append(ids) {
    for (const id of ids) this.had.delete(id);
    const known = new Set(this.ids);
    this.ids.push(...ids.filter((id) => !known.has(id)));
    this.arrivals = without(this.arrivals, new Set(ids));
  }

  // The whole list is one part, however many of its pages are read.
  async #read(request, signal) {
    return (await reading("list", request, signal)).answer;
  }

  async #ask(cursor, limit, signal) {
    const query = { limit, cursor, ...this.selection };
    const asked = Date.now();
    const answer = await api.get("/v1/accounts", { query, signal });
    keep(answer.items, asked);
    return {
      // The API's index may lag behind its items, and this answer may be old. Keep only accounts that fit the
      // selection.
      ids: answer.items.map((item) => item.account_id).filter((id) => this.#holds(id)),
      last: answer.items.at(-1),
      next: answer.next_cursor,
      at: asked,
      isShort: answer.items.length < limit,
    };
  }

  // Keeps each row on one page only.
  #takeFromAll(ids) {
    const theirs = new Set(ids);
    for (const page of this.pages) page.ids = without(page.ids, theirs);
  }

  /**
   * Reads the pages of these rows again, and one other page in turn, to find changes out of sight. If the read of that
   * page hangs, the others do not wait for it. Reads in order, because each page begins where the one before it ends.
   * Stops when the API asks to wait.
   */
  async reread(shown, signal) {
    const isInSight = (page) => page.ids.some((id) => shown.has(id));
    const other = this.#inTurn(this.pages.filter((page) => !isInSight(page)));
    const left = [];
    const readAll = async () => {
      let failed;
      for (const page of this.pages) {
        if (this !== listing || retryAfter(failed)) break;
        if (page !== other && !isInSight(page)) continue;
        const reads = this.#again(page, signal).then((ids) => left.push(...ids));
        await (page === other ? unlessItHangs(reads, signal) : reads).catch((problem) => (failed = problem));
      }
      if (failed) throw failed;
    };
    await this.#read(readAll, signal);
    const inOrder = left.sort((a, b) => Number(shown.has(b.id)) - Number(shown.has(a.id)));
    await this.#lookFor(inOrder, signal);
  }

  #inTurn(pages) {
    const placeOf = (page) => this.pages.indexOf(page);
    return (this.turn = pages.find((page) => placeOf(page) > placeOf(this.turn)) ?? pages[0]);
  }

  /**
   * Decides about accounts that left their page and are on no other. They were deleted or renamed, or no longer fit.
   * Reads a few of them. If none of those is still a row, all of them are left out.
   */
  #lookFor(left, signal) {
    return unlessItHangs(this.#decideOf(left, signal), signal);
  }

  async #decideOf(left, signal) {
    // If the page was read again since, that read decides.
    const isLeft = ({ id, page, at }) => page.at === at && page.ids.includes(id);
    const isRow = ({ id }) => this.pages.some(({ ids }) => ids.includes(id));
    const missing = left.filter(isLeft);
    const few = missing.slice(0, FEW);
    await readSome(
      few.map(({ id }) => id),
      signal,
    ).catch(() => {});
    if (!few.length || few.some(isRow)) return;
    this.leaveOut(missing.filter(isLeft).map(({ id }) => id));
    changed();
  }

  /**
   * Updates the rows of changed accounts: moves each to its new place, or removes it.
   * @param {Account[][]} pairs each account before and now
   */
  replace(pairs) {
    const unfit = pairs.filter(([, now]) => !this.fits(now));
    if (unfit.length) this.leaveOut(unfit.map(([, { account_id: id }]) => id));
    const turned = pairs.filter(([before, now]) => this.fits(now) && this.#orderOf(before) !== this.#orderOf(now));
    if (!turned.length) return;
    const rows = new Set(this.ids);
    const latest = new Map(turned.map(([, now]) => [now.account_id, now]));
    this.#insert([...latest.values()].filter(({ account_id: id }) => rows.has(id)));
  }

  /**
   * Those of these accounts that are in the list. In this order, some may not be loaded yet. Who is in a unit, the API
   * alone knows.
   * @param {Set<string>} ids
   */
  among(ids) {
    const rows = new Set(this.ids);
    const mayFollow = (id) => !this.ended && (!this.selection.ou || this.had.has(id)) && this.#holds(id);
    return [...ids].filter((id) => rows.has(id) || mayFollow(id));
  }

  #holds(id) {
    const known = account(id);
    return known !== null && this.fits(known);
  }

  /** @param {Account} account */
  fits({ name, provider_id: number, status, access_type, issues, write_logs, template, enrollment_id }) {
    const { selection } = this;
    const q = selection.q.toLowerCase();
    // As `problemsOf` of ui.js, which builds on this module.
    const problems = issues?.filter(
      ({ code, severity }) => severity !== "information" && (write_logs || code !== "log_writing_refused"),
    );
    const has_problems = String(Boolean(problems?.length));
    // In which unit it is, the API alone knows.
    const is = { status, access_type, has_problems, enrollment_id, template_version: String(template?.version) };
    return (
      Object.entries(is).every(([field, value]) => !selection[field] || value === selection[field]) &&
      (number.startsWith(q) || hasWord(name, q))
    );
  }

  /**
   * While rows and numbers disagree, reads the pages that are older than the numbers, one per call. Reads each page at
   * most twice for one difference, because the numbers may be wrong. After a read that fails or hangs, waits for newer
   * numbers.
   */
  async catchUp(signal) {
    if (!this.ended || this.total === undefined) return;
    const by = this.total - this.ids.length - this.arrivals.length;
    if (by !== this.apart.by) this.apart = { by, reads: 2 * this.pages.length };
    const since = counts?.at ?? 0;
    const pages = this.pages.filter(({ at }) => at < since);
    const { apart } = this;
    if (!by || !pages.length || apart.reads < 1 || apart.failed === since) return;
    apart.failed = since;
    const page = this.#inTurn(pages);
    const reads = this.#read(() => this.#again(page, signal), signal).then((left) => {
      apart.failed = null;
      apart.reads -= 1;
      return this.#lookFor(left, signal);
    });
    await unlessItHangs(reads, signal);
  }

  /** Reads one page again, and moves the start of the next page. Returns the accounts that left it. */
  async #again(page, signal) {
    const { cursor, limit } = page;
    const { ids, last, next, at, isShort } = await this.#ask(cursor, limit, signal);
    // Ignore the answer if another list is shown, a later answer has come, or the page now begins elsewhere.
    if (this !== listing || passed(page.at) > at || !this.pages.includes(page) || page.cursor !== cursor) return [];
    const following = this.pages.indexOf(page) + 1;

    const ended = next ? [] : this.pages.splice(following);
    const after = this.pages[following];
    const missing = [page, ...ended].flatMap((each) => each.ids).filter((id) => !ids.includes(id));
    // New accounts may push others past the end of a full page. Those belong to the next page now.
    const isOver = (id) => next && !isShort && this.#isAfter(kept(id), last);
    const over = missing.filter(isOver);
    const left = missing.filter((id) => !over.includes(id));
    // Accounts after the last loaded row are not new, they are not loaded yet: unless the API had looked further and
    // found no more.
    const rows = new Set(this.ids);
    const isNew = (id) => !rows.has(id);
    const goesOn = this.ended || over.length;
    const isAll = after || goesOn || page.isShort;
    const loaded = isAll ? ids : ids.slice(0, ids.findLastIndex((id) => !isNew(id)) + 1);
    this.#takeFromAll(ids);
    Object.assign(page, { ids: [...loaded, ...left], at, isShort: isShort && loaded.length === ids.length });
    if (after) {
      after.cursor = next;
      after.ids.push(...over);
    } else if (next && goesOn) this.pages.push({ cursor: next, limit, ids: over, at: 0, isShort: false });
    else if (loaded.length === ids.length) Object.assign(this, { cursor: next, ended: !next });
    this.arrivals = [...new Set([...this.arrivals, ...loaded.filter(isNew)])];
    if (!this.ids.length) this.showArrivals();
    changed();
    return left.map((id) => ({ id, page, at }));
  }

  /** Puts the new accounts among the rows. Returns their ids. */
  showArrivals() {
    const shown = this.arrivals;
    this.arrivals = [];
    const pageOf = this.#pageOf();
    this.#insert(shown.map(kept), (id) => pageOf.get(id));
    changed();
    return shown;
  }

  /** Adds an account at its place, if the list is loaded that far. */
  add(made) {
    if (!this.ids.includes(made.account_id)) this.#insert([made]);
    changed();
  }

  /** The page of each row. */
  #pageOf() {
    /** @type {Map<string, ListedPage>} */
    const pages = new Map();
    for (const page of this.pages) for (const id of page.ids) pages.set(id, page);
    return pages;
  }

  /**
   * Inserts accounts at their places among the rows: each before the first row that comes after it. Compares with each
   * row once, however many they are.
   * @param {Account[]} some
   * @param {(id: string) => ListedPage | undefined} found the loaded page on which the API listed an account, if it did
   */
  #insert(some, found = () => undefined) {
    const left = some.map((one) => ({ id: one.account_id, order: this.#orderOf(one) }));
    left.sort((a, b) => Number(this.#isLater(a.order, b.order)) - Number(this.#isLater(b.order, a.order)));
    this.leaveOut(left.map(({ id }) => id));
    const pageOf = this.#pageOf();
    const last = this.pages.at(-1);
    /** @type {string[]} */
    const rows = [];
    const append = ({ id }, page) => {
      if (!page) return;
      rows.push(id);
      page.ids.push(id);
    };
    for (const id of this.ids) {
      const order = left.length ? this.#orderOf(kept(id)) : "";
      while (left.length && this.#isLater(order, left[0].order)) {
        const [one] = left.splice(0, 1);
        append(one, found(one.id) ?? pageOf.get(id) ?? last);
      }
      rows.push(id);
    }
    for (const one of left) append(one, found(one.id) ?? (this.ended && last));
    this.ids = rows;
  }

  // Without an order, a search finds names that begin so first, then later words, then account numbers.
  #orderOf({ account_id: id, name, provider_id: number, status }) {
    const { q, sort } = this.selection;
    const byName = `${name.toLowerCase()} ${id}`;
    if (sort.endsWith("provider_id")) return number;
    if (sort.endsWith("status")) return `${BY_URGENCY.indexOf(status)} ${byName}`;
    if (sort || byName.startsWith(q.toLowerCase())) return `0 ${byName}`;
    return hasWord(name, q.toLowerCase()) ? `1 ${byName}` : `2 ${number}`;
  }

  #isAfter(one, other) {
    return this.#isLater(this.#orderOf(one), this.#orderOf(other));
  }

  #isLater(a, b) {
    return this.selection.sort.startsWith("-") ? a < b : a > b;
  }

  /** @param {string[]} ids */
  leaveOut(ids) {
    const left = new Set(ids);
    this.ids = without(this.ids, left);
    this.arrivals = without(this.arrivals, left);
    for (const page of this.pages) page.ids = without(page.ids, left);
  }
}

/** Reads a few accounts, one request each. Throws the first failure other than a 404. */
async function readSome(ids, signal) {
  const one = (id) => {
    awaited.add(id);
    return readOne(id, signal).finally(() => awaited.delete(id));
  };
  const reads = await Promise.allSettled(ids.slice(0, FEW).map(one));
  for (const each of reads) if (each.status === "rejected" && !isMissing(each.reason)) throw each.reason;
}

/** Waits for a request, but not if it hangs. The request itself goes on. @param {Promise<any>} asked */
export async function unlessItHangs(asked, signal) {
  let cancel = () => {};
  const patience = new Promise((resolve) => {
    const giveUp = () => resolve(undefined);
    cancel = later(HANGS_AFTER_MS, giveUp, signal, giveUp);
  });
  await Promise.race([asked, patience]).finally(cancel);
}

/** Reads a few of these rows again, in turns. A read that hangs does not block the turns of others. */
export async function reread(ids, signal) {
  if (!ids.length) return void ends.delete("rows");
  const turnOf = (id) => turns.get(id) ?? 0;
  const few = ids
    .filter((id) => !awaited.has(id))
    .toSorted((a, b) => turnOf(a) - turnOf(b))
    .slice(0, FEW);
  if (!few.length) return;
  turn += 1;
  for (const id of few) turns.set(id, turn);
  await unlessItHangs(
    reading("rows", () => readSome(few, signal), signal),
    signal,
  );
}
