// What an account is asked to grant, for somebody with a link and without sign-in. The token is in the fragment of the
// address, which browsers never send. It goes to the API in a header, because logs have addresses.
import * as api from "../lib/api.js";
import { copyable, codeBlock, tabs } from "../lib/copying.js";
import { deployButton, expires, linkGuard, RENEW_LINK_AFTER_MS } from "../lib/deploy-link.js";
import { announce, fill, h, safeHref, whileLookedAt } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { brandMark } from "../lib/icons.js";
import { isMissing } from "../lib/problem.js";
import { definition, notice, section, skeleton } from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { t } from "./texts.js";

export function invitation({ main, params, title, signal }) {
  title(t.invitation.title);
  const content = h("div", {});
  fill(main, h("p", { class: "brand" }, brandMark(), h("span", {}, t.nav.product)), content);
  // Programs that make links of text may take what follows it for a part of it. A header cannot hold all of that.
  const [token] = /** @type {string[]} */ (/^[0-9A-Za-z]*/.exec(params.token));
  const read = async () => {
    const asked = await api.get("/v1/invitation", { headers: { invitation: token }, signal });
    guard.restart();
    return asked;
  };
  // Only the link: what is open of the rest stays so.
  const renew = async (link) => {
    try {
      link.setAttribute("href", safeHref((await read()).deploy_on_aws_url));
    } catch (problem) {
      if (isMissing(problem)) shown.gone(problem);
      throw problem;
    }
  };
  const guard = linkGuard(renew);
  const shown = watched(content, read, (asked) => drawAsked(asked, guard.onPress), {
    signal,
    once: true,
    className: "stack",
    placeholder: () => skeleton(10),
    onMissing: (problem) => {
      title(t.invitation.notValid);
      announce(t.invitation.notValid);
      return [h("h1", {}, t.invitation.notValid), h("p", {}, problem.detail)];
    },
  });
  whileLookedAt(
    signal,
    () => RENEW_LINK_AFTER_MS,
    async () => {
      const link = /** @type {HTMLAnchorElement | null} */ (content.querySelector(".deploy a"));
      if (link && expires(link.href)) await renew(link);
    },
  );
}

function drawAsked(asked, onPress) {
  const { provider_id: number, role_arn: role, external_id: externalId } = asked;
  return [
    h("h1", {}, t.invitation.heading(number)),
    h("p", { class: "lead" }, t.invitation.text),
    notice("warning", h("p", {}, t.invitation.warning)),
    section(
      t.invitation.asked,
      {},
      h(
        "ul",
        { class: "permissions" },
        asked.groups.map(({ title, why, actions }) =>
          h(
            "li",
            {},
            h("h3", {}, title),
            h("p", {}, why),
            h(
              "details",
              { class: "step-detail" },
              h("summary", {}, t.invitation.actions(actions.length)),
              h(
                "ul",
                {},
                actions.map(({ action, why: because }) => h("li", {}, h("code", {}, action), " ", because)),
              ),
            ),
          ),
        ),
      ),
    ),
    section(
      t.invitation.who,
      {},
      h("p", {}, role ? t.invitation.whoRole : t.invitation.whoUser),
      role &&
        h(
          "dl",
          { class: "facts" },
          definition(t.invitation.role, copyable(role, t.actions.copyThis(t.invitation.role))),
          definition(
            t.invitation.trusted,
            copyable(asked.trusted_account_id, t.actions.copyThis(t.invitation.trusted)),
          ),
          definition(t.invitation.externalId, copyable(externalId, t.actions.copyThis(t.invitation.externalId))),
        ),
    ),
    section(
      t.instructions.deploy,
      {},
      h("p", {}, role ? t.invitation.deploys : t.invitation.deploysUser),
      role && h("p", {}, t.invitation.reports),
      deployButton(asked.deploy_on_aws_url, onPress, t.instructions.deployNote(number)),
      h("p", { class: "muted small" }, t.invitation.expires, " ", when(asked.expires_at, { kind: "zoned" }), "."),
    ),
    section(t.invitation.documents, {}, tabs(t.invitation.documents, documentsOf(asked))),
  ];
}

const documentsOf = ({ cloudformation_template: template, trust_policy: trust, permissions_policy: permissions }) => [
  {
    title: t.instructions.tabs.cloudformation,
    content: () => codeBlock(template, { label: t.instructions.template, filename: "cavok-cloud.json" }),
  },
  {
    title: t.invitation.policies,
    content: () => [
      trust && codeBlock(trust, { label: t.instructions.trust, filename: "trust-policy.json" }),
      codeBlock(permissions, { label: t.instructions.permissions, filename: "permissions-policy.json" }),
    ],
  },
];
