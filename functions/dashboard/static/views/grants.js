// What a person chooses to grant, group by group, and the documents that grant just this. The API makes all of them.
import * as api from "../lib/api.js";
import { codeBlock, tabs } from "../lib/copying.js";
import { deployButton, linkGuard, RENEW_LINK_AFTER_MS } from "../lib/deploy-link.js";
import { announce, fill, h, uniqueId } from "../lib/dom.js";
import { styled } from "../lib/pictures.js";
import * as router from "../lib/router.js";
import { notice, section, skeleton } from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { groupText, t } from "./texts.js";

const ONLY_READS = "read_only";

export const titleOf = ({ group, title }) => title ?? groupText(group).title;

/** The groups of an address that there are, as the API takes them. By default, those that Cavok asks for. */
export function groupsOf(asked, groups) {
  const isAskedFor = ({ required, optional }) => !required && !optional;
  if (asked === null) return groups.filter(isAskedFor).map(({ group }) => group);
  const known = groups.flatMap(({ group, read_only: reads }) => [group, ...(reads?.length ? [partOf(group)] : [])]);
  const named = asked.split(",").filter((name) => known.includes(name));
  // Of a group that is named twice, the first counts.
  return named.filter((name, index) => named.findIndex((each) => groupIn(each) === groupIn(name)) === index);
}

const partOf = (group) => `${group}:${ONLY_READS}`;
const groupIn = (name) => name.split(":")[0];

/**
 * The choice and its documents. `account`: the id of the account that they are for; "" if for none.
 * @param {{groups: any[], account: string, asked: string | null, signal: AbortSignal}} options
 */
export function grants({ groups, account, asked, signal }) {
  /** How much of each group is granted. @type {Map<string, string>} */
  const chosen = new Map(
    groupsOf(asked, groups).map((name) => [groupIn(name), name === groupIn(name) ? "all" : ONLY_READS]),
  );
  const [boxes, result] = [h("div", {}), h("div", {})];
  // The chosen tab, which stays when the documents change.
  const way = { title: "" };
  let changed = "";
  // What is required is always named, so that the list is never empty.
  const named = () =>
    groups
      .filter(({ group, required }) => required || chosen.has(group))
      .map(({ group }) => (chosen.get(group) === ONLY_READS ? partOf(group) : group))
      .join(",");
  /** @type {AbortController | undefined} */
  let last;
  const ask = () => {
    last?.abort();
    last = new AbortController();
    const both = AbortSignal.any([signal, last.signal]);
    const path = account ? `/v1/accounts/${api.segment(account)}/instructions` : "/v1/permissions";
    const query = { groups: named() };
    const guard = linkGuard(async () => part.again());
    const part = watched(
      result,
      async () => {
        const [answer] = await Promise.all([api.get(path, { query, signal: both }), styled()]);
        guard.restart();
        return answer;
      },
      (answer) => {
        drawBoxes(answer);
        if (changed) announce(changed);
        changed = "";
        return documents(answer, account, guard.onPress, way);
      },
      {
        signal: both,
        // The link of an account may expire.
        ...(account ? { pauseOf: () => RENEW_LINK_AFTER_MS } : { once: true }),
        className: "stack",
        placeholder: () => skeleton(8),
        onMissing: (problem) => notice("warning", h("p", {}, problem.title)),
      },
    );
  };
  const choose = (group, access) => {
    if (access === "none") chosen.delete(group.group);
    else chosen.set(group.group, access);
    changed = t.grants.changed(titleOf(group), wordOf(t.grants.states, access));
    router.rewrite("/access-details", new URLSearchParams({ ...(account && { account }), groups: named() }));
    ask();
  };
  // Drawn once: which groups matter to an account does not change with the choice, and boxes keep the focus.
  const drawBoxes = ({ choice = [], trust_policy: trust }) => {
    if (boxes.hasChildNodes()) return;
    // Only a role has a trust policy, which grants what is required.
    const matters = ({ group, required }) => (required ? trust !== null : choice.some((each) => each.group === group));
    const shown = groups.filter(matters);
    fill(
      boxes,
      h(
        "fieldset",
        { class: "field grants" },
        h("legend", { class: "sr-only" }, t.grants.title),
        h(
          "ul",
          { class: "plain-list" },
          shown.map((group) => grant(group, chosen.get(group.group) ?? "none", choose)),
        ),
      ),
    );
  };
  ask();
  return [
    section(
      t.grants.title,
      { note: account ? t.grants.forAccount : t.grants.text },
      boxes,
      h("p", {}, t.grants.limited),
    ),
    result,
  ];
}

function grant(group, access, choose) {
  const { group: name, required, read_only: reads } = group;
  const without = uniqueId("without");
  const all = h("input", {
    type: "checkbox",
    checked: required || access !== "none",
    disabled: required,
    "aria-describedby": t.groupTexts[name] && without,
    onchange: () => report(),
  });
  const acts = h("input", {
    type: "checkbox",
    checked: access === "all",
    disabled: access === "none",
    "aria-label": `${t.grants.acts}: ${titleOf(group)}`,
    onchange: () => report(),
  });
  const report = () => {
    acts.disabled = !all.checked;
    const some = reads?.length && !acts.checked ? ONLY_READS : "all";
    choose(group, all.checked ? some : "none");
  };
  return h(
    "li",
    { class: "grant" },
    h(
      "label",
      { class: "checkbox" },
      all,
      h("span", {}, titleOf(group)),
      h("span", { class: `tag ${required ? "tag-strong" : ""}` }, required ? t.access.required : t.tests.optional),
    ),
    t.groupTexts[name] && h("p", { class: "help", id: without }, `${t.access.without}: ${t.groupTexts[name].without}`),
    reads?.length > 0 && h("label", { class: "checkbox grant-part" }, acts, h("span", {}, t.grants.acts)),
  );
}

function documents(answer, account, onPress, way) {
  const policy = answer.policy_document ?? answer.permissions_policy;
  const code = (content, filename) =>
    content && {
      title: t.grants.tabs[filename],
      content: () => codeBlock(content, { label: t.grants.tabs[filename], filename }),
    };
  const forms = [
    // IAM takes no policy without a statement.
    policy?.Statement?.length > 0 && code(policy, "cavok-permissions.json"),
    code(answer.cloudformation_template, "cavok-cloud.json"),
    code(answer.terraform, "cavok-cloud.tf"),
    code(answer.cli, "cavok-cloud.sh"),
  ].filter(Boolean);
  return [
    answer.warnings?.length > 0 &&
      notice(
        "warning",
        answer.warnings.map((text) => h("p", {}, text)),
      ),
    section(
      t.grants.documents,
      { note: t.grants.documentsText },
      policy && !policy.Statement?.length && h("p", {}, t.grants.nothing),
      forms.length > 0 && tabs(t.grants.documents, forms, way),
      answer.deploy_on_aws_url && deployButton(answer.deploy_on_aws_url, onPress, t.grants.deployNote),
      account && h("p", {}, h("a", { href: `#/accounts/${api.segment(account)}/instructions` }, t.grants.back)),
    ),
  ];
}
