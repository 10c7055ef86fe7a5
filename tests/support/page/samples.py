"""Answers of the API that no stack gives on demand: many accounts, hostile names."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from inspect import signature
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cavok.api.problems import title_of
from cavok.api.routes.shared_problems import list_problems
from cavok.domain import permissions
from cavok.domain.account_list import BY_URGENCY, has_word
from cavok.domain.accounts import is_problem
from cavok.domain.interactions import months_until
from cavok.domain.permissions import group_of
from cavok.domain.quotas import QuotaName, parse_quotas
from tests.support.page import enrollments
from tests.support.page.tested import found, least_privilege_of, shared_problems_of
from tests.support.template import template

QUOTAS = parse_quotas(template()["Parameters"]["Quotas"]["Default"])
USED = {QuotaName.REQUESTS: 7, QuotaName.LISTINGS: 1}
"""Within the last minute: whoever looks at quotas has made requests."""
STATUSES = ("confirmed", "confirmed", "confirmed", "degraded", "failed", "unconfirmed")


def account(index: int, **changes: Any) -> dict[str, Any]:
    """An account and what its last test found. A status in `changes` comes with what belongs to it;
    whatever else is in them is taken as it is.
    """
    before = STATUSES[index % len(STATUSES)]
    status = changes.get("status", before)
    uses_key = changes.get("access_type") == "access_key" or (
        index % 4 == 3 and "access_type" not in changes
    )
    number = f"{400_000_000_000 + index}"
    sample = {
        "account_id": f"acc{index:06d}",
        "provider": "aws",
        "provider_id": number,
        "name": f"Account{index:05d}",
        "access_type": "access_key" if uses_key else "assume_role",
        "role_arn": None if uses_key else f"arn:aws:iam::{number}:role/CavokCloud",
        "role_path": "/",
        "access_key_id": "WXYZ" if uses_key else None,
        "write_logs": changes.get("write_logs", index % 2 == 0),
        "regions": ["us-east-1"],
        "region_health": [],
        "status": status,
        "status_changes": [],
        "issues": [],
        "capabilities": {"ec2": "unknown", "rds": "unknown", "logs": "unknown"},
        "template": None,
        "enrollment_id": None,
        "verification": {
            "verification_id": "test1",
            "outcome": before if status == "unconfirmed" else status,
            "finished_at": "2026-01-05T10:00:00Z",
        }
        if {status, before} != {"unconfirmed"}
        else None,
        "testing": False,
        "next_verification_at": "2026-01-06T10:00:00Z",
        "created_at": "2026-01-01T10:00:00Z",
        "created_by": "admin@northwind.example",
        "updated_at": "2026-01-02T10:00:00Z",
        "version": 1,
    }
    if status != "unconfirmed":
        sample |= _found(index, status, sample["write_logs"], sample["access_type"])
    return sample | changes


def _found(index: int, status: str, write_logs: bool, access_type: str) -> dict[str, Any]:
    """What the last test found, as `found` says it of the first such account."""
    if index:
        first = json.dumps(_found(0, status, write_logs, access_type))
        return json.loads(first.replace("400000000000", f"{400_000_000_000 + index}"))
    if known := _FOUND.get((status, write_logs, access_type)):
        return known
    sample = account(0, status="unconfirmed", write_logs=write_logs, access_type=access_type)
    denied = [STOP_DENIED] if status == "degraded" else []
    steps = not_entered(sample) if status == "failed" else all_steps(sample, *denied)
    known = found(sample, steps, [REACHABLE], lost=[STOP_DENIED["step"]])
    _FOUND[status, write_logs, access_type] = known
    return known


_FOUND: dict[tuple[str, bool, str], dict[str, Any]] = {}


def pages_of(accounts: list[dict[str, Any]]) -> Any:
    """`GET /v1/accounts` over a list, with search, filters, order and cursor as in the API."""

    def reply(request: Any) -> dict[str, Any]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        place = _place_by(query.get("q", "").lower(), query.get("sort", ""))
        backwards = query.get("sort", "").startswith("-")
        rest = sorted((each for each in accounts if _fits(each, query)), key=place)
        # As in the API, a page begins after an account, whatever was added before it. A list that
        # the running stack began has a cursor of that: here it begins anew.
        cursor = query.get("cursor", "")
        if at := json.loads(cursor) if cursor.startswith("[") else None:
            rest = [each for each in rest if (place(each) < at if backwards else place(each) > at)]
        page = rest[:: -1 if backwards else 1][: int(query.get("limit", 50))]
        return {
            "items": page,
            "next_cursor": json.dumps(place(page[-1])) if len(page) < len(rest) else None,
        }

    return reply


PROBLEMS_READ: int = signature(list_problems).parameters["limit"].default
"""At so many accounts the page's requests look, which name no limit."""


def problems_of(accounts: list[dict[str, Any]], accounts_read: int = PROBLEMS_READ) -> Any:
    """`GET /v1/problems` over a list; an answer looks at so many accounts."""
    assert accounts_read <= PROBLEMS_READ
    place = _place_by("", "status")
    troubled = sorted(
        (each for each in accounts if _fits(each, {"has_problems": "true"})), key=place
    )

    def reply(request: Any) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        start = int(query.get("cursor", ["0"])[0])
        part, end = troubled[start : start + accounts_read], start + accounts_read
        return {
            "accounts_read": len(part),
            "items": shared_problems_of(part),
            "next_cursor": str(end) if end < len(troubled) else None,
        }

    return reply


def _fits(account: dict[str, Any], query: dict[str, str]) -> bool:
    q = query.get("q", "").lower()
    logs = account["write_logs"]
    troubled = any(
        is_problem(issue["code"], issue["severity"], write_logs=logs) for issue in account["issues"]
    )
    has = {
        "status": account["status"],
        "access_type": account["access_type"],
        "has_problems": str(troubled).lower(),
        "template_version": str((account["template"] or {}).get("version")),
    }
    found = has_word(account["name"], q) or account["provider_id"].startswith(q)
    return found and all(query.get(name) in (None, value) for name, value in has.items())


def _place_by(q: str, sort: str) -> Any:
    """The place of an account in the list, to compare."""

    def place(account: dict[str, Any]) -> list[Any]:
        name, by_name = account["name"], [account["name"].lower(), account["account_id"]]
        if sort.endswith("provider_id"):
            return [account["provider_id"]]
        if sort.endswith("status"):
            return [BY_URGENCY.index(account["status"]), *by_name]
        if sort or name.lower().startswith(q):
            return [0, *by_name]
        return [1, *by_name] if has_word(name, q) else [2, account["provider_id"]]

    return place


def organization(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    by_status = dict.fromkeys(("unconfirmed", "confirmed", "degraded", "failed"), 0)
    for item in accounts:
        by_status[item["status"]] += 1
    templates = [item["template"] for item in accounts if item["template"]]
    by_version = {1: 0} | dict(Counter(template["version"] for template in templates))
    newest = max(by_version)
    return {
        "organization_id": "northwind",
        "external_id": "cavok-0000",
        "trusted_account_id": "111122223333",
        "accounts": {
            "total": len(accounts),
            "by_status": by_status,
            "by_template_version": [
                {"version": each, "accounts": by_version[each], "outdated": each < newest}
                for each in sorted(by_version, reverse=True)
            ],
        },
        "quotas": [
            {
                "name": name,
                "limit": quota.limit,
                "per_seconds": int(quota.per.total_seconds()),
                "remaining": quota.limit - USED.get(name, 0),
            }
            for name, quota in QUOTAS.items()
        ],
    }


def step(name: str, group: str, verdict: str = "allowed", **changes: Any) -> dict[str, Any]:
    good = {"allowed": True, "partial": True, "denied": False}.get(verdict)
    if name in {"trust:without-external-id", "trust:with-wrong-external-id"} and good is not None:
        good = not good
    return {
        "step": name,
        "group": group,
        "verdict": verdict,
        "ok": good,
        "evidence": "none" if good is None else "live",
        "reason": None,
        "error_code": None,
        "detail": None,
        "region": None,
        "started_at": "2026-01-05T10:00:00Z",
        "duration_ms": 120,
        "resources": None,
        **changes,
    }


STEPS = [
    step("sts:AssumeRole", "trust"),
    step("trust:account-matches", "trust"),
    step(
        "trust:without-external-id",
        "trust",
        "denied",
        error_code="AccessDenied",
        detail="not authorized",
    ),
    step(
        "trust:with-wrong-external-id",
        "trust",
        "denied",
        error_code="AccessDenied",
        detail="not authorized",
    ),
    step("iam:ListRolePolicies", "checking"),
    step("ec2:DescribeInstances", "ec2", region="us-east-1"),
    step(
        "ec2:StartInstances",
        "ec2",
        evidence="policy",
        detail="CavokEc2 allows it",
        region="us-east-1",
    ),
    step(
        "ec2:StopInstances",
        "ec2",
        "denied",
        reason="explicit_deny",
        error_code="UnauthorizedOperation",
        detail="User is not authorized to perform: ec2:StopInstances with an explicit deny",
        region="us-east-1",
    ),
    step(
        "rds:StopDBCluster",
        "rds",
        "inconclusive",
        reason="error",
        error_code="Throttling",
        detail="Rate exceeded",
    ),
    step(
        "logs:PutLogEvents",
        "logs",
        "skipped",
        reason="write_logs_off",
        detail="Write logs is No for this account.",
    ),
]


PARTIAL = step(
    "rds:StopDBInstance",
    "rds",
    "partial",
    evidence="policy",
    region="us-east-1",
    resources={
        "asked": 41,
        "allowed": 3,
        "denied": 37,
        "examples": [
            {
                "id": "orders",
                "region": "us-east-1",
                "verdict": "denied",
                "reason": "identity_policy",
            },
            {
                "id": "ledger",
                "region": "eu-west-1",
                "verdict": "denied",
                "reason": "service_control_policy",
            },
            {"id": "dev-1", "region": "us-east-1", "verdict": "allowed", "reason": None},
        ],
    },
)


STOP_DENIED = next(each for each in STEPS if each["step"] == "ec2:StopInstances")


def all_steps(of: dict[str, Any], *others: dict[str, Any]) -> list[dict[str, Any]]:
    """A test to the end that finds everything as it should be, but for these steps. The domain
    skips those that do not apply to the account.
    """
    instead = {each["step"]: each for each in others}
    wanted = {"trust:without-external-id": "denied", "trust:with-wrong-external-id": "denied"}
    return [
        instead.get(name)
        or step(
            name,
            group_of(name),
            wanted.get(name, "allowed"),
            region="us-east-1" if group_of(name) in {"ec2", "rds", "logs"} else None,
        )
        for name in permissions.STEPS
        if (of["write_logs"] or group_of(name) != "logs")
        and (
            of["role_arn"]
            or name == "trust:account-matches"
            or group_of(name) in of["capabilities"]
        )
    ]


def not_entered(of: dict[str, Any]) -> list[dict[str, Any]]:
    """A test that AWS does not let in."""
    name = "sts:AssumeRole" if of["role_arn"] else "trust:account-matches"
    reason = "role_not_assumable" if of["role_arn"] else "credentials_rejected"
    return [step(name, "trust", "denied", reason=reason, error_code="AccessDenied")]


REACHABLE = {"region": "us-east-1", "status": "reachable", "reason": None}


REGION_HEALTH = [
    {"region": "us-east-1", "status": "reachable", "reason": None},
    {"region": "eu-west-1", "status": "reachable", "reason": None},
    {"region": "ap-south-1", "status": "refused", "reason": "service_control_policy"},
    {"region": "me-south-1", "status": "not_enabled", "reason": "region_disabled"},
    {"region": "sa-east-1", "status": "unknown", "reason": "error"},
]


def finished_test(verification_id: str = "test1", **changes: Any) -> dict[str, Any]:
    return {
        "verification_id": verification_id,
        "account_id": "acc000000",
        "trigger": "manual",
        "state": "finished",
        "outcome": "confirmed",
        "started_at": "2026-01-05T10:00:00Z",
        "finished_at": "2026-01-05T10:00:09Z",
        "steps": STEPS,
        "region_health": [],
        "unchanged": None,
        "execution_arn": None,
        **changes,
    }


INSTRUCTIONS = {
    "steps": [
        {
            "title": "Sign in to AWS",
            "text": "Sign in to the account as someone who may create IAM roles.",
        },
        {"title": "Deploy on AWS", "text": "Press “Deploy on AWS” and create the stack."},
        {"title": "Test the connection", "text": "Press “Test”."},
    ],
    "trust_policy": {"Version": "2012-10-17", "Statement": []},
    "permissions_policy": {"Version": "2012-10-17", "Statement": []},
    "deploy_on_aws_url": "https://us-east-1.console.aws.amazon.com/cloudformation/home",
    "cloudformation_template": '{\n  "AWSTemplateFormatVersion": "2010-09-09"\n}',
    "terraform": 'resource "aws_iam_role" "cavok" {}\n',
    "cli": "aws iam create-role --role-name CavokCloud\n",
    "update": None,
    "choice": [
        {"group": "checking", "access": "all"},
        {"group": "ec2", "access": "read_only"},
        {"group": "rds", "access": "none"},
    ],
    "warnings": ["A test found rds:StopDBInstance allowed before."],
}


_USED = (0, 0, 0, 12, 310, 640, 1024, 980, 905, 700, 768, 842)
MONTHS = [
    {"period": period, "used": used, "complete": True}
    for period, used in zip(months_until(datetime(2026, 1, 5, tzinfo=UTC)), _USED, strict=True)
]


USAGE = {
    "period": "2026-01",
    "free_interactions": 1000,
    "used": 842,
    "remaining": 158,
    "billable": 0,
    "resets_at": "2026-02-01T00:00:00Z",
    "months": MONTHS,
}


def usage_of(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the first few accounts, and of one that was deleted."""
    known = [(one["account_id"], one["name"]) for one in accounts]
    of_all = [*zip(known, (1024, 842, 317, 96), strict=False), (("accgone", None), 12)]
    return {
        "period": USAGE["period"],
        "resets_at": USAGE["resets_at"],
        "free_interactions": 1000,
        "items": [
            {
                "account_id": account_id,
                "name": name,
                "used": used,
                "remaining": max(0, 1000 - used),
                "billable": max(0, used - 1000),
            }
            for (account_id, name), used in of_all
        ],
        "next_cursor": "more",
    }


INSTANCES = {
    "items": [
        {
            "kind": "ec2",
            "instance_id": "i-0a1b2c3d4e5f60718",
            "name": "web1",
            "region": "us-east-1",
            "state": "running",
            "type": "t3.large",
        },
        {
            "kind": "rds",
            "instance_id": "orders",
            "name": "orders",
            "region": "us-east-1",
            "state": "stopped",
            "type": "db.t4g.medium",
        },
        {
            "kind": "aurora",
            "instance_id": "ledger",
            "name": "ledger",
            "region": "eu-west-1",
            "state": "stopping",
            "type": "aurora-postgresql",
        },
    ],
    "unavailable": [
        {
            "region": "eu-west-1",
            "kind": "rds",
            "detail": "AWS refuses rds:DescribeDBInstances: AccessDenied: User is not authorized "
            "to perform: rds:DescribeDBInstances because no identity-based policy allows it",
        }
    ],
    "as_of": "2026-01-01T10:00:00Z",
}


def just_listed(**changes: Any) -> dict[str, Any]:
    """Instances as AWS says they are now: the page takes no listing as newer than its request."""
    later = datetime.now(UTC) + timedelta(hours=1)
    return INSTANCES | {"as_of": f"{later:%Y-%m-%dT%H:%M:%SZ}"} | changes


MADE = {
    "created_at": "2026-01-01T10:00:00Z",
    "created_by": "admin@northwind.example",
    "updated_at": "2026-01-01T10:00:00Z",
}


RESOURCES = [
    {
        "resource_id": "res1",
        "kind": "ec2",
        "instance_id": "i-0a1b2c3d4e5f60718",
        "name": "web1",
        "region": "us-east-1",
        "schedule": {
            "time_zone": "Europe/Lisbon",
            "windows": [
                {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "07:30", "stop": "19:00"},
                {"days": ["sat"], "start": "22:00", "stop": "03:00"},
            ],
        },
        "next_action": {"action": "stop", "at": "2026-01-05T19:00:00Z"},
        "note": None,
        **MADE,
    },
    {
        "resource_id": "res2",
        "kind": "rds",
        "instance_id": "orders",
        "name": "orders",
        "region": "us-east-1",
        "schedule": {"time_zone": "UTC", "windows": []},
        "next_action": {"action": "stop", "at": "2026-01-06T00:00:00Z"},
        "note": "AWS starts stopped RDS instances again after seven days. It was stopped again.",
        **MADE,
    },
    {
        "resource_id": "res3",
        "kind": "aurora",
        "instance_id": "ledger",
        "name": "ledger",
        "region": "eu-west-1",
        "schedule": None,
        "next_action": None,
        "note": None,
        **MADE,
    },
]


WEB = "i-0a1b2c3d4e5f60718"


ADMIN = "admin@northwind.example"


STOPPED = "It was available; stop was asked for."
STARTED = "It was stopped; start was asked for."
LISTED = "3 instances; 1 could not be listed."
NO_KEY = "Client.InternalError: Client error on launch"
NOT_FOLLOWED = (None, None, None)
STARTING = "It was still starting. Not followed after 10 minutes."
NOT_SEEN = (
    "Cavok may not look at it any more: A person revoked the use of the account Account00000."
)


INTERACTIONS = [
    {
        "interaction_id": f"int{index}",
        "kind": kind,
        "instance_id": instance_id,
        "region": kind and "us-east-1",
        "action": action,
        "outcome": outcome,
        "detail": detail,
        "actor": actor,
        "at": "2026-01-05T10:00:00Z",
        "logged": logged,
        "result": result,
        "state": state,
        "state_reason": reason,
    }
    for index, (
        (action, kind, instance_id, outcome, detail, actor, logged),
        (result, state, reason),
    ) in enumerate(
        zip(
            [
                ("start", "ec2", WEB, "accepted", STARTED, ADMIN, "off"),
                ("list", None, None, "accepted", LISTED, ADMIN, "off"),
                (
                    "stop",
                    "ec2",
                    WEB,
                    "refused",
                    f"{WEB} is pending; it cannot stop now.",
                    ADMIN,
                    "off",
                ),
                ("stop", "rds", "orders", "accepted", STOPPED, "schedule", "written"),
                (
                    "test",
                    None,
                    None,
                    "accepted",
                    "The test found the account confirmed.",
                    ADMIN,
                    "off",
                ),
                ("start", "ec2", WEB, "accepted", STARTED, "schedule", "written"),
                ("stop", "rds", "orders", "accepted", STOPPED, ADMIN, "written"),
                ("start", "rds", "orders", "accepted", STARTED, ADMIN, "written"),
                ("stop", "ec2", WEB, "accepted", STOPPED, ADMIN, "off"),
            ],
            [
                ("reached", "running", None),
                NOT_FOLLOWED,
                NOT_FOLLOWED,
                ("reached", "stopped", None),
                NOT_FOLLOWED,
                ("not_reached", "stopped", NO_KEY),
                ("unknown", None, None),
                ("unknown", "starting", STARTING),
                ("unknown", None, NOT_SEEN),
            ],
            strict=True,
        )
    )
]


BY_ADMIN = {"sub": "9f2d1c3e", "email": ADMIN, "kind": "person"}
BY_SCHEDULE = {"sub": None, "email": None, "kind": "schedule"}
NEW_KEY = {"field": "access_key_id", "before": "AAAA", "after": "BBBB"}
AUDIT = [
    {
        "audit_id": f"audit{index}",
        "entry_id": f"audit{index}",
        "at": "2026-01-05T10:00:00Z",
        "actor": actor,
        "action": action,
        "target": {"type": "account", "id": "acc000000", "name": "Account00000"} | target,
        "changes": changes,
        "account_id": "acc000000",
        "account_name": "Account00000",
        "detail": detail,
        "request_id": "r1" if address else None,
        "source_ip": address,
    }
    for index, (actor, action, target, detail, changes, address) in enumerate(
        [
            (BY_SCHEDULE, "tested", {}, "verification test1", [], None),
            (
                BY_ADMIN | {"sub": None},  # as it was stored before there were subs
                "changed",
                {},
                "Name: Old → Account00000; Write logs: No → Yes",
                [],
                None,
            ),
            (BY_ADMIN, "credentials_rotated", {}, None, [NEW_KEY], "203.0.113.7"),
            (BY_ADMIN, "created", {}, None, [], "203.0.113.7"),
            (
                BY_SCHEDULE,
                "stop_requested",
                {"type": "instance", "id": "orders", "name": None},
                "rds in us-east-1",
                [],
                None,
            ),
            (
                BY_ADMIN,
                "schedule_changed",
                {"type": "resource", "id": "resource0", "name": "orders"},
                "orders: rds in us-east-1",
                [{"field": "schedule", "before": None, "after": {"time_zone": "UTC"}}],
                "203.0.113.7",
            ),
        ]
    )
]


CODES = {
    404: "account_not_found",
    409: "busy_with_others",
    412: "precondition_failed",
    422: "invalid_fields",
    429: "quota_exceeded",
    500: "internal_error",
    503: "service_unavailable",
}


def problem(status: int, detail: str, **changes: Any) -> tuple[int, dict[str, Any]]:
    """An error of the API: its status and body."""
    return status, {
        "type": f"/docs/problems/{CODES[status]}",
        "title": title_of(CODES[status]),
        "status": status,
        "detail": detail,
        "code": CODES[status],
        "request_id": "Root=1-67891233-abcdef012345678912345678",
        **changes,
    }


NO_SUCH = problem(404, "No such account")


BROKEN = problem(500, "Something failed on our side. It was logged.")


def issue(code: str, message: str, remedy: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "remedy": remedy,
        "severity": "problem",
        "fix": None,
        **changes,
    }


ISSUE = issue(
    "role_not_assumable",
    "The role could not be assumed. AWS does not say why.",
    "Deploy the role as the Instructions show, then press Test.",
)


SCOPED = issue(
    "permission_scoped",
    "rds:StopDBInstance is allowed for 3 of 41 databases.",
    "Nothing, if this is what you want. Otherwise extend the Resource of the statement.",
    severity="information",
)


FIXABLE = issue(
    "permission_lost",
    "ec2:StopInstances was allowed and no longer is.",
    "Add ec2:StopInstances to the role's policy, as the Instructions show.",
    fix={
        "policy_statement": '{"Effect":"Allow","Action":"ec2:StopInstances","Resource":"*"}',
        "cli": "aws iam put-role-policy --role-name CavokCloud --policy-name Cavok "
        "--policy-document file://cavok-permissions.json",
        "terraform": None,
        "console_url": "https://us-east-1.console.aws.amazon.com/iam/home#/roles/CavokCloud",
        "stack_url": None,
    },
)


REFUSED_REGION = issue(
    "region_refused",
    "Nothing can be used in ap-south-1: a service control policy of your AWS organization refuses "
    "every call there.",
    "Ask an administrator of AWS Organizations to allow ap-south-1, or take it out of the "
    "account's regions.",
    severity="information",
)


LEAST_PRIVILEGE = least_privilege_of(account(0), RESOURCES)


WEBHOOK = {
    "state": "paused",
    "url": "https://hooks.northwind.example/cavok",
    "events": ["Account Degraded", "Account Failed"],
    "created_at": "2026-01-01T10:00:00Z",
    "updated_at": "2026-01-02T10:00:00Z",
    "updated_by": "admin@northwind.example",
    "secret": None,
}


DELIVERIES = [
    {
        "event_id": f"event{index}",
        "type": "Account Failed",
        "status": status,
        "http_status": http_status,
        "duration_ms": duration,
        "tries": tries,
        "next_try_at": next_try_at,
        "at": f"2026-01-02T10:0{index}:00Z",
    }
    for index, (status, http_status, duration, tries, next_try_at) in enumerate(
        [
            ("paused", None, None, 2, "2026-01-02T11:20:00Z"),
            ("waiting", 500, 120, 3, "2026-01-02T11:25:00Z"),
            ("waiting", None, 8000, 1, "2026-01-02T10:01:05Z"),
            ("failed", 404, 80, 9, None),
            ("delivered", 204, 45, 1, None),
        ]
    )
]


def listed(resource: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    """A resource in the list of all accounts' resources."""
    return resource | {
        "turn_at": resource["next_action"] and resource["next_action"]["at"],
        "account_id": account["account_id"],
        "account_name": account["name"],
        "provider_id": account["provider_id"],
        "account_status": account["status"],
    }


def in_many_regions(account: dict[str, Any], *steps: dict[str, Any]) -> dict[str, Any]:
    """The account, of which a test has found so much as a page can show."""
    wide = account | {"regions": [each["region"] for each in REGION_HEALTH]}
    return wide | found(
        wide, all_steps(wide, PARTIAL, *steps), REGION_HEALTH, lost=[STOP_DENIED["step"]]
    )


def operation(**changes: Any) -> dict[str, Any]:
    """A bulk operation that tests three accounts, and has begun one."""
    return {
        "operation_id": "op1",
        "action": "test",
        "value": None,
        "state": "running",
        "total": 3,
        "done": 1,
        "skipped": 0,
        "changed": 1,
        "failed": [],
        "failed_total": 0,
        "started_at": "2026-01-05T10:00:00Z",
        "finished_at": None,
        **changes,
    }


BUSY = "Others are changing the account. Try again."


def refused(*indexes: int) -> dict[str, Any]:
    """What an operation says of accounts that it could not treat."""
    failed = [
        {
            "account_id": f"acc{index:06d}",
            "name": f"Account{index:05d}",
            "problem": problem(409, BUSY)[1],
        }
        for index in indexes
    ]
    return {"failed": failed, "failed_total": len(failed)}


def everything(accounts: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """One sample of everything that the page can show: what to answer, by path."""
    accounts = accounts or [account(index) for index in range(40)]
    if not accounts[0]["region_health"][1:]:
        accounts[0] = in_many_regions(accounts[0])
    one = "/v1/accounts/acc00000[0-9]"
    return {
        "/v1/organization": organization(accounts),
        "/v1/organization/usage": usage_of(accounts),
        "/v1/organization/usage/months": {"items": MONTHS},
        "/v1/organization/webhook": WEBHOOK,
        "/v1/organization/webhook/deliveries": {"items": DELIVERIES, "next_cursor": None},
        "/v1/accounts": pages_of(accounts),
        "/v1/problems": problems_of(accounts),
        "/v1/audit": {"items": AUDIT, "next_cursor": None},
        **{f"/v1/accounts/{item['account_id']}": item for item in accounts[:10]},
        f"{one}/instructions": INSTRUCTIONS,
        f"{one}/invitations": {
            "items": [{"expires_at": "2026-02-05T10:00:00Z"}],
            "next_cursor": None,
        },
        f"{one}/least-privilege": LEAST_PRIVILEGE,
        f"{one}/verifications": {
            "items": [
                finished_test(),
                finished_test("test0", outcome="degraded"),
                finished_test("testx"),
            ],
            "next_cursor": "more",
        },
        f"{one}/verifications/test1": finished_test(
            steps=[*STEPS, PARTIAL], region_health=REGION_HEALTH
        ),
        f"{one}/verifications/test0": finished_test("test0", steps=STEPS[:7]),
        f"{one}/usage": USAGE,
        f"{one}/instances": just_listed(),
        "/v1/resources": {
            "items": [listed(each, accounts[0]) for each in RESOURCES],
            "next_cursor": None,
        },
        f"{one}/resources": {"items": RESOURCES, "next_cursor": None},
        # Of this account, nothing is under control yet.
        "/v1/accounts/acc000001/resources": {"items": [], "next_cursor": None},
        f"{one}/resources/res1": RESOURCES[0],
        f"{one}/interactions": {"items": INTERACTIONS, "next_cursor": None},
        f"{one}/audit": {"items": AUDIT, "next_cursor": None},
        **enrollments.answers(),
    }
