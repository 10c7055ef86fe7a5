"""The resources of an organization, over HTTP: their order, pages, filters, and changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table import resource_list
from cavok.adapters.table.resources import ResourceItem
from cavok.adapters.table.table import Table
from cavok.api.router import Router
from cavok.domain.accounts import Account, Status
from cavok.domain.kinds import Kind
from cavok.domain.organizations import Organization
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from tests.support.api import Api, number, walk
from tests.support.builders import NOW, ORGANIZATION_ID, a_resource, an_account

PATH = "/v1/resources"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    set_time(monkeypatch, NOW)


def set_time(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now))


def connect(index: int, organization_id: str = ORGANIZATION_ID, **but: Any) -> Account:
    account = an_account(
        organization_id=organization_id,
        account_id=f"01JN8Q5M3C{index:016}",
        account_number=number(index),
        name=f"Account{index}",
        **but,
    )
    wiring.organizations().create(Organization.new(organization_id), NOW)
    return wiring.accounts().add(account, None)


def add(account: Account, index: int, hours: str | None, **but: Any) -> Resource:
    """An instance that runs each day in these hours, UTC, such as 08-18."""
    start, _, stop = (hours or "").partition("-")
    window = Window(DAYS, f"{start}:00", f"{stop}:00")
    resource = a_resource(
        organization_id=account.organization_id,
        account_id=account.account_id,
        resource_id=f"01JN8Q5M3C0000000000000R{index:02}",
        instance_id=f"i-0123456789abcde{index:02}",
        schedule=Schedule("UTC", (window,)) if hours else None,
        **but,
    )
    return wiring.resources().add(resource)


def ids(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [one["instance_id"][-2:] for page in pages for one in page]


def listed(api: Api, **query: Any) -> list[str]:
    return ids(walk(api, PATH, **{"limit": 100, **query}))


def test_what_turns_first_comes_first_whatever_its_account(admin: Api) -> None:
    one, other = connect(1), connect(2, status=Status.CONFIRMED)
    add(one, 1, None)
    add(one, 2, "08-20")
    add(other, 3, "08-18", name="web")
    add(one, 4, "14-16")
    add(other, 5, "08-19")

    for limit in (1, 2, 100):
        assert listed(admin, limit=limit) == ["04", "03", "05", "02", "01"]
    items = admin.get(PATH).json["items"]
    assert [(each["next_action"] or {}).get("action") for each in items] == [
        "start",
        "stop",
        "stop",
        "stop",
        None,
    ]
    assert items[1]["next_action"] == {"action": "stop", "at": "2025-03-01T18:00:00Z"}
    own = admin.get(f"/v1/accounts/{other.account_id}")
    assert {name: items[1][f"account_{name}"] for name in ("id", "name", "status")} == {
        "id": own.json["account_id"],
        "name": "Account2",
        "status": "confirmed",
    }
    assert (items[1]["provider_id"], items[1]["name"]) == (number(2), "web")


def test_an_organization_sees_its_own_alone(admin: Api, other_admin: Api) -> None:
    add(connect(1), 1, "08-18")
    add(connect(2, str(other_admin.organization_id)), 2, "08-18")

    assert listed(admin) == ["01"]
    assert listed(other_admin) == ["02"]
    foreign = admin.get(PATH, limit=1, account_id=f"01JN8Q5M3C{2:016}")
    assert foreign.json == {"items": [], "next_cursor": None}


def test_each_filter_selects_and_so_do_all_together(admin: Api) -> None:
    one, other = connect(1), connect(2)
    add(one, 1, "08-18")
    add(one, 2, "14-16")
    add(one, 3, "08-18", kind=Kind.RDS)
    add(other, 4, "08-18", region="eu-west-1")
    add(other, 5, None)

    assert listed(admin, account_id=other.account_id) == ["04", "05"]
    assert listed(admin, kind="rds") == ["03"]
    assert listed(admin, region="eu-west-1") == ["04"]
    assert listed(admin, region="eu/west") == []
    assert listed(admin, action="start") == ["02"]
    assert listed(admin, action="stop", limit=1) == ["04", "01", "03"]
    both = {"kind": "ec2", "region": "us-east-1", "account_id": one.account_id}
    assert listed(admin, **both, action="stop") == ["01"]
    assert listed(admin, account_id="no id") == []


def test_a_turn_moves_its_resource_and_what_is_due_is_what_comes_next(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(1)
    first, _ = add(account, 1, "08-18"), add(account, 2, "08-19")
    set_time(monkeypatch, NOW + timedelta(hours=6, minutes=1))

    # Its stop is due, but was not made yet. After it, the schedule starts it.
    assert listed(admin) == ["01", "02"]
    assert listed(admin, action="start") == ["01"]
    assert listed(admin, action="stop") == ["02"]
    assert [each["turn_at"] for each in admin.get(PATH).json["items"]] == [
        "2025-03-01T18:00:00Z",
        "2025-03-01T19:00:00Z",
    ]

    turn = first.due_transition(NOW + timedelta(hours=6, minutes=1))
    assert turn
    done = first.followed(turn, turn.at, changed=True)
    wiring.resources().save(done, before=first)

    assert listed(admin) == ["02", "01"]
    assert listed(admin, action="start") == ["01"]


def test_the_list_follows_a_change_a_removal_and_the_end_of_an_account(admin: Api) -> None:
    account, other = connect(1), connect(2)
    first, second = add(account, 1, "08-18"), add(account, 2, "08-19")
    add(other, 3, "08-20")

    later = first.scheduled(Schedule("UTC", (Window(DAYS, "08:00", "21:00"),)), NOW)
    wiring.resources().save(later, before=first)
    assert listed(admin) == ["02", "03", "01"]

    unscheduled = later.scheduled(None, NOW)
    wiring.resources().save(unscheduled, before=later)
    last = admin.get(PATH).json["items"][-1]
    assert (last["next_action"], last["turn_at"]) == (None, None)

    wiring.resources().remove(account.account_id, second.resource_id, NOW)
    assert listed(admin) == ["03", "01"]

    assert admin.delete(f"/v1/accounts/{other.account_id}").status == 204
    assert listed(admin) == ["01"]


def test_one_stored_before_there_was_the_list_is_in_it_from_its_next_change_on(admin: Api) -> None:
    resource = add(connect(1), 1, "08-18")
    item = ResourceItem.of(resource)
    item.turns_of = item.turn_key = None
    item.save()
    assert listed(admin) == []

    wiring.resources().save(replace(resource, note="It was busy."), before=resource)

    assert listed(admin) == ["01"]


def test_a_page_looks_at_so_many_resources_and_reads_only_what_it_shows(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(1)
    for index in range(11):
        region = "eu-west-1" if index in (3, 10) else "us-east-1"
        add(account, index, f"08-{13 + index}", region=region)
    monkeypatch.setattr(resource_list, "MOST_LOOKED_AT", 5)
    read: list[int] = []
    as_it_is = Table.get_rows

    def counted(self: Table, kind: Any, keys: Any, names: Any) -> Any:
        keys = list(keys)
        if kind is ResourceItem:
            read.append(len(keys))
        return as_it_is(self, kind, keys, names)

    monkeypatch.setattr(Table, "get_rows", counted)

    pages = walk(admin, PATH, limit=2, region="eu-west-1")

    assert [ids([page]) for page in pages] == [["03"], [], ["10"]]
    assert sum(read) == 2


def test_a_page_without_filters_asks_for_no_more_entries_than_it_shows(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(1)
    for index in range(4):
        add(account, index, "08-18")
    sizes: list[int] = []
    as_it_is = Table.entries

    def noted(self: Table, *args: Any, size: int, **others: Any) -> Any:
        sizes.append(size)
        return as_it_is(self, *args, size=size, **others)

    monkeypatch.setattr(Table, "entries", noted)

    admin.get(PATH, limit=2)
    admin.get(PATH, limit=2, kind="ec2")

    assert sizes == [3, 1_000]
