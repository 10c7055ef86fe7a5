// The page of an invitation: which token it sends, and what it says of each group and of its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, opened, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { invitation } = await import(`${page}/views/invitation.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const ASKS = {
  provider_id: "123456789012",
  groups: [{ group: "ec2", title: "EC2", why: "Cavok lists them.", required: false, actions: [] }],
  permissions_policy: {},
  deploy_on_aws_url: "https://console.aws.amazon.com/x#/y?templateURL=https%3A%2F%2Fb.example%2Frole.yaml",
  expires_at: "2026-12-04T14:30:00Z",
};

/** The page with this token, and the tokens that it has sent. */
function shown(token, answer = () => Response.json(ASKS)) {
  const sent = [];
  globalThis.fetch = async (_, { headers }) => {
    // As a browser does: it throws if a header cannot hold the value.
    sent.push(new Headers(headers).get("invitation"));
    return answer();
  };
  const view = new AbortController();
  return { main: opened(invitation, view.signal, { token }), sent, view };
}

for (const after of ["", "”", "…", ".", ")", "%E2%80%9D", " ", "\u200b"])
  test(`its token is sent without what a mail program took for a part of it: “${after}”`, async () => {
    const { main, sent, view } = shown(`01ABCdef${after}`);
    await until(() => main.textContent.includes(t.invitation.heading(ASKS.provider_id)));
    assert.deepEqual(sent, ["01ABCdef"]);
    view.abort();
  });

test("a link with no token is not valid, in the API's words", async () => {
  const problem = { title: "Not found", detail: "Ask the person who sent it.", code: "invitation_not_found" };
  const { main, view } = shown("”", () => Response.json(problem, { status: 404 }));
  await until(() => main.textContent.includes(t.invitation.notValid));
  assert.ok(main.textContent.includes(problem.detail));
  view.abort();
});

test("it says when it ends with the time zone: the person who sent it may be in another", async () => {
  const { main, view } = shown("T");
  await soon(30);
  const [end] = all(main).filter(({ tag }) => tag === "time");
  assert.match(end.textContent, /2026.*(GMT|UTC)/u);
  view.abort();
});
