// The smallest policy with which an account's instances under control still work.
import * as api from "../lib/api.js";
import { choice } from "../lib/choice.js";
import { announce, fill, h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { resourcesOf } from "../lib/resources.js";
import * as router from "../lib/router.js";
import { codeBlock, tabs } from "../lib/copying.js";
import { button, notice, section, skeleton, submitting } from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { t } from "./texts.js";
import { frame } from "./account.js";
import { whichInstance } from "./schedules.js";

const WAYS = ["arn", "tag"];

export function leastPrivilege(context) {
  const { params, query } = context;
  let by = WAYS.includes(query.get("by")) ? query.get("by") : "arn";
  return frame(context, "privilege", (body, handle) => {
    const result = h("div", {});
    // The policy shows an age of its own, because it is evaluated only when somebody asks.
    const evaluated = h("p", { class: "muted small" });
    const path = `/v1/accounts/${api.segment(handle.id)}/least-privilege`;
    /** @type {AbortController | undefined} */
    let asked;
    /** @type {ReturnType<typeof watched> | undefined} */
    let policy;
    const ask = () => {
      asked?.abort();
      asked = new AbortController();
      const both = AbortSignal.any([handle.signal, asked.signal]);
      policy = watched(
        result,
        async () => {
          // Its line stays, so that nothing below moves.
          fill(evaluated, "\u00a0");
          const [answer, resources] = await Promise.all([
            api.get(path, { query: { by }, signal: both }).catch(orNotOffered),
            resourcesOf(handle.id, both),
          ]);
          return { answer, resources, at: new Date().toISOString() };
        },
        ({ answer, resources, at }) => {
          fill(evaluated, t.privilege.evaluated, " ", when(at));
          announce(t.privilege.isEvaluated);
          return draw(answer, resources, handle.account());
        },
        {
          signal: both,
          once: true,
          className: "stack",
          placeholder: () => skeleton(8),
          onMissing: (problem) => {
            if (problem.isNotOffered) return notice("info", h("p", {}, t.privilege.missing));
            // The account is gone. After this read, the frame says so.
            handle.refresh().catch(() => {});
            return notice("warning", h("p", {}, problem.title));
          },
        },
      );
    };
    const option = (value) => ({
      value,
      ...t.privilege.by[value],
      onchange: () => {
        by = value;
        router.rewrite(`/accounts/${api.segment(params.id)}/least-privilege`, new URLSearchParams({ by }));
        ask();
      },
    });
    fill(
      body,
      section(
        t.privilege.title,
        {
          note: t.privilege.text,
          actions: h(
            "span",
            { class: "card-actions" },
            button(
              t.privilege.again,
              { class: "button-small", onclick: (event) => submitting(event.currentTarget, () => policy?.reload()) },
              "refresh",
            ),
          ),
        },
        evaluated,
        h(
          "p",
          {},
          t.privilege.details,
          " ",
          h("a", { href: `#/access-details?account=${api.segment(params.id)}` }, t.nav.access),
        ),
        choice({
          name: "by",
          label: t.privilege.byLabel,
          className: "choice-row",
          options: WAYS.map(option),
          value: by,
        }),
      ),
      result,
    );
    ask();
  });
}

// The gateway of an older installation has no such route. It answers in place of the service.
function orNotOffered(problem) {
  if (problem.status === 404 && !problem.byService) Object.assign(problem, { byService: true, isNotOffered: true });
  throw problem;
}

function draw(answer, resources, account) {
  const { policy_document: policy, cloudformation_template: template, terraform, removes, covers } = answer;
  const nameOf = (id) => {
    const resource = resources.find((each) => each.resource_id === id);
    return resource ? [h("p", {}, resource.name || resource.instance_id), whichInstance(resource)] : h("code", {}, id);
  };
  const code = (content, filename) =>
    content && {
      title: t.privilege.tabs[filename],
      content: () => codeBlock(content, { label: t.privilege.tabs[filename], filename }),
    };
  const documents = [
    code(policy, "cavok-least.json"),
    code(template, "cavok-least-template.json"),
    code(terraform, "cavok-least.tf"),
  ].filter(Boolean);
  return [
    section(
      t.privilege.removes,
      {},
      removes?.length
        ? h(
            "ul",
            { class: "plain-list" },
            removes.map((text) => h("li", {}, text)),
          )
        : h("p", {}, t.privilege.removesNothing),
    ),
    section(
      t.privilege.covers,
      { note: covers?.length ? t.privilege.coversText : null },
      covers?.length
        ? h(
            "ul",
            { class: "permissions" },
            covers.map(({ resource_id: id, actions }) =>
              h(
                "li",
                {},
                h("div", {}, nameOf(id)),
                h(
                  "p",
                  { class: "actions" },
                  actions.map((action) => h("code", { class: "tag" }, action)),
                ),
              ),
            ),
          )
        : h(
            "p",
            {},
            t.privilege.coversNothing,
            " ",
            h("a", { href: `#/accounts/${api.segment(account.account_id)}/instances` }, t.account.tabs.instances),
          ),
    ),
    documents.length > 0 &&
      section(
        t.privilege.documents,
        { note: t.privilege.use[account.access_type] },
        tabs(t.privilege.documents, documents),
      ),
  ];
}
