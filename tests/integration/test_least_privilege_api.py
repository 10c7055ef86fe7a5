"""The smallest policy for an account, from what the table knows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table.interactions import Interactions
from cavok.api.router import Router
from cavok.domain.interactions import Interaction
from cavok.domain.quotas import Quota, QuotaName
from cavok.domain.resources import Resource
from cavok.services import least_privilege
from cavok.services.request_quota import RequestQuota
from tests.support.api import KEY_ACCOUNT, Api, is_problem
from tests.support.builders import NUMBER, ORGANIZATION_ID, a_resource, an_interaction
from tests.support.moto_stack import Clock

INSTANCE, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"


def control(account_id: str, instance_id: str = INSTANCE, **fields: str) -> Resource:
    now = Clock.time
    resource = a_resource(
        account_id=account_id,
        instance_id=instance_id,
        followed_at=now,
        created_at=now,
        updated_at=now,
        **fields,
    )
    wiring.resources().add(resource)
    return resource


def use(account_id: str, instance_id: str = OTHER, *, ago: timedelta = timedelta()) -> Interaction:
    used = an_interaction(account_id=account_id, instance_id=instance_id)
    return wiring.interactions().record(replace(used, at=Clock.time - ago))


def actions_on(document: dict[str, Any], instance_id: str) -> set[str]:
    return {
        action
        for statement in document["Statement"]
        if any(arn.endswith(instance_id) for arn in statement["Resource"])
        for action in statement["Action"]
    }


@pytest.fixture
def path(admin: Api) -> str:
    return f"/v1/accounts/{admin.account()['account_id']}"


def test_it_allows_what_is_under_control_and_what_was_used(viewer: Api, path: str) -> None:
    account_id = path.rpartition("/")[2]
    resource = control(account_id)
    use(account_id)

    answer = viewer.get(f"{path}/least-privilege")

    offered = answer.json
    assert answer.status == 200
    document = offered["policy_document"]
    assert actions_on(document, INSTANCE) == {"ec2:StartInstances", "ec2:StopInstances"}
    assert actions_on(document, OTHER) == {"ec2:StopInstances"}
    assert offered["covers"] == [
        {
            "resource_id": resource.resource_id,
            "actions": ["ec2:DescribeInstances", "ec2:StartInstances", "ec2:StopInstances"],
        }
    ]
    assert any(INSTANCE in text for text in offered["removes"])
    assert f"instance/{INSTANCE}" in offered["terraform"]
    template = json.loads(offered["cloudformation_template"])
    instructions = json.loads(viewer.get(f"{path}/instructions").json["cloudformation_template"])
    assert template["Parameters"] == instructions["Parameters"], "the external ID among them"
    assert f"instance/{INSTANCE}" in offered["cloudformation_template"]
    assert f"instance/{INSTANCE}" not in str(instructions)


def test_it_names_instances_by_tag_if_asked(admin: Api, path: str) -> None:
    control(path.rpartition("/")[2])

    offered = admin.get(f"{path}/least-privilege", by="tag").json

    (statement,) = [s for s in offered["policy_document"]["Statement"] if "Condition" in s]
    assert statement["Resource"] == f"arn:aws:ec2:*:{NUMBER}:instance/*"
    assert [covered["actions"][1:] for covered in offered["covers"]] == [
        ["ec2:StartInstances", "ec2:StopInstances"]
    ]
    assert INSTANCE not in str(offered["policy_document"])


def test_other_ways_than_by_arn_and_by_tag_are_refused(admin: Api, path: str) -> None:
    answer = admin.get(f"{path}/least-privilege", by="name")

    assert is_problem(answer, 422)
    assert answer.fields == ["by"]


def test_a_policy_that_iam_would_not_take_is_a_problem_that_says_what_to_do(admin: Api) -> None:
    account_id = admin.account(**KEY_ACCOUNT)["account_id"]
    for number in range(30):
        use(account_id, f"i-{number:017x}")

    answer = admin.get(f"/v1/accounts/{account_id}/least-privilege")

    assert is_problem(answer, 422)
    assert answer.fields == ["by"]
    assert "at most 2,048. Ask for by=tag" in answer.json["errors"][0]["message"]
    assert admin.get(f"/v1/accounts/{account_id}/least-privilege", by="tag").status == 200


def test_it_reads_the_newest_interactions_and_says_if_there_are_more(
    admin: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(least_privilege, "PAGE", 2)
    monkeypatch.setattr(least_privilege, "PAGES", 2)
    read: list[int] = []
    page = Interactions.page
    monkeypatch.setattr(
        Interactions, "page", lambda self, *a, **kw: read.append(1) or page(self, *a, **kw)
    )
    account_id = path.rpartition("/")[2]
    for number in range(4):
        use(account_id, f"i-{number:017x}")
    whole = admin.get(f"{path}/least-privilege").json

    use(account_id, "i-00000000000000004")
    part = admin.get(f"{path}/least-privilege").json

    assert len(read) == 4
    assert not any("too many" in text for text in whole["removes"])
    assert any("too many" in text for text in part["removes"])
    assert all(actions_on(whole["policy_document"], f"i-{n:017x}") for n in range(4))


def test_it_stops_reading_where_90_days_end(
    admin: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(least_privilege, "PAGE", 1)
    account_id = path.rpartition("/")[2]
    for days in (91, 92, 93, 94, 95, 96):
        use(account_id, f"i-{days:017x}", ago=timedelta(days=days))

    offered = admin.get(f"{path}/least-privilege").json

    assert not any("too many" in text for text in offered["removes"])
    assert "i-0000" not in str(offered["policy_document"])


def test_each_page_that_it_reads_counts_as_a_request(
    viewer: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is a viewer's cheapest way to have much read."""
    monkeypatch.setattr(least_privilege, "PAGE", 2)
    account_id = path.rpartition("/")[2]
    for number in range(3):
        control(account_id, f"i-{number:017x}", resource_id=f"01JN8Q5M3C{number:016}")
        use(account_id, f"i-{number:017x}")
    quota = RequestQuota(Quota(QuotaName.REQUESTS, 40, timedelta(minutes=1)))
    monkeypatch.setattr(wiring, "request_quota", lambda: quota)
    now = Router.now()
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now))

    def remaining() -> int:
        return quota.remaining(ORGANIZATION_ID, now, viewer=True)

    assert viewer.get(f"{path}/least-privilege").status == 200
    assert remaining() == 20 - 1 - 2 - 2

    while remaining() > 3:
        quota.take(ORGANIZATION_ID, now)
    assert is_problem(viewer.get(f"{path}/least-privilege"), 429)


def test_reading_that_finds_nothing_counts_too(
    viewer: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = RequestQuota(Quota(QuotaName.REQUESTS, 40, timedelta(minutes=1)))
    monkeypatch.setattr(wiring, "request_quota", lambda: quota)
    now = Router.now()
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now))

    assert viewer.get(f"{path}/least-privilege").status == 200
    assert quota.remaining(ORGANIZATION_ID, now, viewer=True) == 20 - 1 - 1 - 1
