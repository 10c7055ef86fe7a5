// What becomes of the tokens: where they are, and what a renewal that goes wrong does.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const stored = new Map();
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};
globalThis.location = new URL("https://cavok.example/");
const session = await import("../../../functions/dashboard/static/lib/session.js");

const STORE = "cavok.session";
const CLAIMS = btoa(JSON.stringify({ email: "ada@example.com" }));
const token = (name) => `${name}.${CLAIMS}.x`;
const SOON = 30_000;
let asked, answers;

globalThis.fetch = async (_, { headers, body, signal }) => {
  const action = headers["x-amz-target"].split(".")[1];
  asked.push([action, JSON.parse(body)]);
  return inTime(answers[action](), signal);
};

/** As a browser does: what takes longer than its signal says is given up. */
const inTime = (answer, signal) =>
  Promise.race([answer, new Promise((_, refuse) => signal?.addEventListener("abort", () => refuse(signal.reason)))]);

/** Every limit of time is over soon. Returns how long they were. */
function soonOver(context) {
  const limits = [];
  context.mock.method(AbortSignal, "timeout", (milliseconds) => {
    limits.push(milliseconds);
    const over = new AbortController();
    setTimeout(() => over.abort(new DOMException("It took too long.", "TimeoutError")), 5);
    return over.signal;
  });
  return limits;
}
const never = () => new Promise(() => {});

const refusal = (code) => () => Response.json({ __type: code, message: code }, { status: 400 });
const tokens = (id, refresh, seconds = 3600) =>
  Response.json({ AuthenticationResult: { IdToken: token(id), RefreshToken: refresh, ExpiresIn: seconds } });
const renewals = () => asked.filter(([action]) => action === "GetTokensFromRefreshToken");

beforeEach(async () => {
  stored.clear();
  asked = [];
  answers = { RevokeToken: () => Response.json({}), InitiateAuth: () => tokens("first", "r1", SOON / 1000) };
  session.forget();
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  await session.signInWithPassword("ada@example.com", "a password");
});

test("the refresh token is not stored", () => {
  assert.deepEqual(Object.keys(JSON.parse(stored.get(STORE))), ["id_token", "expires_at"]);
});

test("a refresh token that an earlier version stored is stored no more", async () => {
  stored.set(STORE, JSON.stringify({ id_token: token("old"), refresh_token: "r0", expires_at: Date.now() + SOON }));
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  assert.ok(!stored.get(STORE).includes("r0"));
});

test("each renewal sends the refresh token of the one before", async () => {
  answers.GetTokensFromRefreshToken = () => tokens(`id${asked.length}`, `r${asked.length}`, SOON / 1000);
  await session.idToken();
  await session.idToken();
  assert.deepEqual(
    renewals().map(([, body]) => body.RefreshToken),
    ["r1", "r2"],
  );
});

test("a session that ended says so until somebody signs in, unless it was asked to", async () => {
  session.forget();
  session.forget();
  assert.equal(session.hasEnded(), true);
  await session.signInWithPassword("ada@example.com", "a password");
  assert.equal(session.hasEnded(), false);
  await session.signOut();
  assert.equal(session.hasEnded(), false);
});

test("only a session without a refresh token ends by itself", async () => {
  assert.equal(session.endsAt(), 0);
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  assert.equal(session.endsAt(), JSON.parse(stored.get(STORE)).expires_at);
});

test("requests at once share one renewal", async () => {
  answers.GetTokensFromRefreshToken = () => tokens("second", "r2");
  const got = await Promise.all([session.idToken(), session.idToken(), session.idToken()]);
  assert.deepEqual(new Set(got), new Set([token("second")]));
  assert.equal(renewals().length, 1);
});

test("a renewal whose answer was lost is tried again with the same token", async () => {
  answers.GetTokensFromRefreshToken = () => Promise.reject(new TypeError("network"));
  await assert.rejects(session.idToken({ renew: true }));
  answers.GetTokensFromRefreshToken = () => tokens("second", "r3");
  assert.equal(await session.idToken(), token("second"));
  assert.deepEqual(
    renewals().map(([, body]) => body.RefreshToken),
    ["r1", "r1"],
  );
});

test("a refresh token that was used before signs out only when the ID token has ended", async () => {
  answers.GetTokensFromRefreshToken = refusal("RefreshTokenReuseException");
  assert.equal(await session.idToken(), token("first"));
  assert.ok(session.current());
  assert.equal(await session.idToken(), token("first"));
  assert.equal(renewals().length, 1);
  const { id_token } = JSON.parse(stored.get(STORE));
  stored.set(STORE, JSON.stringify({ id_token, expires_at: 1 }));
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  assert.equal(await session.idToken(), "");
  assert.equal(session.current(), null);
});

test("a token that the API refuses and Cognito does not renew signs out", async () => {
  answers.GetTokensFromRefreshToken = refusal("NotAuthorizedException");
  assert.equal(await session.idToken({ renew: true }), "");
  assert.equal(session.current(), null);
});

test("too many requests sign nobody out", async () => {
  answers.GetTokensFromRefreshToken = refusal("TooManyRequestsException");
  await assert.rejects(session.idToken({ renew: true }));
  assert.ok(session.current());
});

for (const said of ["Temporary password has expired and must be reset by an administrator.", "User is disabled."])
  test(`why a right password does not sign in is said: ${said}`, async () => {
    answers.InitiateAuth = () => Response.json({ __type: "NotAuthorizedException", message: said }, { status: 400 });
    await assert.rejects(session.signInWithPassword("ada@example.com", "a password"), { message: said });
  });

const PASSING = [
  [429, { code: "TooManyRequestsException", message: /^Too many attempts/ }],
  [503, { code: "InternalErrorException", message: /^The sign-in does not work at the moment/ }],
];
const busy = (status) => new Response("<h1>busy</h1>", { status });

for (const [status, error] of PASSING) {
  test(`${status} is said in words, and signs nobody out`, async () => {
    answers.InitiateAuth = answers.GetTokensFromRefreshToken = () => busy(status);
    await assert.rejects(session.signInWithPassword("ada@example.com", "a password"), error);
    await assert.rejects(session.idToken({ renew: true }), error);
    assert.ok(session.current());
  });

  test(`hosted: so it is on the way back, and a renewal that is answered ${status} is tried again`, async () => {
    globalThis.location = new URL("https://cavok.example/?code=c&state=s");
    globalThis.history = { replaceState() {} };
    stored.set("cavok.sign-in", JSON.stringify({ state: "s", verifier: "v", hash: "" }));
    const cognito = globalThis.fetch;
    let renewed = 0;
    let answer = () => busy(status);
    globalThis.fetch = async () => {
      renewed += 1;
      return answer();
    };
    const settings = { client_id: "client", hosted_domain: "https://hosted.example" };
    const pending = stored.get("cavok.sign-in");
    await assert.rejects(session.start(settings), error);
    stored.set("cavok.sign-in", pending);
    answer = () => Response.json({ id_token: token("first"), refresh_token: "r1", expires_in: SOON / 1000 });
    await session.start(settings);
    answer = () => busy(status);
    await assert.rejects(session.idToken({ renew: true }), error);
    assert.ok(session.current());
    answer = () => Response.json({ id_token: token("second"), refresh_token: "r2", expires_in: 3600 });
    assert.equal(await session.idToken(), token("second"));
    assert.equal(renewed, 4);
    globalThis.fetch = cognito;
    globalThis.location = new URL("https://cavok.example/");
  });
}

test("hosted: who wanted an authenticator sets it up on the way back, before the tokens are kept", async () => {
  globalThis.location = new URL("https://cavok.example/?code=c&state=s");
  globalThis.history = { replaceState() {} };
  stored.clear();
  stored.set("cavok.sign-in", JSON.stringify({ state: "s", verifier: "v", hash: "", settingUp: true }));
  session.forget();
  const cognito = globalThis.fetch;
  globalThis.fetch = async () =>
    Response.json({ id_token: token("first"), access_token: "access", refresh_token: "r1", expires_in: 3600 });
  const settings = { client_id: "client", hosted_domain: "https://hosted.example", mfa: "optional" };
  await session.start({ ...settings, cognito_endpoint: "https://cognito.example/" });
  globalThis.fetch = cognito;
  globalThis.location = new URL("https://cavok.example/");
  assert.ok(session.offersAuthenticator());
  assert.equal(session.current(), null);
  assert.equal(stored.size, 0);

  answers.AssociateSoftwareToken = () => Response.json({ SecretCode: "KEY" });
  answers.VerifySoftwareToken = answers.SetUserMFAPreference = () => Response.json({});
  asked = [];
  const { key, asks } = await session.newAuthenticator(session.leftToDo());
  await session.confirmAuthenticator(asks, "123456");
  assert.equal(key, "KEY");
  assert.deepEqual(
    asked.map(([action, { AccessToken }]) => [action, AccessToken]),
    ["AssociateSoftwareToken", "VerifySoftwareToken", "SetUserMFAPreference"].map((action) => [action, "access"]),
  );
  assert.equal(session.leftToDo(), null);
  assert.equal(await session.idToken(), token("first"));
});

test("whoever signs out while the token is renewed stays signed out, and the new token ends", async () => {
  const answered = Promise.withResolvers();
  answers.GetTokensFromRefreshToken = () => answered.promise;
  const renewed = session.idToken();
  await session.signOut();
  answered.resolve(tokens("second", "r2"));
  assert.equal(await renewed, "");
  assert.equal(session.current(), null);
  assert.equal(stored.get(STORE), undefined);
  const revoked = asked.filter(([action]) => action === "RevokeToken").map(([, body]) => body.Token);
  assert.deepEqual(revoked, ["r1", "r2"]);
});

test("a renewal that is refused after another person has signed in leaves that person signed in", async () => {
  const answered = Promise.withResolvers();
  answers.GetTokensFromRefreshToken = () => answered.promise;
  const renewed = session.idToken({ renew: true });
  await session.signOut();
  answers.InitiateAuth = () => tokens("bert", "r9");
  await session.signInWithPassword("bert@example.com", "a password");
  answered.resolve(refusal("NotAuthorizedException")());
  assert.equal(await renewed, token("bert"));
  assert.equal(session.hasEnded(), false);
});

for (const [what, answer] of [
  ["no network", () => Promise.reject(new TypeError("network"))],
  ["an outage", () => new Response("", { status: 503 })],
])
  test(`a good token is used until it ends: ${what} at its renewal holds up no request`, async () => {
    answers.GetTokensFromRefreshToken = answer;
    assert.equal(await session.idToken(), token("first"));
    answers.GetTokensFromRefreshToken = () => tokens("second", "r2");
    assert.equal(await session.idToken(), token("second"));
  });

test("a refused token is not sent again because the early renewal that it met failed", async () => {
  let fail;
  answers.GetTokensFromRefreshToken = () =>
    new Promise((resolve) => {
      fail = () => resolve(new Response("", { status: 503 }));
    });
  const early = session.idToken();
  const refused = session.idToken({ renew: true });
  answers.GetTokensFromRefreshToken = () => tokens("second", "r2");
  fail();
  assert.equal(await early, token("first"));
  assert.equal(await refused, token("second"));
});

test("nobody waits for Cognito without end", async (context) => {
  const limits = soonOver(context);
  answers.GetTokensFromRefreshToken = answers.InitiateAuth = never;
  await assert.rejects(session.idToken({ renew: true }), { name: "TimeoutError" });
  await assert.rejects(session.signInWithPassword("ada@example.com", "a password"), { name: "TimeoutError" });
  assert.deepEqual(limits, [session.TIMEOUT_MS, session.TIMEOUT_MS]);
  assert.ok(session.current());
});

test("hosted: whoever signs out is led on, though the revocation has no answer", async (context) => {
  const limits = soonOver(context);
  stored.clear();
  await session.start({ client_id: "client", hosted_domain: "https://hosted.example" });
  context.mock.method(globalThis, "fetch", (_, { signal }) => inTime(never(), signal));
  globalThis.location = { href: "https://cavok.example/", assign: (address) => (globalThis.location.to = address) };
  await session.signOut();
  assert.match(globalThis.location.to, /^https:\/\/hosted\.example\/logout\?/);
  globalThis.location = new URL("https://cavok.example/");
  assert.deepEqual(limits, [2_000]);
});

test("a challenge is answered in its session, under the name that Cognito gave", async () => {
  const parameters = { USER_ID_FOR_SRP: "sub-of-ada" };
  answers.InitiateAuth = () =>
    Response.json({ ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "s", ChallengeParameters: parameters });
  answers.RespondToAuthChallenge = () => tokens("third", "r9");
  session.forget();
  const asks = await session.signInWithPassword("ada@example.com", "a password");
  assert.equal(session.current(), null);
  assert.equal(await session.respond(asks, { SOFTWARE_TOKEN_MFA_CODE: "123456" }), null);
  const [, sent] = asked.at(-1);
  assert.equal(sent.Session, "s");
  assert.deepEqual(sent.ChallengeResponses, { USERNAME: "sub-of-ada", SOFTWARE_TOKEN_MFA_CODE: "123456" });
  assert.equal(session.current().email, "ada@example.com");
});

test("where nothing may be stored, the session lasts until the page is left; a hosted one cannot begin", async (t) => {
  const refuses = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  for (const name of ["getItem", "setItem", "removeItem"]) t.mock.method(sessionStorage, name, refuses);
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  session.forget();
  await session.signInWithPassword("ada@example.com", "a password");
  assert.equal(session.current().email, "ada@example.com");
  await session.start({ client_id: "client", hosted_domain: "https://hosted.example" });
  await assert.rejects(session.signInHosted(), /lets the page store nothing/);
});
