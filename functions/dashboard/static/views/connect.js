// Connecting one account: what is still missing, shown as it comes, and what was found once it is connected.
import * as api from "../lib/api.js";
import { foundOf, isRunning, primaryOf, runs, suggestionFor, waysOf } from "../lib/connecting.js";
import { tabs } from "../lib/copying.js";
import { diagram } from "../lib/diagram.js";
import { announce, fill, focused, focusOn, h, later, render } from "../lib/dom.js";
import { ageing, stopwatch } from "../lib/elapsed.js";
import { issueList } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import { looksFor } from "../lib/looks.js";
import { styled } from "../lib/pictures.js";
import { resourcesOf } from "../lib/resources.js";
import { roomy } from "../lib/room.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { startTest } from "../lib/testing.js";
import {
  button,
  changeButton,
  isConnected,
  isRevoked,
  issuesOf,
  problemsOf,
  section,
  skeleton,
  SLOW_AFTER_MS,
  spinner,
  submitting,
  toast,
  warn,
} from "../lib/ui.js";
import { isOutside } from "../lib/week.js";
import { keptTrue, load, READ_EVERY_MS, watched } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { frame } from "./account.js";
import { deployLink, drawWatch, guideFor, otherWays } from "./instructions.js";
import { inviteDialog } from "./invite.js";
import { KINDS } from "./kinds.js";
import { t } from "./texts.js";

const LIVE_EVERY_MS = 700;
const TESTING_MS = 2_000;
const WATCH_EVERY_MS = 3_000;
const WATCH_SLOWLY_AFTER_MS = 5 * 60_000;
const LISTED_WITHIN_MS = 60_000;

const testsOf = (id) => `/v1/accounts/${api.segment(id)}/verifications`;

/** The view, once its styles are there: without them, the picture would move what is below it. */
export async function ready() {
  await styled();
  return connect;
}

export function connect(context) {
  // That it was added is no news in a list that is opened later.
  const leave = () => router.place().path === "/accounts" || store.takeAdded();
  context.signal.addEventListener("abort", leave, { once: true });
  const open = stopwatch();
  const pauseOf = (account) => {
    if (account?.testing) return TESTING_MS;
    return open() > WATCH_SLOWLY_AFTER_MS ? 5 * WATCH_EVERY_MS : WATCH_EVERY_MS;
  };
  return frame(context, "connect", draws, { pauseOf, isAlone: true });
}

function draws(body, handle) {
  const { id, signal } = handle;
  const picture = h("div", { class: "card connecting" });
  const place = h("div", {}, picture);
  const watch = h("div", { class: "watch card" });
  const wrong = h("div", {});
  const how = h("div", {});
  const found = h("div", {});
  const opens = h("a", { class: "button", href: `#/accounts/${api.segment(id)}` }, t.instructions.open);
  const onward = h("p", { class: "row-links" }, opens);
  // The primary button comes before all that can be pressed besides. That of a key is beside its state.
  const isRole = handle.account().access_type === "assume_role";
  const [first, second] = isRole ? [how, watch] : [watch, how];
  fill(body, place, found, wrong, first, second, onward);
  /** The newest test, null if there was none. @type {any} */
  let test = null;
  let isListed = false;
  let wasIn = false;
  // Each comes above what else is to be known, which would jump.
  let awaitsFound = false;
  /** The instances that are not under control yet, as it is known. @type {any[]} */
  let left = [];
  let awaitsHow = true;

  const draw = () => {
    const account = handle.account();
    if (!account) return;
    if (isConnected(account)) store.takeAdded();
    const ways = waysOf(account, test);
    render(picture, [ways, account.provider_id, account.role_arn], () => pictureOf(account, ways));
    const isIn = isConnected(account);
    isListed &&= isIn;
    if (isIn && !account.testing && !isListed) {
      isListed = true;
      showFound();
    }
    const awaitsWrong = isRunning(test) || account.testing;
    let primary = primaryOf(account);
    if (primary === "onward" && (awaitsFound || left.length)) primary = "add";
    drawWatch(watch, handle, looks, { tests: testHere, primary });
    const issues = awaitsWrong ? [] : issuesOf(account);
    const title = problemsOf(account).length ? t.account.issues : t.account.information;
    render(wrong, issues, () => issues.length > 0 && section(title, {}, issueList(issues)));
    const had = focused(body);
    // What was found says that it is connected.
    const isDone = account.status === "confirmed" && !awaitsWrong;
    // Beside the state of a connected account is what leads on, too.
    const isBeside = isIn && !isDone;
    how.hidden = isIn || isRevoked(account);
    found.hidden = !isIn;
    // What is to be mended comes before how to connect it. Once it is connected, what a test finds moves nothing else.
    if (isIn !== wasIn) {
      body.insertBefore(wrong, isIn ? onward : first);
      // A node that is moved loses the focus.
      if (had && wrong.contains(had)) had.focus({ preventScroll: true });
    }
    wasIn = isIn;
    wrong.hidden = !issues.length || (awaitsFound && !focused(wrong));
    const awaitsAbove = awaitsHow && !how.hidden;
    watch.hidden = isDone || ((isIn ? awaitsFound : isRole && awaitsAbove) && !focused(watch));
    onward.hidden = isBeside || (isIn ? awaitsFound : awaitsAbove);
    // Where nothing is left to add, this is what is next.
    opens.classList.toggle("button-primary", primary === "onward");
    // Who comes back from "Deploy on AWS" may find it gone.
    const isGone = [how, found, wrong, watch, onward].some((part) => part.hidden && part.contains(had));
    if (isGone) focusOn(isIn ? found : how.hidden ? watch : how);
  };
  const testHere = (event) => {
    const account = handle.account();
    return startTest(account, event.currentTarget, async (begun) => {
      await begun;
      wasTesting = true;
      announce(t.list.begun(account.name));
      await readBoth();
    });
  };
  // A test has begun, whether that can be read or not. If not, the view says how old it is.
  const readBoth = async () => {
    await handle.again().catch(() => {});
    await tests.again().catch(() => {});
  };
  const looks = looksFor(handle, () => handle.refresh().finally(draw));

  const read = async () => {
    const [newest] = (await api.get(testsOf(id), { query: { limit: 1 }, signal })).items;
    if (isRunning(newest)) return api.get(`${testsOf(id)}/${api.segment(newest.verification_id)}`, { signal });
    // The account says what the end of a test means.
    if (isRunning(test)) await handle.refresh().catch(() => {});
    return newest ?? null;
  };
  const tests = keptTrue(
    place,
    read,
    (newest) => {
      test = newest;
      draw();
      return picture;
    },
    {
      signal,
      pauseOf: () => (isRunning(test) || handle.account()?.testing ? LIVE_EVERY_MS : READ_EVERY_MS),
      // The account alone says something already.
      placeholder: () => picture,
    },
  );
  handle.shows(tests);
  // Keys are there once they are entered, so nobody need press anything for their first test.
  tests.first?.then(() => {
    if (tests.readAt() && !signal.aborted && waitsForFirstTest(handle.account(), test)) begin().catch(warn);
  });
  const begin = async () => {
    await api.post(testsOf(id), undefined, { etag: store.tagOf(id) });
    await readBoth();
  };
  let wasTesting = handle.account().testing;
  handle.onChange((account) => {
    draw();
    if (account.testing && !wasTesting) {
      announce(t.instructions.testing);
      tests.again().catch(() => {});
    }
    wasTesting = account.testing;
  });

  // The primary button is there from the start, whatever becomes of the instructions.
  const known = handle.account();
  const placeholder = (isLate) => howTo({}, known, isLate ? lateLink(() => guide.reload()) : awaitedLink(known));
  const drawSteps = (steps, onPress) => howTo(steps, handle.account(), deployLink(steps, handle.account(), onPress));
  if (isRole) fill(how, placeholder(false));
  const guide = guideFor(handle, how, drawSteps, isRole ? { placeholder, retryClass: "button-primary" } : {});
  store.unlessItHangs(Promise.resolve(guide.first), signal).then(() => {
    awaitsHow = false;
    if (!signal.aborted) draw();
  });

  let listing = store.instancesOf(id);
  const readAdded = () => resourcesOf(id, signal);
  const readFound = async () => {
    if (!listing || listing.age() > LISTED_WITHIN_MS) listing = await listingOf(id, signal);
    return readAdded();
  };
  /** What is under control, which others change, too. The instances are not listed again: that costs.
   * @type {ReturnType<typeof watched> | undefined} */
  let added;
  let keeps = new AbortController();
  // The mark says it if that cannot be read.
  const again = () => store.unlessItHangs(added?.again() ?? Promise.resolve(), signal).catch(() => {});
  const shows = (resources) => {
    const inFound = h("div", {});
    let isSaid = false;
    // What others add moves nothing: its room stays.
    const kept = { lead: "", isLeft: false };
    // What is added is said by its modal.
    const say = (text) => {
      if (!isSaid) announce(text);
      isSaid = true;
    };
    const drawAdded = (all) => {
      const listed = /** @type {any} */ (listing);
      left = foundOf(listed, all, KINDS).left;
      draw();
      return drawFound(id, { listing: listed, resources: all }, { left: () => left, again, say, kept });
    };
    const until = AbortSignal.any([signal, keeps.signal]);
    added = watched(inFound, readAdded, drawAdded, { known: resources, knownFor: READ_EVERY_MS, signal: until });
    return inFound;
  };
  handle.shows({ readAt: () => added?.readAt() ?? 0 });
  const showFound = () => {
    awaitsFound = true;
    // It may have been connected before.
    keeps.abort();
    [keeps, added, left] = [new AbortController(), undefined, []];
    found.style.minHeight = "";
    const goOn = () => {
      awaitsFound = false;
      draw();
    };
    const awaited = (isLate) => awaitedFound(awaitsFound && !isLate);
    fill(found, awaited());
    const loaded = load(found, readFound, shows, { signal, placeholder: awaited });
    // Afterwards, so that it is below what is said of a long wait. The room of that stays, whatever becomes of it.
    const goOnBelow = () => {
      found.style.minHeight = `${found.offsetHeight}px`;
      goOn();
    };
    const cancel = later(SLOW_AFTER_MS, goOnBelow, signal);
    loaded.finally(cancel).finally(goOn);
  };
  draw();
}

const waitsForFirstTest = (account, test) =>
  account?.access_type === "access_key" &&
  account.status === "unconfirmed" &&
  !account.testing &&
  !test &&
  !problemsOf(account).length &&
  !isRevoked(account) &&
  session.current()?.canChange;

// ---- the picture ---------------------------------------------------------------------------------

function pictureOf(account, { entry, use, checked, allowed }) {
  const { nodes, states } = t.connect;
  const isRole = account.access_type === "assume_role";
  const holder = isRole ? nodes.role(account.role_arn?.split("/").pop() ?? "") : nodes.user;
  const reached = entry === "done" ? "done" : "waiting";
  const entries = states.entry[isRole ? "assume_role" : "access_key"];
  const uses = Object.values(states.use).map((said) => said(checked, allowed));
  return [
    diagram(
      [
        { icon: "cloud", state: "done" },
        { icon: "key", state: reached },
        { icon: "lock", state: use === "done" || use === "part" ? "done" : "waiting" },
      ],
      [entry, use],
    ),
    // What the picture shows, in words.
    h(
      "ol",
      { class: "connecting-nodes" },
      h("li", {}, h("strong", {}, nodes.account), h("span", { class: "mono" }, account.provider_id)),
      h("li", {}, h("strong", {}, holder), roomy("span", {}, Object.values(entries), entries[entry])),
      h("li", {}, h("strong", {}, t.nav.product), roomy("span", {}, uses, states.use[use](checked, allowed))),
    ),
  ];
}

// ---- what to do ----------------------------------------------------------------------------------

// Stands for the link until it is read.
function awaitedLink({ provider_id: number }) {
  const link = button(t.instructions.deploy, { ...IN_ITS_PLACE, "aria-busy": "true" });
  link.prepend(spinner());
  return h("p", { class: "deploy" }, link, h("span", { class: "muted small" }, t.instructions.deployNote(number)));
}

const lateLink = (again) =>
  h(
    "p",
    { class: "deploy" },
    button(
      t.actions.retry,
      { ...IN_ITS_PLACE, onclick: ({ currentTarget }) => submitting(currentTarget, again) },
      "refresh",
    ),
  );

const IN_ITS_PLACE = { class: "button-primary", "data-part": "deploy" };

function howTo(guide, account, link) {
  const isRole = account.access_type === "assume_role";
  const others = otherWays(guide, account);
  // The user of a key is there already, as a rule.
  if (!isRole) link?.querySelector("a").classList.remove("button-primary");
  return [
    section(
      isRole ? t.connect.deploy : t.connect.keyTitle,
      {},
      h("p", {}, isRole ? t.connect.deployText : t.connect.keyText),
      isRole && link,
      h("p", {}, changeButton(t.invite.action, { onclick: () => inviteDialog(account.account_id) })),
    ),
    h(
      "details",
      { class: "step-detail" },
      h("summary", {}, t.instructions.other),
      !isRole && link,
      tabs(t.instructions.other, others),
    ),
  ];
}

// ---- what was found ------------------------------------------------------------------------------

async function listingOf(id, signal) {
  const [at, age] = [Date.now(), ageing()];
  const listing = await api.get(`/v1/accounts/${api.segment(id)}/instances`, { signal, once: true });
  const kept = { ...listing, at, age };
  store.keepInstances(id, kept);
  return kept;
}

// With the room of what comes. `isPrimary`: whether nothing else leads on until it is read.
function awaitedFound(isPrimary) {
  const look = { ...ADD, class: isPrimary ? ADD.class : "" };
  const add = changeButton(t.connect.add, { ...look, "aria-busy": "true", "aria-disabled": "true" }, "plus");
  add.prepend(spinner());
  return section(t.connect.connected, { className: "found" }, skeleton(3), h("p", { class: "row-links" }, add));
}

const ADD = { class: "button-primary", "data-part": "add" };

// `left`: the instances that are not under control yet, which `again` reads anew. `say`: what was found, once. `kept`:
// what it said first, and whether there was something to add.
function drawFound(id, { listing, resources }, { left, again, say, kept }) {
  const found = foundOf(listing, resources, KINDS);
  const lead = [
    t.connect.found(found.total, found.isWhole),
    found.running > 0 && t.connect.running(found.running, found.total),
    found.unscheduled > 0 && t.connect.unscheduled(found.unscheduled, found.running),
  ]
    .filter(Boolean)
    .join(" ");
  const isLeft = found.left.length > 0;
  kept.lead ||= lead;
  kept.isLeft ||= isLeft;
  say(`${t.connect.connected} ${lead}`);
  const noteOf = (saved, { instance }) =>
    saved.schedule && isOutside(saved) && instance && runs(instance, KINDS) ? t.schedules.outside : "";
  const add = async () => {
    const here = router.whileHere();
    const [{ severalDialog }] = await Promise.all([import("./several.js"), again()]);
    const subjects = left().map((instance) => ({ instance }));
    const suggestionOf = ({ instance }) => suggestionFor(instance);
    here(() => {
      if (subjects.length) severalDialog(id, subjects, { noteOf, suggestionOf, onSaved: again });
      else announce(t.connect.allAdded);
    });
  };
  return section(
    t.connect.connected,
    { className: "found" },
    h("p", { class: "lead", "data-room": kept.lead }, h("span", {}, lead)),
    !found.isWhole &&
      h(
        "ul",
        { class: "small muted" },
        listing.unavailable.map(({ region, kind, detail }) =>
          h("li", {}, t.instances.where(wordOf(t.instances.kinds, kind), region), ": ", detail),
        ),
      ),
    found.total > 0 &&
      h(
        "p",
        { "data-room": kept.isLeft ? t.connect.addText : "" },
        isLeft
          ? h("span", { class: "muted" }, t.connect.addText)
          : h("span", {}, icon("check"), " ", t.connect.allAdded),
      ),
    h(
      "p",
      { class: "row-links" },
      // It stays once all are added, and says so.
      kept.isLeft &&
        changeButton(
          t.connect.add,
          {
            ...ADD,
            class: isLeft ? ADD.class : "",
            "aria-disabled": !isLeft && "true",
            title: !isLeft && t.connect.allAdded,
            onclick: ({ currentTarget }) =>
              isLeft ? submitting(currentTarget, add) : toast(t.connect.allAdded, "warning"),
          },
          "plus",
        ),
      (resources.length > 0 || kept.isLeft) &&
        h(
          "a",
          { class: resources.length ? "" : "outdated", href: `#/accounts/${api.segment(id)}/schedules` },
          t.connect.added(resources.length),
        ),
    ),
  );
}
