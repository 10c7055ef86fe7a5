import { Problem } from "../lib/problem.js";
import * as session from "../lib/session.js";
import { t } from "../texts.js";

/** Asks Cognito. Turns a refusal into a problem that the form shows. */
export async function asked(question) {
  try {
    return await question();
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const why = isLate ? t.problems.timeoutDetail(session.TIMEOUT_MS / 1000) : t.problems.networkDetail;
    const { message, code } = error instanceof session.SignInError ? error : { message: why, code: "" };
    throw Object.assign(new Problem({ title: t.signIn.failed, detail: message }), { code });
  }
}
