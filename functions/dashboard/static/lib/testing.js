// Starts a test, from the list, the account or the instructions.
import * as api from "./api.js";
import * as router from "./router.js";
import { submitting, toast } from "./ui.js";

export async function startTest(account, node) {
  await submitting(node, async () => {
    try {
      const test = await api.post(`/v1/accounts/${account.account_id}/verifications`);
      router.go(`#/accounts/${account.account_id}/tests/${test.verification_id}`);
    } catch (problem) {
      toast(problem.detail || problem.title || String(problem), "warning");
    }
  });
}
