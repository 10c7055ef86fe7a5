// Starts a test, from the list, the account or the instructions.
import * as api from "./api.js";
import { announce, readNow, topModal } from "./dom.js";
import { Problem } from "./problem.js";
import * as router from "./router.js";
import * as store from "./store.js";
import { isRevoked, onceAlone, submitting, toast } from "./ui.js";
import { t } from "../texts.js";

// The account's current name.
const nameOf = ({ account_id: id, name }) => store.account(id)?.name ?? name;

/** `shows`: takes the promise of the test. Without it, the page goes to the test. */
export const startTest = (account, node, shows = (begun) => showOnce(account, begun)) =>
  submitting(node, () => {
    const id = account.account_id;
    const begun = begin(id).catch((problem) => {
      problem.of = nameOf(account);
      if (problem.unreachable) problem.detail = problem.perhapsDone ? t.list.perhapsStarted : t.list.notStarted;
      throw problem;
    });
    return shows(begun);
  });

// A test takes a revoked account into use again, so the person must have seen that it is revoked. Other changes do not
// prevent a test.
async function begin(id, isRepeated = false) {
  try {
    return await api.post(`/v1/accounts/${id}/verifications`, undefined, { etag: store.tagOf(id) });
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 412) throw problem;
    const read = await store.readOne(id);
    const revoked = isRevoked(store.account(id) ?? read);
    if (!revoked && !isRepeated) return begin(id, true);
    throw new Problem({ status: 412, title: revoked ? t.list.revokedMeanwhile : t.list.changedMeanwhile });
  }
}

// Opens a test once the API has named it, or leaves it to the account's row in the list to show it. If a modal was
// opened meanwhile, a toast offers the test after the modal closes. If the view was left, reads again, because another
// view may show that the test runs.
export async function showOnce(account, asked, inRow = false) {
  const { account_id: id } = account;
  const here = router.whileHere();
  const test = await asked;
  const href = `#/accounts/${api.segment(id)}/tests${test ? `/${api.segment(test.verification_id)}` : ""}`;
  const offer = () => here(() => toast(t.list.begun(nameOf(account)), "success", { href, text: t.list.showIt }));
  here(() => {
    if (topModal()) onceAlone(offer);
    else if (inRow) announce(t.list.begun(nameOf(account)));
    else return router.go(href);
    return readNow();
  }, readNow);
}
