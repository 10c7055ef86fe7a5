// Instances under Cavok's control, and the weekly schedule of each.
import * as api from "../lib/api.js";
import { fill, focusOn, h, keying, later, pause, render, topModal, whileLookedAt } from "../lib/dom.js";
import { onTick, when } from "../lib/format.js";
import { ageing, stopwatch } from "../lib/elapsed.js";
import { icon } from "../lib/icons.js";
import { dayName, timeOfDay } from "../lib/later-formats.js";
import { isMissing } from "../lib/problem.js";
import { ending } from "../lib/session.js";
import * as store from "../lib/store.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import { drawer } from "../lib/slices.js";
import { changeButton, form, isConnected, notice, onceAlone, section, skeleton, toast } from "../lib/ui.js";
import { removing } from "../lib/meanwhile.js";
import { keeping, pathOf, resourcesOf, tagged } from "../lib/resources.js";
import { keptTrue, READ_EVERY_MS } from "../lib/watched.js";
import { DAY_MINUTES, isAlwaysOn, isKnownZone, isOutside, minuteOfWeek, nextTurn } from "../lib/week.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { frame, whyUnused } from "./account.js";
import { severalDialog } from "./several.js";
import { ahead, showNow, weekFields, weekPicture } from "./week.js";

const ASK_AFTER_MS = 2_000;
// How long the question may come after the schedule was sent, or its modal closed. Later, the reader does something
// else.
const ASK_WITHIN_MS = 30_000;
// A request that the gateway gave up on is done by then.
const LOST_FOR_MS = 60_000;

// The schedules that were sent for each instance, in this order, until a person was asked about it or need not be. Only
// the last one asks. Refused ones are left out.
/** `age`: how long ago, in milliseconds, a person sent it or gave its modal up.
 * @type {Map<string, {schedule: any, age: () => number}[]>} */
const sends = new Map();
const sentOf = (key) => sends.get(key) ?? [];
const isLast = (key, send) => sentOf(key).at(-1) === send;
function begin(key, schedule, session) {
  const send = { schedule, age: ageing() };
  sends.set(key, [...sentOf(key), send]);
  // The next person is not asked.
  session.addEventListener("abort", () => sends.delete(key), { once: true });
  return send;
}
const refused = (key, send) =>
  sends.set(
    key,
    sentOf(key).filter((each) => each !== send),
  );

export function schedules(context) {
  return frame(context, "schedules", (body, handle) => {
    const content = h("div", {});
    const changed = () => cards.again().catch(() => {});
    const rest = h("div", {});
    const several = h("span", { class: "card-actions" });
    const list = h("ul", { class: "resources" });
    const drawCards = drawer(list, handle.signal);
    const row = context.query.get("row");
    const come = comingTo(list, row, handle.signal);
    const lack = lackOf(row);
    let isLacking = false;
    /** @type {any[]} */
    let items = [];
    const draw = () => {
      const account = handle.account();
      const rests = !isConnected(account);
      const why = rests && whyUnused(account);
      render(rest, [why, isLacking], () => [
        why && notice("info", h("p", {}, t.schedules.rests[why])),
        lackNotice(isLacking),
      ]);
      const subjects = () => items.map((resource) => ({ resource }));
      render(several, items.length > 1, (many) => many && severalButton(handle.id, subjects, { onSaved: changed }));
      drawCards(steps(rests)).then(() => {
        showNow(list);
        come();
      });
      return list;
    };
    function* steps(rests) {
      if (!items.length) return void fill(list, noneYet(handle.id, rests));
      const cards = items.map((resource) => ({ resource, rests }));
      const card = ({ resource }, before) => resourceCard(handle.id, resource, rests, changed, before);
      yield* keying(list, cards, ({ resource }) => resource.resource_id, card);
    }
    fill(body, section(t.schedules.title, { note: t.schedules.text, actions: several }, rest, content));
    const cards = keptTrue(
      content,
      () => Promise.all([resourcesOf(handle.id, handle.signal), styled()]),
      ([found]) => {
        items = found;
        isLacking = lack(items.map(({ resource_id: id }) => id));
        return draw();
      },
      { signal: handle.signal, placeholder: () => skeleton(5) },
    );
    handle.onChange(draw);
    onTick(() => showNow(list), handle.signal);
    handle.shows(cards);
  });
}

/**
 * Comes once to the row that the address names, when it is drawn. Whoever has scrolled by then, or has opened a modal,
 * stays there.
 * @param {Element} list @param {string | null} key @param {AbortSignal} signal of the view
 */
export function comingTo(list, key, signal) {
  let isOver = !key;
  return function come() {
    const rows = /** @type {HTMLElement[]} */ (isOver ? [] : [...list.children]);
    const row = rows.find(({ dataset }) => dataset.key === key);
    if (!row) return;
    // It may be drawn before its list is in the view.
    if (!list.isConnected) return void later(0, come, signal);
    isOver = true;
    if (window.scrollY || topModal()) return;
    row.scrollIntoView({ block: "center" });
    focusOn(row);
  };
}

/**
 * Says whether the row that the address names is in no list, each read to its end. One that was there once was come to.
 * @param {string | null} key @returns {(keys: string[]) => boolean}
 */
export function lackOf(key) {
  let isLacking = Boolean(key);
  return (keys) => (isLacking &&= !keys.includes(/** @type {string} */ (key)));
}

/** Above a list, if so. */
export const lackNotice = (isLacking) => isLacking && notice("warning", h("p", {}, t.instances.lacking));

const noneYet = (id, rests) =>
  h(
    "li",
    { class: "empty-line" },
    t.schedules.none,
    " ",
    !rests && [
      t.schedules.choose,
      " ",
      h("a", { href: `#/accounts/${api.segment(id)}/instances` }, t.account.tabs.instances),
      ".",
    ],
  );

export const whichInstance = ({ kind, instance_id: id, region }) =>
  h("p", { class: "muted small" }, wordOf(t.instances.kinds, kind), " · ", h("code", {}, id), " · ", region);

// `rests`: the schedule has no effect until the account is connected. `before`: the card as it is shown.
function resourceCard(id, resource, rests, changed, before) {
  const name = resource.name || resource.instance_id;
  const schedule = resource.schedule;
  const isOpen = before?.querySelector("details")?.open;
  // The card that was there before stays: of a new one, the browser takes another height until it has drawn it.
  return fill(
    before ?? h("li", { class: "resource" }),
    h(
      "header",
      { class: "resource-head" },
      h("div", {}, h("h3", {}, name), whichInstance(resource)),
      h(
        "span",
        { class: "row-links" },
        changeButton(
          schedule ? t.schedules.change : t.schedules.schedule,
          {
            class: "button-small",
            "data-part": `schedule-${resource.resource_id}`,
            "aria-label": schedule ? t.schedules.changeThis(name) : t.schedules.scheduleThis(name),
            onclick: () =>
              scheduleDialog(id, {
                resource,
                running: () => undefined,
                onSaved: changed,
                onStop: (stopping) => {
                  toast(whatBegan(name, stopping));
                  changed();
                },
              }),
          },
          "clock",
        ),
        changeButton(t.schedules.remove, {
          class: "button-small",
          "data-part": `remove-${resource.resource_id}`,
          "aria-label": t.schedules.removeThis(name),
          onclick: () => confirmRemoval(id, resource, name, changed),
        }),
      ),
    ),
    schedule ? weekPicture(schedule) : h("p", { class: "muted" }, t.schedules.noSchedule),
    !rests && nextTurns(resource, { class: "resource-next small", after: t.schedules.yourTime }),
    !rests && schedule?.windows.length > 0 && !isAlwaysOn(schedule) && ahead(() => schedule, isOpen).node,
    // Last, and in room that is kept for it, so that a note moves nothing.
    h(
      "p",
      { class: "resource-note" },
      resource.note &&
        h("span", { class: "field-warning" }, icon("warning"), `${t.schedules.lastTurn} ${resource.note}`),
    ),
  );
}

/**
 * `running`: whether the instance runs now; undefined if unknown. It is called until a person has answered the
 * question. `onStop`: gets the interaction if the person stops the instance.
 * @param {string} id
 * @param {{instance?: any, resource?: any, running: () => boolean | undefined, onSaved: () => any,
 *   onStop: (interaction: any) => void}} options
 */
export function scheduleDialog(id, { instance, resource, running, onSaved, onStop }) {
  const subject = resource ?? instance;
  const name = subject.name || subject.instance_id;
  const key = JSON.stringify([id, subject.kind, subject.instance_id, subject.region]);
  const given = resource?.schedule ?? undefined;
  const session = ending();
  const kept = keeping(id, { instance, resource });
  // What was sent last, though its answer may be lost.
  let mine;
  let isLost = false;
  // Whether saving has closed the modal.
  let isDone = false;
  // Asks once, even after the person left the view, because the instance runs on. If the person does something else by
  // then, or the computer slept, a toast says so in place of the modal.
  const ask = (saved, send, isDue) =>
    onceAlone(() => {
      if (!isLast(key, send)) return;
      sends.delete(key);
      if (whyLeave(id, saved, running(), isDue())) return;
      if (send.age() < ASK_WITHIN_MS) return askToStop(id, saved, running, isDue, onStop);
      const look = { href: `#/accounts/${api.segment(id)}/instances`, text: t.schedules.lookAtInstances };
      toast(t.schedules[running() ? "lateOutside" : "lateMaybeOutside"](name), "warning", look);
    });
  // The time limit begins again when the modal closes: its reader may have waited long for the answer.
  const giveUp = () => {
    const last = sentOf(key).at(-1);
    if (mine && last && !isDone) last.age = ageing();
    askOfLost();
  };
  // A schedule whose answer was lost may be saved all the same, perhaps later. So may an earlier one. After the modal
  // is closed, this looks for one of them for `LOST_FOR_MS` after the first answer, and asks once it is saved, unless
  // another one is sent.
  const askOfLost = () => {
    const last = sentOf(key).at(-1);
    if (!isLost || !last) return;
    const ended = new AbortController();
    let wait = 0;
    let sinceAnswered;
    const look = async () => {
      wait = READ_EVERY_MS;
      const there = JSON.stringify(await kept.newest());
      sinceAnswered ??= stopwatch();
      const known = kept.known();
      const isSaved = known && sentOf(key).some(({ schedule }) => JSON.stringify(schedule) === there);
      if (isSaved || sinceAnswered() >= LOST_FOR_MS) ended.abort();
      if (isSaved) ask(known, last, dueOnceSaid(known));
    };
    whileLookedAt(AbortSignal.any([session, ended.signal]), () => wait, look);
  };
  const sending = (asked, schedule) => {
    const send = (mine = begin(key, schedule, session));
    return asked.catch((problem) => {
      if (!problem.perhapsDone) refused(key, send);
      throw problem;
    });
  };
  const open = new AbortController();
  const fields = weekFields(given, open.signal);
  dialog({
    title: given ? t.schedules.changeThis(name) : t.schedules.scheduleThis(name),
    wide: true,
    onClose: () => {
      open.abort();
      giveUp();
    },
    content: ({ close }) =>
      form({
        submitText: t.actions.save,
        cancel: close,
        fields: fields.node,
        async onsubmit(node, first, done) {
          const schedule = fields.read();
          // If the modal is closed meanwhile, the question comes once there is an answer, or it is lost.
          isLost = false;
          const saved = await kept
            .save(schedule, first, (asked) => sending(asked, schedule))
            .catch((problem) => {
              isLost = true;
              if (!node.isConnected) askOfLost();
              throw problem;
            });
          const send = mine;
          const isDue = dueOnceSaid(saved);
          const whyNot = () => whyLeave(id, saved, running(), isDue());
          // The toast has no link if a question follows, because the link would lead away from it.
          const look = { href: `#/accounts/${api.segment(id)}/schedules`, text: t.schedules.look };
          isDone = done();
          if (isDone) toast(t.schedules.saved, "success", instance && whyNot() && look);
          // Draws the row again first, so that the question can return the focus to it. Waits only briefly for that.
          await Promise.race([onSaved(), pause(ASK_AFTER_MS)]);
          ask(saved, send, isDue);
        },
      }),
  });
}

/**
 * Sets one week for several instances. If one then runs outside of it, its line says so. No question is asked.
 * @param {string} id
 * @param {() => {instance?: any, resource?: any}[]} subjects as they are shown when it is pressed
 * @param {{running?: (instance: any) => boolean | undefined, onSaved: () => any}} options
 */
export function severalButton(id, subjects, { running = () => undefined, onSaved }) {
  const noteOf = (saved, { instance }) => {
    const runs = instance && running(instance);
    return whyLeave(id, saved, runs, false) ? "" : t.schedules[runs ? "outside" : "maybeOutside"];
  };
  return changeButton(
    t.several.action,
    {
      class: "button-small",
      "data-part": "several",
      onclick: () => severalDialog(id, subjects(), { noteOf, onSaved }),
    },
    "clock",
  );
}

// ---- an instance that runs outside of its schedule ---------------------------------------------

// A moment of the coming week, on the schedule's own clock.
export function momentOf(moment, { time_zone: zone }) {
  const minute = minuteOfWeek(moment, zone);
  return t.schedules.moment(dayName(Math.floor(minute / DAY_MINUTES), "long"), timeOfDay(minute % DAY_MINUTES));
}

/**
 * A line that says what the schedule changes next. `running`: whether the instance runs; undefined if unknown. Then the
 * line names the next turn and the opposite one after it.
 * @param {any} resource
 * @param {{running?: boolean, class: string, after?: string}} options
 */
export function nextTurns(resource, { running, class: className, after }) {
  const first = resource?.next_action?.action;
  if (!first || isAlwaysOn(resource.schedule)) return null;
  const other = first === "start" ? "stop" : "start";
  const wanted = running === undefined ? [first, other] : [running ? "stop" : "start"];
  const turns = wanted.map((action) => [action, nextTurn(resource, action)]).filter(([, at]) => at);
  if (!turns.length) return null;
  return h(
    "p",
    { class: className },
    icon("clock"),
    " ",
    turns.map(([action, at], index) => [
      (index ? t.schedules.then : t.schedules.next)[action],
      " ",
      when(at.toISOString(), { exact: true }),
    ]),
    " ",
    after,
  );
}

// Returns a function that says whether the next turn of a resource has come. The API has just described the resource,
// so if that turn has passed by the reader's clock, the clock is fast. Then the next answer of the API decides.
function dueOnceSaid({ next_action: next }) {
  const left = next ? Date.parse(next.at) - Date.now() : 0;
  const age = ageing();
  return () => left > 0 && age() >= left;
}

/**
 * Why there is nothing to ask about an instance that may run outside of its schedule; "" if there is something to ask.
 * @param {string} id
 * @param {any} resource null if it was released
 * @param {boolean | undefined} runs
 * @param {boolean} isDue whether its next turn has come since the API described it
 */
export function whyLeave(id, resource, runs, isDue) {
  const account = store.account(id);
  if (!isConnected(account)) return account ? t.schedules.rests[whyUnused(account)] : t.account.missing;
  if (runs === false) return t.schedules.rested;
  return resource && isOutside(resource) && !isDue ? "" : t.schedules.moved;
}

function askToStop(id, saved, running, isDue, onStop) {
  const name = saved.name || saved.instance_id;
  const said = h("div", { class: "stack" });
  const leave = h("span", {});
  const asked = new AbortController();
  // Whether a stop is being sent. Then the modal stays open, whatever else changes.
  let sending = false;
  // The newest schedule: another person may change it, and the reader's clock may be wrong.
  let resource = saved;
  const newest = () =>
    api.get(pathOf(id, saved.resource_id), { signal: asked.signal }).catch((problem) => {
      if (isMissing(problem)) return null;
      throw problem;
    });
  const modal = dialog({
    title: t.instances.stopThis(name),
    onClose: () => asked.abort(),
    content: ({ close }) =>
      form({
        submitText: t.schedules.stopNow,
        cancel: close,
        cancelText: leave,
        fields: said,
        async onsubmit(_, first) {
          if (isOver(await first(newest()), false)) return;
          sending = true;
          const stopping = await startOrStop(id, saved, "stop").catch((problem) => {
            sending = false;
            throw problem;
          });
          close();
          onStop(stopping);
        },
      }),
  });
  const isOver = (there, due) => {
    const why = whyLeave(id, there, running(), due);
    if (!why) return false;
    modal.close();
    toast(t.schedules.left(name, why), "warning");
    return true;
  };
  const draw = () => {
    if (sending || isOver(resource, isDue())) return;
    const { schedule } = resource;
    render(said, [running(), schedule.time_zone], ([runs, zone]) => [
      h("p", {}, runs ? t.schedules.outside : t.schedules.maybeOutside),
      h("p", { class: "muted" }, t.schedules.zone(zone), ". ", t.instances.stopText),
    ]);
    leave.textContent = isKnownZone(schedule.time_zone)
      ? t.schedules.leaveIt(momentOf(nextTurn(resource, "stop"), schedule))
      : t.actions.cancel;
  };
  // The modal closes with the session, so that the next person does not see it.
  const end = () => {
    asked.abort();
    modal.close();
  };
  ending().addEventListener("abort", end, { once: true, signal: asked.signal });
  onTick(draw, asked.signal);
  draw();
  whileLookedAt(
    asked.signal,
    () => READ_EVERY_MS,
    async () => {
      resource = await newest();
      isDue = dueOnceSaid(resource ?? {});
      draw();
    },
  );
}

// Asks for a start or stop of an instance. Returns the interaction.
export function startOrStop(id, { kind, instance_id: instance, name, region }, action) {
  const of = `/v1/accounts/${api.segment(id)}/instances/${api.segment(kind)}/${api.segment(instance)}`;
  const address = `${of}/${action}?region=${encodeURIComponent(region)}`;
  const asked = api.post(address, undefined, { key: api.newKey() });
  return asked.catch((problem) => {
    // Those of one Auto Scaling group have the same name.
    throw Object.assign(problem, { of: name ? `${name} (${instance})` : instance });
  });
}

/** The message for an accepted start or stop. Nothing has begun if the instance was in that state already. */
export const whatBegan = (name, { action, result, detail }) =>
  result === "pending" ? t.instances.accepted[action](name) : `${name}: ${detail}`;

function confirmRemoval(id, resource, name, changed) {
  const newest = async () => {
    const there = await tagged(id, resource);
    return { shown: there?.body.schedule ?? null, etag: there?.etag };
  };
  const say = () => {
    changed();
    return t.schedules.removeMeanwhile;
  };
  const release = removing(resource.schedule, newest, say, (etag) =>
    api.remove(pathOf(id, resource.resource_id), { etag }),
  );
  dialog({
    title: t.schedules.removeThis(name),
    content: ({ close }) =>
      form({
        submitText: t.schedules.remove,
        submitClass: "button-danger",
        cancel: close,
        fields: [h("p", {}, t.schedules.removeText)],
        async onsubmit(_, first) {
          await release(first);
          close();
          toast(t.schedules.released(name));
          changed();
        },
      }),
  });
}
