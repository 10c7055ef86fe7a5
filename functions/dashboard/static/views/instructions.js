// Instructions for the customer's own account, and the result of the test.
import * as api from "../lib/api.js";
import { isKeyRefused } from "../lib/connecting.js";
import { deployButton, expires, linkGuard, RENEW_LINK_AFTER_MS, stackOf } from "../lib/deploy-link.js";
import { announce, fill, h, render, safeHref } from "../lib/dom.js";
import { stopwatch } from "../lib/elapsed.js";
import { when } from "../lib/format.js";
import { leadsTo, looksFor, mayWait } from "../lib/looks.js";
import { retryAfter } from "../lib/problem.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { startTest } from "../lib/testing.js";
import { fixOf, updateSection } from "../lib/findings.js";
import { codeBlock, copyable, tabs } from "../lib/copying.js";
import {
  button,
  changeButton,
  definition,
  isConnected,
  isOpenToOthers,
  isRevoked,
  problemsOf,
  section,
  spinner,
  statusBadge,
  submitting,
} from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { t } from "./texts.js";
import { conditionOf, confirmRemoval, frame, rotate } from "./account.js";
import { withdrawLink } from "./invite.js";

const WATCH_EVERY_MS = 3_000;
const WATCH_SLOWLY_AFTER_MS = 5 * 60_000;

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
      // Reads the account first: the state may follow from a change that is not shown yet.
      const looks = looksFor(handle, () => handle.refresh().finally(draw));
      const draw = () => {
        const account = handle.account();
        if (!account) return;
        drawWatch(watch, handle, looks);
        render(news, newsOf(account), (message) => message);
        news.hidden = !news.textContent;
      };
      handle.onChange(draw);
      const way = { title: "" };
      guideFor(handle, content, (guide, onPress) => drawGuide(guide, handle, onPress, { way, news }));
      draw();
    },
    { pauseOf: () => (open() > WATCH_SLOWLY_AFTER_MS ? 5 * WATCH_EVERY_MS : WATCH_EVERY_MS) },
  );
}

/**
 * Reads how to connect an account, again once its role is another one. Keeps the link of "Deploy on AWS" good.
 * @param {any} handle @param {HTMLElement} content
 * @param {(guide: any, onPress: (event: any) => void) => any} draws puts the link into `.deploy`, and `onPress` on it
 * @param {object} [loading] what stands there until they are read, as `load` takes it
 */
export function guideFor(handle, content, draws, loading) {
  let renewAt = RENEW_LINK_AFTER_MS;
  const read = async () => {
    const answer = await api.get(`/v1/accounts/${api.segment(handle.id)}/instructions`, { signal: handle.signal });
    guard.restart();
    renewAt = RENEW_LINK_AFTER_MS;
    const account = handle.account();
    return { ...answer, isDone: isConnected(account), template: account?.template };
  };
  // Updates only this element. A link that was redrawn meanwhile, for example for another role, is newer than this
  // answer.
  const renew = async (link) => link.setAttribute("href", safeHref((await read()).deploy_on_aws_url));
  const guard = linkGuard(renew);
  const shows = (answer) => draws(answer, guard.onPress);
  const guide = watched(content, read, shows, { signal: handle.signal, once: true, ...loading });
  let guided = handle.account();
  // When the shown steps were read, if newer ones could not be read. The view is as old as these steps.
  let behind = 0;
  handle.shows({ readAt: () => (guide.readAt() === behind ? behind : 0) });
  handle.onChange((account) => {
    if (asked(account) !== asked(guided)) {
      // Steps for the same role stay until newer ones come. Steps for another role go at once.
      const isSameRole = leadsTo(account) === leadsTo(guided);
      guided = account;
      const fallBehind = () => {
        behind = guide.readAt();
        store.changed();
      };
      if (isSameRole) guide.again().catch(fallBehind);
      else guide.reload();
      return;
    }
    const link = /** @type {HTMLAnchorElement} */ (content.querySelector(".deploy a"));
    if (!link || !expires(link.href) || guard.age() < renewAt) return;
    renewAt = Infinity;
    // If it fails, a later read tries again, but no sooner than the API allows.
    renew(link).catch((problem) => {
      renewAt = guard.age() + retryAfter(problem);
    });
  });
  return guide;
}

// What determines the steps and templates, and how they are shown.
const asked = (account) => leadsTo(account) + JSON.stringify([account.template, isConnected(account)]);

const newsOf = ({ issues }) => issues?.find(({ code }) => code === "template_outdated")?.message ?? "";

/**
 * `tests`: starts a test. `primary`: "test", "rotate" or "onward" if that is the primary button.
 * @param {any} target
 * @param {any} handle of an account that is known
 * @param {{state: () => string, again: () => Promise<void>}} looks
 * @param {{tests?: (event: any) => any, primary?: string}} options
 */
export function drawWatch(target, handle, { state, again }, { tests, primary } = {}) {
  const [account, word] = [handle.account(), state()];
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
  const classOf = (part) => (part === primary ? "button-primary" : "");
  render(
    target,
    [account.status, account.testing, account.next_verification_at, problem, text, looking, primary],
    () => [
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
      isKeyRefused(account) &&
        changeButton(t.account.rotate, {
          class: classOf("rotate"),
          onclick: () => rotate(handle),
          "data-part": "rotate",
        }),
      !confirmed &&
        changeButton(
          t.instructions.testNow,
          {
            class: classOf("test"),
            onclick: tests ?? ((event) => startTest(account, event.currentTarget)),
            "data-part": "test",
          },
          "test",
        ),
      isConnected(account) &&
        h("a", { class: `button ${classOf("onward")}`, href: `#/accounts/${account.account_id}` }, t.instructions.open),
    ],
  );
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
  if (isKeyRefused(account)) return "keyRefused";
  if (account.status !== "unconfirmed" || isRevoked(account)) return conditionOf(account);
  if (account.access_type !== "assume_role") return "unconfirmedKey";
  if (looking === "off") return "notProved";
  const isLooked = session.current()?.canChange && looking !== "over" && looking !== "none";
  if (!isLooked && !account.next_verification_at) return "nobodyLooks";
  // Only a look that was just refused proves that no role lets Cavok in.
  return looking === "waiting" ? "unconfirmed" : "notProvedYet";
}

/** Every other way to grant the same, as tabs. */
export const otherWays = (guide, account) =>
  [
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
          h("a", { href: `#/access-details?account=${api.segment(account.account_id)}` }, t.nav.access),
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

function drawGuide(guide, handle, onPress, { way, news }) {
  const account = handle.account();
  const ways = otherWays(guide, account);
  const steps = section(
    t.instructions.title[account.access_type] ?? t.account.tabs.instructions,
    {},
    h(
      "ol",
      { class: "steps" },
      (guide.steps ?? []).map((step) => h("li", {}, h("h3", {}, step.title), h("p", {}, step.text))),
    ),
    deployLink(guide, account, onPress),
    !guide.isDone &&
      h(
        "p",
        { class: "small" },
        h("a", { href: `#/accounts/${api.segment(account.account_id)}/connect` }, t.instructions.connect),
      ),
  );
  const others = section(t.instructions.other, {}, tabs(t.instructions.other, ways, way));
  if (!guide.isDone) return [guide.update && updateSection(guide.update, t.instructions.update, news), steps, others];
  return [
    deployed(account, guide),
    guide.update && updateSection(guide.update, t.instructions.update, news),
    section(
      t.instructions.remove,
      {},
      h("p", {}, t.instructions.removeText[account.access_type]),
      ownStack(account, guide),
      h(
        "p",
        { class: "row-links" },
        changeButton(t.account.remove, { onclick: () => confirmRemoval(handle), "data-part": "remove" }),
      ),
    ),
    h("details", { class: "step-detail" }, h("summary", {}, t.instructions.deployAgain), steps, others),
  ];
}

// A stack of an AWS Organization makes the role of its members, and is in another account.
const ownStack = ({ access_type: type, enrollment_id: enrolled }, { deploy_on_aws_url: address }) =>
  type === "assume_role" && !enrolled && address && fixOf({ stack_url: stackOf(address) });

/** The link of "Deploy on AWS", and what to know about it. */
export function deployLink({ deploy_on_aws_url: address }, { provider_id: number }, onPress) {
  if (!address) return null;
  const lasts = expires(address) ? t.instructions.linkExpires : t.instructions.linkStays;
  return deployButton(address, onPress, `${t.instructions.deployNote(number)} ${lasts}`);
}

// Of a connected account: what lies in it, and whether that is the newest.
function deployed({ account_id: id, role_arn: role, write_logs: logs }, { update, template }) {
  const { versions } = t.instructions;
  const version = template
    ? (template.outdated ? versions.old : versions.newest)(template.version, template.current)
    : versions.unknown;
  return section(
    t.instructions.deployed,
    {},
    h(
      "dl",
      { class: "facts" },
      role
        ? definition(t.instructions.role, copyable(role, t.actions.copyThis(t.instructions.role)))
        : definition(t.instructions.role, t.instructions.user),
      role && definition(t.instructions.version, version, !update && template?.outdated && ` ${versions.soon}`),
      definition(t.instructions.grants, logs ? t.instructions.withLogs : t.instructions.withoutLogs),
    ),
    h("p", { class: "small" }, h("a", { href: "#/access-details" }, t.nav.access)),
    h(
      "p",
      { class: "muted small" },
      `${t.invite.stays} `,
      changeButton(t.invite.withdraw, {
        class: "button-small",
        onclick: ({ currentTarget }) => submitting(currentTarget, () => withdrawLink(id)),
      }),
    ),
  );
}
