// One enrollment: what is wrong with it, how its stack is deployed, its synchronization, its members, and its end.
import * as api from "../lib/api.js";
import { codeBlock, copyable, tabs } from "../lib/copying.js";
import { measure } from "../lib/covered.js";
import { deployButton, expires, linkGuard } from "../lib/deploy-link.js";
import { announce, fill, focused, focusOn, h, render } from "../lib/dom.js";
import { issueList, updateSection, updateSteps } from "../lib/findings.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { removing, unlessChanged, onceMore } from "../lib/meanwhile.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { countOf } from "../lib/units.js";
import {
  changeButton,
  definition,
  form,
  freshnessMark,
  iconButton,
  notice,
  section,
  skeleton,
  spinner,
  submitting,
  toast,
} from "../lib/ui.js";
import { keptTrue, oldest, READ_EVERY_MS, watched } from "../lib/watched.js";
import { readable } from "../texts.js";
import { enrollmentForm } from "./enrollment-form.js";
import { badge, memberTree } from "./members.js";
import { t } from "./texts.js";

const WATCH_EVERY_MS = 2_000;
// What a synchronization may cover.
const COVERABLE = ":scope > :not(.enrollment-progress)";

/** The synchronization of each enrollment that a person follows, also after the view was left.
 * @type {Map<string, string>} */
const followed = new Map();

export function one({ main, title, signal: view, params }) {
  title(t.nav.enrollments);
  const base = `/v1/enrollments/${api.segment(params.id)}`;
  // It ends with the view, and with the enrollment.
  const ending = new AbortController();
  const signal = AbortSignal.any([view, ending.signal]);
  const heading = h("h1", {}, t.nav.enrollments);
  const head = h("div", {});
  // Over the lower end of the view, or after it in a low window, so that nothing moves when it comes.
  const progress = h("div", { class: "enrollment-progress" });
  const settings = h("div", {});
  const deployment = deploying(base, signal);
  const members = h("div", {});
  const missing = h("div", {});
  const end = h("div", {});
  // Each is hidden until what is above it has been read, so that nothing moves. A read that hangs delays it for five
  // seconds at most.
  const last = h("div", { class: "stack", hidden: true }, settings, end);
  const below = h("div", { class: "stack enrollment-parts", hidden: true }, members, last);
  const all = h("div", { class: "stack enrollment-parts" }, head, deployment.node, below, progress);
  const showBelow = async () => {
    await store.unlessItHangs(deployment.there(), signal);
    below.hidden = false;
    if (tree) await store.unlessItHangs(tree.there, signal);
    last.hidden = false;
  };
  const place = h("div", {});
  /** The newest enrollment. @type {any} */
  let shown;
  /** @type {ReturnType<typeof memberTree> | undefined} */
  let tree;
  let isBegun = false;

  const again = () => part.again().catch(() => {});
  const synchronize = (event) =>
    submitting(event.currentTarget, async () => {
      const begun = await api.post(`${base}/synchronizations`);
      followed.set(params.id, begun.synchronization_id);
      follow();
      again();
    });

  // ---- the synchronization that is followed ----------------------------------------------------

  /** @type {AbortController | undefined} */
  let following;
  measure(all, COVERABLE, () => progress.offsetHeight, signal).observe(progress);
  // It goes on, as the facts say. Whoever has pressed with a pointer goes on where they are.
  const close = ({ currentTarget }) => {
    const preventScroll = !currentTarget.matches(":focus-visible");
    following?.abort();
    followed.delete(params.id);
    /** @type {HTMLElement} */ (head.querySelector("[data-part=synchronize]")).focus({ preventScroll });
    fill(progress);
  };
  const follow = () => {
    const id = followed.get(params.id);
    if (!id) return;
    following?.abort();
    const own = new AbortController();
    following = own;
    const until = AbortSignal.any([signal, own.signal]);
    const target = h("div", {});
    const actions = iconButton(t.actions.close, "cross", { onclick: close });
    fill(progress, section(t.enrollments.synchronization, { actions }, target));
    const readState = () => api.get(`${base}/synchronizations/${api.segment(id)}`, { signal: until });
    const drawState = (found) => {
      if (found.state !== "running") {
        followed.delete(params.id);
        own.abort();
        announce(sayOf(found));
        again();
      }
      return drawProgress(found);
    };
    watched(target, readState, drawState, {
      signal: until,
      pauseOf: () => WATCH_EVERY_MS,
      placeholder: () => skeleton(1),
    });
  };

  // ---- drawing ---------------------------------------------------------------------------------

  const draw = (enrollment) => {
    shown = enrollment;
    title(enrollment.name);
    heading.textContent = enrollment.name;
    const { totals, version, ...others } = enrollment;
    const onChange = () => change(shown, base, again);
    render(head, others, () => drawHead(enrollment, synchronize, onChange));
    render(settings, version, () => drawSettings(enrollment, onChange));
    deployment.take(enrollment);
    const isThere = countOf(totals) > 0;
    if (isThere) tree ??= memberTree(params.id, signal);
    tree?.take(totals);
    const note = isThere ? t.enrollments.membersText : t.enrollments.noMembers;
    render(members, isThere, () => section(t.enrollments.members, { note }, missing, tree?.node));
    // Its room stays once none is missing any more, so that the members stay where they are.
    const isOver = totals.role_missing === 0 && Boolean(missing.firstChild);
    if (!isOver) render(missing, totals.role_missing, (count) => count > 0 && drawMissing(count, synchronize));
    missing.firstElementChild?.classList.toggle("is-over", isOver);
    if (isOver && focused(missing)) focusOn(missing);
    render(end, true, () =>
      h(
        "p",
        { class: "row-links" },
        changeButton(t.enrollments.end, { class: "button-danger", onclick: () => confirmEnd(shown, base, ended) }),
      ),
    );
    if (!isBegun) showBelow();
    isBegun = true;
    return all;
  };
  const ended = (steps) => {
    const { name } = shown;
    ending.abort();
    if (!view.aborted) drawEnded(main, name, steps);
  };
  const read = () => Promise.all([api.get(base, { signal }), styled("enrollments")]);
  const part = keptTrue(place, read, ([enrollment]) => draw(enrollment), {
    signal,
    pauseOf: () => (shown?.synchronizing ? 2 * WATCH_EVERY_MS : READ_EVERY_MS),
    placeholder: () => skeleton(8, "card"),
    onMissing: () => {
      ending.abort();
      return notice("warning", h("p", {}, t.enrollments.gone, ". ", t.enrollments.goneText));
    },
  });
  fill(
    main,
    h("div", { class: "crumb" }, h("a", { href: "#/enrollments" }, icon("left"), t.nav.enrollments)),
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        heading,
        freshnessMark(() => oldest([part, deployment, ...(tree ? [tree] : [])]), signal),
      ),
    ),
    !session.somebody().canChange && notice("info", h("p", {}, t.viewer.banner)),
    place,
  );
  follow();
}

function drawHead(enrollment, synchronize, onChange) {
  const { status, issues, management_account_id: number } = enrollment;
  const fact = (term, value, missing) => definition(term, value ?? h("span", { class: "muted" }, missing));
  const at = (time, kind) => time && when(time, { kind });
  const { enrollments: texts } = t;
  return section(
    texts.facts,
    {
      actions: h(
        "div",
        { class: "card-actions" },
        changeButton(texts.synchronize, { onclick: synchronize, "data-part": "synchronize" }, "refresh"),
      ),
    },
    h("p", { class: "enrollment-status" }, badge(status), " ", h("span", { class: "muted" }, wordsOf(enrollment))),
    issues.length > 0 && issueList(issues),
    h(
      "dl",
      { class: "facts" },
      definition(
        texts.account,
        number
          ? copyable(number, t.actions.copyThis(texts.account))
          : changeButton(texts.enterAccount, { class: "button-small", onclick: onChange, "data-part": "account" }),
      ),
      fact(texts.arn, enrollment.organization_arn, texts.arnUnknown),
      fact(texts.lastSynchronized, at(enrollment.last_synchronized_at), texts.never),
      fact(texts.nextSynchronization, at(enrollment.next_synchronization_at, "due"), texts.notPlanned),
      fact(texts.stackVersion, versionOf(enrollment), t.instructions.versions.unknown),
    ),
  );
}

// A member may have another version than the stack: until its test, or if it has a role of its own.
function versionOf({ enrollment_id: id, template }) {
  if (!template) return null;
  const { versions } = t.instructions;
  const said = (template.outdated ? versions.old : versions.newest)(template.version, template.current);
  const query = new URLSearchParams({ template_version: template.version, enrollment_id: id });
  return [said, " ", h("a", { href: `#/accounts?${query}` }, t.enrollments.ofVersion)];
}

const drawMissing = (count, synchronize) =>
  h(
    "div",
    { class: "missing" },
    changeButton(t.enrollments.tryAgain(count), { onclick: synchronize, "data-part": "missing" }, "refresh"),
    h("p", { class: "muted small" }, t.enrollments.missingText),
  );

const wordsOf = ({ status, synchronizing }) =>
  synchronizing ? [spinner(), " ", t.enrollments.synchronizing] : (t.enrollments.statusText[status] ?? "");

function drawProgress(found) {
  const said = sayOf(found);
  if (found.state === "failed") return notice("error", h("p", {}, said));
  if (found.state !== "running") return notice("success", h("p", {}, said));
  return h(
    "div",
    { class: "import-progress" },
    // How many there are is known at the end.
    h("progress", { "aria-label": t.enrollments.synchronization }),
    h("p", {}, said),
  );
}

const sayOf = (found) =>
  found.state === "failed"
    ? t.enrollments.failed(found.reason ?? "")
    : t.enrollments[found.state === "running" ? "running" : "finished"](found);

// ---- what is chosen ----------------------------------------------------------------------------

function drawSettings(enrollment, onChange) {
  const { enrollments: texts } = t;
  const list = (entries, none) => (entries.length ? entries.join(", ") : none);
  const tags = Object.entries(enrollment.tags).map(([key, value]) => `${key}=${value}`);
  const features = enrollment.features.map((group) => t.groupTexts[group]?.title ?? readable(group));
  return section(
    texts.settings,
    {
      actions: h(
        "div",
        { class: "card-actions" },
        changeButton(t.actions.change, { onclick: onChange, "data-part": "change" }),
      ),
    },
    h(
      "dl",
      { class: "facts" },
      definition(texts.includeOus, list(enrollment.include_ous, texts.all)),
      definition(texts.excludeOus, list(enrollment.exclude_ous, texts.none)),
      definition(texts.excludeAccounts, list(enrollment.exclude_accounts, texts.none)),
      definition(texts.namePattern, enrollment.name_pattern ?? texts.anyName),
      definition(t.regionsField.label, list(enrollment.regions, texts.none)),
      definition(t.newAccount.writeLogs, enrollment.write_logs ? t.yes : t.no),
      definition(t.newAccount.rolePath, h("code", {}, enrollment.role_path)),
      definition(texts.boundary, enrollment.permissions_boundary ?? texts.none),
      definition(texts.tags, list(tags, texts.none)),
      definition(texts.features, list(features, texts.none)),
    ),
  );
}

const CHOSEN = [
  "name",
  "management_account_id",
  "include_ous",
  "exclude_ous",
  "exclude_accounts",
  "name_pattern",
  "regions",
  "write_logs",
  "permissions_boundary",
  "tags",
  "features",
];
const chosenOf = (enrollment) => Object.fromEntries(CHOSEN.map((name) => [name, enrollment[name]]));

function change(known, base, again) {
  let etag;
  const newest = async () => {
    const there = await api.getWithHeaders(base);
    ({ etag } = there);
    return chosenOf(there.body);
  };
  const check = unlessChanged(chosenOf(known), newest, () => t.enrollments.changedMeanwhile);
  enrollmentForm({
    title: t.enrollments.changeTitle,
    submitText: t.actions.save,
    known,
    save: (body, first) =>
      onceMore(async () => {
        await first(check({ ...chosenOf(known), ...body }));
        return (await api.patch(base, body, { etag })).body;
      }),
    onSaved() {
      toast(t.account.saved);
      again();
    },
  });
}

// ---- the stack ---------------------------------------------------------------------------------

function deploying(base, signal) {
  const place = h("div", {});
  const update = h("div", {});
  const stack = h("div", {});
  const node = h("div", { class: "stack enrollment-parts" }, update, stack);
  const way = { title: "" };
  const news = h("ul", {});
  let version = "";
  let isOutdated = false;
  /** @type {ReturnType<typeof watched> | undefined} */
  let guide;
  const read = async () => {
    const answer = await api.get(`${base}/instructions`, { signal });
    guard.restart();
    return answer;
  };
  const guard = linkGuard(async () => guide?.again());
  const draw = (answer) => {
    const found = answer.update;
    const newer = () => updateSection(found, t.enrollments.update, news);
    fill(update, found && (isOutdated ? newer() : changeSection(found)));
    return drawGuide(answer, guard.onPress, way);
  };
  const take = (enrollment) => {
    const isWaiting = enrollment.status === "waiting";
    const { template } = enrollment;
    const versions = `${enrollment.version} ${template?.version} ${template?.current}`;
    isOutdated = !!template?.outdated;
    fill(
      news,
      template?.changes.map((each) => h("li", {}, t.enrollments.change(each))),
    );
    render(stack, isWaiting, () =>
      section(
        isWaiting ? t.enrollments.deploy : t.enrollments.redeploy,
        { note: isWaiting ? undefined : t.enrollments.redeployText },
        isWaiting ? place : h("details", { class: "more-fields" }, h("summary", {}, t.enrollments.howTo), place),
      ),
    );
    if (!guide) guide = watched(place, read, draw, { signal, once: true, placeholder: () => skeleton(5) });
    else if (version !== versions) guide.again().catch(() => {});
    version = versions;
  };
  return { node, take, readAt: () => guide?.readAt() ?? 0, there: async () => guide?.first };
}

// No version is newer, but other options may have been chosen.
function changeSection(update) {
  const { howToUpdate, update: title, updateText: note } = t.enrollments;
  return section(
    title,
    { note },
    h("details", { class: "more-fields" }, h("summary", {}, howToUpdate), updateSteps(update)),
  );
}

function drawGuide(guide, onPress, way) {
  const names = t.enrollments.tabs;
  const tab = (title, text, content, filename) => ({
    title,
    content: () => [h("p", {}, text), codeBlock(content, { label: title, filename })],
  });
  const { instructions: texts } = t;
  return [
    h(
      "ol",
      { class: "steps" },
      guide.steps.map((step) => h("li", {}, h("h3", {}, step.title), h("p", {}, step.text))),
    ),
    deployButton(guide.deploy_on_aws_url, onPress, [
      t.enrollments.deployNote,
      " ",
      expires(guide.deploy_on_aws_url) ? texts.linkExpires : texts.linkStays,
    ]),
    h("h3", { class: "other-ways" }, texts.other),
    tabs(
      texts.other,
      [
        tab(names.cloudformation, texts.cloudformation, guide.cloudformation_template, "cavok-organization.json"),
        tab(names.terraform, texts.terraform, guide.terraform, "cavok-organization.tf"),
        tab(names.cli, texts.cli, guide.cli, "cavok-organization.sh"),
      ],
      way,
    ),
  ];
}

// ---- the end -----------------------------------------------------------------------------------

function confirmEnd(enrollment, base, onEnded) {
  let steps = [];
  const newest = async () => {
    const { body, etag } = await api.getWithHeaders(base);
    return { shown: chosenOf(body), etag };
  };
  const remove = removing(
    chosenOf(enrollment),
    newest,
    () => t.enrollments.endMeanwhile(enrollment.name),
    async (etag) => {
      ({ steps } = await api.remove(base, { etag }));
    },
  );
  dialog({
    title: t.enrollments.end,
    content: ({ close }) =>
      form({
        submitText: t.enrollments.end,
        submitClass: "button-danger",
        cancel: close,
        fields: [h("p", {}, t.enrollments.endText)],
        async onsubmit(_, first) {
          const here = router.whileHere();
          await remove(first);
          close();
          here(
            () => onEnded(steps),
            () => toast(t.enrollments.ended(enrollment.name)),
          );
        },
      }),
  });
}

function drawEnded(main, name, steps) {
  const heading = h("h1", {}, t.enrollments.ended(name));
  fill(
    main,
    h("div", { class: "crumb" }, h("a", { href: "#/enrollments" }, icon("left"), t.nav.enrollments)),
    h("div", { class: "page-head" }, heading),
    section(
      t.enrollments.endedText,
      {},
      h(
        "ol",
        { class: "steps" },
        steps.map((step) => h("li", {}, h("h3", {}, step.title), h("p", {}, step.text))),
      ),
      h("p", {}, h("a", { href: "#/enrollments" }, t.enrollments.back)),
    ),
  );
  focusOn(heading);
}
