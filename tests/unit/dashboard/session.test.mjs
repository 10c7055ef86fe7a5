// A session that is renewed while somebody signs out.
import assert from "node:assert/strict";
import { test } from "node:test";

const stored = new Map();
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};
globalThis.location = new URL("https://cavok.example/");
const session = await import("../../../functions/dashboard/static/lib/session.js");

const STORE = "cavok.session";
const answered = Promise.withResolvers();
globalThis.fetch = () => answered.promise;

test("whoever signs out while the token is renewed stays signed out", async () => {
  stored.set(STORE, JSON.stringify({ id_token: "old", refresh_token: "r", expires_at: 1 }));
  await session.start({ client_id: "client", cognito_endpoint: "https://cognito.example/" });
  const token = session.idToken();
  session.forget();
  answered.resolve(Response.json({ AuthenticationResult: { IdToken: "new", ExpiresIn: 3600 } }));
  assert.equal(await token, "");
  assert.equal(session.current(), null);
  assert.equal(stored.get(STORE), undefined);
});
