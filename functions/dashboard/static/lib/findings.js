// What a test found: issues with their fixes, resources of a permission, regions. Shared by the
// overview and the tests.
import { h, srOnly } from "./dom.js";
import { icon } from "./icons.js";
import { asText } from "./later-formats.js";
import { copyButton, tabs } from "./copying.js";
import { isProblem, section } from "./ui.js";
import { wordOf } from "../texts.js";
import { t } from "../views/texts.js";

const SEVERITY_ICONS = { problem: "warning", information: "info" };

// Problems first. An issue that is not among the newest ones was found before.
export function issueList(issues, newest = issues) {
  // A count in a message may be another by now.
  const kindOf = ({ code, message }) => `${code} ${String(message).replace(/\d+/g, "#")}`;
  const isNow = (issue) => newest.some((other) => kindOf(other) === kindOf(issue));
  const sorted = [...issues].sort((a, b) => Number(isProblem(b)) - Number(isProblem(a)));
  return h(
    "ul",
    { class: "issues" },
    sorted.map((issue) => {
      const severity = issue.severity ?? "problem";
      const kind = isProblem(issue) ? "problem" : "information";
      return h(
        "li",
        { class: isNow(issue) ? `issue-${kind}` : "issue-before", "data-item": `${issue.code} ${issue.message}` },
        h(
          "p",
          { class: "issue-severity" },
          icon(SEVERITY_ICONS[kind]),
          isNow(issue) ? wordOf(t.severity, severity) : t.severityBefore,
        ),
        h("p", { class: "issue-message" }, issue.message),
        issue.remedy && h("p", {}, h("strong", {}, `${t.account.remedy} `), issue.remedy),
        issue.fix && fixOf(issue.fix),
      );
    }),
  );
}

/**
 * @param {Record<string, any>} fix of one account, or what is the same in the fixes of several
 * @param {{title: string}} [chosen] the chosen form, of which one is shown at a time then: who is among many needs one
 */
export function fixOf(fix, chosen) {
  const { policy_statement: statement, cli, terraform, console_url: address, stack_url: stack } = fix;
  const links = [
    [consoleAddress(address), t.fix.console],
    [consoleAddress(stack), t.fix.stack],
  ].filter(([link]) => link);
  if (!statement && !cli && !terraform && !links.length) return null;
  const written = statement && formatted(statement);
  const forms = [
    [t.fix.statement, written, written?.includes('"Principal":') ? t.fix.trustStatement : t.fix.statement],
    [t.fix.cli, cli, t.fix.cli],
    [t.fix.terraform, terraform, t.fix.terraform],
  ]
    .filter(([, text]) => text)
    .map(([title, text, label]) => ({ title, content: () => copyBlock(text, label) }));
  return h(
    "div",
    { class: "fix" },
    chosen && forms.length > 1 ? tabs(t.fix.forms, forms, chosen) : forms.map(({ content }) => content()),
    links.map(([link, text]) =>
      h("p", {}, h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, text, " ", icon("external"))),
    ),
  );
}

/**
 * For what is of an older version: what the newer ones change, and each way to update it.
 * @param {{steps: {title: string, text: string}[], template_url: string, console_url: string, cli: string}} update
 * @param {string} title @param {Element} news
 */
export function updateSection(update, title, news) {
  return section(title, {}, news, updateSteps(update));
}

export function updateSteps({ steps, template_url: template, console_url, cli }) {
  return [
    steps.map((step) => [h("h3", {}, step.title), h("p", {}, step.text)]),
    copyBlock(template, t.instructions.templateUrl),
    fixOf({ cli, console_url }),
  ];
}

export function copyBlock(content, label) {
  return h(
    "figure",
    { class: "code" },
    h("figcaption", {}, h("span", {}, label), copyButton(content, t.actions.copyThis(label))),
    h("pre", { tabindex: "0", role: "group", "aria-label": label }, h("code", {}, content)),
  );
}

function formatted(statement) {
  try {
    return asText(typeof statement === "string" ? JSON.parse(statement) : statement);
  } catch {
    return statement;
  }
}

// A link that is called a console link must lead to the AWS console and nowhere else.
export function consoleAddress(address) {
  const url = typeof address === "string" && URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== "https:" || url.username || url.password || url.port) return null;
  return url.hostname === "console.aws.amazon.com" || url.hostname.endsWith(".console.aws.amazon.com")
    ? url.href
    : null;
}

// ---- resources ---------------------------------------------------------------------------------

const RESOURCE_MARKS = { allowed: ["good", "check"], denied: ["optional", "cross"] };

export const partOf = ({ resources }) => (resources?.asked ? allowedOf(resources) : "");

const allowedOf = ({ allowed, asked }) =>
  allowed === asked ? t.resources.allAllowed(asked) : t.resources.allowed(allowed, asked);

// How many resources were asked about, and examples with the refused ones first.
export function resourceList(step) {
  const { asked, allowed, denied, examples = [] } = step.resources ?? {};
  if (!asked) return null;
  const open = asked - allowed - denied;
  const counts = [
    allowedOf(step.resources),
    denied > 0 && t.resources.denied(denied),
    open > 0 && t.resources.open(open),
  ].filter(Boolean);
  const sorted = [...examples].sort((a, b) => Number(b.verdict === "denied") - Number(a.verdict === "denied"));
  return h(
    "div",
    { class: "step-resources" },
    h("p", {}, counts.join(" · ")),
    sorted.length > 0 &&
      h(
        "details",
        { class: "step-detail" },
        h(
          "summary",
          {},
          sorted.length < asked ? t.resources.some(sorted.length, asked) : t.resources.which,
          srOnly(` ${step.step}`),
        ),
        h("ul", { class: "examples" }, sorted.map(example)),
      ),
  );
}

function example({ id, region, verdict, reason }) {
  const [kind, mark] = RESOURCE_MARKS[verdict] ?? ["open", "question"];
  return h(
    "li",
    { class: `step-${kind}` },
    h("span", { class: "step-mark" }, icon(mark)),
    h(
      "span",
      {},
      h("code", {}, id),
      " ",
      h("span", { class: "tag" }, region),
      " ",
      wordOf(t.verdicts, verdict),
      reason && h("span", { class: "muted" }, " · ", wordOf(t.reasons, reason)),
    ),
  );
}

// ---- regions -----------------------------------------------------------------------------------

const REGION_MARKS = { reachable: ["good", "check"], refused: ["optional", "cross"], not_enabled: ["skipped", "dash"] };

export const regionMark = ({ status }) => REGION_MARKS[status] ?? ["open", "question"];
export const regionWord = ({ status }) => wordOf(t.regions.status, status);
export const regionWhy = ({ status, reason }) => (status !== "reachable" && t.regions.reasons[reason]) || "";

export const someLeftOut = (health) =>
  (health ?? []).some(({ status }) => status === "refused" || status === "not_enabled");

// Regions with the same answer share a line. Regions without an answer are listed by name only. `age`: the class of the
// answers.
export function regionList(regions, health, age = "") {
  const found = new Map((health ?? []).map((each) => [each.region, each]));
  const alone = regions.filter((region) => !found.has(region));
  const groups = Map.groupBy(
    found.values(),
    ({ status, reason }) => `${status} ${status === "reachable" ? "" : (reason ?? "")}`,
  );
  return h(
    "ul",
    { class: "regions" },
    [...groups.values()]
      .sort((a, b) => Number(b[0].status === "reachable") - Number(a[0].status === "reachable"))
      .map((same) => {
        const [kind, mark] = regionMark(same[0]);
        const why = regionWhy(same[0]);
        return h(
          "li",
          { class: `step-${kind}` },
          h("span", { class: `step-mark ${age}` }, icon(mark)),
          h(
            "span",
            {},
            h("span", { class: `region-status ${age}` }, regionWord(same[0]), why && ` ${why}`, ": "),
            same.map(({ region }) => region).join(", "),
          ),
        );
      }),
    alone.length > 0 &&
      h(
        "li",
        { class: "step-open" },
        found.size > 0 && h("span", { class: `step-mark ${age}` }, icon("question")),
        h(
          "span",
          {},
          found.size > 0 && h("span", { class: `region-status ${age}` }, t.regions.status.unknown, ": "),
          alone.join(", "),
        ),
      ),
  );
}
