// Starts a test, from the list, the account or the instructions.
import * as api from "./api.js";
import { Problem } from "./problem.js";
import * as router from "./router.js";
import { submitting, toast } from "./ui.js";
import { t } from "../texts.js";

export async function startTest(account, node) {
  await submitting(node, async () => {
    const here = location.hash;
    try {
      const test = await api.post(`/v1/accounts/${account.account_id}/verifications`);
      // Somebody who has gone on meanwhile is left where they are.
      if (location.hash === here) router.go(`#/accounts/${account.account_id}/tests/${test.verification_id}`);
    } catch (problem) {
      const isProblem = problem instanceof Problem;
      const why = (isProblem && (problem.detail || problem.title)) || String(problem);
      toast(isProblem && problem.unreachable ? t.list.notStarted : why, "warning");
    }
  });
}
