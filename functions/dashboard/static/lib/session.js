// The signed-in user. Tokens are kept in memory and in this tab's session storage, nowhere else.
import { t } from "../texts.js";

const STORE = "cavok.session";
const PENDING = "cavok.sign-in";
// A token that expires sooner is renewed before it is used.
const RENEW_BEFORE_MS = 60_000;

export class SignInError extends Error {}

let config;
/** @type {{id_token: string, refresh_token?: string, expires_at: number} | null} */
let tokens = null;
/** @type {Promise<void> | null} */
let renewal = null;
const listeners = new Set();

export const onChange = (listener) => listeners.add(listener);
export const isHosted = () => Boolean(config.hosted_domain);
export const current = () => tokens && person(tokens.id_token);
// The same, for a view that only somebody signed in sees.
export const somebody = () => person(/** @type {any} */ (tokens).id_token);

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

// True if this page load is the return from the hosted sign-in.
export async function start(settings) {
  config = settings;
  const stored = sessionStorage.getItem(STORE);
  if (stored) tokens = JSON.parse(stored);
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return;
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", location.pathname + (pending?.hash ?? location.hash));
  if (!pending || query.get("state") !== pending.state) throw new SignInError(t.signIn.stateMismatch);
  if (query.has("error")) throw new SignInError(query.get("error_description") ?? query.get("error") ?? "");
  keep(
    await tokenEndpoint({
      grant_type: "authorization_code",
      code: query.get("code"),
      code_verifier: pending.verifier,
      redirect_uri: pageAddress(),
    }),
  );
}

export async function signInWithPassword(email, password) {
  const answer = await cognito("InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: config.client_id,
    AuthParameters: { USERNAME: email, PASSWORD: password },
  });
  if (!answer.AuthenticationResult) throw new SignInError(t.signIn.challenge(answer.ChallengeName));
  keep(fromCognito(answer.AuthenticationResult));
}

export async function signInHosted() {
  const verifier = random();
  const state = random();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, hash: location.hash }));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.client_id,
    redirect_uri: pageAddress(),
    scope: "openid email",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${config.hosted_domain}/oauth2/authorize?${query}`);
}

export async function signOut() {
  const refreshToken = tokens?.refresh_token;
  forget();
  // Without the network the token cannot be revoked, but this tab has deleted it.
  if (isHosted()) {
    if (refreshToken) {
      await post(`${config.hosted_domain}/oauth2/revoke`, { token: refreshToken, client_id: config.client_id }).catch(
        () => {},
      );
    }
    const query = new URLSearchParams({ client_id: config.client_id, logout_uri: pageAddress() });
    location.assign(`${config.hosted_domain}/logout?${query}`);
  } else if (refreshToken) {
    await cognito("RevokeToken", { Token: refreshToken, ClientId: config.client_id }).catch(() => {});
  }
}

// The bearer token for one request. Empty if nobody is signed in.
export async function idToken({ renew = false } = {}) {
  if (!tokens) return "";
  if (renew || tokens.expires_at - Date.now() < RENEW_BEFORE_MS) {
    // Concurrent requests share one renewal.
    renewal ??= renewTokens().finally(() => {
      renewal = null;
    });
    await renewal;
  }
  return tokens?.id_token ?? "";
}

export function forget() {
  tokens = null;
  sessionStorage.removeItem(STORE);
  for (const listener of listeners) listener();
}

async function renewTokens() {
  const held = tokens;
  if (!held?.refresh_token) return forget();
  try {
    const renewed = isHosted()
      ? await tokenEndpoint({ grant_type: "refresh_token", refresh_token: held.refresh_token })
      : fromCognito(
          (
            await cognito("InitiateAuth", {
              AuthFlow: "REFRESH_TOKEN_AUTH",
              ClientId: config.client_id,
              AuthParameters: { REFRESH_TOKEN: held.refresh_token },
            })
          ).AuthenticationResult,
        );
    // Whoever has signed out meanwhile stays signed out.
    if (tokens === held) keep({ refresh_token: held.refresh_token, ...renewed }, { quietly: true });
  } catch (error) {
    // A refusal signs out. A network failure does not.
    if (error instanceof SignInError) forget();
    else throw error;
  }
}

function keep(fresh, { quietly = false } = {}) {
  tokens = fresh;
  sessionStorage.setItem(STORE, JSON.stringify(tokens));
  if (!quietly) for (const listener of listeners) listener();
}

function fromCognito(result) {
  const kept = { id_token: result.IdToken, expires_at: Date.now() + result.ExpiresIn * 1000 };
  return result.RefreshToken ? { ...kept, refresh_token: result.RefreshToken } : kept;
}

async function tokenEndpoint(parameters) {
  const answer = await post(`${config.hosted_domain}/oauth2/token`, { client_id: config.client_id, ...parameters });
  const body = await answer.json();
  if (!answer.ok) throw new SignInError(body.error_description ?? t.signIn.refused);
  const kept = { id_token: body.id_token, expires_at: Date.now() + body.expires_in * 1000 };
  return body.refresh_token ? { ...kept, refresh_token: body.refresh_token } : kept;
}

const post = (address, parameters) =>
  fetch(address, { method: "POST", body: new URLSearchParams(parameters), credentials: "omit" });

async function cognito(action, body) {
  const answer = await fetch(config.cognito_endpoint, {
    method: "POST",
    credentials: "omit",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const content = text ? JSON.parse(text) : {};
  if (answer.ok) return content;
  const code = String(content.__type ?? "").replace(/^.*#/, "");
  if (answer.status >= 500) throw new Error(content.message ?? code);
  throw new SignInError(t.signIn.errors[code] ?? content.message ?? t.signIn.refused);
}

const pageAddress = () => new URL(".", location.href.split(/[?#]/)[0]).href;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
