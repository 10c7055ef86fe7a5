"""The usage of all accounts of an organization, through the API, from what was recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cavok.adapters.table import usage
from cavok.adapters.table.interactions import Interactions
from cavok.api.router import Router
from cavok.domain.interactions import Usage, months_until, period_of
from cavok.domain.times import utc_text
from tests.support.api import Api, is_problem, number
from tests.support.builders import NOW, an_interaction
from tests.support.moto_stack import TABLE, client, items

PATH = "/v1/organization/usage"
AT = NOW
LAST_MONTH = AT.replace(day=1) - timedelta(days=1)


@pytest.fixture(autouse=True)
def _one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """A month that ends meanwhile would empty the list."""
    monkeypatch.setattr(Router, "now", staticmethod(lambda: AT))


def connect(api: Api, *names: str) -> dict[str, str]:
    """Ids of new accounts, by name."""
    return {
        name: api.account(name=name, provider_id=number(index))["account_id"]
        for index, name in enumerate(names)
    }


def use(
    interactions: Interactions,
    account_id: str,
    times: int = 1,
    *,
    organization_id: str = "org-one",
    at: datetime = AT,
) -> None:
    """Records one interaction, and says that it was so many."""
    interactions.record(
        an_interaction(account_id=account_id, organization_id=organization_id, at=at)
    )
    client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"ACCOUNT#{account_id}"}, "sk": {"S": f"USAGE#{period_of(at)}"}},
        UpdateExpression="SET used = :times",
        ExpressionAttributeValues={":times": {"N": str(times)}},
    )


def used(api: Api, **query: Any) -> list[tuple[str | None, int]]:
    answer = api.get(PATH, **query)
    assert answer.status == 200, answer.text
    return [(item["name"], item["used"]) for item in answer.json["items"]]


def test_the_account_that_was_used_most_comes_first(
    admin: Api, viewer: Api, interactions: Interactions
) -> None:
    ids = connect(admin, "Some", "Much", "None", "Over")
    for name, times in (("Some", 9), ("Much", 842), ("Over", 1024)):
        use(interactions, ids[name], times)

    answer = viewer.get(PATH).json

    assert answer == {
        "period": period_of(AT),
        "resets_at": utc_text(Usage(period_of(AT), 1000, 0).resets_at),
        "free_interactions": 1000,
        "items": [
            {
                "account_id": ids[name],
                "name": name,
                "used": times,
                "remaining": remaining,
                "billable": billable,
            }
            for name, times, remaining, billable in (
                ("Over", 1024, 0, 24),
                ("Much", 842, 158, 0),
                ("Some", 9, 991, 0),
            )
        ],
        "next_cursor": None,
    }


def test_what_is_counted_is_counted_here_too(admin: Api, interactions: Interactions) -> None:
    ids = connect(admin, "Some")
    once = an_interaction(account_id=ids["Some"], at=AT)
    for interaction in (once, once, an_interaction(1, account_id=ids["Some"], at=AT)):
        interactions.record(interaction)

    assert used(admin) == [("Some", 2)]
    assert admin.get(f"/v1/accounts/{ids['Some']}/usage").json["used"] == 2


def test_an_organization_that_used_nothing_has_an_empty_list(admin: Api) -> None:
    connect(admin, "Some")

    assert used(admin) == []


def test_pages_hold_every_account_once_also_where_counts_are_equal(
    admin: Api, interactions: Interactions
) -> None:
    ids = connect(admin, *"ABCDEFG")
    for name, times in zip("ABCDEFG", (1, 12, 2, 2, 2, 100, 9), strict=True):
        use(interactions, ids[name], times)

    seen: list[tuple[str, int]] = []
    page: dict[str, Any] = admin.get(PATH, limit=2).json
    while True:
        seen += [(item["name"], item["used"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = admin.get(PATH, limit=2, cursor=page["next_cursor"]).json

    assert [count for _, count in seen] == [100, 12, 9, 2, 2, 2, 1]
    assert sorted(name for name, _ in seen) == list("ABCDEFG")


def test_an_account_that_is_gone_still_counts_and_has_no_name(
    admin: Api, interactions: Interactions
) -> None:
    ids = connect(admin, "Gone", "Stays")
    use(interactions, ids["Gone"], 5)
    use(interactions, ids["Stays"], 3)
    admin.delete(f"/v1/accounts/{ids['Gone']}")

    assert used(admin) == [(None, 5), ("Stays", 3)]


def test_each_month_starts_anew(admin: Api, interactions: Interactions) -> None:
    ids = connect(admin, "Then", "Now")
    use(interactions, ids["Then"], 700, at=LAST_MONTH)
    use(interactions, ids["Now"], 7, at=LAST_MONTH)
    use(interactions, ids["Now"], 3)

    assert used(admin) == [("Now", 3)]


def test_another_organizations_accounts_are_not_there(
    admin: Api, other_admin: Api, interactions: Interactions
) -> None:
    mine, theirs = connect(admin, "Mine"), connect(other_admin, "Theirs")
    use(interactions, mine["Mine"], 5)
    use(interactions, theirs["Theirs"], 900, organization_id="org-two")

    assert used(admin) == [("Mine", 5)]
    assert used(other_admin) == [("Theirs", 900)]


def test_a_cursor_of_another_list_or_one_that_is_made_up_is_refused(
    admin: Api, other_admin: Api, interactions: Interactions
) -> None:
    ids = connect(admin, "A", "B")
    for account_id in ids.values():
        use(interactions, account_id)
    cursor = admin.get(PATH, limit=1).json["next_cursor"]
    of_the_trail = admin.get("/v1/audit", limit=1).json["next_cursor"]

    for answer in (
        other_admin.get(PATH, cursor=cursor),
        admin.get(PATH, cursor=of_the_trail),
        admin.get(PATH, cursor="nonsense"),
        admin.get("/v1/audit", cursor=cursor),
    ):
        assert is_problem(answer, 422)
        assert answer.fields == ["cursor"]
    assert is_problem(admin.get(PATH, limit=0), 422)


MONTHS = "/v1/organization/usage/months"


def used_by_month(answer: Any) -> dict[str, int]:
    """Of the months in which something was used."""
    assert answer.status == 200, answer.text
    items = answer.json.get("items", answer.json.get("months"))
    assert [item["period"] for item in items] == [*months_until(AT)]
    return {item["period"]: item["used"] for item in items if item["used"]}


def test_an_account_shows_the_last_twelve_months_and_none_before(
    admin: Api, viewer: Api, interactions: Interactions
) -> None:
    ids = connect(admin, "Some", "Other")
    oldest, before = in_month(11), in_month(12)
    for at, times in ((AT, 3), (LAST_MONTH, 7), (oldest, 11), (before, 12)):
        use(interactions, ids["Some"], times, at=at)
    use(interactions, ids["Other"], 900)

    answer = viewer.get(f"/v1/accounts/{ids['Some']}/usage")

    assert used_by_month(answer) == {
        period_of(oldest): 11,
        period_of(LAST_MONTH): 7,
        period_of(AT): 3,
    }
    assert answer.json["used"] == 3
    assert used_by_month(viewer.get(f"/v1/accounts/{ids['Other']}/usage")) == {period_of(AT): 900}


def in_month(back: int) -> datetime:
    """A moment so many months before this one."""
    count = 12 * AT.year + AT.month - 1 - back
    return AT.replace(year=count // 12, month=count % 12 + 1, day=1)


def test_an_organizations_months_are_the_sums_of_its_accounts_deleted_ones_too(
    admin: Api, viewer: Api, other_admin: Api, interactions: Interactions
) -> None:
    mine, theirs = connect(admin, "Stays", "Gone"), connect(other_admin, "Theirs")
    for name, at, times in (("Stays", AT, 3), ("Gone", AT, 4), ("Gone", LAST_MONTH, 9)):
        use(interactions, mine[name], times, at=at)
    use(interactions, theirs["Theirs"], 900, organization_id="org-two")
    admin.delete(f"/v1/accounts/{mine['Gone']}")

    assert used_by_month(viewer.get(MONTHS)) == {period_of(AT): 7, period_of(LAST_MONTH): 9}
    assert used_by_month(other_admin.get(MONTHS)) == {period_of(AT): 900}


def test_of_too_many_accounts_those_used_most_are_added_and_it_says_so(
    admin: Api, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_SUMMED", 2)
    ids = connect(admin, "A", "B", "C")
    for name, times in (("A", 1), ("B", 20), ("C", 300)):
        use(interactions, ids[name], times)
    for name in ("A", "B"):
        use(interactions, ids[name], 5, at=LAST_MONTH)

    *_, last, this = admin.get(MONTHS).json["items"]

    assert this == {"period": period_of(AT), "used": 320, "complete": False}
    assert last == {"period": period_of(LAST_MONTH), "used": 10, "complete": True}


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("path", [PATH, MONTHS])
def test_a_token_without_an_organization_is_refused(path: str) -> None:
    assert is_problem(Api("", "viewer").get(path), 403)


def test_only_counters_are_in_the_index(admin: Api, interactions: Interactions) -> None:
    use(interactions, connect(admin, "Some")["Some"])

    (indexed,) = [item for item in items() if "usage_of" in item]

    assert indexed["sk"] == f"USAGE#{period_of(AT)}"
    assert indexed["usage_of"] == f"ORG#org-one#USAGE#{period_of(AT)}"
    used = [item["sk"] for item in items() if "used" in item]
    assert [sk for sk in used if not sk.startswith("QUOTA#")] == [indexed["sk"]]
