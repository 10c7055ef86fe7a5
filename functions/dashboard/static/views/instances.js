// The instances of a connected account: listing, starting and stopping.
//
// Each listing is an interaction that counts against the account's free tier; reading interactions
// does not. So the view lists when it is opened, when a person refreshes it, and once after a start or
// stop, when its result is known. Within a minute, the API answers with what it read last.
import * as api from "../lib/api.js";
import { announce, fill, h, keying, readNow, render, whileLookedAt } from "../lib/dom.js";
import { ageing } from "../lib/elapsed.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { resourcesOf } from "../lib/resources.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import { drawer } from "../lib/slices.js";
import {
  button,
  changeButton,
  form,
  isConnected,
  notice,
  section,
  skeleton,
  submitting,
  toast,
  warn,
} from "../lib/ui.js";
import { inOrder, load, READ_EVERY_MS } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { frame, whyUnused } from "./account.js";
import { KINDS } from "./kinds.js";
import {
  comingTo,
  lackNotice,
  lackOf,
  nextTurns,
  scheduleDialog,
  severalButton,
  startOrStop,
  whatBegan,
} from "./schedules.js";
import { resultNote, resultText } from "./trail.js";

const wordsFor = (state) => new Set(Object.values(KINDS).map((kind) => kind[state]));
const STOPPABLE = wordsFor("running");
const STARTABLE = wordsFor("stopped");
const AT_REST = new Set([...STOPPABLE, ...STARTABLE, "terminated"]);
const ON_ITS_WAY = { start: wordsFor("starting"), stop: wordsFor("stopping") };
const RUNS = new Set([...STOPPABLE, ...ON_ITS_WAY.start]);
const RESTS = new Set([...STARTABLE, ...ON_ITS_WAY.stop, "terminated"]);
// Whether what is in this state runs, now or once it is there. Undefined if nobody knows.
const runsSoon = (state) => RUNS.has(state) || (RESTS.has(state) ? false : undefined);
// The state to show after AWS accepted an act, until AWS reports one.
const ACCEPTED = { start: "starting", stop: "stopping" };
const FOLLOWED_FOR_MS = 10 * 60_000;
// The backend follows an act for ten minutes, and some more if AWS's answer was lost.
const LOOK_AGAIN_AFTER_MS = [...Array(20).fill(3_000), ...Array(50).fill(15_000)];
// Switching tabs within this time causes no new listing.
const KEPT_FOR_MS = 60_000;

const keyOf = (item) => `${item.kind}/${item.region}/${item.instance_id}`;
// When AWS was asked, in milliseconds.
const asOf = ({ as_of: said, at }) => (said ? Date.parse(said) : at);
// The same by this page's clock. The clock may be wrong, but the API returns no listing older than a minute: so the
// time is within the minute before the request.
const seenAt = (listing) => Math.min(listing.at, Math.max(asOf(listing), listing.at - KEPT_FOR_MS));
const nameOf = (item) => item.name || item.instance_id;

/**
 * The state of an instance. It is AWS's, unless the newest start or stop came later, or has ended since AWS reported
 * it.
 * @param {{state: string}} item as it was listed
 * @param {{action: string, at: string, result: string, state: string} | undefined} act
 * @param {number} listedAt when AWS was asked, in milliseconds
 */
export function stateOf(item, act, listedAt) {
  if (!act) return item.state;
  const isLater = Date.parse(act.at) > listedAt;
  if (act.result === "pending") return isLater ? ACCEPTED[act.action] : item.state;
  const ended = isLater || (ON_ITS_WAY[act.action]?.has(item.state) && Date.parse(act.at) > listedAt - FOLLOWED_FOR_MS);
  return (ended && ["reached", "not_reached"].includes(act.result) && act.state) || item.state;
}

export function instances(context) {
  return frame(context, "instances", (body, handle) => {
    const row = context.query.get("row");
    /** Why the account is not used; "" if it is. @type {string | undefined} */
    let shown;
    /** @type {Instances | undefined} */
    let view;
    let part = new AbortController();
    const draw = (account) => {
      const why = isConnected(account) ? "" : whyUnused(account);
      if (why === shown) return;
      shown = why;
      part.abort();
      part = new AbortController();
      view = why ? undefined : new Instances(handle, AbortSignal.any([handle.signal, part.signal]), row);
      fill(body, view ? view.section() : notConnected(handle.id, why));
    };
    handle.shows({ readAt: () => view?.readAt() ?? 0 });
    handle.onChange(draw);
    draw(handle.account());
  });
}

function notConnected(id, why) {
  return notice(
    "info",
    h(
      "p",
      {},
      t.instances[why],
      " ",
      h("a", { href: `#/accounts/${api.segment(id)}/instructions` }, t.instances.whatToDo),
    ),
  );
}

export class Instances {
  /**
   * `row`: the key of the instance to come to, if there is one.
   * @param {any} handle @param {AbortSignal} signal @param {string | null} row
   */
  constructor(handle, signal, row = null) {
    this.handle = handle;
    this.signal = signal;
    const kept = store.instancesOf(handle.id);
    /** @type {any} */
    this.listing =
      kept && kept.age() < KEPT_FOR_MS && (!row || kept.items.some((each) => keyOf(each) === row)) ? kept : null;
    this.resources = new Map();
    this.resourcesAt = 0;
    this.actsAt = 0;
    this.askForListing = inOrder();
    this.askForActs = inOrder();
    this.askForResources = inOrder();
    // Whether a result takes so long that the view looks for it only at the usual interval.
    this.takesLong = false;
    // Requested starts and stops without an answer yet, and accepted ones that are followed.
    this.asked = new Map();
    this.followed = new WeakSet();
    // The newest start or stop of each instance that AWS accepted, by its key.
    this.acts = new Map();
    // When the acts without a result were requested, in milliseconds, by their ids.
    this.awaited = new Map();
    this.notes = h("div", {});
    this.rows = h("ul", { class: "instances" });
    this.drawRows = drawer(this.rows, signal);
    this.come = comingTo(this.rows, row, signal);
    this.lack = lackOf(row);
    this.isLacking = false;
    /** @param {{kind: string, region: string}} of */
    this.mayHave = ({ kind, region }) => Boolean(row?.startsWith(`${kind}/${region}/`));
    this.asOf = h("span", { class: "muted small" });
    this.several = h("span", {});
  }

  section() {
    const content = h("div", { class: "instances-place" });
    const refresh = button(
      t.instances.refresh,
      {
        class: "button-small",
        onclick: () => submitting(refresh, () => this.refresh()),
      },
      "refresh",
    );
    const head = h("span", { class: "card-actions" });
    // For the week in the modal, which is opened later.
    styled();
    const once = async () => {
      this.readBeside().catch(() => {});
      if (!this.listing) await this.list();
      this.draw();
    };
    load(
      content,
      once,
      () => {
        fill(head, this.asOf, this.several, refresh);
        return [this.notes, this.rows];
      },
      { signal: this.signal, placeholder: () => skeleton(6) },
    );
    whileLookedAt(
      this.signal,
      () => READ_EVERY_MS,
      () => this.readBeside(),
    );
    return section(t.instances.title, { note: t.instances.text, actions: head }, content);
  }

  // Waits for all reads, then reports a failure.
  async refresh() {
    const reads = await Promise.allSettled([this.list({ again: true }), this.readResources(), this.readActs()]);
    const failed = reads.find(({ status }) => status === "rejected");
    if (failed) this.fail(/** @type {PromiseRejectedResult} */ (failed).reason);
  }

  // The oldest read time of the listing and of what is shown beside it.
  readAt() {
    return store.oldest([this.resourcesAt, this.actsAt, this.listing ? seenAt(this.listing) : 0]);
  }

  // Whether the listing is recent enough to say what runs.
  isFresh() {
    const { at, age } = this.listing;
    return at - seenAt(this.listing) + age() < KEPT_FOR_MS;
  }

  // Whether the instance runs now. Undefined without a recent listing, and after the view was left, because it then
  // sees no other start or stop.
  runs(instance) {
    const item = this.listing.items.find((each) => keyOf(each) === keyOf(instance));
    const state = item && !this.signal.aborted && this.isFresh() && this.stateOf(item);
    return AT_REST.has(state) ? STOPPABLE.has(state) : undefined;
  }

  stateOf(item) {
    return stateOf(item, this.acts.get(keyOf(item)), asOf(this.listing));
  }

  // An admin's refresh reads from AWS. A viewer gets a listing that is up to a minute old.
  async list({ again = false } = {}) {
    const path = `/v1/accounts/${api.segment(this.handle.id)}/instances`;
    const query = { refresh: again && session.somebody().canChange ? true : undefined };
    const at = Date.now();
    const age = ageing();
    const holds = this.askForListing();
    const listing = await api.get(path, { query, signal: this.signal, once: true });
    if (!holds()) return;
    this.keep({ ...listing, at, age });
  }

  keep(listing) {
    this.listing = listing;
    this.takesLong = false;
    store.keepInstances(this.handle.id, listing);
    this.draw();
  }

  // Returns whether an awaited result is known now. Then it is time to ask for AWS's state.
  async readActs() {
    const holds = this.askForActs();
    const { answer, asked } = await store.reading("interactions", () => this.newestActs(), this.signal);
    if (!holds()) return false;
    this.actsAt = asked;
    return this.take(answer.reverse());
  }

  // Reads back to the oldest act without a result, because many others may have followed it.
  async newestActs() {
    const path = `/v1/accounts/${api.segment(this.handle.id)}/interactions`;
    const acts = [];
    let cursor;
    do {
      const page = await api.get(path, { query: { limit: 50, cursor }, signal: this.signal });
      acts.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && this.awaitsOlder(acts));
    return acts;
  }

  awaitsOlder(acts) {
    const last = acts.length ? Date.parse(acts.at(-1).at) : Infinity;
    const ids = new Set(acts.map(({ interaction_id: id }) => id));
    return [...this.awaited].some(([id, at]) => at <= last && !ids.has(id));
  }

  // Takes newer acts. Other people may have asked for them, or this view before it was left. A slow result stays
  // awaited.
  take(acts) {
    const before = this.awaited.size;
    const known = [];
    for (const act of acts.filter(({ action }) => action === "start" || action === "stop")) {
      const last = this.acts.get(keyOf(act));
      const isNewer = !last || Date.parse(last.at) <= Date.parse(act.at);
      if (isNewer && act.outcome !== "refused") this.acts.set(keyOf(act), act);
      if (act.result === "pending") this.awaited.set(act.interaction_id, Date.parse(act.at));
      else if (this.awaited.delete(act.interaction_id)) known.push(act);
    }
    for (const act of known.filter(({ result }) => result)) announce(`${act.instance_id}: ${resultText(act)}`);
    if (this.awaited.size > before) this.lookOften();
    this.draw();
    return known.length > 0;
  }

  // A failed listing is not repeated automatically, not even the first one, because it costs.
  async look() {
    if ((await this.readActs()) && this.listing)
      await this.list({ again: true }).catch((problem) => this.fail(problem));
  }

  // Reads what rows show beside the listing. If this fails, they show the last read, or nothing. A schedule that is
  // missing there cannot be set twice, because the API refuses a second one.
  async readBeside() {
    // The view was left during an act. Another view may show what the act changed.
    if (this.signal.aborted) return void readNow();
    try {
      await Promise.all([this.readResources(), this.look()]);
      store.has(this.rows);
    } catch (problem) {
      if (!this.resourcesAt || !this.actsAt) store.lacks(this.rows, this.signal);
      throw problem;
    }
  }

  async readResources() {
    const holds = this.askForResources();
    const read = () => resourcesOf(this.handle.id, this.signal);
    const { answer, asked } = await store.reading("resources", read, this.signal);
    if (!holds()) return;
    this.resourcesAt = asked;
    this.resources = new Map(answer.map((resource) => [keyOf(resource), resource]));
    if (this.listing && !this.signal.aborted) this.draw();
  }

  draw() {
    if (!this.listing) return;
    const { items, unavailable } = this.listing;
    render(this.asOf, [asOf(this.listing), this.takesLong], ([at, late]) => [
      late && `${t.instances.takesLong} `,
      t.instances.asOf,
      " ",
      when(new Date(at).toISOString()),
    ]);
    render(this.several, items.length > 1, (many) => many && this.severalButton());
    // It may be where AWS could not list.
    if (!unavailable.some(this.mayHave)) this.isLacking = this.lack(items.map(keyOf));
    render(this.notes, [unavailable, this.isLacking], () => [
      lackNotice(this.isLacking),
      unavailable.length > 0 &&
        notice(
          "warning",
          h("p", {}, t.instances.unavailable),
          h(
            "ul",
            {},
            unavailable.map(({ region, kind, detail }) =>
              h("li", {}, h("strong", {}, t.instances.where(wordOf(t.instances.kinds, kind), region)), `: ${detail}`),
            ),
          ),
        ),
    ]);
    this.drawRows(this.drawing(items, unavailable)).then(this.come);
  }

  *drawing(items, unavailable) {
    const none = unavailable.length ? t.instances.noneListed : t.instances.none;
    if (!items.length) return void fill(this.rows, h("li", { class: "empty-line" }, none));
    const shown = items.map((item) => ({
      ...item,
      state: this.stateOf(item),
      resource: this.resources.get(keyOf(item)),
      act: this.acts.get(keyOf(item)),
    }));
    yield* keying(this.rows, shown, keyOf, (item) => this.row(item));
  }

  row(instance) {
    const name = nameOf(instance);
    const on = STOPPABLE.has(instance.state);
    const mark = on ? "play" : AT_REST.has(instance.state) ? "stop" : "clock";
    const { resource } = instance;
    return h(
      "li",
      { class: "instance" },
      h(
        "span",
        { class: "instance-name" },
        h("strong", {}, name),
        name !== instance.instance_id && h("code", {}, instance.instance_id),
      ),
      h(
        "span",
        { class: "instance-kind" },
        wordOf(t.instances.kinds, instance.kind),
        h("span", { class: "muted" }, ` ${instance.type}`),
      ),
      h("span", { class: "instance-region" }, instance.region),
      h(
        "span",
        { class: `instance-state ${on ? "is-running" : AT_REST.has(instance.state) ? "" : "is-changing"}` },
        icon(mark),
        wordOf(t.instances.states, instance.state),
      ),
      h(
        "span",
        { class: "instance-actions" },
        this.powerButton(instance, name),
        changeButton(
          t.schedules.schedule,
          {
            class: "button-small",
            "data-part": "schedule",
            "aria-label": resource?.schedule ? t.schedules.changeThis(name) : t.schedules.scheduleThis(name),
            onclick: () =>
              scheduleDialog(this.handle.id, {
                instance,
                resource,
                running: () => this.runs(instance),
                onStop: (stopping) => this.follow(instance, stopping),
                onSaved: () => this.readBeside().catch(() => {}),
              }),
          },
          "clock",
        ),
      ),
      // Their room is kept, so that no other row moves as something begins or ends.
      h(
        "div",
        { class: "instance-did small" },
        instance.act &&
          resultNote(instance.act, {
            tag: "p",
            class: "",
            before: [t.interactions.did[instance.act.action], " ", when(instance.act.at), ". "],
          }),
      ),
      resource?.next_action &&
        h(
          "div",
          { class: "instance-note instance-turns small" },
          nextTurns(resource, { running: runsSoon(instance.state), class: "muted" }),
        ),
    );
  }

  severalButton() {
    return severalButton(
      this.handle.id,
      () => this.listing.items.map((instance) => ({ instance, resource: this.resources.get(keyOf(instance)) })),
      { running: (instance) => this.runs(instance), onSaved: () => this.readBeside().catch(() => {}) },
    );
  }

  // The same element in every state, so that it neither moves nor loses the focus.
  powerButton(instance, name) {
    const attributes = { class: "button-small", "data-part": "power" };
    if (STOPPABLE.has(instance.state)) {
      return changeButton(
        t.instances.stop,
        { ...attributes, "aria-label": t.instances.stopThis(name), onclick: () => this.confirmStop(instance) },
        "stop",
      );
    }
    const start = { ...attributes, "aria-label": t.instances.startThis(name) };
    if (STARTABLE.has(instance.state)) {
      return changeButton(
        t.instances.start,
        { ...start, onclick: (event) => this.start(instance, event.currentTarget) },
        "play",
      );
    }
    const why = t.instances.notWhile(name, wordOf(t.instances.states, instance.state));
    return button(
      t.instances.start,
      { ...start, "aria-disabled": "true", title: why, onclick: () => toast(why, "warning") },
      "play",
    );
  }

  confirmStop(instance) {
    dialog({
      title: t.instances.stopThis(nameOf(instance)),
      content: ({ close }) =>
        form({
          submitText: t.instances.stop,
          cancel: close,
          fields: [
            h("p", {}, t.instances.stopText),
            KINDS[instance.kind]?.restartedByAws && h("p", {}, t.instances.stopDatabase),
          ],
          onsubmit: async () => {
            const act = await this.ask(instance, "stop");
            close();
            this.follow(instance, act);
          },
        }),
    });
  }

  start(instance, node) {
    return submitting(node, () => this.ask(instance, "start").then((act) => this.follow(instance, act)));
  }

  // A redrawn row has a new button that is not busy. Another press waits for the same answer.
  ask(instance, action) {
    const key = `${keyOf(instance)} ${action}`;
    if (!this.asked.has(key)) {
      const answer = startOrStop(this.handle.id, instance, action).finally(() => this.asked.delete(key));
      this.asked.set(key, answer);
    }
    return this.asked.get(key);
  }

  // Shows the transition at once. The listing after the result brings AWS's state.
  follow(instance, act) {
    if (this.followed.has(act)) return;
    this.followed.add(act);
    const { action } = act;
    toast(whatBegan(nameOf(instance), act));
    if (this.signal.aborted) return void readNow();
    if (act.result === "pending")
      this.keep({
        ...this.listing,
        items: this.listing.items.map((item) =>
          keyOf(item) === keyOf(instance) ? { ...item, state: ACCEPTED[action] } : item,
        ),
      });
    this.awaited.set(act.interaction_id, Date.parse(act.at));
    if (this.take([act])) this.list({ again: true }).catch((problem) => this.fail(problem));
    else this.lookOften();
  }

  // Looks often while a result may come at any moment. Slower results are read with the rest.
  lookOften() {
    this.often?.abort();
    const often = new AbortController();
    this.often = often;
    const waits = [...LOOK_AGAIN_AFTER_MS];
    const look = async () => {
      try {
        await this.look();
      } finally {
        this.takesLong = !waits.length && this.awaited.size > 0;
        if (this.takesLong) announce(t.instances.takesLong);
        if (!waits.length || !this.awaited.size) often.abort();
        this.draw();
      }
    };
    whileLookedAt(AbortSignal.any([this.signal, often.signal]), () => waits.shift() ?? 0, look);
  }

  fail(problem) {
    if (!this.signal.aborted) warn(problem);
  }
}
