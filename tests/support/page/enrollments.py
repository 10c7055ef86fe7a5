"""Made-up enrollments, and what the API answers about one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cavok.domain.enrollment_templates import ending_steps
from cavok.domain.member_states import MemberState

READ_AT_ONCE = 500
"""Members that the API reads for one page of units, and of a filtered list."""
ROOT = ("r-ab12", "Root")
CHOICES: dict[str, Any] = {
    "include_ous": [],
    "exclude_ous": ["ou-ab12-sandbox0"],
    "exclude_accounts": [],
    "name_pattern": None,
    "regions": ["eu-west-1"],
    "write_logs": True,
    "role_path": "/",
    "permissions_boundary": None,
    "tags": {"7001": "platform"},
    "features": ["ec2", "rds", "logs"],
}


def unit(name: str, *above: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """The ids and names from the root to a unit."""
    return (ROOT, *above, (f"ou-ab12-{name.lower():0<8}"[:40], name))


SHOPS = unit("Shops")
NORTH = unit("North", SHOPS[-1])
SANDBOX = unit("Sandbox")


def member(index: int, **changes: Any) -> dict[str, Any]:
    """A member; `place`: the ids and names from the root to its unit."""
    known = {
        "provider_id": f"5{index:011d}",
        "name": f"Shop {index}",
        "place": NORTH,
        "state": "connected",
        "account_id": f"acc{index % 10:06d}",
    }
    return known | changes


def few() -> list[dict[str, Any]]:
    """Members in each state, in a root, a unit, and one below it."""
    return [
        member(0, name="Main account", place=(ROOT,)),
        *(member(index) for index in range(1, 6)),
        *(member(index, place=SHOPS, state="role_missing") for index in range(6, 9)),
        member(9, place=SHOPS, state="problem"),
        member(10, place=SANDBOX, state="excluded", account_id=None),
        member(11, place=SHOPS, state="suspended"),
        member(12, state="closed", account_id=None),
    ]


def many(count: int) -> list[dict[str, Any]]:
    """So many members in 40 units of five above them; of each eight, one has no role yet."""
    regions = [unit(f"Region{index}") for index in range(5)]
    teams = [unit(f"Team{index:02d}", regions[index % 5][-1]) for index in range(40)]
    states = ("connected",) * 7 + ("role_missing",)
    return [
        member(index, place=teams[index * 40 // count], state=states[index % 8])
        for index in range(count)
    ]


def totals(members: list[dict[str, Any]]) -> dict[str, int]:
    """How many are in which state."""
    counted = Counter(each["state"] for each in members)
    return {str(state): counted[state] for state in MemberState}


def enrollment(members: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """One that is connected."""
    known = {
        "enrollment_id": "enr1",
        "name": "Northwind",
        "provider": "aws",
        "management_account_id": "500000000000",
        "organization_arn": "arn:aws:organizations::500000000000:organization/o-ab12cd34ef",
        **CHOICES,
        "status": "connected",
        "issues": [],
        "totals": totals(members),
        "template": {"version": 1, "current": 1, "outdated": False, "changes": []},
        "synchronizing": False,
        "last_synchronized_at": "2026-01-05T10:00:00Z",
        "next_synchronization_at": "2026-01-05T16:00:00Z",
        "created_at": "2026-01-04T10:00:00Z",
        "created_by": "admin@northwind.example",
        "updated_at": "2026-01-05T10:00:00Z",
        "version": 2,
    }
    return known | changes


def waiting(**changes: Any) -> dict[str, Any]:
    """One whose stack nobody has seen yet."""
    unseen = {
        "enrollment_id": "enr2",
        "name": "Southwind",
        "management_account_id": None,
        "organization_arn": None,
        "template": None,
        "status": "waiting",
        "last_synchronized_at": None,
        "next_synchronization_at": None,
        "version": 1,
    }
    return enrollment([], **unseen | changes)


FAILED = {
    "status": "failed",
    "issues": [
        {
            "severity": "problem",
            "code": "role_not_assumable",
            "message": "Cavok cannot assume the role CavokOrganization in account 500000000000.",
            "remedy": "Deploy the stack again in this account, then synchronize.",
            "fix": None,
        }
    ],
}


def synchronization(**changes: Any) -> dict[str, Any]:
    """One that has ended."""
    known = {
        "synchronization_id": "syn1",
        "state": "finished",
        "found": 13,
        "added": 2,
        "changed": 1,
        "missing": 3,
        "reason": None,
        "started_at": "2026-01-05T10:00:00Z",
        "finished_at": "2026-01-05T10:00:20Z",
    }
    return known | changes


RUNNING = synchronization(state="running", found=5, added=0, changed=0, missing=1, finished_at=None)
INSTRUCTIONS = {
    "steps": [
        {"title": "Let StackSets in", "text": "Sign in to the management account."},
        {"title": "Deploy on AWS", "text": "Press “Deploy on AWS”."},
        {"title": "Synchronize", "text": "Press “Synchronize”."},
    ],
    "deploy_on_aws_url": "https://eu-west-1.console.aws.amazon.com/cloudformation/home"
    "?region=eu-west-1#/stacks/quickcreate?templateURL=https%3A%2F%2Fexample.com%2Ft.yaml",
    "cloudformation_template": '{"Resources": {}}',
    "terraform": 'resource "aws_cloudformation_stack" "cavok" {}',
    "cli": "aws cloudformation create-stack --stack-name CavokOrganization",
    "update": None,
}
ENDED = {"steps": [{"title": step.title, "text": step.text} for step in ending_steps()]}


def _asked(request: Any) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(request.url).query).items()}


def _shown(each: dict[str, Any]) -> dict[str, Any]:
    *_, (ou_id, _) = each["place"]
    path = "/".join(name for _, name in each["place"])
    others = {name: value for name, value in each.items() if name != "place"}
    return others | {"ou_id": ou_id, "ou_path": path}


def members_of(members: list[dict[str, Any]]) -> Any:
    """Answers as the API does: a page of a filtered list may have few members, or none."""

    def answer(request: Any) -> dict[str, Any]:
        query = _asked(request)
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
        found: list[dict[str, Any]] = []
        for index in range(start, min(start + READ_AT_ONCE, len(members))):
            shown = _shown(members[index])
            units = [unit_id for unit_id, _ in members[index]["place"]]
            within = units[-1:] if query.get("direct") == "true" else units
            if query.get("ou", units[-1]) not in within:
                continue
            if query.get("state", shown["state"]) != shown["state"]:
                continue
            if len(found) == limit:
                return {"items": found, "next_cursor": str(index)}
            found.append(shown)
        end = start + READ_AT_ONCE
        return {"items": found, "next_cursor": str(end) if end < len(members) else None}

    return answer


def units_of(members: list[dict[str, Any]]) -> Any:
    """Answers as the API does, which counts some members for each page."""

    def answer(request: Any) -> dict[str, Any]:
        start = int(_asked(request).get("cursor", 0))
        end = start + READ_AT_ONCE
        items = list(_counted(members[start:end]))
        return {"items": items, "next_cursor": str(end) if end < len(members) else None}

    return answer


def _counted(members: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for place in sorted({each["place"] for each in members}):
        ids = [unit_id for unit_id, _ in place]
        yield {
            "ou_id": ids[-1],
            "ou_ids": ids,
            "ou_path": "/".join(name for _, name in place),
            "totals": totals([each for each in members if each["place"] == place]),
        }


def answers(members: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """What to answer about an enrollment with these members, and one that waits, by path."""
    there = few() if members is None else members
    one = enrollment(there, **changes)
    other = waiting()
    paths = "/v1/enrollments/enr[12]"
    return {
        "/v1/enrollments": {"items": [one, other], "next_cursor": None},
        "/v1/enrollments/enr1": one,
        "/v1/enrollments/enr2": other,
        f"{paths}/instructions": INSTRUCTIONS,
        f"{paths}/units": units_of(there),
        f"{paths}/members": members_of(there),
        f"{paths}/synchronizations/syn1": synchronization(),
    }
