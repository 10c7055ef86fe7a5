import * as api from "../lib/api.js";
import { fill, h, later, render } from "../lib/dom.js";
import { ageing } from "../lib/elapsed.js";
import { onTick, when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { utcDate } from "../lib/later-formats.js";
import { Problem } from "../lib/problem.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { copyable } from "../lib/copying.js";
import { dialog } from "../lib/modal.js";
import {
  button,
  changeButton,
  definition,
  field,
  form,
  freshnessMark,
  notice,
  onceAlone,
  section,
  skeleton,
  STATUS_ICONS,
  submitting,
  toast,
} from "../lib/ui.js";
import { onceMore, removing, unlessChanged } from "../lib/meanwhile.js";
import { monthsPicture } from "../lib/months.js";
import { styled } from "../lib/pictures.js";
import { meter } from "../lib/usage.js";
import { oldest, pagedList, watched } from "../lib/watched.js";
import { number, wordOf } from "../texts.js";
import { t } from "./texts.js";

const ADDED_UP_EVERY_MS = 600_000;
const EVENTS = Object.keys(t.webhook.eventTexts);
const WEBHOOK = "/v1/organization/webhook";
const TEST = "Webhook Test";
const TRIED_WITHIN_MS = [1_000, 3_000, 10_000];
// Each process of the API counts these by itself and allows the whole limit. So what one of them has left says little.
const COUNTED_ALONE = new Set(["requests"]);

export function organization({ main, title, signal }) {
  title(t.organization.title);
  const identity = h("div", { class: "identity" });
  const webhook = h("div", {});
  const usage = usageThisMonth(signal);
  const versions = h("div", {});
  const quotas = h("div", {});
  /** The newest quotas, and their age in milliseconds. @type {[any[], () => number]} */
  let [left, age] = [[], ageing()];
  const showLeft = () => {
    const known = left.map((quota) => ({ ...quota, isOver: age() >= quota.per_seconds * 1_000 }));
    render(quotas, known, drawQuotas);
  };
  // Quotas change with each read and as time passes. They are drawn by themselves, so that the rest is not redrawn.
  const read = async () => {
    const asked = ageing();
    const { quotas: now = [], ...ours } = await store.readNumbers(signal);
    [left, age] = [now, asked];
    render(versions, ours.accounts, drawVersions);
    showLeft();
    return ours;
  };
  onTick(showLeft, signal);
  const numbers = watched(identity, read, drawIdentity, {
    signal,
    placeholder: () => skeleton(6, "card"),
  });
  const parts = [numbers, usage, ...drawWebhook(webhook, signal)];
  // What is below sections that grow is hidden until these have been read, so that nothing moves. A read that hangs
  // delays it for five seconds at most. Nothing is below the webhook, which is set and removed.
  const months = h("div", {});
  const audit = section(
    t.audit.title,
    {},
    h("p", {}, t.audit.organizationText),
    h("p", {}, h("a", { href: "#/organization/audit" }, t.audit.open)),
  );
  const beside = h("div", { class: "stack", hidden: true }, months, audit);
  const below = h("div", { class: "stack", hidden: true }, versions, quotas, webhook);
  const firsts = [...parts, usageByMonth(months, signal)].map(({ first }) => first);
  store.unlessItHangs(Promise.all(firsts), signal).then(() => (beside.hidden = below.hidden = false));
  fill(
    main,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        h("h1", {}, t.organization.title),
        freshnessMark(() => oldest(parts), signal),
      ),
    ),
    !session.somebody().canChange && notice("info", h("p", {}, t.viewer.banner)),
    h("div", { class: "stack" }, identity, h("div", { class: "columns" }, usage.node, h("div", {}, beside)), below),
  );
}

function drawIdentity(ours) {
  const counts = ours.accounts;
  return h(
    "div",
    { class: "columns" },
    section(
      t.organization.identity,
      {},
      h(
        "dl",
        { class: "facts" },
        definition(t.organization.id, copyable(ours.organization_id, t.actions.copyThis(t.organization.id))),
        definition(
          t.organization.externalId,
          copyable(ours.external_id, t.actions.copyThis(t.organization.externalId)),
        ),
        definition(
          t.organization.trusted,
          copyable(ours.trusted_account_id, t.actions.copyThis(t.organization.trusted)),
        ),
      ),
      h("p", { class: "muted small" }, t.organization.externalIdText),
    ),
    section(
      t.organization.accounts,
      {},
      h(
        "ul",
        { class: "counts" },
        ["confirmed", "degraded", "failed", "unconfirmed"].map((status) =>
          h(
            "li",
            { class: `status status-${status}` },
            h(
              "a",
              { href: `#/accounts?status=${status}` },
              h("span", { class: "status-mark" }, icon(STATUS_ICONS[status])),
              h("span", {}, t.status[status]),
              h("strong", {}, number(counts.by_status[status])),
            ),
          ),
        ),
      ),
      h("p", { class: "muted small" }, t.organization.total(counts.total)),
    ),
  );
}

// An older API sends none.
function drawVersions({ total, by_template_version: versions }) {
  if (!versions) return null;
  const unknown = versions.reduce((left, { accounts }) => left - accounts, total);
  const facts = versions.map(({ version, accounts, outdated }) =>
    definition(
      t.organization.version(version, outdated),
      h("a", { href: `#/accounts?template_version=${version}` }, t.list.shown(accounts)),
    ),
  );
  if (unknown > 0) facts.push(definition(t.organization.versionUnknown, t.list.shown(unknown)));
  return section(t.organization.versions, { note: t.organization.versionsText }, h("dl", { class: "facts" }, facts));
}

// An older API sends none.
function drawQuotas(quotas) {
  if (!quotas.length) return null;
  const facts = quotas.map((quota) => definition(wordOf(t.organization.quotaNames, quota.name), leftOf(quota)));
  return section(t.organization.quotas, { note: t.organization.quotasText }, h("dl", { class: "facts" }, facts));
}

// `isOver`: the quota's period has passed since the read, so the number that was left is outdated.
function leftOf({ name, limit, per_seconds, remaining, isOver }) {
  if (COUNTED_ALONE.has(name)) return t.organization.quotaAtLeast(limit, per_seconds);
  if (isOver) return t.organization.quotaAtMost(limit, per_seconds);
  return t.organization.quota(remaining, limit, t.organization.quotaTime(per_seconds));
}

// ---- usage -------------------------------------------------------------------------------------

function usageThisMonth(signal) {
  const terms = h("p", { class: "usage-terms muted small" });
  const { node, ...part } = pagedList({
    signal,
    list: h("ul", {}),
    empty: h("li", { class: "empty-line" }, t.organization.unused),
    placeholder: () => skeleton(4),
    keyOf: (usage) => usage.account_id,
    changes: true,
    renderItem: usageRow,
    async fetchPage(cursor) {
      const { free_interactions, resets_at, items, next_cursor } = await api.get("/v1/organization/usage", {
        query: { limit: 8, cursor },
        signal,
      });
      fill(terms, t.organization.freeTier(free_interactions), " ", t.usage.resets(utcDate(resets_at)));
      return { next_cursor, items: items.map((item) => ({ ...item, free_interactions })) };
    },
  });
  return { ...part, node: section(t.organization.usage, {}, node, terms) };
}

// Read rarely: past months do not change, and the current one is added up from many accounts. An older API has none.
function usageByMonth(target, signal) {
  return watched(
    target,
    async () => (await Promise.all([api.get("/v1/organization/usage/months", { signal }), styled()]))[0],
    ({ items }) =>
      section(t.organization.usageByMonth, {}, monthsPicture(items, "", target.querySelector("details")?.open)),
    { signal, pauseOf: () => ADDED_UP_EVERY_MS, placeholder: () => skeleton(4, "card"), onMissing: () => h("div", {}) },
  );
}

function usageRow(usage) {
  const href = `#/accounts/${api.segment(usage.account_id)}`;
  // The audit trail outlives the account.
  const account = usage.name ? h("a", { href }, usage.name) : h("a", { href: `${href}/audit` }, t.organization.deleted);
  return h(
    "li",
    { class: "usage-row" },
    meter(usage, h("span", { class: "usage-name" }, account), " "),
    usage.billable > 0 && h("p", {}, icon("warning"), " ", t.organization.billable(usage.billable)),
  );
}

// ---- webhook -----------------------------------------------------------------------------------

function drawWebhook(target, signal) {
  const inner = h("div", {});
  // Outside of the settings, so that it stays open when they are redrawn.
  const log = h("div", {});
  /** @type {ReturnType<typeof deliveries> | undefined} */
  let kept;
  const press = pressButtons();
  let wasPaused = false;
  fill(target, section(t.webhook.title, { note: t.webhook.text }, inner, log));
  const shown = watched(
    inner,
    () => webhookThere(signal).then(({ body }) => body),
    (webhook) => {
      render(log, Boolean(webhook), (isSet) => {
        kept?.end();
        kept = isSet ? deliveries(signal, again) : undefined;
        return kept?.node;
      });
      wasPaused ||= webhook?.state === "paused";
      return webhook ? settings(webhook, press, again, wasPaused, () => kept?.awaitTest()) : none(again);
    },
    { signal, placeholder: () => skeleton(3) },
  );
  const again = () => shown.again().catch(() => {});
  return [shown, { readAt: () => kept?.readAt() ?? 0 }];
}

/** The webhook and its tag; both null if there is none. @param {AbortSignal} [signal] */
const webhookThere = (signal) =>
  api.getWithHeaders(WEBHOOK, { signal }).catch((problem) => {
    if (problem.isMissing) return { body: null, etag: null };
    throw problem;
  });

function none(again) {
  return [
    h("p", { class: "muted" }, t.webhook.none),
    h("p", { class: "row-links" }, changeButton(t.webhook.add, { onclick: () => edit(null, again) }, "plus")),
  ];
}

// What was resumed keeps the room of the notice and its button, so that nothing moves.
function settings(webhook, press, again, wasPaused, onTest) {
  const paused = webhook.state === "paused";
  const resume = wasPaused && press("resume", t.webhook.resume, again);
  if (resume) resume.classList.toggle("is-over", !paused);
  const said = paused ? t.webhook.paused : t.webhook.resumed;
  return [
    wasPaused && notice(paused ? "warning" : "success", h("p", { "data-room": t.webhook.paused }, h("span", {}, said))),
    h(
      "dl",
      { class: "facts" },
      definition(t.webhook.url, h("code", {}, webhook.url)),
      definition(
        t.webhook.events,
        EVENTS.every((name) => webhook.events.includes(name)) ? t.webhook.allEvents : webhook.events.join(", "),
      ),
      definition(
        t.account.changed,
        when(webhook.updated_at),
        h("span", { class: "muted" }, ` ${t.account.by} ${webhook.updated_by}`),
      ),
    ),
    h(
      "p",
      { class: "row-links" },
      press(
        "test",
        t.webhook.test,
        (answer) => {
          toast(answer.detail);
          onTest();
        },
        "play",
      ),
      changeButton(t.actions.change, { onclick: () => edit(webhook, again) }),
      changeButton(t.webhook.rotate, { onclick: () => confirmRotation(again) }, "key"),
      changeButton(t.webhook.remove, { class: "button-danger", onclick: () => confirmRemoval(webhook, again) }),
      resume,
    ),
  ];
}

// Buttons that post to the webhook, and say why a request was refused. Each is made once, so that it stays busy while
// its request runs, whatever is redrawn meanwhile.
function pressButtons() {
  const made = new Map();
  return (path, text, after, iconName = "", attributes = {}) => {
    const post = () => api.post(`${WEBHOOK}/${path}`).then(after);
    const onclick = (event) => submitting(event.currentTarget, post);
    if (!made.has(path)) made.set(path, changeButton(text, { ...attributes, onclick }, iconName));
    return made.get(path);
  };
}

// The log of deliveries. It is read from when it is first opened until it ends. `readSettings`: reads the webhook's
// settings again.
function deliveries(view, readSettings) {
  const ended = new AbortController();
  const signal = AbortSignal.any([view, ended.signal]);
  const list = h("div", {});
  const press = pressButtons();
  /** @type {ReturnType<typeof pagedList> | undefined} */
  let shown;
  // How many tests were sent so lately that what comes next is theirs.
  let awaited = 0;
  // The API has no log of a webhook that was removed. The content stays until the settings are read. Reading goes on,
  // because another person may set the webhook again before that.
  const read = () =>
    api.get(`${WEBHOOK}/deliveries`, { signal }).catch((problem) => {
      if (!problem.isMissing) throw problem;
      readSettings();
      throw new Problem({ title: t.webhook.none });
    });
  const again = () => shown?.again().catch(() => {});
  const open = () => {
    if (shown) return;
    shown = pagedList({
      signal,
      list: h("ul", {}),
      empty: h("li", { class: "empty-line" }, t.webhook.noDeliveries),
      newer: t.newer,
      placeholder: () => skeleton(3),
      fetchPage: read,
      keyOf: (item) => item.event_id,
      isOwn: ({ type }) => awaited > 0 && type === TEST,
      renderItem: (item) => deliveryRow(item, press, again),
    });
    list.append(shown.newer, shown.node);
  };
  const node = h("details", { class: "more-fields", ontoggle: open }, h("summary", {}, t.webhook.deliveries), list);
  // Its delivery is logged once it was tried.
  const awaitTest = async () => {
    awaited += 1;
    await Promise.all(TRIED_WITHIN_MS.map((after) => new Promise((ends) => later(after, () => ends(again()), signal))));
    awaited -= 1;
  };
  return { node, awaitTest, readAt: () => shown?.readAt() ?? 0, end: () => ended.abort() };
}

function deliveryRow(item, press, again) {
  const facts = [
    wordOf(t.webhook.deliveryStatus, item.status),
    // During a pause, the number also counts tries that were not made.
    item.status !== "paused" && t.webhook.tries(item.tries),
    // Null if nothing was sent.
    item.duration_ms !== null && [item.http_status ?? t.webhook.noAnswer, t.webhook.took(item.duration_ms)],
  ]
    .flat()
    .filter(Boolean);
  const time = when(item.at, { exact: true });
  return h(
    "li",
    { class: "delivery" },
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, item.type), " ", h("span", { class: "muted" }, time)),
      h(
        "p",
        { class: "muted small" },
        // A delivery that was requested again has no try yet. If it is given up before that, it never has one.
        item.tries || item.status === "failed" ? facts.join(" · ") : t.webhook.onItsWay,
        item.tries > 0 && item.next_try_at && [" · ", t.webhook.nextTry, " ", when(item.next_try_at, { exact: true })],
      ),
    ),
    press(
      `deliveries/${api.segment(item.event_id)}/redeliver`,
      t.webhook.redeliver,
      (answer) => {
        toast(answer.detail);
        return again();
      },
      "",
      {
        "data-part": item.event_id,
        "aria-label": t.webhook.redeliverThis(item.type, time.textContent),
      },
    ),
  );
}

// The fields that a person chose. A pause is not a person's change.
const chosen = (one) => one && { url: one.url, events: one.events };

function edit(webhook, again) {
  const url = h("input", {
    type: "url",
    class: "input",
    value: webhook?.url ?? "",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "https://",
  });
  // A newer API may have events that this page does not know.
  const names = [...new Set([...EVENTS, ...(webhook?.events ?? [])])];
  const boxes = names.map((name) =>
    h("input", { type: "checkbox", value: name, checked: !webhook || webhook.events.includes(name) }),
  );
  let created = webhook?.created_at;
  /** The condition for saving: the version that was read. @type {Record<string, string>} */
  let version = {};
  const newest = async () => {
    const { body, etag } = await webhookThere();
    version = body ? { "if-match": etag ?? "*" } : { "if-none-match": "*" };
    return chosen(body);
  };
  const check = unlessChanged(chosen(webhook), newest, (there) => {
    again();
    return there ? t.webhook.changedMeanwhile(there.url) : t.webhook.removedMeanwhile;
  });
  const save = async (mine, first) => {
    await first(check(mine));
    return api.put(WEBHOOK, mine, version);
  };
  dialog({
    title: webhook ? t.webhook.changeTitle : t.webhook.add,
    content: ({ close }) => {
      const node = form({
        submitText: t.actions.save,
        cancel: close,
        fields: [
          field({ name: "url", label: t.webhook.url, help: t.webhook.urlHelp, input: url }),
          h(
            "fieldset",
            { class: "field", "data-field": "events" },
            h("legend", {}, t.webhook.events),
            names.map((name, index) =>
              h(
                "label",
                { class: "checkbox" },
                boxes[index],
                h("span", {}, name, " ", h("span", { class: "muted small" }, t.webhook.eventTexts[name])),
              ),
            ),
            h("p", { class: "field-error", "aria-live": "polite" }),
          ),
        ],
        async onsubmit(_, first, done) {
          const events = boxes.filter((box) => box.checked).map((box) => box.value);
          const errors = [];
          if (!url.value.trim()) errors.push({ field: "url", message: t.webhook.urlNeeded });
          if (!events.length) errors.push({ field: "events", message: t.webhook.eventsNeeded });
          if (errors.length) throw { status: 422, errors };
          const mine = { url: url.value.trim(), events };
          const here = router.whileHere();
          const ifLost = webhook ? t.problems.perhapsDone : t.webhook.perhapsSet;
          const saved = await onceMore(() => save(mine, first)).catch(lost(ifLost));
          const isClosed = done();
          again();
          const isKnown = saved.secret || saved.created_at === created;
          created = saved.created_at;
          const show = () => showSecret(saved.secret);
          // If the form stays open, the secret covers it at once, so that a reload does not lose the secret.
          if (saved.secret) return isClosed ? onceAlone(show) : show();
          if (isKnown) return isClosed && toast(t.account.saved);
          // Another person set it, or our own earlier request did and its answer was lost.
          onceAlone(() =>
            here(
              () => confirmRotation(again, t.webhook.secretNotShown),
              () => toast(t.webhook.secretNotShown, "warning"),
            ),
          );
        },
      });
      return node;
    },
  });
}

// If an answer was lost, its secret is lost too, so the message cannot say where to look.
function lost(text) {
  return (problem) => {
    if (problem.perhapsDone) problem.detail = problem.detail.replace(t.problems.perhapsDone, text);
    throw problem;
  };
}

function showSecret(secret) {
  dialog({
    title: t.webhook.secretTitle,
    lasting: true,
    content: ({ close }) => [
      h("p", {}, t.webhook.secretText),
      h("p", {}, copyable(secret, t.actions.copyThis(t.webhook.secret))),
      h("div", { class: "form-actions" }, button(t.webhook.secretKept, { class: "button-primary", onclick: close })),
    ],
  });
}

// Replaces only the secret. Keeps the other fields, also if somebody changes them meanwhile.
async function renewSecret(first) {
  const { body, etag } = await first(api.getWithHeaders(WEBHOOK));
  const { url, events } = body;
  return api.put(WEBHOOK, { url, events, rotate_secret: true }, { "if-match": etag ?? "*" });
}

function confirmRotation(again, why = "") {
  dialog({
    title: t.webhook.rotateTitle,
    content: ({ close }) =>
      form({
        submitText: t.webhook.rotate,
        cancel: close,
        fields: [why && h("p", {}, why), h("p", {}, t.webhook.rotateText)],
        async onsubmit(_, first) {
          const saved = await onceMore(() => renewSecret(first)).catch(lost(t.webhook.perhapsRotated));
          close();
          again();
          onceAlone(() => showSecret(saved.secret));
        },
      }),
  });
}

function confirmRemoval(webhook, again) {
  const newest = async () => {
    const { body, etag } = await webhookThere();
    return { shown: chosen(body), etag };
  };
  const say = ({ url }) => {
    again();
    return t.webhook.removeMeanwhile(url);
  };
  const remove = removing(chosen(webhook), newest, say, (etag) => api.remove(WEBHOOK, { etag }));
  dialog({
    title: t.webhook.remove,
    content: ({ close }) =>
      form({
        submitText: t.webhook.remove,
        submitClass: "button-danger",
        cancel: close,
        fields: [h("p", {}, t.webhook.removeText)],
        async onsubmit(_, first) {
          await remove(first);
          close();
          again();
        },
      }),
  });
}
