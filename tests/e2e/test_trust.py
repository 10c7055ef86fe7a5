"""The trust between tests, on the deployed stack: roles that are opened, use that is revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local import customers
from local.customers import CustomerAccount
from local.faults import Fault, faults
from local.stack import Stack
from tests.e2e.using import Used, connect_and_use, control
from tests.support import sweeps
from tests.support.connections import Connected, close_role, connect, resource_states
from tests.support.http import Json, answer, problem
from tests.support.organizations import Organization

pytestmark = pytest.mark.usefixtures("one_month")
ANY_ID = {"StringLike": {"sts:ExternalId": "*"}}


@pytest.fixture
def used(own_organization: Organization, new_place: Callable[[], CustomerAccount]) -> Used:
    """An account that a test confirmed, and that nobody has used since."""
    made = connect_and_use(own_organization.admin, new_place())
    assert made.connected.account()["status"] == "confirmed"
    return made


def open_role(account: Connected) -> None:
    """The customer lets anybody in who brings an external ID."""
    customers.set_trust_condition(ANY_ID)(account.place, account.offer().role_name)


def codes(account: Json) -> list[str]:
    return [issue["code"] for issue in account["issues"]]


def audited(account: Connected) -> list[str]:
    page = answer(account.person.get(f"{account.path}/audit"))
    return [entry["action"] for entry in page["items"]]


def throttled(account: Connected) -> Fault:
    """AWS answers no try to assume this account's role with a wrong external ID."""
    return Fault(
        "sts",
        body_contains=(account.place.account_number, "ExternalId="),
        body_lacks=account.offer().external_id,
        status=400,
        code="Throttling",
    )


def test_a_role_that_is_opened_after_its_test_is_refused_at_the_next_act(used: Used) -> None:
    account, (web, _) = used.connected, used.prepared.instance_ids
    used.logged_history()  # writing the line of what came before would find the open role, too
    open_role(account)

    refused = used.post("ec2", web, "stop")

    assert "external ID" in problem(refused, 409)["detail"]
    assert resource_states(account.place)[web] == "running"
    now = account.account()
    assert (now["status"], codes(now)) == ("failed", ["confused_deputy"])
    assert now["next_verification_at"]
    assert set(audited(account)[:2]) == {"stop_requested", "failed"}, "of one moment"
    newest = used.history()[0]
    assert (newest["action"], newest["outcome"]) == ("stop", "refused")
    assert "external ID" in newest["detail"]
    assert used.logged_history()[0]["logged"] == "refused"

    close_role(account)
    assert account.test()["outcome"] == "confirmed"
    assert used.post("ec2", web, "stop").status_code == 202


def test_a_burst_of_acts_proves_the_trust_once(used: Used) -> None:
    web, batch = used.prepared.instance_ids
    assert used.post("ec2", web, "stop").status_code == 202
    used.logged_history()  # writing the lines of what came before proves the trust, too
    open_role(used.connected)

    assert used.post("ec2", batch, "start").status_code == 202, "within the fifteen minutes"


def test_an_act_waits_until_aws_says_that_a_wrong_id_is_refused(used: Used) -> None:
    account, (web, _) = used.connected, used.prepared.instance_ids
    before = used.counted()

    with faults(throttled(account)):
        response = used.post("ec2", web, "stop")

    problem(response, 503)
    assert response.headers["retry-after"]

    assert resource_states(account.place)[web] == "running"
    assert account.account()["status"] == "confirmed"
    used_before, stored_before = before
    assert used.counted() == (used_before + 1, stored_before + 1), "it was asked for, and refused"
    assert used.history()[0]["outcome"] == "refused"
    assert used.post("ec2", web, "stop").status_code == 202


def test_a_throttled_wrong_id_confirms_nothing_for_a_second_organization(
    used: Used, other_organization: Organization
) -> None:
    """The way in of a confused deputy: any external ID is good, and AWS does not say so."""
    place = used.connected.place
    open_role(used.connected)
    theirs = connect(other_organization.admin, place)

    with faults(throttled(theirs)):
        ended = theirs.test()

    assert (ended["state"], ended["outcome"]) == ("aborted", None)
    assert theirs.account()["status"] == "unconfirmed"
    stop = f"{theirs.path}/instances/ec2/{used.prepared.instance_ids[0]}/stop"
    problem(theirs.person.post(stop), 409)
    assert resource_states(place)[used.prepared.instance_ids[0]] == "running"

    assert theirs.test()["outcome"] == "failed"
    with faults(throttled(theirs)):
        assert theirs.test()["outcome"] is None
    assert (theirs.account()["status"], codes(theirs.account())) == ("failed", ["confused_deputy"])
    answer(theirs.person.delete(theirs.path))


def test_a_revoked_account_is_not_used_until_a_person_tests_it(
    used: Used, stack: Stack, own_organization: Organization
) -> None:
    account, (web, _) = used.connected, used.prepared.instance_ids
    used.get("instances")
    orders = control(used, "rds", used.prepared.db_instance_id)
    running = account.press_test()["verification_id"]

    for _ in range(2):
        assert account.person.post(f"{account.path}/revoke").status_code == 204

    now = account.account()
    assert (now["status"], codes(now), now["testing"]) == ("unconfirmed", ["revoked"], False)
    assert now["next_verification_at"] is None
    problem(used.post("ec2", web, "stop"), 409)
    problem(account.person.get(f"{account.path}/instances"), 409)
    assert orders["resource_id"] in str(used.get("resources"))
    assert account.watch(running)["outcome"] is None, "an earlier test decides nothing"
    sweeps.run_sweep(stack)
    now = account.account()
    assert (now["status"], codes(now)) == ("unconfirmed", ["revoked"])
    assert now["next_verification_at"] is None
    assert resource_states(account.place)[web] == "running"
    assert audited(account).count("revoked") == 1

    assert account.test()["outcome"] == "confirmed"
    assert (account.account()["status"], codes(account.account())) == ("confirmed", [])
    assert used.post("ec2", web, "stop").status_code == 202
    answer(account.person.delete(account.path))
