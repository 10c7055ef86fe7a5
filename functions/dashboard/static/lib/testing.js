// Starts a test, from the list, the account or the instructions.
import * as api from "./api.js";
import { readNow } from "./dom.js";
import * as router from "./router.js";
import { submitting, toast, warn } from "./ui.js";
import { t } from "../texts.js";

export async function startTest(account, node) {
  await submitting(node, async () => {
    const here = router.whileHere();
    try {
      const test = await api.post(`/v1/accounts/${account.account_id}/verifications`);
      // After a test whose view was left, another one may show that it runs.
      here(() => router.go(`#/accounts/${account.account_id}/tests/${test.verification_id}`), readNow);
    } catch (problem) {
      const { unreachable, perhapsDone } = /** @type {any} */ (problem);
      if (unreachable) toast(perhapsDone ? t.list.perhapsStarted : t.list.notStarted, "warning");
      else warn(problem);
    }
  });
}
