// Components that all views share, including the first one.
import { announce, byId, fill, focus, focused, h, passFocus, srOnly, svg, topModal, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { hour, onTick } from "./format.js";
import { current, ending } from "./session.js";
import * as store from "./store.js";
import { readable, t, wordOf } from "../texts.js";

export const STATUS_ICONS = { unconfirmed: "question", confirmed: "check", degraded: "warning", failed: "cross" };
const CAPABILITY_ICONS = {
  full: "check",
  partial: "half",
  none: "cross",
  unknown: "question",
  off: "dash",
  blocked: "lock",
};

export function statusBadge(status, { testing = false } = {}) {
  return h(
    "span",
    { class: `status status-${status}` },
    h("span", { class: "status-mark" }, icon(STATUS_ICONS[status] ?? "question")),
    h("span", {}, wordOf(t.status, status)),
    testing && h("span", { class: "testing" }, spinner(), t.status.testing),
  );
}

export function spinner() {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "spinner", "aria-hidden": "true" },
    svg("circle", { cx: "8", cy: "8", r: "6" }),
  );
}

// ---- what an account's fields mean ------------------------------------------------------------

// An older API sends no severities: all its issues are problems.
export const isProblem = (issue) => (issue.severity ?? "problem") !== "information";
// Refused log writing is an issue only while log writing is on. The issue itself stays until the next test.
export const issuesOf = (account) =>
  (account.issues ?? []).filter(({ code }) => code !== "log_writing_refused" || account.write_logs);
export const problemsOf = (account) => issuesOf(account).filter(isProblem);
const has = (account, code) => (account.issues ?? []).some((issue) => issue.code === code);
export const isRevoked = (account) => account.status === "unconfirmed" && has(account, "revoked");
// Its role lets others in, so Cavok does not use it.
export const isOpenToOthers = (account) => account.status === "failed" && has(account, "confused_deputy");

// If an account is not connected, the API refuses its listings, starts and stops, also those of a schedule.
export const isConnected = (account) => ["confirmed", "degraded"].includes(account?.status);

// Cavok does not use a failed account, whatever its permissions would allow.
export function capabilityState(account, group) {
  if (group === "logs" && !account.write_logs) return "off";
  return account.status === "failed" ? "blocked" : (account.capabilities?.[group] ?? "unknown");
}

export const capabilityIcon = (state) => CAPABILITY_ICONS[state] ?? "question";

export function capabilityChips(account) {
  return h(
    "ul",
    { class: "chips", "aria-label": t.capabilities.label },
    Object.keys(account.capabilities ?? {}).map((group) => {
      const [state, name] = [capabilityState(account, group), t.groups[group] ?? readable(group)];
      const said = wordOf(t.capabilities, state);
      return h(
        "li",
        { class: `chip capability-${state}`, title: t.capabilities.sentence(name, said) },
        icon(capabilityIcon(state)),
        name,
        srOnly(`: ${said}`),
      );
    }),
  );
}

export function button(text, attributes = {}, iconName = "") {
  const { class: className = "", ...rest } = attributes;
  return h(
    "button",
    { type: "button", class: `button ${className}`, ...rest },
    iconName && icon(iconName),
    h("span", {}, text),
  );
}

// Viewers see and reach the button too. It explains why they cannot use it.
export function changeButton(text, attributes = {}, iconName = "") {
  if (current()?.canChange) return button(text, attributes, iconName);
  return button(
    text,
    { ...attributes, "aria-disabled": "true", title: t.viewer.why, onclick: () => toast(t.viewer.why, "warning") },
    iconName,
  );
}

export function iconButton(label, iconName, attributes = {}) {
  const { class: className = "", ...rest } = attributes;
  return h(
    "button",
    { type: "button", class: `icon-button ${className}`, "aria-label": label, title: label, ...rest },
    icon(iconName),
  );
}

export function notice(kind, ...content) {
  const mark = { warning: "warning", error: "cross", success: "check", info: "question" }[kind];
  return h("div", { class: `notice notice-${kind}` }, icon(mark), h("div", { class: "notice-body" }, content));
}

// A problem with the server's own text and, if possible, a retry.
export function errorPanel(problem, retry, retryClass) {
  const pressed = (event) => submitting(event.currentTarget, async () => retry());
  const again = retry && button(t.actions.retry, { class: retryClass, onclick: pressed }, "refresh");
  const { title = t.problems.unexpected } = problem;
  // The detail may begin with the title, for places that show no title.
  const detail = problem.detail?.replace(`${title}. `, "");
  return h(
    "div",
    { class: "notice notice-error", role: "alert" },
    icon("cross"),
    h(
      "div",
      { class: "notice-body" },
      h("p", { class: "notice-title" }, title),
      detail && h("p", {}, detail),
      problem.reference && h("p", { class: "muted small" }, t.problems.reference(problem.reference)),
      again,
    ),
  );
}

// After a deployment the old build's modules are gone. A reload loads the new page.
export function notLoaded(error) {
  console.error(error);
  const panel = errorPanel({ title: t.problems.view, detail: t.problems.viewDetail }, () => reloadFor(panel));
  return panel;
}

// Offline, a reload would lose the page.
async function reloadFor(node) {
  if (!navigator.onLine) {
    toast(t.problems.offline, "warning");
    await new Promise((resolve) => addEventListener("online", resolve, { once: true }));
  }
  if (node.isConnected) location.reload();
}

// After this time, the page says that something takes long.
export const SLOW_AFTER_MS = 5_000;

// Only a reload of the page fetches a hanging module again.
export const takesLong = () => [
  h("p", { class: "muted small slow", role: "status" }, t.problems.slow),
  button(t.actions.retry, { onclick: ({ currentTarget }) => reloadFor(currentTarget) }, "refresh"),
];

export function skeleton(lines = 3, className = "") {
  return h(
    "div",
    { class: `skeleton ${className}`, "aria-hidden": "true" },
    Array.from({ length: lines }, () => h("div", { class: "skeleton-line" })),
  );
}

/**
 * A toast ends with its session. @param {any} [action] @param {number} [milliseconds]
 * @returns {any} what ends it before
 */
export function toast(text, kind = "success", action, milliseconds = action ? 15_000 : 6_000) {
  let timer;
  const until = ending();
  const close = () => {
    const [had, around] = [focused(node), node.closest("dialog") ?? document.querySelector("main")];
    const all = byId("toasts");
    const isBelow = node.parentNode === all && node !== all.firstElementChild;
    // Its room stays below others, so that none of them moves under a pointer, and goes with the last of these.
    if (isBelow) {
      node.style.height = `${node.offsetHeight}px`;
      node.replaceChildren();
    } else node.remove();
    while (all.firstElementChild?.hasChildNodes() === false) all.firstElementChild.remove();
    passFocus(had, around, false);
    document.removeEventListener("visibilitychange", begin);
    until.removeEventListener("abort", close);
  };
  let isSaid = false;
  // Its time counts while the page is visible. It does not end while it has the focus, nor by itself while it is higher
  // than its place, which scrolls.
  const end = () => {
    if (focused(node)) node.addEventListener("focusout", begin, { once: true });
    else if (node.offsetHeight > all.clientHeight) begin();
    else close();
  };
  const begin = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") return;
    // A long text takes longer to read.
    timer = setTimeout(end, Math.max(milliseconds, 60 * String(text).length));
    if (!isSaid) announce(action ? `${text} ${action.text}` : text);
    isSaid = true;
  };
  const node = h(
    "div",
    // Firefox leaves what is partly in sight where it is.
    { class: `toast toast-${kind}`, onfocusin: ({ target }) => target.scrollIntoView({ block: "nearest" }) },
    icon(kind === "success" ? "check" : "warning"),
    h("p", {}, text, action && [" ", h("a", { href: action.href, onclick: close }, action.text)]),
    iconButton(t.actions.dismiss, "cross", { onclick: close }),
  );
  // They stand at the lower edge of the window, so the newest moves none, unless the window is full.
  const all = byId("toasts");
  all.prepend(node);
  for (const room of all.querySelectorAll(".toast:empty")) if (all.scrollHeight > all.clientHeight) room.remove();
  document.addEventListener("visibilitychange", begin);
  begin();
  until.addEventListener("abort", close);
  return close;
}

/** Does the work once no modal is open, unless the session has ended by then. */
export function onceAlone(work, until = ending()) {
  const open = topModal();
  if (until.aborted) return;
  if (open) open.addEventListener("close", () => setTimeout(onceAlone, 0, work, until), { once: true });
  else work();
}

/** Why something failed, as text. A bug in the page goes to the console. */
export function reasonOf(problem) {
  if (!problem.detail && !problem.title) console.error(problem);
  return problem.detail || problem.title || t.problems.unexpected;
}

/** Says why a pressed act failed. Says nothing if it was cancelled on purpose. */
export function warn(problem) {
  if (problem.name !== "AbortError") toast((problem.of ? `${problem.of}: ` : "") + reasonOf(problem), "warning");
}

// ---- freshness -----------------------------------------------------------------------------

/**
 * Says how current the view is. `readAt`: when it was read, in milliseconds; 0 for not yet. `lateAfter`: milliseconds,
 * of a view that is read seldom. Until then nothing is wrong, so nothing is announced, but the time is shown.
 * @param {() => number} readAt @param {any} signal @param {() => number | undefined} [lateAfter]
 */
export function freshnessMark(readAt, signal, lateAfter) {
  const said = h("span", {});
  // What it says changes, and moves nothing.
  const node = h("p", { class: "freshness", "data-room": longestMark() }, said);
  let before = "";
  const draw = () => {
    const at = readAt();
    // The view shows no data now.
    if (!at) {
      node.className = "freshness";
      return fill(said);
    }
    const state = store.freshness(at, Date.now(), lateAfter?.());
    const seen = store.freshness(at);
    node.className = `freshness freshness-${state}`;
    fill(said, seen === "live" ? t.time.live : t.time[seen](hour(at)));
    if (before && before !== state) announce(state === "live" ? t.time.isLive : node.textContent);
    before = state;
  };
  store.onChange(draw, signal);
  onTick(draw, signal);
  for (const event of ["online", "offline"]) addEventListener(event, draw, { signal });
  draw();
  return node;
}

const longestMark = () => longestOf((moment) => [t.time.incomplete(hour(moment)), t.time.offline(hour(moment))]);

/** The longest text of another day: in the month with the longest name. @param {(moment: Date) => string[]} texts */
export const longestOf = (texts) =>
  Array.from({ length: 12 }, (_, month) => new Date(2000, month, 28, 23, 58))
    .flatMap(texts)
    .reduce((one, other) => (other.length > one.length ? other : one));

// ---- forms ---------------------------------------------------------------------------------

/**
 * @param {{name: string, label: string, help?: string, input: HTMLInputElement, optional?: boolean,
 *   after?: Node}} options
 */
export function field({ name, label, help, input, optional = false, after }) {
  const id = uniqueId("field");
  input.id = id;
  input.name = name;
  const helpId = `${id}-help`;
  if (help) input.setAttribute("aria-describedby", helpId);
  return h(
    "div",
    { class: "field", "data-field": name },
    h("label", { for: id }, label, optional && h("span", { class: "muted" }, ` ${t.forms.optional}`)),
    help && h("p", { class: "help", id: helpId }, help),
    h("div", { class: "field-input" }, input, after),
    h("p", { class: "field-error", "aria-live": "polite" }),
  );
}

/**
 * Shows what is wrong with a field, and links it to the field's inputs. An empty message removes it. Returns where it
 * is shown; null for no such field.
 */
export function setError(node, name, message) {
  const wrap = node.querySelector(`[data-field="${CSS.escape(name)}"]`);
  if (!wrap) return null;
  wrap.classList.toggle("has-error", Boolean(message));
  const error = wrap.querySelector(":scope > .field-error");
  error.id ||= uniqueId("error");
  error.hidden = false;
  error.textContent = message;
  for (const input of wrap.querySelectorAll(wrap.dataset.inputs ?? "input, select, textarea")) {
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error.id);
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    input.setAttribute("aria-describedby", [...described, error.id].join(" "));
  }
  return error;
}

export function clearErrors(node) {
  for (const wrap of node.querySelectorAll("[data-field]")) setError(node, wrap.dataset.field, "");
  node.querySelector(".form-error")?.replaceChildren();
}

// The names that a field of the API may have in a node, the most exact first. For "schedule.windows.1.days": first the
// whole, then for example "windows.1", at last "schedule".
function fieldsOf(path) {
  const parts = path.replace(/^body\./, "").split(".");
  const names = parts.flatMap((_, from) => parts.map((__, to) => parts.slice(from, to + 1)));
  return names.sort((a, b) => b.length - a.length).map((name) => name.join("."));
}

// Shows each message at its field ("credentials.access_key_id", "regions.0"), the others at the end. There is also one
// that comes late and has no room in the gap below its field, or whose field is not shown, or, in a modal, too high to
// be seen with what is said below it: so nothing moves.
function showProblem(node, problem, isLate) {
  const left = [];
  const { errors = [] } = problem;
  for (const { field: path, message } of errors) {
    const { offsetHeight } = node;
    /** @type {any} */
    let error = null;
    fieldsOf(String(path ?? "")).some((name) => (error = setError(node, name, message)));
    const isHigh = ({ parentNode: wrap }) => node.closest("dialog") && wrap.offsetHeight >= window.innerHeight / 3;
    const isSeen = (it) => node.offsetHeight <= offsetHeight && it.checkVisibility() && !isHigh(it);
    if (error) error.hidden = isLate && !isSeen(error);
    if (error && !error.hidden) continue;
    const of = error ? nameOf(error.parentNode) : path;
    left.push(of ? `${of}: ${message}` : message);
  }
  // A form throws a problem without text if its fields show the errors already.
  const isSaid = errors.length || (problem.errors && !problem.detail && !problem.title);
  if (left.length || !isSaid) {
    const texts = left.length ? left : [reasonOf(problem)];
    const said = texts.map((text) => h("p", {}, text));
    node.querySelector(".form-error").replaceChildren(notice("error", said));
  }
  for (const wrong of isLate ? [] : node.querySelectorAll("[aria-invalid=true]")) {
    wrong.closest(CLOSED)?.setAttribute("open", "");
  }
}

const CLOSED = "details:not([open])";

const nameOf = (wrap) =>
  wrap.closest("[role=group]")?.ariaLabel ?? wrap.querySelector("label, legend").firstChild.textContent;

function focusFirstError(node) {
  const place = node.querySelector(".form-error");
  const target = node.querySelector("[aria-invalid=true]:not([disabled])") ?? place;
  if (target === place) place.tabIndex = -1;
  const summary = target.closest(CLOSED)?.firstElementChild;
  // What is wrong inside is said there.
  summary?.setAttribute("aria-describedby", (place.id ||= uniqueId("error")));
  (summary ?? target).focus();
  // Below a group of choices, or a high field, it may be far from what has the focus.
  target.closest(".has-error")?.querySelector(":scope > .field-error")?.scrollIntoView({ block: "nearest" });
}

// Marks the button as busy while the request runs, so that it cannot be sent twice. Shows a failure as a toast.
export async function submitting(node, work) {
  if (node.getAttribute("aria-busy") === "true") return undefined;
  const mark = spinner();
  node.setAttribute("aria-busy", "true");
  node.prepend(mark);
  try {
    return await work();
  } catch (problem) {
    return warn(problem);
  } finally {
    node.removeAttribute("aria-busy");
    mark.remove();
  }
}

// Aborts when the modal around this node closes or the session ends. The modal closes a moment after its session.
function untilClosed(node) {
  const closing = new AbortController();
  node.closest("dialog")?.addEventListener("close", () => closing.abort(), { once: true });
  return AbortSignal.any([closing.signal, ending()]);
}

/**
 * `onsubmit`: awaits through `first` each request that it makes before the act. If the modal was closed meanwhile,
 * `first` throws, so that the act is not requested and nothing is said. `done`: closes the modal and says the text,
 * unless something was typed since the press, which was not saved. Returns whether the modal is closed.
 * @param {{submitText: string, submitClass?: string, cancel?: () => void, cancelText?: string | Node,
 *   cancelOn?: Record<string, (event: any) => void>,
 *   onsubmit: (form: HTMLFormElement, first: (asked: Promise<any>) => Promise<any>,
 *   done: (text?: string) => boolean) => Promise<any>, fields: any}} options
 */
export function form({
  submitText,
  submitClass = "button-primary",
  cancel,
  cancelText = t.actions.cancel,
  cancelOn = {},
  onsubmit,
  fields,
}) {
  const send = h("button", { type: "submit", class: `button ${submitClass}` }, h("span", {}, submitText));
  let isTypedSince = false;
  let isLate = false;
  const done = (text) => {
    if (isTypedSince && node.isConnected) {
      const place = node.querySelector(".form-error");
      place.replaceChildren(notice("info", h("p", {}, t.forms.typedSince)));
      // In the middle, so that the modal's head does not cover it, and a person at the end of a long form sees it.
      place.scrollIntoView({ block: "center" });
      return false;
    }
    cancel?.();
    if (text) toast(text);
    return true;
  };
  const node = h(
    "form",
    {
      class: "form",
      novalidate: true,
      oninput: () => {
        isTypedSince = true;
      },
      onclick: ({ target }) => {
        const pressed = target.closest("button");
        // Whoever leaves or stops has typed nothing.
        if (pressed && !pressed.closest(".form-actions")) isTypedSince = true;
      },
      onsubmit: (event) => {
        event.preventDefault();
        submitting(send, async () => {
          clearErrors(node);
          const had = focus();
          isTypedSince = isLate = false;
          // What is wrong without a request is said by then.
          setTimeout(() => {
            isLate = true;
          });
          const until = untilClosed(node);
          try {
            await onsubmit(node, (asked) => asked.finally(() => until.throwIfAborted()), done);
          } catch (error) {
            // Forms throw the errors of their fields in the shape of the API's problems.
            const problem = /** @type {any} */ (error);
            if (problem.name === "AbortError" || !node.isConnected) return warn(problem);
            showProblem(node, problem, isLate);
            // What is typed next must not go to another field.
            if (isTypedSince || (focus() !== had && focus().closest("input, textarea"))) return;
            // What is said below the button is seen with it.
            send.scrollIntoView({ block: "nearest" });
            focusFirstError(node);
          }
        });
      },
    },
    fields,
    // Above the fields, what is said after a while would move them.
    h("div", { class: "form-error", role: "alert" }),
    h("div", { class: "form-actions" }, send, cancel && button(cancelText, { ...cancelOn, onclick: cancel })),
  );
  return node;
}

export function definition(term, ...content) {
  return h("div", { class: "fact" }, h("dt", {}, term), h("dd", {}, content));
}

/** @param {string} title @param {{actions?: any, className?: string, note?: string}} options @param {any[]} content */
export function section(title, { actions, className = "", note } = {}, ...content) {
  const id = uniqueId("section");
  return h(
    "section",
    { class: `card ${className}`, "aria-labelledby": id },
    h("header", { class: "card-head" }, h("h2", { id }, title), actions),
    note && h("p", { class: "muted" }, note),
    content,
  );
}
