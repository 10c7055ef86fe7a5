// The client of the HTTP API: throws problems, retries temporary failures, renews the token once on 401.
import { t } from "../texts.js";
import { pause, readNow } from "./dom.js";
import { second } from "./format.js";
import { Problem } from "./problem.js";
import * as session from "./session.js";

// The gateway gives up after 30 seconds.
const ONCE_TIMEOUT_MS = 32_000;
const GET_ATTEMPTS = 3;
// Longer than this nobody is left to wait: the problem says when to try again.
const LONGEST_WAIT_MS = 10_000;
// A browser's timers know no more than 24 days. How long a quota lasts the API knows; how long it is down nobody does.
const LONGEST_RETRY_AFTER_S = 24 * 60 * 60;
const LONGEST_OUTAGE_S = 2 * 60;
const PASSES = new Set([429, 500, 502, 503, 504]);

let base;

export function start(config) {
  base = config.api_base
    ? new URL(`${config.api_base.replace(/\/$/, "")}/`)
    : new URL(".", location.href.split(/[?#]/)[0]);
}

/**
 * `once`: it costs. So it is waited for as long as it may take, and repeated only if it was not begun.
 * @typedef {{query?: Record<string, any>, signal?: AbortSignal, once?: boolean}} Reading
 * `looks`: it is no person's act, after which everything is to be read again.
 * @typedef {Reading & {body?: any, headers?: Record<string, string>, looks?: boolean}} Request
 */
/** @type {(path: string, options?: Reading) => Promise<any>} */
export const get = (path, reading = {}) => call("GET", path, reading).then((answer) => answer.body);
/** @type {(path: string, options?: Reading) => Promise<{body: any, etag: string | null}>} */
export const getWithTag = (path, { signal } = {}) => call("GET", path, { signal });
/** @returns {Record<string, string>} */
const onlyOf = (etag) => (etag ? { "if-match": etag } : {});
/** @type {(path: string, body?: any, options?: {key?: string, etag?: string}) => Promise<any>} */
export const post = (path, body, { key, etag } = {}) =>
  call("POST", path, { body, headers: { ...(key && { "idempotency-key": key }), ...onlyOf(etag) } }).then(
    (answer) => answer.body,
  );
/** Asks the API to look at something, again and again, which whoever asks shows by itself.
 * @type {(path: string, options: {signal: AbortSignal}) => Promise<any>} */
export const look = (path, { signal }) => call("POST", path, { signal, looks: true }).then((answer) => answer.body);
/** @type {(path: string, body: any, headers?: Record<string, string>) => Promise<any>} */
export const put = (path, body, headers) => call("PUT", path, { body, headers }).then((answer) => answer.body);
/** @type {(path: string, body: any, options?: {etag?: string | null}) => Promise<{body: any, etag: string | null}>} */
export const patch = (path, body, { etag } = {}) => call("PATCH", path, { body, headers: onlyOf(etag) });
/** @type {(path: string, options?: {etag?: string | null}) => Promise<any>} */
export const remove = (path, { etag } = {}) =>
  call("DELETE", path, { headers: onlyOf(etag) }).then((answer) => answer.body);

export const segment = encodeURIComponent;
export const newKey = () => crypto.randomUUID();

/** @param {string} method @param {string} path @param {Request} request */
async function call(method, path, { query, body, headers = {}, signal, once = false, looks = false }) {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  // What one person has asked for does not go on as another, and its answer is not the other's.
  const ending = session.ending();
  const until = signal ? AbortSignal.any([signal, ending]) : ending;
  const isAct = method !== "GET";
  const limit = once ? ONCE_TIMEOUT_MS : session.TIMEOUT_MS;
  // Whether the answer to this attempt, or to one before, was lost.
  let perhapsDone = false;
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    let problem;
    let wasSent = false;
    try {
      const token = await session.idToken({ renew: renewed });
      until.throwIfAborted();
      // Without a network nothing is sent. `navigator.onLine` is read now, since it may change later.
      wasSent = isAct && navigator.onLine;
      const answer = await send(method, url, { body, headers, signal: until, limit, token });
      const content = await contentOf(answer, isAct);
      ending.throwIfAborted();
      if (answer.ok) return { body: content, etag: answer.headers.get("etag") };
      if (answer.status === 401 && !renewed && session.current()) {
        renewed = true;
        attempt -= 1;
        continue;
      }
      if (answer.status === 401) session.forget();
      problem = problemOf(answer, content);
    } catch (error) {
      if (until.aborted) throw error;
      if (error instanceof Problem) throw error;
      problem = failed(error, limit);
      problem.perhapsDone = wasSent;
    }
    perhapsDone ||= problem.perhapsDone;
    problem.perhapsDone = perhapsDone;
    const mayRepeat = once ? problem.status === 429 : !isAct || "idempotency-key" in headers;
    const passes =
      problem.status === 0 || (PASSES.has(problem.status) && !((problem.retryAfter ?? 0) > LONGEST_WAIT_MS));
    if (!mayRepeat || !passes || attempt >= GET_ATTEMPTS) throw isAct && !looks ? ofAct(problem) : problem;
    await pause(problem.retryAfter ?? 300 * 2 ** attempt * (0.75 + Math.random() / 2), until);
  }
}

// Why no answer came.
function failed(error, limit) {
  if (error.name === "TimeoutError")
    return new Problem({ title: t.problems.timeout, detail: t.problems.timeoutDetail(limit / 1000) });
  if (error instanceof session.SignInError) return new Problem({ title: t.problems.network, detail: error.message });
  return new Problem({ title: t.problems.network, detail: t.problems.networkDetail, unreachable: true });
}

// An act whose answer was lost may be done, and what one was about may be gone, or another: what is shown is read again
// at once.
function ofAct(problem) {
  if (problem.perhapsDone || problem.isMissing || problem.status === 409) readNow();
  if (!problem.perhapsDone) return problem;
  const why = problem.unreachable ? t.problems.checkNetwork : problem.detail || problem.title;
  problem.detail = `${why.replace(/[^.]$/, "$&.")} ${t.problems.perhapsDone}`;
  return problem;
}

async function send(method, url, { body, headers, signal, limit, token }) {
  return fetch(url, {
    method,
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.any([signal, AbortSignal.timeout(limit)]),
    headers: {
      accept: "application/json, application/problem+json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

async function contentOf(answer, mayBeEmpty) {
  const text = await answer.text();
  if (!text && (mayBeEmpty || !answer.ok)) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    // A proxy's own error page. The status is enough, but only the API may report success.
    if (answer.ok) throw error;
    return null;
  }
}

function problemOf(answer, content) {
  const isQuota = answer.status === 429;
  const longest = isQuota ? LONGEST_RETRY_AFTER_S : LONGEST_OUTAGE_S;
  const wait = Math.min(Number(answer.headers.get("retry-after")), longest) * 1000;
  // The words of the gateway, as of throttling, are for nobody.
  const title = content?.title ?? t.problems.byStatus(answer.status);
  const said = content?.detail || (isQuota ? `${title}.` : "");
  const then = wait > 0 ? t.problems.waitUntil(second(Date.now() + wait)) : t.problems.waitAMoment;
  const problem = new Problem({
    status: answer.status,
    title,
    // A moment, because the words may stand for longer than the wait lasts.
    detail: isQuota ? `${said} ${then}` : said,
    errors: Array.isArray(content?.errors) ? content.errors : [],
    reference: answer.headers.get("apigw-requestid") ?? answer.headers.get("x-amzn-requestid") ?? "",
  });
  if (wait > 0) problem.retryAfter = wait;
  problem.byService = Boolean(content?.title);
  // The gateway did not wait for the function, which goes on.
  problem.perhapsDone = answer.status >= 500 && !problem.byService;
  return problem;
}
