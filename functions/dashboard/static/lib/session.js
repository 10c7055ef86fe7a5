// The signed-in user. The ID token, good for an hour, is also in this tab's session storage, so that a reload keeps it.
// The refresh token is only in memory: a reload forgets it.
import { t } from "../texts.js";
import { stored } from "./storage.js";

const STORE = "cavok.session";
const PENDING = "cavok.sign-in";
/** How long the page waits for an answer of Cognito or the API. */
export const TIMEOUT_MS = 20_000;
// Signing out waits at most this long for the revocation.
const REVOKED_WITHIN_MS = 2_000;
// A token that expires sooner is renewed before it is used.
const RENEW_BEFORE_MS = 60_000;
// Errors of Cognito that say nothing about the user or the token.
const PASSING = new Set(["TooManyRequestsException", "InternalErrorException"]);

export class SignInError extends Error {
  /** @param {string} message @param {string} [code] Cognito's, such as CodeMismatchException. */
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/**
 * A step before the tokens are used. Cognito asks for it, or a user who was let in chose to set up an authenticator
 * (`let_in`: their tokens).
 * @typedef {{name: string, username: string, session?: string, let_in?: any}} Challenge
 */

let config;
/** @type {{id_token: string, refresh_token?: string, expires_at: number} | null} */
let tokens = null;
/** @type {Promise<void> | null} */
let renewal = null;
/** @type {Challenge | null} */
let leftByHosted = null;
/** Whether the last session ended by itself, not by signing out. */
let ended = false;
let life = new AbortController();
const listeners = new Set();

export const onChange = (listener) => listeners.add(listener);
export const isHosted = () => Boolean(config.hosted_domain);
export const current = () => tokens && person(tokens.id_token);
// The same, for views that only signed-in users see.
export const somebody = () => person(/** @type {any} */ (tokens).id_token);
export const hasEnded = () => ended;
/** When this session ends because it has no refresh token, in milliseconds; 0 if it has one. */
export const endsAt = () => (tokens && !tokens.refresh_token ? tokens.expires_at : 0);
/** Aborts when this session ends, or its person, role or organization changes. */
export const ending = () => life.signal;

function person(token) {
  const claims = claimsOf(token);
  const groups = [claims["cognito:groups"] ?? []].flat();
  return {
    email: claims.email ?? claims["cognito:username"] ?? "",
    organization: claims["custom:organization"] ?? "",
    groups,
    canChange: groups.includes("admin") || groups.includes("operator"),
    isOperator: groups.includes("operator"),
  };
}

function claimsOf(token) {
  const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) =>
    c.charCodeAt(0),
  );
  return JSON.parse(new TextDecoder().decode(bytes));
}

// Restores the session of this tab. Completes the hosted sign-in if this page load is the return from it.
export async function start(settings) {
  config = settings;
  const before = stored(() => sessionStorage.getItem(STORE));
  if (before) keep(JSON.parse(before), { quietly: true });
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return;
  const pending = JSON.parse(stored(() => sessionStorage.getItem(PENDING)) ?? "null");
  stored(() => sessionStorage.removeItem(PENDING));
  history.replaceState(null, "", location.pathname + (pending?.hash ?? location.hash));
  if (!pending || query.get("state") !== pending.state) throw new SignInError(t.signIn.stateMismatch);
  if (query.has("error")) throw new SignInError(query.get("error_description") ?? query.get("error") ?? "");
  const result = await tokenEndpoint({
    grant_type: "authorization_code",
    code: query.get("code"),
    code_verifier: pending.verifier,
    redirect_uri: pageAddress(),
  });
  leftByHosted = follow("", { AuthenticationResult: result }, pending.settingUp);
}

// Whether a second factor is optional. The hosted sign-in does not offer an optional one, so this page does.
export const offersAuthenticator = () => config.mfa === "optional";

// What is left to do after the return from the hosted sign-in.
export const leftToDo = () => leftByHosted;

/**
 * Resolves to the first challenge, or to null if there is none. With `settingUp`, a user who is let in sets up an
 * authenticator first.
 * @returns {Promise<Challenge | null>}
 */
export async function signInWithPassword(username, password, { settingUp = false } = {}) {
  const asked = { AuthFlow: "USER_PASSWORD_AUTH", ClientId: config.client_id };
  const parameters = { USERNAME: username, PASSWORD: password };
  return follow(username, await cognito("InitiateAuth", { ...asked, AuthParameters: parameters }), settingUp);
}

/** Resolves to the next challenge, or to null if this was the last. @param {Challenge} challenge */
export async function respond({ name, username, session }, responses, { settingUp = false } = {}) {
  const answer = await cognito("RespondToAuthChallenge", {
    ChallengeName: name,
    ClientId: config.client_id,
    Session: session,
    ChallengeResponses: { USERNAME: username, ...responses },
  });
  return follow(username, answer, settingUp);
}

/** @returns {Challenge | null} */
function follow(username, answer, settingUp) {
  const result = answer.AuthenticationResult;
  if (result && settingUp) return { name: "MFA_SETUP", username, let_in: result };
  if (result) {
    keep(fromCognito(result));
    return null;
  }
  const real = answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username;
  return { name: answer.ChallengeName, username: real, session: answer.Session };
}

/** The key for an authenticator, and the challenge to continue with. @param {Challenge} asks */
export async function newAuthenticator(asks) {
  const { SecretCode, Session } = await cognito("AssociateSoftwareToken", whoSetsUp(asks));
  return { key: SecretCode, asks: { ...asks, session: Session } };
}

/** Registers the authenticator, and signs in. @param {Challenge} asks */
export async function confirmAuthenticator(asks, code) {
  const { Session } = await cognito("VerifySoftwareToken", { ...whoSetsUp(asks), UserCode: code });
  if (!asks.let_in) return respond({ ...asks, session: Session }, {});
  await cognito("SetUserMFAPreference", {
    ...whoSetsUp(asks),
    SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
  });
  keep(fromCognito(asks.let_in));
  return null;
}

/** @param {Challenge} asks */
const whoSetsUp = ({ let_in, session }) => (let_in ? { AccessToken: let_in.AccessToken } : { Session: session });

export async function signInHosted({ settingUp = false } = {}) {
  const verifier = random();
  const state = random();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  try {
    sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, settingUp, hash: location.hash }));
  } catch {
    throw new SignInError(t.signIn.noStorage);
  }
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.client_id,
    redirect_uri: pageAddress(),
    // The access token needs this scope to set up an authenticator.
    scope: settingUp ? "openid email aws.cognito.signin.user.admin" : "openid email",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${config.hosted_domain}/oauth2/authorize?${query}`);
}

export async function signOut() {
  const refreshToken = tokens?.refresh_token;
  forget({ asked: true });
  await revoke(refreshToken);
  if (isHosted()) {
    const query = new URLSearchParams({ client_id: config.client_id, logout_uri: pageAddress() });
    location.assign(`${config.hosted_domain}/logout?${query}`);
  }
}

// Offline, the token cannot be revoked. It was only in memory, so nobody has it any more.
async function revoke(refreshToken) {
  if (!refreshToken) return;
  const revoked = isHosted()
    ? post(
        `${config.hosted_domain}/oauth2/revoke`,
        { token: refreshToken, client_id: config.client_id },
        REVOKED_WITHIN_MS,
      )
    : cognito("RevokeToken", { Token: refreshToken, ClientId: config.client_id }, REVOKED_WITHIN_MS);
  await revoked.catch(() => {});
}

// The bearer token for one request. Empty if nobody is signed in. Without a refresh token, the ID token is used until
// it expires.
export async function idToken({ renew = false } = {}) {
  if (!tokens) return "";
  const early = tokens.refresh_token ? RENEW_BEFORE_MS : 0;
  if (renew || tokens.expires_at - Date.now() < early) {
    const [held, isJoined] = [tokens, renewal];
    await renewedOnce(renew);
    // An early renewal may have failed silently.
    if (renew && isJoined && tokens === held) await renewedOnce(true);
  }
  return tokens?.id_token ?? "";
}

// Concurrent requests share one renewal.
const renewedOnce = (refused) =>
  (renewal ??= renewTokens(refused).finally(() => {
    renewal = null;
  }));

export function forget({ asked = false } = {}) {
  ended = !asked && (ended || Boolean(tokens));
  tokens = null;
  stored(() => sessionStorage.removeItem(STORE));
  anew();
}

function anew() {
  life.abort();
  life = new AbortController();
  for (const listener of listeners) listener();
}

async function renewTokens(refused) {
  const held = tokens;
  if (!held?.refresh_token) return forget();
  try {
    const token = held.refresh_token;
    const result = isHosted()
      ? await tokenEndpoint({ grant_type: "refresh_token", refresh_token: token })
      : (await cognito("GetTokensFromRefreshToken", { RefreshToken: token, ClientId: config.client_id }))
          .AuthenticationResult;
    const renewed = fromCognito(result);
    // If the person signed out meanwhile, they stay signed out, and the new token ends too.
    if (tokens === held) keep({ refresh_token: token, ...renewed }, { quietly: true });
    else await revoke(renewed.refresh_token);
  } catch (error) {
    // The person signed out or in meanwhile. The failure is not about the tokens that are held now.
    if (tokens !== held) return;
    const isOver = refused || held.expires_at <= Date.now();
    // After a network failure, too many requests or an outage, the ID token is good until it expires.
    if (!(error instanceof SignInError) || PASSING.has(error.code ?? "")) {
      if (isOver) throw error;
    }
    // Cognito refuses a refresh token that was used before, for example by a request whose answer was lost.
    else if (isOver) forget();
    else keep({ ...held, refresh_token: undefined }, { quietly: true });
  }
}

function keep(fresh, { quietly = false } = {}) {
  const before = current();
  tokens = fresh;
  ended = false;
  leftByHosted = null;
  const { id_token, expires_at } = fresh;
  stored(() => sessionStorage.setItem(STORE, JSON.stringify({ id_token, expires_at })));
  const isAnother = before && JSON.stringify(before) !== JSON.stringify(current());
  if (!quietly || isAnother) anew();
}

function fromCognito(result) {
  const kept = { id_token: result.IdToken, expires_at: Date.now() + result.ExpiresIn * 1000 };
  return result.RefreshToken ? { ...kept, refresh_token: result.RefreshToken } : kept;
}

/** The tokens, under the names of an AuthenticationResult. */
async function tokenEndpoint(parameters) {
  const answer = await post(`${config.hosted_domain}/oauth2/token`, { client_id: config.client_id, ...parameters });
  refuseWhatPasses(answer);
  const body = await answer.json();
  if (!answer.ok) throw new SignInError(body.error_description ?? t.signIn.refused);
  return {
    IdToken: body.id_token,
    AccessToken: body.access_token,
    RefreshToken: body.refresh_token,
    ExpiresIn: body.expires_in,
  };
}

// Checks the status first, because the body of such an answer may not be JSON.
function refuseWhatPasses({ status }) {
  if (status !== 429 && status < 500) return;
  const code = status === 429 ? "TooManyRequestsException" : "InternalErrorException";
  throw new SignInError(t.signIn.errors[code], code);
}

const ask = (address, request, within = TIMEOUT_MS) =>
  fetch(address, { method: "POST", credentials: "omit", signal: AbortSignal.timeout(within), ...request });

const post = (address, parameters, within) => ask(address, { body: new URLSearchParams(parameters) }, within);

async function cognito(action, body, within) {
  const request = {
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify(body),
  };
  const answer = await ask(config.cognito_endpoint, request, within);
  refuseWhatPasses(answer);
  const text = await answer.text();
  const content = text ? JSON.parse(text) : {};
  if (answer.ok) return content;
  const code = String(content.__type ?? "").replace(/^.*#/, "");
  // The same code also means, for example, an expired temporary password.
  const wrong = content.message === "Incorrect username or password." ? t.signIn.wrong : undefined;
  throw new SignInError(wrong ?? t.signIn.errors[code] ?? content.message ?? t.signIn.refused, code);
}

const pageAddress = () => new URL(".", location.href.split(/[?#]/)[0]).href;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
