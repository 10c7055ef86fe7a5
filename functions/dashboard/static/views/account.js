// One account: the frame that its tabs share, and the overview.
import * as api from "../lib/api.js";
import { announce, fill, focus, focused, focusOn, h, render, uniqueId } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { issueList, regionList, someLeftOut } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import { utcDate } from "../lib/later-formats.js";
import { NAME, ROLE_NAME } from "../lib/patterns.js";
import { regionsField } from "../lib/regions-field.js";
import { isMissing, Problem } from "../lib/problem.js";
import { room, roomy } from "../lib/room.js";
import * as router from "../lib/router.js";
import { sameName } from "../lib/same-name.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { showOnce, startTest } from "../lib/testing.js";
import { copyable } from "../lib/copying.js";
import { dialog } from "../lib/modal.js";
import {
  button,
  capabilityIcon,
  capabilityState,
  changeButton,
  definition,
  field,
  form,
  freshnessMark,
  isConnected,
  isOpenToOthers,
  isProblem,
  isRevoked,
  issuesOf,
  notice,
  problemsOf,
  section,
  setError,
  skeleton,
  statusBadge,
  submitting,
  toast,
} from "../lib/ui.js";
import { inTurn, onceMore, removing, unlessChanged } from "../lib/meanwhile.js";
import { monthsPicture } from "../lib/months.js";
import { styled } from "../lib/pictures.js";
import { typedNumber } from "../lib/typed-number.js";
import { levelOf, meter } from "../lib/usage.js";
import { keptTrue, oldest, watched } from "../lib/watched.js";
import { PROVIDERS } from "../providers.js";
import { wordOf } from "../texts.js";
import { groupText, t } from "./texts.js";

const TESTING_MS = 2_000;
const IDLE_MS = 15_000;
const whatItDoes = (account) => (account?.testing ? TESTING_MS : IDLE_MS);

/** The handle of the account that is shown, if one is. @type {any} */
let shown = null;
export const shownAccount = () => shown;

/**
 * `pauseOf`: milliseconds until the account is read again, so that every tab shows what a sweep or
 * another person changed.
 * @param {any} context
 * @param {string} current
 * @param {(body: HTMLElement, handle: any) => any} drawContent
 * `isAlone`: without the tabs, and without a test that leads away, so that the content has the primary button.
 * @param {{pauseOf?: (account: any) => number, whenGone?: (trail: Element) => {readAt: () => number},
 *   isAlone?: boolean}} options
 */
export function frame(context, current, drawContent, { pauseOf = whatItDoes, whenGone, isAlone = false } = {}) {
  const { main, params, signal } = context;
  const id = params.id;
  const head = h(
    "div",
    { class: "account-head" },
    store.account(id) ? null : [h("h1", { class: "muted" }, t.account.loading)],
  );
  // The view is as old as its oldest part.
  const parts = [{ readAt: () => store.readAt(id) }];
  const mark = freshnessMark(() => oldest(parts), signal);
  const nav = h("nav", { class: "subnav", "aria-label": t.account.sections });
  const body = h("div", {});
  fill(
    main,
    h("div", { class: "crumb" }, h("a", { href: store.listAddress() }, icon("left"), t.list.title), mark),
    head,
    nav,
    body,
  );

  let isRead = false;
  let acts = 0;
  const acted = () => {
    acts += 1;
    isRead = false;
    store.changed();
  };
  const listeners = [];
  const isGone = new AbortController();
  const handle = {
    id,
    /** Aborts when the view is left, or its account is gone. Then its parts are read no more. */
    signal: AbortSignal.any([signal, isGone.signal]),
    account: () => store.account(id),
    onChange: (listener) => listeners.push(listener),
    /** Whether the account was read since the view was opened, or since a person's act here. */
    isRead: () => isRead,
    /** Every act of a person goes through here. What it changes is shown at once, also if its answer was lost. */
    act: async (sent) => {
      try {
        const answer = await sent;
        acted();
        return answer;
      } catch (error) {
        const problem = /** @type {any} */ (error);
        if (problem.perhapsDone) acted();
        throw problem;
      }
    },
    /** Adds a part that is read by itself. The freshness mark includes its age. @param {{readAt: () => number}} part */
    shows: (part) => parts.push(part),
    refresh: async () => {
      const since = acts;
      const account = await store.read(id, signal);
      // What was asked before an act does not have what that changed.
      if (since === acts) isRead = true;
      return account;
    },
    /** Reads again after an act, also if the view was left meanwhile. */
    again: () => part.again(),
  };
  shown = handle;
  signal.addEventListener("abort", () => (shown = null), { once: true });
  let status = store.account(id)?.status;
  const draw = () => {
    const account = store.account(id);
    // Another view may have found that the account is gone, or deleted it.
    if (!account) return status && part.gone();
    if (status && status !== account.status) announce(t.account.isNow(wordOf(t.status, account.status)));
    status = account.status;
    drawHead(head, account, isAlone);
    context.title(`${account.name} · ${t.account.tabs[current]}`);
    for (const listener of listeners) listener(account);
  };
  store.onChange(draw, signal);
  if (isAlone) nav.remove();
  else drawTabs(nav, id, current);
  const gone = () => {
    isGone.abort();
    const heading = h("h1", { tabindex: "-1" }, t.account.missing);
    const lost = [head, nav, body].some((part) => part.contains(focus()));
    context.title(t.account.missing);
    announce(t.account.missing);
    fill(head, heading);
    if (lost) heading.focus({ preventScroll: true });
    nav.remove();
    // All of it is replaced, so nothing moves.
    body.replaceChildren();
    main.append(body);
    const trail = h("div", {});
    const kept = whenGone?.(trail);
    // The mark counts only what is still read.
    if (kept) parts.splice(0, parts.length, kept);
    else mark.remove();
    return [
      notice("warning", h("p", {}, t.account.missingText)),
      trail,
      h(
        "p",
        { class: "row-links" },
        h("a", { href: store.listAddress(), class: isAlone && "button button-primary" }, t.notFound.back),
        !whenGone && h("a", { href: `#/accounts/${api.segment(id)}/audit` }, t.account.itsAudit),
      ),
    ];
  };
  const content = h("div", { class: "account-body" });
  const begin = () => {
    if (!content.hasChildNodes()) drawContent(content, handle);
    return content;
  };
  const known = store.account(id);
  if (known) draw();
  else context.title(t.account.loading);
  const part = keptTrue(body, handle.refresh, begin, {
    known,
    signal,
    pauseOf: () => pauseOf(handle.account()),
    onMissing: gone,
    placeholder: () => skeleton(6),
    retryClass: isAlone ? "button-primary" : "",
  });
}

function drawHead(head, account, isAlone) {
  const heading = head.querySelector("h1") === document.activeElement;
  render(head, account, () => [
    h(
      "div",
      { class: "account-title" },
      h("h1", {}, account.name),
      statusBadge(account.status, { testing: account.testing }),
    ),
    h(
      "p",
      { class: "account-sub muted" },
      wordOf(PROVIDERS, account.provider),
      " ",
      h("span", { class: "mono" }, account.provider_id),
      " · ",
      t.accessTexts[account.access_type]?.title ?? account.access_type,
    ),
    !isAlone && testButton(account),
  ]);
  if (heading) focusOn(head.querySelector("h1"));
}

// Watching a test only reads, so a viewer may do it. It works also if the test has ended when this is pressed.
function testButton(account) {
  const attributes = { class: "button-primary test-now", "data-part": "test" };
  if (account.testing)
    return button(
      t.account.watchTest,
      { ...attributes, onclick: (event) => watchTest(account, event.currentTarget) },
      "test",
    );
  return changeButton(
    t.account.test,
    { ...attributes, onclick: (event) => startTest(account, event.currentTarget) },
    "test",
  );
}

function watchTest(account, node) {
  const path = `/v1/accounts/${api.segment(account.account_id)}/verifications`;
  const newest = () => api.get(path, { query: { limit: 1 } }).then(({ items: [test] }) => test);
  return submitting(node, () => showOnce(account, newest()));
}

export const TABS = [
  ...["overview", "instructions", "tests", "health"],
  ...["instances", "schedules", "interactions", "privilege", "audit"],
];
const TAB_PATHS = { overview: "", privilege: "/least-privilege" };

/** The address of a tab of an account. */
export const tabAddress = (id, name) => `#/accounts/${api.segment(id)}${TAB_PATHS[name] ?? `/${name}`}`;

function drawTabs(nav, id, current) {
  fill(
    nav,
    h(
      "ul",
      {},
      TABS.map((name) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: tabAddress(id, name), "aria-current": name === current ? "page" : null },
            t.account.tabs[name],
          ),
        ),
      ),
    ),
  );
  const link = nav.querySelector("[aria-current]");
  nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.clientWidth) / 2;
}

export function overview(context) {
  return frame(context, "overview", (body, handle) => {
    const status = h("div", {});
    const facts = h("div", {});
    const settings = h("div", {});
    const logs = logsSwitch(handle);
    const usage = h("div", {});
    const stop = h("div", {});
    fill(
      body,
      h("div", { class: "columns" }, h("div", {}, status, settings), h("div", {}, facts, usage)),
      stop,
      danger(handle),
    );
    let next;
    /** What tests found, as it is shown. What they find later waits for a press, so that nothing moves under a reader.
     * @type {any} */
    let found;
    const showNewer = () => {
      found = undefined;
      draw(handle.account());
    };
    const newer = button(t.account.newer.text, { class: "button-small newer", hidden: true, onclick: showNewer });
    // Redraws for any change of the account, except for the start of a test, which only delays the next one.
    const draw = ({ testing, ...account }) => {
      if (!testing || next === undefined) next = account.next_verification_at;
      account.next_verification_at = next;
      const read = foundIn(account);
      // What was known before the view opened may be old.
      found = handle.isRead() ? (found ?? read) : read;
      const isNewer = !same(found, read);
      const newest = isNewer ? read : found;
      if (isNewer && newer.hidden) announce(t.account.newer.said);
      const had = focused(newer);
      newer.hidden = !isNewer;
      drawStatus(status, account, { found, newest, newer });
      if (had && !isNewer) focusOn(status.querySelector("h2"));
      drawFacts(facts, account, { found, newest, testing });
      drawSettings(settings, account, handle, logs);
      drawRevoke(stop, account, handle);
    };
    handle.onChange(draw);
    draw(handle.account());
    handle.shows(drawUsage(usage, handle.account(), handle.signal));
  });
}

// What needs other room when it changes. As with capabilities, the health of a region matters only while the account is
// connected.
const foundIn = (account) => ({
  next: nextStepOf(account),
  issues: issuesOf(account),
  health: isConnected(account) ? account.region_health : [],
  template: account.template,
});

// What is not so any more keeps its room, but is not said.
const ageOf = (before, now) => (same(before, now) ? "" : "outdated");

// `found`: as it is shown. `newer`: the button that shows what was found since.
function drawStatus(target, account, { found, newest, newer }) {
  const condition = conditionOf(account);
  const tested = testedAs(account);
  const { next, issues } = found;
  const groups = Object.keys(account.capabilities ?? {}).map((group) => [group, capabilityState(account, group)]);
  const meaningOf = (group, state) =>
    state === "unknown"
      ? t.account.notKnown[tested]
      : [
          wordOf(t.capabilities, state),
          state === "blocked"
            ? (t.account.blockedUntil[condition] ?? t.account.blockedUntil.failed)
            : t.account.possible[group]?.[state],
        ];
  const isShown = same(issues, newest.issues);
  const sentence = condition === "confirmedInPart" && !isShown ? "confirmed" : condition;
  // A test with the same findings redraws nothing, so that selected text stays selected.
  render(target, [account.status, condition, tested, found, newest, groups], () =>
    section(
      t.account.status,
      { actions: newer },
      roomy(
        "p",
        { class: `verdict status-${account.status}` },
        Object.values(t.account.statusText),
        t.account.statusText[sentence] ?? wordOf(t.status, account.status),
      ),
      next && h("div", { class: ageOf(next, newest.next) }, nextStep(account, next)),
      issues.length > 0 && issueList(issues, newest.issues),
      h(
        "dl",
        { class: "capabilities" },
        groups.map(([group, state]) => {
          const [said, meaning] = meaningOf(group, state);
          const isOptional = state === "none" && group !== "logs" && meaning && !newest.issues.some(isProblem);
          return h(
            "div",
            { class: `capability capability-${state}` },
            h("dt", {}, icon(capabilityIcon(state)), groupText(group).title),
            roomy(
              "dd",
              {},
              roomOf(group),
              h("strong", {}, said, "."),
              " ",
              meaning,
              isOptional && [" ", t.account.optional],
            ),
          );
        }),
      ),
      h("p", { class: "small" }, h("a", { href: `#/accounts/${account.account_id}/tests` }, t.account.allTests)),
    ),
  );
  // Each test that enters no account is another one, and changes nothing else here.
  const test = account.verification && `/${api.segment(account.verification.verification_id)}`;
  target.querySelector(".what-was-tried")?.setAttribute("href", `#/accounts/${account.account_id}/tests${test ?? ""}`);
}

// What may be said of a group.
const roomOf = (group) =>
  [
    ...Object.values(t.account.notKnown),
    ...Object.values(t.account.blockedUntil).map((text) => [t.capabilities.blocked, text]),
    ...Object.entries(t.account.possible[group] ?? {}).map(([state, text]) => [
      wordOf(t.capabilities, state),
      state === "none" ? `${text} ${t.account.optional}` : text,
    ]),
  ].map(([said, meaning]) => room(` ${meaning}`, h("strong", { "data-room": `${said}.` })));

// Why an account that is not connected is not used.
export const whyUnused = (account) =>
  isRevoked(account) ? "revoked" : isOpenToOthers(account) ? "openToOthers" : "notConnected";

/** The account's status, made more exact by its issues. Every view uses this. */
export function conditionOf(account) {
  const { status } = account;
  if (isRevoked(account)) return "revoked";
  if (isOpenToOthers(account)) return "openToOthers";
  if (testedAs(account) === "notEntered") return "notThereYet";
  if (status === "degraded" && account.issues?.some(isProblem) && !problemsOf(account).length) return "logsOff";
  return status === "confirmed" && problemsOf(account).length ? "confirmedInPart" : status;
}

export const isNewestOf = (account, test) => account?.verification?.verification_id === test.verification_id;

/**
 * The outcome of a test, or its state. "notThereYet" if it could not enter an account that is still unconfirmed.
 * @param {any} test @param {any} account null if it is not known
 */
export const outcomeOf = (test, account) =>
  test.outcome === "failed" && isNewestOf(account, test) && conditionOf(account) === "notThereYet"
    ? "notThereYet"
    : (test.outcome ?? test.state);

// "before": no test has ended with a verdict since the connection last changed. Such a change leaves an account
// unconfirmed and without issues. A verdict gives it another status, or the problem for which it could not be entered.
// `updated_at` does not show this, because aborted tests and renames change it too.
function testedAs(account) {
  if (account.status !== "unconfirmed") return "after";
  return problemsOf(account).length && !isRevoked(account) ? "notEntered" : "before";
}

// What the person has to do next, and whether a test was tried.
function nextStepOf(account) {
  // A revoked account has its own remedy among its issues.
  if (account.status !== "unconfirmed" || isRevoked(account)) return null;
  const { access_type: type, next_verification_at: next } = account;
  const tested = testedAs(account);
  const nobodyLooks = type === "assume_role" && !next;
  // A refused key needs no other test. Its remedy is among the issues.
  const isRefused = type !== "assume_role" && tested === "notEntered";
  return {
    step: nobodyLooks ? "nobodyLooks" : isRefused ? "refused_key" : type,
    tried: tested !== "before" && Boolean(account.verification),
  };
}

function nextStep(account, { step, tried }) {
  return [
    h(
      "p",
      {},
      t.account.unconfirmed[step] ?? t.account.unconfirmed.other,
      " ",
      h("a", { href: `#/accounts/${account.account_id}/instructions` }, t.list.instructions),
    ),
    tried && h("p", {}, h("a", { class: "what-was-tried" }, t.account.whatWasTried)),
  ];
}

function drawFacts(target, account, { found, newest, testing }) {
  const { template } = found;
  const ofRegions = ({ health }) => health?.filter(({ region }) => account.regions?.includes(region));
  const health = ofRegions(found);
  const age = ageOf(health, ofRegions(newest));
  render(target, [account, health, template], () =>
    section(
      t.account.facts,
      {},
      h(
        "dl",
        { class: "facts" },
        definition(t.account.number, copyable(account.provider_id, t.actions.copyThis(t.account.number))),
        definition(t.account.accessType, t.accessTexts[account.access_type]?.title ?? account.access_type),
        account.role_arn && definition(t.account.role, copyable(account.role_arn, t.actions.copyThis(t.account.role))),
        template &&
          definition(
            t.account.roleVersion,
            h("span", { class: ageOf(template, newest.template) }, versionOf(template)),
          ),
        account.access_key_id && definition(t.account.keyId, h("code", {}, `…${account.access_key_id.slice(-4)}`)),
        definition(
          t.account.regions,
          account.regions?.length ? regionList(account.regions, health, age) : t.account.defaultRegion,
          someLeftOut(health) && h("p", { class: `muted small ${age}` }, t.regions.leftOut),
        ),
        definition(t.account.lastTested, when(account.verification?.finished_at)),
        h(
          "div",
          { class: "fact next-test" },
          h("dt", {}, t.account.nextTest),
          h(
            "dd",
            {},
            account.next_verification_at
              ? when(account.next_verification_at, { kind: "due" })
              : h("span", { class: "muted" }, t.account.noNextTest),
          ),
        ),
        definition(
          t.account.added,
          when(account.created_at, { exact: true }),
          account.created_by && h("span", { class: "muted" }, ` ${t.account.by} ${account.created_by}`),
        ),
        definition(t.account.changed, when(account.updated_at)),
      ),
    ),
  );
  // While a test runs, the time of the next one does not matter.
  target.querySelector(".next-test").hidden = testing;
}

const versionOf = ({ version, current, outdated }) =>
  outdated ? `${version} (${t.account.newestVersion(current)})` : String(version);

// Made once, so that it stays busy while its request runs, whatever else changes meanwhile.
function logsSwitch(handle) {
  const id = uniqueId("write-logs");
  const may = session.somebody().canChange;
  const said = h("span", { class: "switch-text" });
  const node = h(
    "button",
    {
      type: "button",
      role: "switch",
      class: "switch",
      "data-part": "logs",
      "aria-labelledby": `${id}-label`,
      "aria-describedby": `${id}-text`,
      "aria-disabled": may ? null : "true",
      title: may ? null : t.viewer.why,
      onclick: () => {
        if (!may) return toast(t.viewer.why, "warning");
        submitting(node, () => switchLogs(handle));
      },
    },
    h("span", { class: "switch-knob" }),
    said,
  );
  const show = (on) => {
    node.setAttribute("aria-checked", String(on));
    said.textContent = on ? t.yes : t.no;
  };
  return { id, node, show };
}

export async function switchLogs(handle) {
  const write_logs = !present(handle).write_logs;
  await inTurn(() => onceMore(() => change(handle, { write_logs })));
  const isUsed = isConnected(present(handle));
  toast(!write_logs ? t.account.logsOff : isUsed ? t.account.logsOn : t.account.logsLater);
}

function drawSettings(target, account, handle, logs) {
  logs.show(account.write_logs);
  render(target, account, () =>
    section(
      t.account.settings,
      {},
      h(
        "div",
        { class: "setting" },
        h(
          "div",
          {},
          h("p", { class: "setting-title", id: `${logs.id}-label` }, t.newAccount.writeLogs),
          h(
            "p",
            { class: "help", id: `${logs.id}-text` },
            account.write_logs ? t.newAccount.writeLogsYes : t.newAccount.writeLogsNo,
          ),
        ),
        logs.node,
      ),
      setting(
        t.account.name,
        account.name,
        changeButton(t.actions.rename, {
          class: "button-small",
          "data-part": "name",
          onclick: () => rename(handle),
        }),
      ),
      setting(
        account.role_arn ? t.account.roleAndRegions : t.account.regions,
        [account.role_arn?.split("/").pop(), (account.regions ?? []).join(", ")].filter(Boolean).join(" · ") ||
          t.account.defaultRegion,
        changeButton(t.actions.change, {
          class: "button-small",
          "data-part": "role",
          onclick: () => reach(handle),
        }),
      ),
      account.access_type === "access_key" &&
        setting(
          t.account.keys,
          t.account.keysText(keyEnding(account)),
          changeButton(t.account.rotate, {
            class: "button-small",
            "data-part": "keys",
            onclick: () => rotate(handle),
          }),
        ),
    ),
  );
}

const keyEnding = ({ access_key_id: id }) => id?.slice(-4) ?? "";

function setting(title, text, action) {
  return h(
    "div",
    { class: "setting" },
    h("div", {}, h("p", { class: "setting-title" }, title), h("p", { class: "help" }, text)),
    action,
  );
}

// The fields of an account that a person can change, by the API's names.
const changeable = ({ name, write_logs, regions, role_arn, role_path }) => ({
  name,
  write_logs,
  regions,
  role_name: role_arn?.split("/").pop(),
  role_path: role_path ?? "/",
});
const unordered = (_, value) =>
  Array.isArray(value) ? value.map((each) => JSON.stringify(each, unordered)).sort() : value;
const same = (one, other) => JSON.stringify(one, unordered) === JSON.stringify(other, unordered);
// Whether the account already has these values, for example from an earlier request whose answer was lost.
const isDone = (account, body) => same(changeable(account), { ...changeable(account), ...body });

// Returns a function that saves these fields. The page may have read another person's change already. Then it knows the
// newest version, but the modal still shows the old values. `say` names the current values.
function changing(handle, names, say) {
  const fields = () => Object.fromEntries(names.map((name) => [name, changeable(present(handle))[name]]));
  const check = unlessChanged(fields(), fields, say);
  const save = async (body, first) => {
    await first(check({ ...fields(), ...body }));
    await change(handle, body);
  };
  return (body, first) => onceMore(() => save(body, first));
}

// Throws if somebody deleted the account while a modal was open.
function present(handle) {
  const account = handle.account();
  if (!account) throw new Problem({ status: 404, title: t.account.missing });
  return account;
}

// After a 412, reads the newest version before it reports the conflict. Returns null if the change is saved already.
async function orConflict(handle, asked, isSaved = (_) => false) {
  try {
    return await asked;
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 412) throw problem;
    if (isSaved(await store.readOne(handle.id))) return null;
    throw new Problem({ status: 412, title: t.account.changedMeanwhile });
  }
}

/** Changes these fields, also if the view is left meanwhile. @param {any} handle @param {any} body */
async function change(handle, body) {
  const asked = Date.now();
  const path = `/v1/accounts/${api.segment(handle.id)}`;
  const patched = api.patch(path, body, { etag: store.tagOf(handle.id) });
  const answer = await handle.act(orConflict(handle, patched, (account) => isDone(account, body)));
  if (answer) store.put(answer.body, asked);
}

// The message after a save that no test has proved. It does not ask for a test of a revoked account, because a test
// would take that into use again.
const untested = (account, text) => (isRevoked(account) ? t.account.savedRevoked : text);

export function rename(handle) {
  const input = h("input", {
    type: "text",
    class: "input",
    value: handle.account().name,
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "64",
  });
  const save = changing(handle, ["name"], ({ name }) => t.account.renamedMeanwhile(name));
  const named = sameName(input, ({ account_id: id }) => id === handle.id);
  dialog({
    title: t.account.renameTitle,
    content: ({ close }) =>
      form({
        submitText: t.actions.save,
        cancel: close,
        fields: [field({ name: "name", label: t.newAccount.name, help: t.newAccount.nameHelp, input }), named.warning],
        async onsubmit(_, first, done) {
          const name = input.value.trim();
          if (!NAME.test(name)) {
            throw {
              status: 422,
              errors: [
                {
                  field: "name",
                  message: name ? t.newAccount.nameWrong(name.replace(/[^A-Za-z0-9]/g, "")) : t.newAccount.nameNeeded,
                },
              ],
            };
          }
          if (await first(named.warns())) return;
          await save({ name }, first);
          done(t.account.saved);
        },
      }),
  });
}

export function reach(handle) {
  const account = handle.account();
  const input = h("input", {
    type: "text",
    class: "input",
    value: changeable(account).role_name ?? "",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "none",
  });
  const path = h("input", {
    type: "text",
    class: "input",
    value: account.role_path ?? "/",
    maxlength: "64",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "none",
  });
  const regions = regionsField({ value: account.regions ?? [], help: t.account.regionsHelp });
  const save = changing(handle, ["role_name", "role_path", "regions"], (there) =>
    t.account.reachMeanwhile(
      there.role_name && `${there.role_path}${there.role_name}`,
      there.regions?.join(", ") || t.account.defaultRegion,
    ),
  );
  dialog({
    title: account.role_arn ? t.account.roleAndRegions : t.account.regions,
    content: ({ close }) =>
      form({
        submitText: t.actions.save,
        cancel: close,
        fields: [
          notice("info", h("p", {}, t.account.reachText)),
          account.access_type === "assume_role" &&
            field({ name: "role_name", label: t.newAccount.roleName, help: t.account.roleNameHelp, input }),
          account.access_type === "assume_role" &&
            field({ name: "role_path", label: t.newAccount.rolePath, help: t.newAccount.rolePathHelp, input: path }),
          regions.node,
        ],
        async onsubmit(node, first, done) {
          const chosen = regions.read();
          if (chosen === null) throw { status: 422, errors: [] };
          if (!chosen.length) throw { status: 422, errors: [{ field: "regions", message: t.regionsField.needed }] };
          setError(node, "regions", "");
          const body = { regions: chosen };
          if (account.access_type === "assume_role") {
            if (!ROLE_NAME.test(input.value.trim()))
              throw { status: 422, errors: [{ field: "role_name", message: t.newAccount.roleNameWrong }] };
            body.role_name = input.value.trim();
            body.role_path = path.value.trim() || "/";
          }
          await save(body, first);
          const saved = present(handle);
          done(isConnected(saved) ? t.account.saved : untested(saved, t.account.savedTestAgain));
        },
      }),
  });
}

export function rotate(handle) {
  const keyId = h("input", {
    type: "text",
    class: "input",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "none",
  });
  const secret = h("input", { type: "password", class: "input", autocomplete: "off" });
  // Compares the status too: a test may have shown what the stored keys are worth.
  const keys = () => [keyEnding(present(handle)), present(handle).status];
  let id = "";
  // The key whose request got no answer.
  let lost = "";
  const isStored = () => lost === id && keyEnding(present(handle)) === id.slice(-4);
  const check = unlessChanged(keys(), keys, ([ending, status]) => {
    const said = wordOf(t.status, status);
    return isStored() ? t.account.keysTested(said) : t.account.keysMeanwhile(ending, said);
  });
  const save = async (mine, first) => {
    id = mine.access_key_id;
    // A test has proved the key since its answer was lost. Sending it again would require another test.
    if (isStored() && isConnected(present(handle))) return t.account.rotatedAndProved;
    await first(check([id.slice(-4), "unconfirmed"]));
    const path = `/v1/accounts/${api.segment(handle.id)}/credentials`;
    const stored = api.put(path, mine, { "if-match": store.tagOf(handle.id) ?? "*" }).catch((problem) => {
      if (problem.perhapsDone) lost = id;
      throw problem;
    });
    await handle.act(orConflict(handle, stored));
    return untested(present(handle), t.account.rotated);
  };
  dialog({
    title: t.account.rotate,
    content: ({ close }) =>
      form({
        submitText: t.account.rotateSubmit,
        cancel: close,
        fields: [
          h("p", {}, t.account.rotateText),
          field({ name: "access_key_id", label: t.newAccount.keyId, input: keyId }),
          field({
            name: "secret_access_key",
            label: t.newAccount.secret,
            help: t.newAccount.secretHelp,
            input: secret,
          }),
        ],
        async onsubmit(_, first, done) {
          const errors = [];
          if (!/^\w{16,128}$/.test(keyId.value.trim()))
            errors.push({ field: "access_key_id", message: t.newAccount.keyIdWrong });
          if (!secret.value.trim()) errors.push({ field: "secret_access_key", message: t.newAccount.secretNeeded });
          if (errors.length) throw { status: 422, errors };
          const mine = { access_key_id: keyId.value.trim(), secret_access_key: secret.value.trim() };
          const said = await onceMore(() => save(mine, first));
          if (done(said)) secret.value = "";
          // If this read fails, the next one shows what has changed.
          await handle.again().catch(() => {});
        },
      }),
  });
}

function drawUsage(target, { account_id: id, created_at: added }, signal) {
  const inner = h("div", {});
  target.append(section(t.usage.title, {}, inner));
  return watched(
    inner,
    async () => (await Promise.all([api.get(`/v1/accounts/${api.segment(id)}/usage`, { signal }), styled()]))[0],
    (usage) => {
      const level = levelOf(usage);
      return [
        meter(usage),
        level !== "fine" &&
          h(
            "p",
            {},
            icon("warning"),
            " ",
            level === "near" ? t.usage.near : t.usage.over,
            usage.billable > 0 && ` ${t.usage.billable(usage.billable)}`,
          ),
        h(
          "p",
          { class: "muted small" },
          t.usage.remaining(usage.remaining),
          " ",
          t.usage.resets(utcDate(usage.resets_at)),
        ),
        usage.months?.length > 0 &&
          monthsPicture(usage.months, added.slice(0, 7), inner.querySelector("details")?.open),
        h("p", { class: "muted small" }, t.usage.text),
      ];
    },
    { signal, className: "usage" },
  );
}

// Its button stays once that is done, so that nothing moves, and says why it does nothing.
function drawRevoke(target, account, handle) {
  render(target, isRevoked(account), (revoked) => {
    const { revoked: done } = t.account.statusText;
    return section(
      t.revoke.title,
      { className: "danger" },
      h("p", {}, t.revoke.text),
      changeButton(t.revoke.action, {
        class: "button-danger",
        "aria-disabled": revoked && "true",
        title: revoked && done,
        onclick: () => (revoked ? toast(done, "warning") : confirmRevoke(handle)),
      }),
    );
  });
}

// Keeps the account's name in the modal's title up to date.
function keepName(handle, { node }, title) {
  const heading = node.querySelector("h1");
  handle.onChange(({ name }) => render(heading, name, title));
}

export function confirmRevoke(handle) {
  const account = handle.account();
  const modal = dialog({
    title: t.revoke.confirm(account.name),
    content: ({ close }) =>
      form({
        submitText: t.revoke.action,
        submitClass: "button-danger",
        cancel: close,
        fields: [
          h("p", {}, t.revoke.ends),
          h(
            "ul",
            { class: "consequences" },
            t.revoke.consequences.map((text) => h("li", {}, text)),
          ),
          t.revoke.stays[account.access_type] && notice("info", h("p", {}, t.revoke.stays[account.access_type])),
        ],
        async onsubmit() {
          // Has no condition: whatever has changed meanwhile, the account must not be used.
          await handle.act(api.post(`/v1/accounts/${api.segment(account.account_id)}/revoke`));
          close();
          toast(t.revoke.done((handle.account() ?? account).name));
          // If this read fails, the next one shows the change.
          await handle.again().catch(() => {});
        },
      }),
  });
  keepName(handle, modal, t.revoke.confirm);
}

function danger(handle) {
  return section(
    t.account.remove,
    { className: "danger" },
    h("p", {}, t.account.removeText),
    changeButton(t.account.remove, { class: "button-danger", onclick: () => confirmRemoval(handle) }),
  );
}

export function confirmRemoval(handle) {
  const account = handle.account();
  const here = router.whileHere();
  // Whether the answer to an earlier deletion was lost. Then it succeeded if the account is gone.
  let isLost = false;
  // Compares also what identifies the account. If it is gone, nothing is deleted: another account may have its number
  // by now.
  const what = () => {
    const there = present(handle);
    return [changeable(there), there.status, keyEnding(there), there.provider_id];
  };
  const newest = () => ({ shown: what(), etag: store.tagOf(handle.id) });
  const say = ([{ name }, status, ending]) => t.account.removeMeanwhile(name, ending, wordOf(t.status, status));
  const remove = removing(what(), newest, say, (etag) =>
    orConflict(handle, api.remove(`/v1/accounts/${api.segment(account.account_id)}`, { etag })),
  );
  const typed = typedNumber(t.account.removeType(account.provider_id), t.account.removeMismatch);
  const hasRole = Number(account.access_type === "assume_role");
  const modal = dialog({
    title: t.account.removeTitle(account.name),
    content: ({ close }) =>
      form({
        submitText: t.account.removeSubmit,
        submitClass: "button-danger",
        cancel: close,
        fields: [
          h("p", {}, t.account.removeConsequences(1)),
          notice("info", h("p", {}, t.account.staysInAws(hasRole, 1 - hasRole))),
          typed.node,
        ],
        async onsubmit(_, first) {
          typed.check((handle.account() ?? account).provider_id);
          const asked = Date.now();
          await remove(first).catch((problem) => {
            isLost ||= problem.perhapsDone;
            if (!isLost || !isMissing(problem)) throw problem;
          });
          const { name } = handle.account() ?? account;
          close();
          // The view ends first, so that it does not say that its account is gone.
          here(() => router.go(store.listAddress(), { replace: true }));
          store.remove(account.account_id, asked);
          toast(t.account.removed(name));
        },
      }),
  });
  keepName(handle, modal, t.account.removeTitle);
}
