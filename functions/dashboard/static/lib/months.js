// What was used in each of the last months: bars, and a table of the same behind them.
import { h } from "./dom.js";
import { dataTable } from "./pictures.js";
import { LOCALE, number } from "../texts.js";
import { t } from "../views/texts.js";

const MONTH = new Intl.DateTimeFormat(LOCALE, { month: "2-digit", year: "numeric", timeZone: "UTC" });

/** A month as the API names it, such as 2025-07, as the reader writes it. */
export const monthOf = (period) => MONTH.format(new Date(`${period}-01T00:00:00Z`));

/**
 * How high each bar is, in percent of the highest. What is not nothing can be seen.
 * @param {{used: number}[]} months
 */
export function heights(months) {
  const most = Math.max(...months.map(({ used }) => used));
  return months.map(({ used }) => (used ? Math.max((used / most) * 100, 2) : 0));
}

/** @param {{used: number, complete?: boolean}} month */
const amount = ({ used, complete }) => (complete === false ? t.months.atLeast(used) : number(used));

/**
 * @param {{period: string, used: number, complete?: boolean}[]} months oldest first; the last is not over
 * @param {string} [added] the month in which the account was added
 * @param {boolean} [isOpen] whether the table is shown, as it was before the picture was drawn again
 */
export function monthsPicture(months, added = "", isOpen = false) {
  const most = months.reduce((a, b) => (b.used > a.used ? b : a));
  const last = months[months.length - 1];
  const title = t.months.title(months.length);
  const said = most.used ? t.months.most(monthOf(most.period), amount(most), amount(last)) : t.months.nothing;
  const tall = heights(months);
  const amountOf = (month) => (!month.used && month.period < added ? t.months.notAdded : amount(month));
  return h(
    "div",
    { class: "months" },
    h("p", {}, h("strong", {}, title), " ", said),
    h(
      "div",
      { class: "months-bars", role: "img", "aria-label": `${title}: ${said}` },
      months.map((month, index) => {
        const bar = h("span", { class: `months-bar ${month === last ? "is-open" : ""}` });
        bar.style.height = `${tall[index]}%`;
        return h("span", { class: "months-track", title: t.months.month(monthOf(month.period), amountOf(month)) }, bar);
      }),
    ),
    h(
      "p",
      { class: "ribbon-ends muted small" },
      h("span", {}, monthOf(months[0].period)),
      h("span", {}, t.months.soFar(monthOf(last.period))),
    ),
    months.some(({ complete }) => complete === false) && h("p", { class: "small" }, t.months.cut),
    h(
      "details",
      { class: "step-detail", open: isOpen },
      h("summary", {}, t.months.table),
      dataTable(
        title,
        [t.months.monthHead, t.months.used],
        months
          .toReversed()
          .map((month) => [
            month === last ? t.months.soFar(monthOf(month.period)) : monthOf(month.period),
            amountOf(month),
          ]),
      ),
    ),
  );
}
