// Instances under Cavok's control: reading them, and saving the schedule of one.
import * as api from "./api.js";
import { onceMore, unlessChanged } from "./meanwhile.js";
import { isMissing, Problem } from "./problem.js";
import { t } from "../views/texts.js";

export const pathOf = (id, resource = "") =>
  `/v1/accounts/${api.segment(id)}/resources${resource && `/${api.segment(resource)}`}`;

/** All pages: a schedule is shown beside its instance, wherever that is listed. */
export async function resourcesOf(id, signal) {
  const all = [];
  for (let cursor; ;) {
    const { items, next_cursor } = await api.get(pathOf(id), { query: { cursor }, signal });
    all.push(...items);
    cursor = next_cursor;
    if (!cursor) return all;
  }
}

/** One resource and its tag, null if it is not there. */
export const tagged = async (id, resource) =>
  resource
    ? api.getWithHeaders(pathOf(id, resource.resource_id)).catch((problem) => {
        if (isMissing(problem)) return null;
        throw problem;
      })
    : null;

const isOf = (resource, { kind, instance_id: instance, region }) =>
  resource.kind === kind && resource.instance_id === instance && resource.region === region;

const ALREADY_CONTROLLED = "already_controlled";

/**
 * What adds one instance, and changes nothing that is under control already, unless it is as an earlier request of ours
 * left it, or may have left it. Returns the resource, and whether it is another person's.
 * @param {string} id @param {any} instance
 */
export function adding(id, instance) {
  const { kind, instance_id, region } = instance;
  const textOf = (schedule) => JSON.stringify(schedule ?? null);
  /** What was sent and done, or perhaps done. @type {Set<string>} */
  const ours = new Set();
  let mayBeThere = false;
  const find = async () =>
    tagged(
      id,
      (await resourcesOf(id)).find((each) => isOf(each, instance)),
    );
  const send = async (there, schedule) => {
    if (!there) return api.post(pathOf(id), { kind, instance_id, region, schedule });
    if (textOf(there.body.schedule) === textOf(schedule)) return there.body;
    const { body } = await api.patch(pathOf(id, there.body.resource_id), { schedule }, { etag: there.etag });
    return body;
  };
  /** @param {any} schedule @param {(asked: Promise<any>) => Promise<any>} first */
  return async function add(schedule, first, isAgain = false) {
    const there = await first(mayBeThere ? find() : Promise.resolve(null));
    if (there && !ours.has(textOf(there.body.schedule))) return { resource: there.body, isOthers: true };
    const mine = textOf(schedule);
    try {
      const resource = await send(there, schedule);
      ours.add(mine);
      mayBeThere = true;
      return { resource, isOthers: false };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const isThere = error.code === ALREADY_CONTROLLED;
      if (error.perhapsDone) ours.add(mine);
      mayBeThere ||= isThere || error.perhapsDone;
      if (!isThere || isAgain) throw error;
      return add(schedule, first, true);
    }
  };
}

/**
 * What saves a schedule of one instance, over no change of another that its person has not seen. `newest`: the
 * schedule that is there now; `known`: the resource that it is of, as far as the API has said. `save` returns the
 * resource. It asks before it acts through `first` of its form, and hands each request to `sending`.
 * @param {string} id
 * @param {{instance?: any, resource?: any}} of the resource as it is shown, or an instance without one
 */
export function keeping(id, { instance, resource }) {
  const subject = resource ?? instance;
  const given = resource?.schedule ?? undefined;
  let known = resource;
  let etag = null;
  let isSent = false;
  // One that was released meanwhile is the API's to refuse, unless it is under control again.
  const newest = async () => {
    // The API refuses a second schedule. So a first one is looked for only once it was sent.
    if (!resource && !isSent) return given;
    const listed = async () => (await resourcesOf(id)).find((each) => isOf(each, subject));
    const there = (known && (await tagged(id, known))) ?? (await tagged(id, await listed()));
    if (!there) return given;
    known = there.body;
    etag = there.etag;
    return known.schedule ?? undefined;
  };
  const check = unlessChanged(given, newest, () => t.schedules.changedMeanwhile);
  const send = (schedule) => {
    if (known) return api.patch(pathOf(id, known.resource_id), { schedule }, { etag }).then(({ body }) => body);
    const { kind, instance_id, region } = subject;
    return api.post(pathOf(id), { kind, instance_id, region, schedule });
  };
  const save = async (schedule, first, sending) => {
    await first(check(schedule));
    isSent = true;
    return sending(send(schedule));
  };
  return {
    newest,
    known: () => known,
    /** @param {any} schedule @param {(asked: Promise<any>) => Promise<any>} first
     * @param {(asked: Promise<any>) => Promise<any>} sending */
    save: (schedule, first, sending = (asked) => asked) => onceMore(() => save(schedule, first, sending)),
  };
}
