// Starts a test, from the list, the account or the instructions.
import * as api from "./api.js";
import { Problem } from "./problem.js";
import * as router from "./router.js";
import { submitting, toast } from "./ui.js";
import { t } from "../texts.js";

export async function startTest(account, node) {
  await submitting(node, async () => {
    const here = router.whileHere();
    try {
      const test = await api.post(`/v1/accounts/${account.account_id}/verifications`);
      here(() => router.go(`#/accounts/${account.account_id}/tests/${test.verification_id}`));
    } catch (problem) {
      const isProblem = problem instanceof Problem;
      const why = (isProblem && (problem.detail || problem.title)) || String(problem);
      // A request may have arrived although its answer was lost; without a network none has.
      const lost = navigator.onLine ? t.list.perhapsStarted : t.list.notStarted;
      toast(isProblem && problem.unreachable ? lost : why, "warning");
    }
  });
}
