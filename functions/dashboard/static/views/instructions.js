// Instructions for the customer's own account, and the result of the test.
import * as api from "../lib/api.js";
import { announce, fill, h, render, safeHref, whileLookedAt } from "../lib/dom.js";
import { expires } from "../lib/deploy-link.js";
import { ageing, stopwatch } from "../lib/elapsed.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { isMissing, Problem, retryAfter } from "../lib/problem.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { startTest } from "../lib/testing.js";
import { copyBlock, fixOf } from "../lib/findings.js";
import { codeBlock, tabs } from "../lib/copying.js";
import {
  button,
  changeButton,
  isConnected,
  isOpenToOthers,
  isRevoked,
  problemsOf,
  section,
  spinner,
  statusBadge,
  submitting,
  toast,
} from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { t } from "./texts.js";
import { conditionOf, frame } from "./account.js";

const WATCH_EVERY_MS = 3_000;
const WATCH_SLOWLY_AFTER_MS = 5 * 60_000;
const RENEW_LINK_AFTER_MS = 10 * 60_000;
// A link lasts for an hour. This is a little less.
const LINK_LASTS_MS = 50 * 60_000;
// The API does not enter an account more often.
const LOOK_EVERY_MS = 5_000;
// One request may travel this much faster than the one before.
const FASTER_BY_MS = 500;
const LOOK_SLOWLY_EVERY_MS = 30_000;
const LOOK_FOR_MS = 30 * 60_000;
// If two looks are so far apart, the computer slept between them.
const NO_LOOKING_MS = 60_000;

export function instructions(context) {
  const open = stopwatch();
  return frame(
    context,
    "instructions",
    (body, handle) => {
      const watch = h("div", { class: "watch card" });
      const content = h("div", {});
      // What a newer version of the role changes. The account says it, perhaps after the instructions are there.
      const news = h("p", {});
      fill(body, watch, content);
      let age = ageing();
      let renewAt = RENEW_LINK_AFTER_MS;
      const read = async () => {
        const answer = await api.get(`/v1/accounts/${api.segment(handle.id)}/instructions`, { signal: handle.signal });
        age = ageing();
        renewAt = RENEW_LINK_AFTER_MS;
        return answer;
      };
      // The API's state of its looks for the role. "over": half an hour has passed. "none": the API has no looks. "":
      // nobody looks.
      let looking = "";
      // How long looks were made, in milliseconds. Leaves out the time while they failed or others had their turn.
      let lookedFor = 0;
      // How long all looks failed or others had their turn, in milliseconds.
      let inVain = 0;
      let isSeenAgain = false;
      let sinceTurn = () => 0;
      let sinceLook = stopwatch();
      const roleOf = () => handle.account() && leadsTo(handle.account());
      // While the page was hidden, for example behind the AWS console, nobody looked.
      const seen = () => {
        if (document.visibilityState !== "visible") return;
        lookedFor = inVain = 0;
        isSeenAgain = true;
      };
      document.addEventListener("visibilitychange", seen, { signal: handle.signal });
      // `wait`: how long the API asks not to look, in milliseconds. `isFailing`: whether the freshness mark counts a
      // failed look.
      const looks = { wait: 0, isFailing: () => looking === "failed" };
      const turn = async () => {
        const before = looking;
        const role = roleOf();
        sinceLook = stopwatch();
        if (!role) return;
        // An API that had no looks may have been updated.
        const known = looking === "none" && isSeenAgain ? "" : looking;
        isSeenAgain = false;
        looking = await look(handle.account(), known, lookedFor, { looks, signal: handle.signal });
        const passed = sinceTurn();
        sinceTurn = stopwatch();
        // The role has changed meanwhile, so the answer is about another role.
        if (roleOf() !== role) return void (looking = "");
        if (before === "off" && looking !== before) lookedFor = 0;
        else if ((looking === "waiting" || looking === "off") && passed < NO_LOOKING_MS) lookedFor += passed;
        if (looking !== "failed" && looking !== "busy") inVain = 0;
        else if (passed < NO_LOOKING_MS) inVain += passed;
        if (looking === before) return;
        // Reads the account first: the state may follow from a change that is not shown yet.
        await handle.refresh().finally(draw);
      };
      const again = async () => {
        lookedFor = 0;
        await turn();
      };
      const draw = () => {
        const account = handle.account();
        if (!account) return;
        drawWatch(watch, account, looking, again);
        render(news, newsOf(account), (message) => message);
        news.hidden = !news.textContent;
      };
      let first = true;
      const pauseOf = () => {
        const every = inVain > WATCH_SLOWLY_AFTER_MS ? LOOK_SLOWLY_EVERY_MS : LOOK_EVERY_MS;
        // Counts from request to request, as the page says.
        const left = looking === "waiting" ? every + FASTER_BY_MS - sinceLook() : every;
        if (!first) return Math.max(left, looks.wait);
        first = false;
        return 0;
      };
      whileLookedAt(handle.signal, pauseOf, turn);
      // Updates only this element. A link that was redrawn meanwhile, for example for another role, is newer than this
      // answer.
      const renew = async (link) => link.setAttribute("href", safeHref((await read()).deploy_on_aws_url));
      // The link may have expired while the computer slept.
      const onPress = (event) => {
        const link = event.currentTarget;
        if (!expires(link.href) || age() < LINK_LASTS_MS) return;
        if (event.type === "auxclick" && event.button !== 1) return;
        event.preventDefault();
        submitting(link, async () => {
          await renew(link);
          // A browser opens no window long after a press, and does not say so.
          if (link.isConnected && navigator.userActivation?.isActive !== false) {
            window.open(link.href, "_blank", "noopener,noreferrer");
          } else toast(t.instructions.pressAgain);
        });
      };
      const way = { title: "" };
      const draws = (answer) => drawGuide(answer, handle.account(), onPress, { way, news });
      const guide = watched(content, read, draws, { signal: handle.signal, once: true });
      let guided = handle.account();
      // When the shown steps were read, if newer ones could not be read. The view is as old as these steps.
      let behind = 0;
      handle.shows({ readAt: () => (guide.readAt() === behind ? behind : 0) });
      handle.onChange((account) => {
        if (leadsTo(account) !== leadsTo(guided)) looking = "";
        draw();
        if (asked(account) !== asked(guided)) {
          // Steps for the same role stay until newer ones come. Steps for another role go at once.
          const isSameRole = leadsTo(account) === leadsTo(guided);
          guided = account;
          lookedFor = 0;
          const fallBehind = () => {
            behind = guide.readAt();
            store.changed();
          };
          if (isSameRole) guide.again().catch(fallBehind);
          else guide.reload();
          return;
        }
        const link = /** @type {HTMLAnchorElement} */ (content.querySelector(".deploy a"));
        if (!link || !expires(link.href) || age() < renewAt) return;
        renewAt = Infinity;
        // If it fails, a later read tries again, but no sooner than the API allows.
        renew(link).catch((problem) => {
          renewAt = age() + retryAfter(problem);
        });
      });
      draw();
    },
    { pauseOf: () => (open() > WATCH_SLOWLY_AFTER_MS ? 5 * WATCH_EVERY_MS : WATCH_EVERY_MS) },
  );
}

// The fields that determine the steps and templates.
const leadsTo = ({ role_arn, regions, write_logs }) => JSON.stringify([role_arn, regions, write_logs]);
const asked = (account) => leadsTo(account) + JSON.stringify(account.template);

const newsOf = ({ issues }) => issues?.find(({ code }) => code === "template_outdated")?.message ?? "";

const mayWait = (account) => account.access_type === "assume_role" && !isConnected(account) && !isRevoked(account);

/**
 * Lets the API look for the role. `milliseconds`: how long it has looked already. Returns the API's state, or a state
 * without a look. After a failed look, it also looks while a test runs: that look may have marked the account as
 * under test without starting the execution.
 */
async function look(account, before, milliseconds, { looks, signal }) {
  if (before === "none") return before;
  if (!mayWait(account) || (account.testing && before !== "failed") || !session.current()?.canChange) return "";
  if (milliseconds > LOOK_FOR_MS) return before === "off" ? before : "over";
  const ask = () => api.look(`/v1/accounts/${api.segment(account.account_id)}/detection`, { signal });
  looks.wait = 0;
  try {
    return (await store.reading("looks", ask, signal, looks.isFailing)).answer.state;
  } catch (problem) {
    if (signal.aborted || isMissing(problem)) throw problem;
    // The gateway of an older API has no route for looks.
    if (problem instanceof Problem && problem.status === 404) return "none";
    looks.wait = retryAfter(problem);
    return "failed";
  }
}

/**
 * @param {any} target
 * @param {any} account
 * @param {string} word
 * @param {() => Promise<void>} again
 */
function drawWatch(target, account, word, again) {
  const confirmed = account.status === "confirmed";
  const [problem] = problemsOf(account);
  // The state of the looks no longer applies if the account has changed so much since.
  const looking = mayWait(account) && !isOpenToOthers(account) && !account.testing ? word : "";
  const { testing } = t.instructions;
  const text = account.testing ? testing : saidOf(account, waitsFor(account, looking));
  const busy = account.testing || looking === "waiting" || looking === "busy";
  const looks = t.instructions.looks[looking || "off"];
  // Announces neither the first look nor the turns of others, which come and go.
  if (looking !== "busy") {
    if (looks && looks !== target.said && (target.said || looking === "over" || looking === "failed")) announce(looks);
    target.said = looks;
  }
  // The time of the next test does not matter while a test runs, or while the API looks all the time.
  const next =
    !confirmed && !account.testing && !isRevoked(account) && looking !== "waiting" && account.next_verification_at;
  render(target, [account.status, account.testing, account.next_verification_at, problem, text, looking], () => [
    h("div", { class: "watch-state" }, busy && spinner(), statusBadge(account.status)),
    h(
      "div",
      { class: "watch-text" },
      h("p", {}, text, " ", looks, " ", next && [t.instructions.nextCheck, " ", when(next, { kind: "due" }), "."]),
      !confirmed && problem && h("p", { class: "small" }, problem.message),
    ),
    looks &&
      looking === "over" &&
      button(t.instructions.lookAgain, {
        onclick: (event) => submitting(event.currentTarget, again),
        "data-part": "again",
      }),
    confirmed
      ? h("a", { class: "button", href: `#/accounts/${account.account_id}` }, t.instructions.open)
      : changeButton(
          t.instructions.testNow,
          { onclick: (event) => startTest(account, event.currentTarget), "data-part": "test" },
          "test",
        ),
  ]);
}

function saidOf(account, awaited) {
  const { watch } = t.instructions;
  if (awaited !== "notProvedYet" && awaited !== "nobodyLooks") return watch[awaited] ?? watch[account.status];
  // A test of an earlier connection says nothing about the current one.
  const since = account.verification ? watch.notProvedSince : watch.notProvedYet;
  const notProved = conditionOf(account) === "notThereYet" ? watch.notEntered : since;
  return awaited === "nobodyLooks" ? `${notProved} ${watch.nobodyLooks}` : notProved;
}

// The API does not look for a role ("off") after a test that entered the account, or that was aborted.
function waitsFor(account, looking) {
  if (account.status !== "unconfirmed" || isRevoked(account)) return conditionOf(account);
  if (account.access_type !== "assume_role") {
    const condition = conditionOf(account);
    return condition === "unconfirmed" ? "unconfirmedKey" : condition;
  }
  if (looking === "off") return "notProved";
  const isLooked = session.current()?.canChange && looking !== "over" && looking !== "none";
  if (!isLooked && !account.next_verification_at) return "nobodyLooks";
  // Only a look that was just refused proves that no role lets Cavok in.
  return looking === "waiting" ? "unconfirmed" : "notProvedYet";
}

function drawGuide(guide, account, onPress, { way, news }) {
  const ways = [
    guide.cloudformation_template && {
      title: t.instructions.tabs.cloudformation,
      content: () => [
        h("p", {}, t.instructions.cloudformation),
        codeBlock(guide.cloudformation_template, { label: t.instructions.template, filename: "cavok-cloud.json" }),
      ],
    },
    guide.terraform && {
      title: t.instructions.tabs.terraform,
      content: () => [
        h("p", {}, t.instructions.terraform),
        codeBlock(guide.terraform, { label: t.instructions.tabs.terraform, filename: "cavok-cloud.tf" }),
      ],
    },
    guide.cli && {
      title: t.instructions.tabs.cli,
      content: () => [
        h("p", {}, t.instructions.cli),
        codeBlock(guide.cli, { label: t.instructions.tabs.cli, filename: "cavok-cloud.sh" }),
      ],
    },
    {
      title: t.instructions.tabs.policies,
      content: () => [
        h(
          "p",
          {},
          account.access_type === "assume_role" ? t.instructions.policies : t.instructions.policiesUser,
          " ",
          h("a", { href: "#/access-details" }, t.nav.access),
        ),
        guide.trust_policy &&
          codeBlock(guide.trust_policy, { label: t.instructions.trust, filename: "trust-policy.json" }),
        guide.permissions_policy &&
          codeBlock(guide.permissions_policy, {
            label: t.instructions.permissions,
            filename: "permissions-policy.json",
          }),
      ],
    },
  ].filter(Boolean);
  return [
    guide.update && updateSection(guide.update, news),
    section(
      t.instructions.title[account.access_type] ?? t.account.tabs.instructions,
      {},
      h(
        "ol",
        { class: "steps" },
        (guide.steps ?? []).map((step) => h("li", {}, h("h3", {}, step.title), h("p", {}, step.text))),
      ),
      guide.deploy_on_aws_url &&
        h(
          "p",
          { class: "deploy" },
          h(
            "a",
            {
              class: "button button-primary",
              href: guide.deploy_on_aws_url,
              onclick: onPress,
              onauxclick: onPress,
              target: "_blank",
              rel: "noopener noreferrer",
            },
            h("span", {}, t.instructions.deploy),
            icon("external"),
          ),
          h(
            "span",
            { class: "muted small" },
            t.instructions.deployNote(account.provider_id),
            " ",
            expires(guide.deploy_on_aws_url) ? t.instructions.linkExpires : t.instructions.linkStays,
          ),
        ),
    ),
    section(t.instructions.other, {}, tabs(t.instructions.other, ways, way)),
  ];
}

// For a role of an older version: what the newer ones change, and each way to update it.
function updateSection({ steps, template_url: template, console_url, cli }, news) {
  return section(
    t.instructions.update,
    {},
    news,
    steps.map((step) => [h("h3", {}, step.title), h("p", {}, step.text)]),
    copyBlock(template, t.instructions.templateUrl),
    fixOf({ cli, console_url }),
  );
}
