// Evaluates policies with an independent simulator: one request a line in, one answer a line out.
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
const { runSimulation } = createRequire(`${process.cwd()}/`)("@cloud-copilot/iam-simulate");

async function answer({ documents, context, ...request }) {
  const found = await runSimulation(
    {
      identityPolicies: documents.map((policy, at) => ({ name: `policy-${at}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      request: { ...request, contextVariables: context },
    },
    {},
  );
  if (found.errors) return found.errors;
  const { analysis, ignoredContextKeys } = found.result;
  return { result: found.overallResult, identity: analysis.identityAnalysis.result, ignored: ignoredContextKeys };
}

(async () => {
  for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await answer(JSON.parse(line))));
})();
