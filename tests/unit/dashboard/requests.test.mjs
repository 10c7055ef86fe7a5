// What a request is and is not: it ends with the session that made it, and says what became of it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { soon, until } from "./soon.mjs";

const stored = new Map();
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
globalThis.location = new URL("https://cavok.example/");
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en" }, configurable: true });
const api = await import("../../../functions/dashboard/static/lib/api.js");
const { onReadNow } = await import("../../../functions/dashboard/static/lib/dom.js");
const { find } = await import("../../../functions/dashboard/static/lib/same-name.js");
const session = await import("../../../functions/dashboard/static/lib/session.js");

const tokenOf = (email, more = {}) => `h.${btoa(JSON.stringify({ email, ...more }))}.x`;
/** The requests to the API: whose they were, and what they are answered with. */
let sent, answers, who, refreshed;

globalThis.fetch = async (url, { headers, signal }) => {
  if (String(url).startsWith("https://cognito.example/")) {
    const renews = headers["x-amz-target"].endsWith("GetTokensFromRefreshToken");
    if (renews && refreshed === "lost") return lost();
    if (renews && refreshed === "busy") return new Response("", { status: 429 });
    const IdToken = (renews && refreshed) || tokenOf(who);
    return Response.json({ AuthenticationResult: { IdToken, RefreshToken: "r", ExpiresIn: 3600 } });
  }
  sent.push(JSON.parse(atob((headers.authorization ?? "h.e30.x").split(".")[1])).email);
  const answer = answers.shift();
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
    Promise.resolve(answer()).then(resolve, reject);
  });
};

async function signIn(person) {
  who = person;
  await session.signInWithPassword(person, "a password");
}

const lost = () => Promise.reject(new TypeError("Failed to fetch"));
const secret = { secret_access_key: "Anna's" };

beforeEach(async () => {
  sent = [];
  refreshed = "";
  session.forget();
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  api.start({ api_base: "https://api.example" });
  await signIn("anna");
});

test("what one person asked for is not asked for again as the next", async () => {
  answers = [lost, () => Response.json({})];
  const asked = api.post("/v1/accounts", secret, { key: "k" });
  const ended = assert.rejects(asked, { name: "AbortError" });
  await until(() => sent.length);
  await session.signOut();
  await signIn("ben");
  await ended;
  await soon(1_000);
  assert.deepEqual(sent, ["anna"]);
});

test("an answer that comes after its person has gone is nobody's", async () => {
  const answered = Promise.withResolvers();
  answers = [() => answered.promise];
  const ended = assert.rejects(api.patch("/v1/accounts/a", { name: "Anna's" }), { name: "AbortError" });
  await soon(20);
  await session.signOut();
  await signIn("ben");
  answered.resolve(Response.json({ account_id: "a" }));
  await ended;
});

test("a search that its session leaves tells so; one that fails finds nothing", async () => {
  answers = [() => Response.json({}, { status: 403 }), () => new Promise(() => {})];
  assert.equal(await find("Anna", Boolean), null);
  const ended = assert.rejects(find("Anna", Boolean), { name: "AbortError" });
  await soon(20);
  await session.signOut();
  await ended;
});

test("a refusal that comes late signs the next person out as little", async () => {
  const answered = Promise.withResolvers();
  answers = [() => answered.promise, () => Response.json({})];
  const ended = assert.rejects(api.get("/v1/organization"), { name: "AbortError" });
  await soon(20);
  await session.signOut();
  await signIn("ben");
  answered.resolve(Response.json({}, { status: 401 }));
  await ended;
  assert.equal(session.current().email, "ben");
  assert.deepEqual(sent, ["anna"]);
});

test("who is not signed in any more is told so by the request that found out", async () => {
  refreshed = tokenOf("anna");
  const refused = () => Response.json({ message: "Unauthorized" }, { status: 401 });
  answers = [refused, refused];
  await assert.rejects(api.get("/v1/organization"), { status: 401, title: /./, detail: "" });
  assert.equal(session.current(), null);
});

test("a token that is renewed leaves what is asked for", async () => {
  refreshed = tokenOf("anna");
  answers = [() => Response.json({}, { status: 401 }), () => Response.json({ items: [] })];
  assert.deepEqual(await api.get("/v1/organization"), { items: [] });
});

test("a token that cannot be renewed for now is not taken for a network that is gone", async () => {
  refreshed = "busy";
  answers = [() => Response.json({}, { status: 401 })];
  await assert.rejects(api.remove("/v1/accounts/a"), { detail: /^Too many attempts/, unreachable: false });
  assert.equal(session.current().email, "anna");
});

for (const [what, claims] of [
  ["role", { "cognito:groups": ["admin"] }],
  ["organization", { "custom:organization": "other" }],
])
  test(`a token that is renewed with another ${what} begins anew`, async () => {
    refreshed = tokenOf("anna", claims);
    let changes = 0;
    session.onChange(() => (changes += 1));
    answers = [() => Response.json({}, { status: 401 })];
    await assert.rejects(api.get("/v1/organization"), { name: "AbortError" });
    assert.equal(changes, 1);
    assert.equal(session.current().email, "anna");
  });

const perhaps = { perhapsDone: true, message: /./, detail: /[Pp]erhaps it was done/ };
const never = { perhapsDone: false, detail: "Check your network. Nothing was lost." };
const failing = (status) => () => Response.json({ message: "Service Unavailable" }, { status });

test("an act whose answer was lost is perhaps done, also where the network has gone meanwhile", async () => {
  const gone = () => {
    navigator.onLine = false;
    return lost();
  };
  answers = [gone];
  await assert.rejects(api.remove("/v1/accounts/a"), perhaps);
  navigator.onLine = true;
});

for (const [status, wait] of [
  [429, "60"],
  [409, ""],
])
  test(`so is one whose answer was lost and whose repetition was refused with ${status}`, async () => {
    const refused = () =>
      Response.json({ title: "No", detail: "Not now." }, { status, headers: { "retry-after": wait } });
    answers = [lost, refused];
    await assert.rejects(api.post("/v1/accounts", {}, { key: "k" }), { status, ...perhaps });
    answers = [refused];
    await assert.rejects(api.post("/v1/accounts", {}, { key: "k" }), { status, perhapsDone: false });
  });

test("so is one that is answered with success by somebody else, whose page is none of the API's", async () => {
  const page = () => new Response("<html>Welcome</html>", { headers: { "content-type": "text/html" } });
  answers = [page];
  await assert.rejects(api.remove("/v1/accounts/a"), perhaps);
  answers = [page, page, page];
  await assert.rejects(api.get("/v1/organization"), { unreachable: true });
});

test("nor is a success with nothing in it an answer to a read", async () => {
  answers = Array(3).fill(() => new Response(""));
  await assert.rejects(api.get("/v1/organization"), { unreachable: true });
});

test("a time to wait that no timer can count is a day", async () => {
  answers = [() => Response.json({ title: "No" }, { status: 429, headers: { "retry-after": "99999999" } })];
  await assert.rejects(api.get("/v1/organization"), { retryAfter: 86_400_000 });
});

test("a service that is down is asked again after two minutes, however long it means to be", async () => {
  answers = [() => Response.json({ title: "No" }, { status: 503, headers: { "retry-after": "3600" } })];
  await assert.rejects(api.get("/v1/organization"), { retryAfter: 120_000 });
});

test("an act that was refused for its token is not, also where this cannot be renewed now", async () => {
  refreshed = "lost";
  answers = [() => Response.json({}, { status: 401 })];
  await assert.rejects(api.remove("/v1/accounts/a"), never);
});

test("one that was never sent is not", async () => {
  navigator.onLine = false;
  answers = [lost];
  await assert.rejects(api.remove("/v1/accounts/a"), never);
  navigator.onLine = true;
});

test("nor is what is only read", async () => {
  answers = [lost, lost, lost];
  await assert.rejects(api.get("/v1/organization"), { detail: never.detail });
});

test("what costs is read once, and repeated only if it was refused before it began", async () => {
  const refused = () => new Response("", { status: 429, headers: { "retry-after": "0.01" } });
  const read = () => api.get("/v1/accounts/a/instances", { once: true });
  for (const answer of [lost, failing(503), failing(504)]) {
    sent = [];
    answers = [answer, () => Response.json({})];
    await assert.rejects(read(), { title: /./ });
    assert.equal(sent.length, 1);
  }
  answers = [refused, () => Response.json({ items: [] })];
  assert.deepEqual(await read(), { items: [] });
});

test("what costs is waited for until the gateway gives up", async ({ mock }) => {
  const limits = [];
  mock.method(AbortSignal, "timeout", (limit) => {
    limits.push(limit);
    return AbortSignal.abort(new DOMException("", "TimeoutError"));
  });
  answers = [() => new Promise(() => {})];
  await assert.rejects(api.get("/v1/accounts/a/instances", { once: true }), { detail: /32 seconds/ });
  assert.deepEqual(limits, [32_000]);
});

test("throttling by the gateway is said in plain words, with the time that it asks for", async () => {
  const throttled = (headers) => () => Response.json({ message: "Too Many Requests" }, { status: 429, headers });
  answers = [throttled({})];
  await assert.rejects(api.post("/v1/accounts"), { detail: "Too many requests at once. Try again in a moment." });
  answers = [throttled({ "retry-after": "60" })];
  await assert.rejects(api.post("/v1/accounts"), { detail: /^Too many requests at once\. Try again after / });
});

test("an act that the gateway did not wait for is perhaps done; the service's own words stand alone", async () => {
  answers = [failing(504)];
  await assert.rejects(api.post("/v1/accounts/a/revoke"), perhaps);
  answers = [() => Response.json({ title: "Broken", detail: "It was logged." }, { status: 500 })];
  await assert.rejects(api.post("/v1/accounts/a/revoke"), { detail: "It was logged." });
});

for (const [said, answer] of [
  ["The service has a problem.", Response.json({ message: "Internal Server Error" }, { status: 500 })],
  ["The service has a problem.", new Response("<html>Bad Gateway</html>", { status: 502 })],
  ["The service did not answer in time.", Response.json({ message: "Endpoint request timed out." }, { status: 504 })],
])
  test(`an act that failed on its way says so, and then that it is perhaps done: ${said}`, async () => {
    answers = [() => answer];
    const detail = `${said} Perhaps it was done all the same: look before you press again.`;
    await assert.rejects(api.remove("/v1/accounts/a"), { detail });
  });

test("after a lost answer, or where something is gone or another, what is watched is read again at once", async () => {
  let read = 0;
  const left = new AbortController();
  onReadNow(() => (read += 1), left.signal);
  const refusing = (status) => () => Response.json({ title: "No" }, { status });
  for (const [answer, reads] of [
    [lost, 1],
    [failing(504), 1],
    [refusing(404), 1],
    [refusing(409), 1],
    // By the gateway, which knows nothing of it.
    [failing(404), 0],
    [refusing(422), 0],
  ]) {
    [answers, read] = [[answer], 0];
    await assert.rejects(api.remove("/v1/accounts/a"));
    assert.equal(read, reads);
  }
  left.abort();
});
