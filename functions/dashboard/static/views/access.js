// Access Details. Public, because the person who grants the permissions may have no user here.
import { catalogOf } from "../lib/catalog.js";
import { fill, focusOn, h } from "../lib/dom.js";
import * as session from "../lib/session.js";
import { codeBlock } from "../lib/copying.js";
import { button, section, skeleton } from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { grants, titleOf } from "./grants.js";
import { t } from "./texts.js";

export function accessDetails({ main, title, signal, query }) {
  title(t.access.title);
  const content = h("div", {});
  fill(
    main,
    h("div", { class: "page-head" }, h("h1", {}, t.access.title)),
    h("p", { class: "lead" }, t.access.text),
    session.current() &&
      h("p", { class: "lead" }, t.access.least, " ", h("a", { href: "#/accounts" }, t.nav.accounts), "."),
    content,
  );
  // Instructions of an account can be asked for only by somebody who is signed in.
  const options = { account: (session.current() && query.get("account")) || "", asked: query.get("groups"), signal };
  watched(content, catalogOf(signal), (catalog) => draw(catalog, options), {
    signal,
    once: true,
    className: "stack",
    placeholder: () => skeleton(10),
  });
}

function draw({ groups, choice, policy_document: policy }, options) {
  const chosen = h("div", { class: "stack" }, choice && grants({ groups, ...options }));
  return [
    choice && h("p", {}, button(t.access.choose, { onclick: () => goTo(chosen) })),
    groups.map((group) =>
      section(
        titleOf(group),
        {
          actions: h(
            "span",
            { class: `tag ${group.required ? "tag-strong" : ""}` },
            group.required ? t.access.required : t.tests.optional,
          ),
        },
        h("p", {}, group.why),
        h(
          "dl",
          { class: "access-facts" },
          t.groupTexts[group.group] &&
            h("div", {}, h("dt", {}, t.access.without), h("dd", {}, t.groupTexts[group.group].without)),
          group.resource && h("div", {}, h("dt", {}, t.access.resource), h("dd", {}, h("code", {}, group.resource))),
        ),
        h(
          "ul",
          { class: "permissions" },
          group.actions.map(({ action, why }) => h("li", {}, h("code", {}, action), h("p", {}, why))),
        ),
      ),
    ),
    chosen,
    // An older API knows no choice.
    !choice &&
      policy &&
      section(
        t.access.policy,
        {},
        h("p", {}, t.access.policyText),
        codeBlock(policy, { label: t.access.policy, filename: "cavok-permissions.json" }),
      ),
  ];
}

function goTo(place) {
  place.scrollIntoView({ block: "start" });
  focusOn(place.querySelector("h2") ?? place);
}
