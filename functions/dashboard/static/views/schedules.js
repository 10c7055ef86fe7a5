// Instances under Cavok's control, and the week in which each of them runs.
import * as api from "../lib/api.js";
import { fill, h, uniqueId } from "../lib/dom.js";
import { when } from "../lib/format.js";
import * as session from "../lib/session.js";
import { button, changeButton, dialog, field, form, load, section, skeleton, toast } from "../lib/ui.js";
import { t } from "../texts.js";
import { frame, notYet } from "./account.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES = 24 * 60;

const path = (id, resource = "") => `/v1/accounts/${api.segment(id)}/resources${resource && `/${api.segment(resource)}`}`;

export function schedules(context) {
  return frame(context, "schedules", (body, handle) => {
    const content = h("div", {});
    const reload = () => load(content, () => api.get(path(handle.id), { signal: context.signal }), ({ items }) => (items.length
      ? h("ul", { class: "resources" }, items.map((resource) => resourceCard(handle.id, resource, reload)))
      : h("p", { class: "empty-line" }, t.schedules.none, " ", h("a", { href: `#/accounts/${api.segment(handle.id)}/instances` }, t.account.tabs.instances))),
    { signal: context.signal, placeholder: () => skeleton(5), onMissing: notYet });
    fill(body, section(t.schedules.title, { note: t.schedules.text }, content));
    reload();
  });
}

function resourceCard(id, resource, reload) {
  const name = resource.name || resource.instance_id;
  const schedule = resource.schedule;
  return h("li", { class: "resource" },
    h("header", { class: "resource-head" },
      h("div", {}, h("h3", {}, name), h("p", { class: "muted small" }, t.instances.kinds[resource.kind] ?? resource.kind, " · ", h("code", {}, resource.instance_id), " · ", resource.region)),
      h("span", { class: "row-links" },
        changeButton(session, schedule ? t.actions.change : t.schedules.schedule, { class: "button-small", "aria-label": t.schedules.scheduleThis(name), onclick: () => scheduleDialog(id, { resource, onSaved: reload }) }, "clock"),
        changeButton(session, t.schedules.remove, { class: "button-small", "aria-label": t.schedules.removeThis(name), onclick: () => confirmRemoval(id, resource, name, reload) }))),
    schedule ? week(schedule) : h("p", { class: "muted" }, t.schedules.noSchedule),
    (resource.note || resource.next_action) && h("p", { class: "small" },
      resource.next_action?.at && [t.schedules.next(t.interactions.actions[resource.next_action.action] ?? resource.next_action.action), " ", when(resource.next_action.at, { exact: true }), " "],
      resource.note));
}

const minutesOf = (time) => {
  const [hours, minutes] = time.split(":").map(Number);
  return hours * 60 + minutes;
};

// A window that ends at or before its start runs past midnight, into the next day.
export function spansOf(windows) {
  const spans = DAYS.map(() => []);
  for (const { days, start, stop } of windows) {
    for (const day of days) {
      const at = DAYS.indexOf(day);
      const from = minutesOf(start);
      const to = minutesOf(stop);
      if (to > from) spans[at].push([from, to]);
      else {
        spans[at].push([from, DAY_MINUTES]);
        if (to > 0) spans[(at + 1) % 7].push([0, to]);
      }
    }
  }
  return spans.map((day) => day.sort((a, b) => a[0] - b[0]));
}

const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

function week(schedule) {
  const spans = spansOf(schedule.windows ?? []);
  return h("div", { class: "week" },
    h("p", { class: "small muted" }, t.schedules.zone(schedule.time_zone ?? schedule.timezone ?? "UTC")),
    h("div", { class: "week-hours", "aria-hidden": "true" }, [0, 6, 12, 18, 24].map((hour) => h("span", {}, clock(hour * 60)))),
    h("ul", {}, DAYS.map((day, index) => h("li", { class: "week-day" },
      h("span", { class: "week-name" }, t.schedules.days[day]),
      h("span", { class: "week-track", "aria-hidden": "true" }, spans[index].map(([from, to]) => {
        const bar = h("span", { class: "week-bar" });
        bar.style.left = `${(from / DAY_MINUTES) * 100}%`;
        bar.style.width = `${((to - from) / DAY_MINUTES) * 100}%`;
        return bar;
      })),
      h("span", { class: "week-text" }, spans[index].map(([from, to]) => `${clock(from)}–${clock(to)}`).join(", ") || t.schedules.off)))));
}

export function scheduleDialog(id, { instance, resource, onSaved }) {
  const subject = resource ?? instance;
  const name = subject.name || subject.instance_id;
  const given = resource?.schedule;
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([given?.time_zone ?? local, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  const zone = h("select", { class: "input" }, zones.map((value) => h("option", { value, selected: value === (given?.time_zone ?? local) }, value)));
  const windows = structuredClone(given?.windows ?? [{ days: DAYS.slice(0, 5), start: "08:00", stop: "18:00" }]);
  const rows = h("div", { class: "windows" });
  const draw = () => fill(rows, windows.map((window, index) => windowRow(window, index, () => { windows.splice(index, 1); draw(); })),
    button(t.schedules.addWindow, { class: "button-small", onclick: () => { windows.push({ days: [], start: "08:00", stop: "18:00" }); draw(); } }, "plus"));
  draw();
  dialog({
    title: t.schedules.scheduleThis(name),
    wide: true,
    content: ({ close }) => form({
      submitText: t.actions.save,
      cancel: close,
      fields: [
        h("p", { class: "help" }, t.schedules.help),
        field({ name: "time_zone", label: t.schedules.timeZone, input: zone }),
        h("fieldset", { class: "field", "data-field": "windows" }, h("legend", {}, t.schedules.windows), rows, h("p", { class: "field-error", "aria-live": "polite" })),
      ],
      async onsubmit() {
        const used = windows.filter(({ days }) => days.length);
        if (!used.length) throw { status: 422, errors: [{ field: "windows", message: t.schedules.windowNeeded }] };
        const schedule = { time_zone: zone.value, windows: used };
        if (resource) await api.patch(path(id, resource.resource_id), { schedule });
        else await api.post(path(id), { kind: instance.kind, instance_id: instance.instance_id, region: instance.region, schedule }, { key: api.newKey() });
        close();
        toast(t.schedules.saved, "success", onSaved ? undefined : { href: `#/accounts/${api.segment(id)}/schedules`, text: t.account.tabs.schedules });
        onSaved?.();
      },
    }),
  });
}

function windowRow(window, index, remove) {
  const id = uniqueId("window");
  const time = (key, label) => h("label", { class: "window-time" }, h("span", {}, label),
    h("input", { type: "time", class: "input", value: window[key], required: true, onchange: (event) => { window[key] = event.target.value; } }));
  return h("div", { class: "window", role: "group", "aria-label": t.schedules.windowNumber(index + 1), id },
    h("div", { class: "window-days" }, DAYS.map((day) => h("label", { class: "day" },
      h("input", {
        type: "checkbox", class: "sr-only", checked: window.days.includes(day),
        onchange: (event) => { window.days = DAYS.filter((other) => (other === day ? event.target.checked : window.days.includes(other))); },
      }),
      h("span", { class: "day-face" }, t.schedules.days[day])))),
    time("start", t.schedules.on), time("stop", t.schedules.offAt),
    button(t.actions.removeThis, { class: "button-small", onclick: remove }));
}

function confirmRemoval(id, resource, name, reload) {
  dialog({
    title: t.schedules.removeThis(name),
    content: ({ close }) => form({
      submitText: t.schedules.remove, submitClass: "button-danger", cancel: close,
      fields: [h("p", {}, t.schedules.removeText)],
      async onsubmit() {
        await api.remove(path(id, resource.resource_id));
        close();
        reload();
      },
    }),
  });
}
