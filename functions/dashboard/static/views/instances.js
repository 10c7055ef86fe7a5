import * as api from "../lib/api.js";
import { announce, fill, h, keyed, pause, whenVisible } from "../lib/dom.js";
import * as features from "../lib/features.js";
import { icon } from "../lib/icons.js";
import * as session from "../lib/session.js";
import { changeButton, dialog, form, load, notice, section, skeleton, submitting, toast } from "../lib/ui.js";
import { t } from "../texts.js";
import { frame, notYet } from "./account.js";
import { scheduleDialog } from "./schedules.js";

const SETTLING = new Set(["pending", "stopping", "starting", "shutting-down", "modifying", "rebooting", "backing-up", "configuring-enhanced-monitoring"]);
const RUNNING = new Set(["running", "available"]);
const WATCH_EVERY_MS = 4_000;

export function instances(context) {
  return frame(context, "instances", (body, handle) => {
    const account = handle.account();
    const content = h("div", {});
    fill(body,
      !["confirmed", "degraded"].includes(account.status) && notice("info", h("p", {}, t.instances.notConnected, " ",
        h("a", { href: `#/accounts/${account.account_id}/instructions` }, t.instances.connect))),
      section(t.instances.title, { note: t.instances.text }, content));
    const list = new Instances(handle, context.signal);
    load(content, () => list.fetch(), () => list.node, { signal: context.signal, placeholder: () => skeleton(6), onMissing: notYet })
      .then((answer) => answer && list.keepTrue());
    features.has("/v1/accounts/{}/resources").then((there) => { list.canSchedule = there; list.draw(); });
  });
}

class Instances {
  constructor(handle, signal) {
    this.handle = handle;
    this.signal = signal;
    this.items = [];
    this.unavailable = [];
    this.rows = h("ul", { class: "instances" });
    this.notes = h("div", {});
    this.node = h("div", {}, this.notes, this.rows);
  }

  path(rest = "") {
    return `/v1/accounts/${api.segment(this.handle.id)}/instances${rest}`;
  }

  async fetch() {
    const answer = await api.get(this.path(), { signal: this.signal });
    this.items = answer.items;
    this.unavailable = answer.unavailable ?? [];
    this.draw();
    return answer;
  }

  draw() {
    fill(this.notes, this.unavailable.length > 0 && notice("warning",
      h("p", {}, t.instances.unavailable),
      h("ul", {}, this.unavailable.map(({ region, kind, detail }) => h("li", {}, h("strong", {}, `${t.instances.kinds[kind] ?? kind}, ${region}`), detail && `: ${detail}`)))));
    if (!this.items.length) return fill(this.rows, h("li", { class: "empty-line" }, t.instances.none));
    keyed(this.rows, this.items.map((item) => ({ ...item, canSchedule: this.canSchedule })), (item) => `${item.kind}/${item.region}/${item.instance_id}`, (item) => this.row(item));
  }

  row(instance) {
    const running = RUNNING.has(instance.state);
    const settling = SETTLING.has(instance.state);
    const mark = running ? "play" : settling ? "clock" : "stop";
    const name = instance.name || instance.instance_id;
    return h("li", { class: "instance" },
      h("span", { class: "instance-name" }, h("strong", {}, name), name !== instance.instance_id && h("code", {}, instance.instance_id)),
      h("span", { class: "instance-kind" }, t.instances.kinds[instance.kind] ?? instance.kind, h("span", { class: "muted" }, ` ${instance.type ?? ""}`)),
      h("span", { class: "instance-region" }, instance.region),
      h("span", { class: `instance-state ${running ? "is-running" : settling ? "is-settling" : ""}` }, icon(mark), instance.state),
      h("span", { class: "instance-actions" },
        running
          ? changeButton(session, t.instances.stop, { class: "button-small", "aria-label": t.instances.stopThis(name), onclick: () => this.confirmStop(instance, name) }, "stop")
          : changeButton(session, t.instances.start, { class: "button-small", "aria-label": t.instances.startThis(name), onclick: (event) => this.act(instance, "start", event.currentTarget) }, "play"),
        instance.canSchedule && changeButton(session, t.schedules.schedule, { class: "button-small", "aria-label": t.schedules.scheduleThis(name), onclick: () => scheduleDialog(this.handle.id, { instance }) }, "clock")));
  }

  confirmStop(instance, name) {
    dialog({
      title: t.instances.stopThis(name),
      content: ({ close }) => form({
        submitText: t.instances.stop, submitClass: "button-primary", cancel: close,
        fields: [h("p", {}, t.instances.stopText)],
        onsubmit: async () => {
          await this.send(instance, "stop");
          close();
        },
      }),
    });
  }

  act(instance, action, node) {
    return submitting(node, () => this.send(instance, action).catch((problem) => toast(problem.detail || problem.title || String(problem), "warning")));
  }

  async send(instance, action) {
    const path = this.path(`/${api.segment(instance.kind)}/${api.segment(instance.instance_id)}/${action}`);
    const interaction = await api.post(`${path}?region=${encodeURIComponent(instance.region)}`, undefined, { key: api.newKey() });
    toast(interaction?.detail || t.instances.accepted[action]);
    await this.fetch().catch(() => {});
  }

  async keepTrue() {
    for (;;) {
      try {
        await pause(WATCH_EVERY_MS, this.signal);
        await whenVisible(this.signal);
        const settling = this.items.filter((item) => SETTLING.has(item.state));
        if (!settling.length) continue;
        await this.fetch();
        for (const item of settling) {
          const now = this.items.find((other) => other.instance_id === item.instance_id && other.kind === item.kind);
          if (now && now.state !== item.state) announce(t.instances.isNow(now.name || now.instance_id, now.state));
        }
      } catch {
        if (this.signal.aborted) return;
      }
    }
  }
}

