"""The views and modals of the page, and where each is, with the samples."""

from __future__ import annotations

NEEDS_SIGN_IN = {
    "list": "#/accounts",
    "list, sorted and filtered": "#/accounts?has_problems=true&sort=status",
    "new account": "#/accounts/new",
    "many accounts": "#/accounts/many",
    "overview, regions": "#/accounts/acc000000",
    "overview, failed": "#/accounts/acc000004",
    "overview, access key": "#/accounts/acc000003",
    "instructions": "#/accounts/acc000005/instructions",
    "tests": "#/accounts/acc000000/tests",
    "one test": "#/accounts/acc000000/tests/test1",
    "what changed": "#/accounts/acc000000/tests/test1/since/test0",
    "health": "#/accounts/acc000000/health",
    "instances": "#/accounts/acc000000/instances",
    "schedules": "#/accounts/acc000000/schedules",
    "interactions": "#/accounts/acc000000/interactions",
    "least privilege": "#/accounts/acc000000/least-privilege",
    "audit": "#/accounts/acc000000/audit",
    "organization": "#/organization",
    "organization's audit": "#/organization/audit",
    "not found": "#/no/such/page",
}
MODALS = {
    "Rename": "#/accounts/acc000003",
    "Change": "#/accounts/acc000004",
    "Rotate keys": "#/accounts/acc000003",
    "Delete account": "#/accounts/acc000003",
    "Revoke now": "#/accounts/acc000003",
    "New signing secret": "#/organization",
    "Remove the webhook": "#/organization",
    "Stop web1": "#/accounts/acc000000/instances",
    "Change the schedule of web1": "#/accounts/acc000000/instances",
    "Schedule ledger": "#/accounts/acc000000/schedules",
    "Release orders": "#/accounts/acc000000/schedules",
    "One week for several": "#/accounts/acc000000/schedules",
}
