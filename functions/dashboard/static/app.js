// Starts the page: configuration, session, the frame around the views, and the routes.
import { announce, byId, fill, focus, focusOn, h, hush, placeToasts, topModal } from "./lib/dom.js";
import { hour, onTick } from "./lib/format.js";
import { brandMark, icon } from "./lib/icons.js";
import * as api from "./lib/api.js";
import { isMac, isShortcut } from "./lib/jumping.js";
import { Problem } from "./lib/problem.js";
import * as router from "./lib/router.js";
import * as session from "./lib/session.js";
import { stored } from "./lib/storage.js";
import * as store from "./lib/store.js";
import { errorPanel, iconButton, notice, notLoaded, skeleton, SLOW_AFTER_MS, takesLong, toast } from "./lib/ui.js";
import { SIDEBAR } from "./sidebar.js";
import { t } from "./texts.js";
import * as accounts from "./views/accounts.js";

const WARN_BEFORE_MS = 5 * 60_000;

const ROUTES = [
  { path: "/accounts", section: "accounts", view: async () => accounts.list },
  { path: "/accounts/new", section: "accounts", view: async () => accounts.list },
  { path: "/accounts/many", section: "accounts", view: async () => (await import("./views/add-many.js")).addMany },
  { path: "/accounts/:id", section: "accounts", view: async () => (await import("./views/account.js")).overview },
  {
    path: "/accounts/:id/instructions",
    section: "accounts",
    view: async () => (await import("./views/instructions.js")).instructions,
  },
  {
    path: "/accounts/:id/connect",
    section: "accounts",
    view: async () => (await import("./views/connect.js")).ready(),
  },
  { path: "/accounts/:id/tests", section: "accounts", view: async () => (await import("./views/tests.js")).history },
  { path: "/accounts/:id/tests/:test", section: "accounts", view: async () => (await import("./views/tests.js")).one },
  {
    path: "/accounts/:id/tests/:test/since/:earlier",
    section: "accounts",
    view: async () => (await import("./views/tests.js")).changes,
  },
  { path: "/accounts/:id/health", section: "accounts", view: async () => (await import("./views/health.js")).health },
  {
    path: "/accounts/:id/instances",
    section: "accounts",
    view: async () => (await import("./views/instances.js")).instances,
  },
  {
    path: "/accounts/:id/schedules",
    section: "accounts",
    view: async () => (await import("./views/schedules.js")).schedules,
  },
  {
    path: "/accounts/:id/interactions",
    section: "accounts",
    view: async () => (await import("./views/trail.js")).interactions,
  },
  {
    path: "/accounts/:id/least-privilege",
    section: "accounts",
    view: async () => (await import("./views/privilege.js")).leastPrivilege,
  },
  {
    path: "/accounts/:id/audit",
    section: "accounts",
    view: async () => (await import("./views/trail.js")).accountAudit,
  },
  { path: "/problems", section: "problems", view: async () => (await import("./views/problems.js")).problems },
  {
    path: "/schedules",
    section: "schedules",
    view: async () => (await import("./views/all-schedules.js")).allSchedules,
  },
  { path: "/enrollments", section: "enrollments", view: async () => (await import("./views/enrollments.js")).list },
  { path: "/enrollments/new", section: "enrollments", view: async () => (await import("./views/enrollments.js")).list },
  { path: "/enrollments/:id", section: "enrollments", view: async () => (await import("./views/enrollment.js")).one },
  {
    path: "/organization",
    section: "organization",
    view: async () => (await import("./views/organization.js")).organization,
  },
  {
    path: "/organization/audit",
    section: "organization",
    view: async () => (await import("./views/trail.js")).organizationAudit,
  },
  {
    path: "/access-details",
    section: "access",
    open: true,
    view: async () => (await import("./views/access.js")).accessDetails,
  },
  {
    path: "/invitation/:token",
    section: "",
    open: true,
    alone: true,
    view: async () => (await import("./views/invitation.js")).invitation,
  },
  { path: "/not-found", section: "", open: true, view: async () => notFound },
];

const app = byId("app");
const main = h("main", { id: "main", tabindex: "-1" });
const nav = h("nav", { class: "nav", "aria-label": t.nav.label });
const person = h("div", { class: "person" });
let shown = 0;
/** The route that is shown. @type {any} */
let here;
/** The end of session that the person was warned of, in milliseconds. */
let announcedEnd = 0;

function frame() {
  return [
    h(
      "a",
      {
        class: "skip",
        href: "#main",
        onclick: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      t.nav.skip,
    ),
    h(
      "header",
      { class: "sidebar" },
      h("a", { class: "brand", href: "#/accounts" }, brandMark(), h("span", {}, t.nav.product)),
      jumpButton(),
      nav,
      person,
    ),
    main,
  ];
}

function drawNav(section) {
  fill(
    nav,
    h("p", { class: "nav-title" }, t.nav.admin),
    h(
      "ul",
      {},
      SIDEBAR.map((entry) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: entry.href, "aria-current": entry.section === section ? "page" : null },
            icon(entry.icon),
            h("span", {}, entry.text),
          ),
        ),
      ),
    ),
  );
  const who = session.current();
  fill(
    person,
    themeButton(),
    who
      ? [
          h(
            "div",
            { class: "who" },
            h("span", { class: "who-name", title: who.email }, who.email),
            h("span", { class: "muted" }, t.roles[who.isOperator ? "operator" : who.canChange ? "admin" : "viewer"]),
          ),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": t.signIn.signOut,
              title: t.signIn.signOut,
              onclick: session.signOut,
            },
            icon("signout"),
          ),
        ]
      : h("a", { class: "button button-small", href: "#/accounts" }, t.signIn.action),
  );
}

const THEMES = ["system", "light", "dark"];
const themeNow = () => document.documentElement.dataset.theme ?? "system";

function chooseTheme(next) {
  if (next === "system") {
    delete document.documentElement.dataset.theme;
    stored(() => localStorage.removeItem("cavok.theme"));
  } else {
    document.documentElement.dataset.theme = next;
    stored(() => localStorage.setItem("cavok.theme", next));
  }
  announce(t.theme.isNow(t.theme[next]));
}

function themeButton() {
  const next = THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length];
  const label = t.theme.switchTo(t.theme[themeNow()], t.theme[next]);
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      onclick: (event) => {
        chooseTheme(next);
        const fresh = themeButton();
        event.currentTarget.replaceWith(fresh);
        fresh.focus();
      },
    },
    icon("sun"),
  );
}

function jumpButton() {
  const isApple = isMac(navigator.platform);
  return h(
    "button",
    {
      type: "button",
      class: "button jump",
      "aria-label": t.nav.jump,
      "aria-keyshortcuts": isApple ? "Meta+K" : "Control+K",
      title: `${t.nav.jump} ${t.nav.shortcut(isApple)}`,
      onclick: jump,
    },
    icon("search"),
    h("span", {}, t.nav.jump),
    h("kbd", { "aria-hidden": "true" }, t.nav.shortcut(isApple)),
  );
}

// Its module comes with its first use. Until then a field of its own takes what is typed, up to the first Enter, which
// is for that text alone. Closing it cancels.
async function jump() {
  const keys = [];
  const onkeydown = (event) => {
    const { key, isComposing, repeat } = event;
    const isEnter = key === "Enter" && !repeat;
    if (isComposing || input.readOnly || !(isEnter || key === "ArrowDown" || key === "ArrowUp")) return;
    event.preventDefault();
    keys.push(key);
    if (!isEnter) return;
    input.readOnly = true;
    input.setAttribute("aria-busy", "true");
    input.classList.add("muted");
  };
  const oninput = () => (keys.length = 0);
  let composed;
  const oncompositionstart = () =>
    (composed = new Promise((resolve) => input.addEventListener("compositionend", resolve)));
  const attributes = { "aria-label": t.nav.jump, maxlength: "64", autocomplete: "off" };
  const input = /** @type {HTMLInputElement} */ (
    h("input", { class: "input", ...attributes, oninput, onkeydown, oncompositionstart })
  );
  const close = iconButton(t.actions.close, "cross", { onclick: () => early.close() });
  const early = h(
    "dialog",
    { class: "dialog", "aria-label": t.nav.jump, onclose: () => [placeToasts(), early.remove()] },
    h(
      "div",
      { class: "dialog-body" },
      h("div", { class: "field-input" }, input, close),
      h("div", { class: "jump-list" }, skeleton(6)),
    ),
  );
  document.body.append(early);
  early.showModal();
  placeToasts();
  setTimeout(() => early.querySelector(".jump-list").append(...takesLong()), SLOW_AFTER_MS);
  const themes = THEMES.map((name) => ({
    name: t.theme[name],
    choose: () => {
      chooseTheme(name);
      drawNav(here.section);
    },
  }));
  let open;
  try {
    ({ jump: open } = await import("./views/jump.js"));
  } catch (error) {
    console.error(error);
  }
  // Closing it would tear what is composed.
  await composed;
  // The end of the view or of the session has closed it too.
  if (!early.open) return;
  early.close();
  if (!open) return toast(t.problems.viewDetail, "warning");
  const views = session.current() ? SIDEBAR : SIDEBAR.filter(({ section }) => section === "access");
  open({ views, themes });
  const field = topModal()?.querySelector("input");
  if (!field) return;
  field.value = input.value;
  field.setSelectionRange(input.selectionStart, input.selectionEnd);
  field.dispatchEvent(new Event("input"));
  for (const key of keys) field.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
}

function onShortcut(event) {
  if (here?.alone || !isShortcut(event, navigator.platform)) return;
  const modal = /** @type {any} */ (topModal());
  // Over another modal it would leave what was typed there.
  if (modal && !modal.querySelector(".jump-list")) return;
  event.preventDefault();
  if (modal) modal.close();
  else jump();
}

function closeModals() {
  for (const open of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[open]")))
    open.close();
}

async function show({ route, params, path, query, signal }) {
  closeModals();
  shown += 1;
  here = route;
  app.classList.toggle("is-alone", Boolean(route.alone));
  drawNav(route.section);
  // Each route has its own container. A view that was left cannot draw into the next one.
  const view = h("div", { class: "view" });
  const title = (text) => {
    if (!signal.aborted) document.title = `${text} · ${t.nav.product}`;
  };
  const context = { main: view, params, path, query, signal, title };
  fill(main, view);
  const had = focus();
  // A title until the view sets its own.
  title(SIDEBAR.find(({ section }) => section === route.section)?.text ?? t.nav.accounts);
  const mustSignIn = !route.open && !session.current();
  const patience = [
    setTimeout(() => fill(view, skeleton(6)), 150),
    setTimeout(() => fill(view, skeleton(6), takesLong()), SLOW_AFTER_MS),
  ];
  view.setAttribute("aria-busy", "true");
  const first = shown === 1;
  try {
    const draw = mustSignIn ? (await import("./views/sign-in.js")).signIn : await route.view();
    patience.forEach(clearTimeout);
    if (signal.aborted) return;
    fill(view);
    view.removeAttribute("aria-busy");
    if (mustSignIn) return draw(context);
    if (!route.open && !session.somebody().organization) {
      title(t.nav.accounts);
      return fill(view, h("h1", {}, t.nav.accounts), notice("warning", h("p", {}, t.viewer.noOrganization)));
    }
    draw(context);
    // A new view starts at its top with the focus on its heading, unless the reader has moved the focus meanwhile. The
    // first view does not move the focus.
    if (!first) {
      const heading = view.querySelector("h1");
      if (heading && !context.keepsFocus && ([had, document.body].includes(focus()) || main.contains(focus())))
        focusOn(heading);
      if (!context.keepsScroll) window.scrollTo(0, 0);
    }
  } catch (error) {
    patience.forEach(clearTimeout);
    if (signal.aborted) return;
    view.removeAttribute("aria-busy");
    title(t.problems.view);
    fill(view, notLoaded(error));
    addEventListener("online", router.render, { once: true, signal });
  }
}

function notFound({ main: view, title }) {
  title(t.notFound.title);
  fill(
    view,
    h("h1", {}, t.notFound.title),
    h("p", {}, t.notFound.text),
    h("p", {}, h("a", { href: "#/accounts" }, t.notFound.back)),
  );
}

// Warns before the session ends, because the modals and what was typed in them end with it.
function warnBeforeTheEnd() {
  const end = session.endsAt();
  if (!end) return;
  const left = end - Date.now();
  // A view that sends no requests would not notice the end.
  if (left <= 0) return session.forget();
  if (end === announcedEnd || left > WARN_BEFORE_MS) return;
  announcedEnd = end;
  toast(t.signIn.endsSoon(hour(end)), "warning", undefined, left);
}

// When the session ends by itself, a public view stays. If it is still loading, it is drawn again, because its requests
// ended with the session.
const mayStay = () => here?.open && session.hasEnded() && !main.querySelector("[aria-busy=true]");

async function configuration() {
  const signal = AbortSignal.timeout(session.TIMEOUT_MS);
  const answer = await fetch(new URL("../config.json", import.meta.url), { credentials: "omit", signal });
  if (!answer.ok) throw new Problem({ status: answer.status, title: t.problems.byStatus(answer.status) });
  return answer.json();
}

async function start() {
  let signInProblem = "";
  try {
    const config = await configuration();
    api.start(config);
    // Draws the frame first: after the hosted sign-in, Cognito's answer may take long.
    fill(app, frame());
    fill(main, skeleton(6));
    await session.start(config).catch((error) => {
      signInProblem = error instanceof session.SignInError ? error.message : t.problems.checkNetwork;
    });
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    fill(
      app,
      h(
        "main",
        { class: "alone" },
        errorPanel(
          { title: t.problems.start, detail: error instanceof Problem ? error.title : t.problems.checkNetwork },
          () => location.reload(),
        ),
      ),
    );
    addEventListener("online", () => location.reload());
    return;
  }
  byId("toasts").setAttribute("aria-label", t.nav.notices);
  session.onChange(() => {
    store.forget();
    hush();
    if (!mayStay()) return router.render();
    closeModals();
    drawNav(here.section);
    toast(t.signIn.ended, "warning");
  });
  onTick(warnBeforeTheEnd, new AbortController().signal);
  document.addEventListener("keydown", onShortcut);
  await router.start(ROUTES, show);
  if (signInProblem) main.prepend(errorPanel({ title: t.signIn.failed, detail: signInProblem }));
}

start();
