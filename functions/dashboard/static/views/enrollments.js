// The AWS Organizations that are connected by one stack each, and the form that adds one.
import * as api from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { styled } from "../lib/pictures.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import { progressOf } from "../lib/units.js";
import { changeButton, freshnessMark, notice, skeleton, toast } from "../lib/ui.js";
import { watched } from "../lib/watched.js";
import { enrollmentForm } from "./enrollment-form.js";
import { badge, stateCounts } from "./members.js";
import { t } from "./texts.js";

export function list({ main, title, signal, path }) {
  title(t.nav.enrollments);
  const place = h("div", { class: "stack" });
  const read = () => Promise.all([api.get("/v1/enrollments", { signal }), styled("enrollments")]);
  const shown = watched(place, read, ([answer]) => draw(answer), {
    signal,
    className: "stack",
    placeholder: () => skeleton(4, "card"),
  });
  fill(
    main,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        h("h1", {}, t.nav.enrollments),
        freshnessMark(() => shown.readAt(), signal),
      ),
      h("div", { class: "head-actions" }, changeButton(t.enrollments.add, { onclick: add }, "plus")),
    ),
    !session.somebody().canChange && notice("info", h("p", {}, t.viewer.banner)),
    h("p", { class: "lead" }, t.enrollments.text),
    place,
  );
  if (path === "/enrollments/new" && session.somebody().canChange) add();
}

function draw({ items }) {
  if (!items.length) return h("div", { class: "empty card" }, icon("building"), h("h2", {}, t.enrollments.empty));
  return h("ul", { class: "enrollments" }, items.map(row));
}

function row(enrollment) {
  const { connected, wanted } = progressOf(enrollment.totals);
  return h(
    "li",
    { class: "card enrollment", "data-item": enrollment.enrollment_id },
    h(
      "div",
      { class: "enrollment-name" },
      h("a", { href: `#/enrollments/${api.segment(enrollment.enrollment_id)}` }, enrollment.name),
      badge(enrollment.status),
    ),
    h(
      "p",
      { class: "muted" },
      t.enrollments.progress(connected, wanted),
      " · ",
      t.enrollments.lastSynchronized,
      ": ",
      enrollment.last_synchronized_at ? when(enrollment.last_synchronized_at) : t.enrollments.never,
    ),
    stateCounts(enrollment.totals),
  );
}

function add() {
  const here = router.whileHere();
  let attempt = { content: "", key: "" };
  enrollmentForm({
    title: t.enrollments.add,
    submitText: t.enrollments.submit,
    save(body) {
      // Retrying the same content uses the same idempotency key.
      const content = JSON.stringify(body);
      if (attempt.content !== content) attempt = { content, key: api.newKey() };
      return api.post("/v1/enrollments", body, { key: attempt.key });
    },
    onSaved({ enrollment_id: id, name }) {
      here(
        () => router.go(`#/enrollments/${api.segment(id)}`),
        () => toast(t.list.added(name)),
      );
    },
  });
}
