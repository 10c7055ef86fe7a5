// The client of the HTTP API: throws problems, retries temporary failures, renews the token once on 401.
import { t } from "../texts.js";
import { noteChange, pause, readNow } from "./dom.js";
import { second } from "./format.js";
import { Problem } from "./problem.js";
import * as session from "./session.js";

// The gateway gives up after 30 seconds.
const ONCE_TIMEOUT_MS = 32_000;
const GET_ATTEMPTS = 3;
// The page itself waits at most this long. Beyond it, the problem says when to try again.
const LONGEST_WAIT_MS = 10_000;
// Limits of Retry-After, because a browser's timers overflow after 24 days. The API knows how long a quota lasts, but
// nobody knows how long an outage lasts.
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
 * `once`: the request costs something. The page waits as long as it may take, and repeats it only after a 429.
 * @typedef {{query?: Record<string, any>, headers?: Record<string, string>, signal?: AbortSignal,
 *   once?: boolean}} Reading
 * `looks`: the page sends it by itself. No failure of it makes the page read everything again.
 * @typedef {Reading & {body?: any, looks?: boolean}} Request
 */
/** @type {(path: string, options?: Reading) => Promise<any>} */
export const get = (path, reading = {}) => call("GET", path, reading).then((answer) => answer.body);
/** @type {(path: string, options?: Request) => Promise<{body: any, etag: string | null, link: string | null}>} */
export const getWithHeaders = (path, request = {}) => call("GET", path, request);
/** @returns {Record<string, string>} */
const onlyOf = (etag) => (etag ? { "if-match": etag } : {});
/** @type {(path: string, body?: any, options?: {key?: string, etag?: string}) => Promise<any>} */
export const post = (path, body, { key, etag } = {}) =>
  act("POST", path, { body, headers: { ...(key && { "idempotency-key": key }), ...onlyOf(etag) } }).then(
    (answer) => answer.body,
  );
/** Asks the API to look at something. The caller repeats this, and shows the result itself.
 * @type {(path: string, options: {signal: AbortSignal}) => Promise<any>} */
export const look = (path, { signal }) => act("POST", path, { signal, looks: true }).then((answer) => answer.body);
/** @type {(path: string, body: any, headers?: Record<string, string>) => Promise<any>} */
export const put = (path, body, headers) => act("PUT", path, { body, headers }).then((answer) => answer.body);
/** @type {(path: string, body: any, options?: {etag?: string | null}) => Promise<{body: any, etag: string | null}>} */
export const patch = (path, body, { etag } = {}) => act("PATCH", path, { body, headers: onlyOf(etag) });
/** @type {(path: string, options?: {etag?: string | null}) => Promise<any>} */
export const remove = (path, { etag } = {}) =>
  act("DELETE", path, { headers: onlyOf(etag) }).then((answer) => answer.body);

// What an act changes is changed when it ends, at the latest.
/** @type {typeof call} */
async function act(...request) {
  noteChange();
  return call(...request).finally(noteChange);
}

export const segment = encodeURIComponent;
export const newKey = () => crypto.randomUUID();

/** @param {string} method @param {string} path @param {Request} request */
async function call(method, path, { query, body, headers = {}, signal, once = false, looks = false }) {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  // A request ends with its session, so that it is neither sent nor answered for another person.
  const ending = session.ending();
  const until = signal ? AbortSignal.any([signal, ending]) : ending;
  const isAct = method !== "GET";
  const limit = once ? ONCE_TIMEOUT_MS : session.TIMEOUT_MS;
  // Whether the answer to this or an earlier attempt was lost.
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
      if (answer.ok) return { body: content, etag: answer.headers.get("etag"), link: answer.headers.get("link") };
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

// After a lost answer, the act may have been done. After a 404 or 409, its target may be gone or replaced. Both make
// the page read everything again at once.
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
  if (answer.headers.get("content-type")?.startsWith("text/csv")) return text;
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
  // The gateway's own messages, for example for throttling, are not meant for users.
  const title = content?.title ?? t.problems.byStatus(answer.status);
  const said = content?.detail || (isQuota ? `${title}.` : "");
  const then = wait > 0 ? t.problems.waitUntil(second(Date.now() + wait)) : t.problems.waitAMoment;
  const problem = new Problem({
    status: answer.status,
    title,
    // Gives a time of day, because the message may stay for longer than the wait.
    detail: isQuota ? `${said} ${then}` : said,
    code: content?.code,
    errors: Array.isArray(content?.errors) ? content.errors : [],
    reference: answer.headers.get("apigw-requestid") ?? answer.headers.get("x-amzn-requestid") ?? "",
  });
  if (wait > 0) problem.retryAfter = wait;
  problem.byService = Boolean(content?.title);
  // The gateway stopped waiting for the function, but the function goes on.
  problem.perhapsDone = answer.status >= 500 && !problem.byService;
  return problem;
}
