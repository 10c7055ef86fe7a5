"""Many accounts with one request, through the stream, the queue and the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.customers import CustomerAccount
from tests.support.connections import TEST_SECONDS, Connected, connect
from tests.support.http import answer
from tests.support.organizations import Organization
from tests.support.waiting import wait_for

Json = dict[str, Any]


def carried_out(connected: Connected, action: str, selection: Json, **body: Any) -> Json:
    """The operation, once it is over."""
    body = {"action": action, "selection": selection, **body}
    begun = connected.person.post("/v1/accounts/bulk", json=body)
    assert begun.status_code == 202, begun.text
    path = f"/v1/operations/{begun.json()['operation_id']}"
    over: Json = wait_for(
        lambda: answer(connected.person.get(path)),
        lambda operation: operation["state"] != "running",
        what="the operation is over",
        seconds=TEST_SECONDS,
    )
    return over


def counts(operation: Json) -> tuple[Any, ...]:
    return tuple(operation[name] for name in ("state", "total", "done", "skipped", "failed_total"))


def test_accounts_are_tested_changed_and_deleted_together(
    own_organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    # Of its own: a filter that selects all would take the accounts of other tests.
    connected = [connect(own_organization.admin, new_place()) for _ in range(2)]
    one = connected[0]
    unknown = "01JN8Q5M3C0000000000000Z99"
    named = [each.account_id for each in connected]

    tested = carried_out(one, "test", {"account_ids": [*named, unknown]})
    assert counts(tested) == ("finished", 3, 3, 0, 1)
    assert [each["account_id"] for each in tested["failed"]] == [unknown]
    for each in connected:
        (begun,) = answer(one.person.get(f"{each.path}/verifications"))["items"]
        over = each.watch(begun["verification_id"])
        assert (over["trigger"], over["state"]) == ("manual", "finished")

    changed = carried_out(one, "write_logs", {"filter": {}}, value=False)
    assert counts(changed) == ("finished", 2, 2, 0, 0)
    assert [each.account()["write_logs"] for each in connected] == [False, False]
    taken_back = {"changed_by": changed["operation_id"]}
    undone = carried_out(one, "write_logs", taken_back, value=True, expected_total=2)
    assert (counts(undone), undone["changed"]) == (("finished", 2, 2, 0, 0), 2)
    assert [each.account()["write_logs"] for each in connected] == [True, True]

    deleted = carried_out(one, "delete", {"filter": {}})
    assert counts(deleted) == ("finished", 2, 2, 0, 0)
    assert answer(one.person.get("/v1/accounts"))["items"] == []
    listed = answer(one.person.get("/v1/operations"))["operations"]
    assert listed == [deleted, undone, changed, tested]
    assert answer(one.person.delete(f"/v1/operations/{deleted['operation_id']}")) == deleted
