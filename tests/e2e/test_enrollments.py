"""A whole AWS Organization, enrolled by one stack as its owner does it, with IAM enforced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local import aws, customers, sample_organization
from local.customers import CustomerAccount
from local.sample_organization import EXCLUDED_UNIT, MEMBERS, AwsOrganization, Member
from local.stack import Stack
from tests.support import sweeps
from tests.support.connections import Connected, connect
from tests.support.enrolled import (
    SWEPT_WITHIN,
    Enrolled,
    enroll,
    last_synchronized_is_long_ago,
    sweep_until,
)
from tests.support.http import Json, answer, problem
from tests.support.invariants import Declare
from tests.support.organizations import Organization
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)  # longer than `sweep_until` waits
MANAGEMENT = "Master Account"
"""The emulator's name of a management account."""

IN_USE = [
    MANAGEMENT,
    *(each.name for each in MEMBERS if not each.suspended and each.unit != EXCLUDED_UNIT),
]
LISTING_ROLE = "CavokOrganization"

NewOrganization = Callable[..., AwsOrganization]


@pytest.fixture(scope="module")
def new_aws_organization(stack: Stack, new_account_number: Callable[[], str]) -> NewOrganization:
    """Makes AWS Organizations with members of these names, in one unit."""

    def make(*names: str) -> AwsOrganization:
        members = [Member(name, "Branches") for name in names] or MEMBERS
        return sample_organization.prepare(stack.emulator_url, new_account_number(), members)

    return make


@dataclass(frozen=True)
class Story:
    """The sample's way: enrolled, synchronized before and after its stack was there, and tested."""

    enrolled: Enrolled
    too_early: Json
    waiting: Json
    first: Json
    found: dict[str, str]
    tested: dict[str, str]
    connected: Json
    members: Json
    accounts: dict[str, Json]
    """What is shown when all were tested. Some tests change it, in any order."""


@pytest.fixture(scope="module")
def story(
    stack: Stack, own_organization: Organization, new_aws_organization: NewOrganization
) -> Story:
    """Nobody adds an account, and nobody presses Test."""
    organization = new_aws_organization()
    sandbox = organization.units[EXCLUDED_UNIT]
    enrolled = enroll(own_organization.admin, organization, exclude_ous=[sandbox])
    too_early, waiting = enrolled.synchronize(), enrolled.enrollment()
    organization.deploy(enrolled.offer())
    first, found = enrolled.synchronize(), enrolled.states()
    tested = sweep_until(stack, own_organization.name, enrolled, _none_missing)
    accounts = {name: account.account() for name, account in enrolled.accounts().items()}
    connected = enrolled.enrollment()
    return Story(
        enrolled, too_early, waiting, first, found, tested, connected, enrolled.members(), accounts
    )


def _none_missing(states: dict[str, str]) -> bool:
    return "role_missing" not in states.values()


def test_one_stack_connects_every_member_and_nobody_presses_test(story: Story) -> None:
    outside = {"Shop Riga": "suspended", "Playground": "excluded"}

    assert (story.first["state"], story.first["found"]) == ("finished", 13)
    assert (story.first["added"], story.first["missing"]) == (len(IN_USE), len(IN_USE))
    assert story.found == dict.fromkeys(IN_USE, "role_missing") | outside
    assert story.tested == dict.fromkeys(IN_USE, "connected") | outside
    enrollment = story.connected
    assert (enrollment["status"], enrollment["issues"]) == ("connected", [])
    described = story.enrolled.aws.client.describe_organization()["Organization"]
    assert enrollment["organization_arn"] == described["Arn"]
    totals = Counter(story.tested.values())
    assert {state: n for state, n in enrollment["totals"].items() if n} == totals


def test_before_its_stack_is_there_an_enrollment_waits_and_says_why(story: Story) -> None:
    assert (story.too_early["state"], story.too_early["found"]) == ("failed", 0)
    assert story.waiting["status"] == "waiting"
    assert codes(story.waiting) == ["role_not_assumable"]


def codes(found: Json) -> list[str]:
    """Of the issues of an enrollment, or of an account."""
    return [issue["code"] for issue in found["issues"]]


def test_each_member_is_an_account_with_its_own_proof(story: Story) -> None:
    accounts = story.enrolled.accounts()
    for name in IN_USE:
        member, account = story.members[name], story.accounts[name]
        unit = next((f"/{each.unit}" for each in MEMBERS if each.name == name), "")
        assert member["ou_path"] == f"Root{unit}"
        assert (account["name"], account["status"]) == (name.replace(" ", ""), "confirmed")
        assert account["enrollment_id"] == story.enrolled.enrollment_id
        assert account["provider_id"] == member["provider_id"]
        test = sweeps.tests_of(accounts[name])[0]
        proofs = {step["step"]: step["verdict"] for step in test["steps"]}
        assert proofs["trust:without-external-id"] == "denied"
        assert proofs["trust:with-wrong-external-id"] == "denied"


def test_one_that_is_excluded_or_suspended_is_a_member_without_an_account(story: Story) -> None:
    members = story.enrolled.members()

    assert members["Playground"]["account_id"] is None
    assert members["Shop Riga"]["account_id"] is None
    numbers = {members[name]["provider_id"] for name in ("Playground", "Shop Riga")}
    page = answer(story.enrolled.person.get("/v1/accounts", params={"limit": 100}))
    assert numbers.isdisjoint(account["provider_id"] for account in page["items"])


def test_a_service_control_policy_shows_in_the_capabilities_of_its_member_alone(
    story: Story,
) -> None:
    accounts = story.enrolled.accounts()
    limited, other = accounts["Pipelines"], accounts["Reports"]

    assert other.account()["capabilities"]["rds"] == "full"
    assert limited.account()["capabilities"] == {"ec2": "full", "rds": "unknown", "logs": "full"}
    steps = sweeps.tests_of(limited)[0]["steps"]
    reasons = {step["step"]: step["reason"] for step in steps if step["verdict"] == "denied"}
    assert reasons["rds:DescribeDBInstances"] == "service_control_policy"
    assert reasons["rds:DescribeDBClusters"] == "service_control_policy"
    (issue,) = limited.account()["issues"]
    assert "service control policy" in issue["remedy"]


def _shown(enrolled: Enrolled) -> dict[str, Any]:
    """All that the API shows of it, but for the times of synchronizations."""
    accounts, enrollment = enrolled.accounts().values(), enrolled.enrollment()
    return {
        "members": enrolled.members(),
        "totals": enrollment["totals"],
        "version": enrollment["version"],
        "accounts": [each.account() for each in accounts],
        "audit": [answer(each.person.get(f"{each.path}/audit"))["items"] for each in accounts],
    }


def test_the_same_synchronization_twice_changes_nothing(story: Story) -> None:
    before = _shown(story.enrolled)

    again = story.enrolled.synchronize()

    assert (again["state"], again["found"]) == ("finished", len(before["members"]))
    assert (again["added"], again["changed"], again["missing"]) == (0, 0, 0)
    assert _shown(story.enrolled) == before


def test_another_organization_sees_nothing_of_it_and_cannot_claim_its_members(
    story: Story, other_organization: Organization
) -> None:
    stranger, path = other_organization.admin, story.enrolled.path
    synchronization = f"{path}/synchronizations/{story.first['synchronization_id']}"
    before = _shown(story.enrolled)

    for method, tried in (
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("GET", f"{path}/instructions"),
        ("GET", f"{path}/members"),
        ("GET", synchronization),
        ("POST", f"{path}/synchronizations"),
    ):
        body = {"name": "Mine"} if method == "PATCH" else None
        problem(stranger.request(method, tried, json=body), 404)
    claiming = enroll(stranger, story.enrolled.aws, name="Mine")
    assert claiming.synchronize()["state"] == "failed"

    claimed = claiming.enrollment()
    assert (claimed["status"], claimed["organization_arn"]) == ("waiting", None)
    assert codes(claimed) == ["role_not_assumable"]
    assert claiming.members() == {}
    assert answer(stranger.get("/v1/enrollments"))["items"][-1]["name"] == "Mine"
    assert _shown(story.enrolled) == before
    answer(stranger.delete(claiming.path))


@pytest.mark.timeout(1500)  # longer than its waits together
def test_an_account_that_aws_makes_later_is_connected_by_itself(
    stack: Stack, own_organization: Organization, new_aws_organization: NewOrganization
) -> None:
    """Stacks speak, and sweeps come by their schedule: nobody presses anything."""
    organization = new_aws_organization("Branch")
    enrolled = enroll(own_organization.admin, organization, management_account_id=None)
    number = {"management_account_id": organization.management.account_number}
    answer(enrolled.person.patch(enrolled.path, json=number))
    offer, branch = enrolled.offer(), organization.member("Branch")
    organization.deploy(offer, ReportConnection="Yes", ExcludeAccounts=branch.account_number)
    wait_for_state(enrolled, "Branch", "role_missing", what="the enrollment's stack spoke")

    organization.deploy(offer, ReportConnection="Yes", ExcludeAccounts="")
    wait_for_state(enrolled, "Branch", "connected", what="the member's stack spoke")
    (of_the_member,) = branch.client("cloudformation").list_stacks()["StackSummaries"]
    delete_stack(branch, of_the_member["StackName"])
    last_synchronized_is_long_ago(stack, own_organization.name, enrolled)
    organization.create_account("Vienna", "Branches")
    wait_for_state(enrolled, "Vienna", "role_missing", what="the new member's stack spoke")

    def swept() -> dict[str, str]:
        sweeps.run_sweep(stack)
        return enrolled.states()

    wait_for(
        swept,
        lambda found: {found["Vienna"], found[MANAGEMENT]} == {"connected"},
        seconds=SWEPT_WITHIN,
    )
    account = enrolled.accounts()["Vienna"]
    trail = answer(account.person.get(f"{account.path}/audit"))["items"]
    assert [(each["action"], each["actor"]["kind"]) for each in trail] == [("created", "system")]
    assert {test["trigger"] for test in sweeps.tests_of(account)} == {"scheduled"}
    wait_for_state(enrolled, "Branch", "problem", what="the member's role is gone")
    assert codes(enrolled.accounts()["Branch"].account()) == ["disconnected"]


def wait_for_state(enrolled: Enrolled, member: str, state: str, *, what: str) -> None:
    """Messages that were not taken come again after three minutes."""
    wait_for(enrolled.states, lambda found: found.get(member) == state, what=what, seconds=240)


def test_one_that_aws_suspends_later_keeps_its_account_and_its_history(story: Story) -> None:
    account = story.enrolled.accounts()["Shop Oslo"]
    story.enrolled.aws.suspend(account.place.account_number)

    done = story.enrolled.synchronize()

    assert (done["added"], done["changed"]) == (0, 1)
    member = story.enrolled.members(state="suspended")["Shop Oslo"]
    assert member["account_id"] == account.account_id
    assert account.account()["enrollment_id"] is None
    assert sweeps.tests_of(account)


def test_a_member_whose_role_is_missing_is_tried_again_and_connected(
    stack: Stack, own_organization: Organization, new_aws_organization: NewOrganization
) -> None:
    organization = new_aws_organization("Branch", "Depot")
    enrolled = enroll(own_organization.admin, organization)
    depot = organization.member("Depot")
    organization.deploy(enrolled.offer(), ExcludeAccounts=depot.account_number)
    enrolled.synchronize()

    states = sweep_until(
        stack, own_organization.name, enrolled, lambda states: states["Branch"] == "connected"
    )
    assert states["Depot"] == "role_missing"
    account = enrolled.accounts()["Depot"]
    wait_for(lambda: sweeps.tests_of(account), what="the test of a role that is missing")
    missing = account.account()
    assert (missing["status"], codes(missing)) == ("unconfirmed", ["role_not_assumable"])

    organization.deploy(enrolled.offer(), ExcludeAccounts="")
    let_ten_minutes_pass(stack, own_organization, account)
    assert enrolled.synchronize()["missing"] == 1
    states = sweep_until(stack, own_organization.name, enrolled, _none_missing)

    assert set(states.values()) == {"connected"}


def let_ten_minutes_pass(stack: Stack, organization: Organization, account: Connected) -> None:
    """So long a person's wish to try again waits after a test."""
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key=sweeps.account_key(organization.name, account.account_id),
        UpdateExpression="SET touched_at = :long_ago, last_finished_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": sweeps.LONG_AGO}},
    )


def test_a_role_that_lists_without_an_external_id_is_refused_as_any_role(
    own_organization: Organization, new_aws_organization: NewOrganization
) -> None:
    organization = new_aws_organization("Branch")
    enrolled = enroll(own_organization.admin, organization)
    offer = enrolled.offer()
    organization.deploy(offer)
    customers.set_trust_condition(None)(organization.management, LISTING_ROLE)

    assert enrolled.synchronize()["state"] == "failed"

    enrollment = enrolled.enrollment()
    assert enrollment["status"] == "failed"
    (issue,) = enrollment["issues"]
    assert issue["code"] == "confused_deputy"
    assert "sts:ExternalId" in issue["remedy"]
    assert enrolled.members() == {}

    condition = {"StringEquals": {"sts:ExternalId": offer.external_id}}
    customers.set_trust_condition(condition)(organization.management, LISTING_ROLE)
    assert enrolled.synchronize()["state"] == "finished"
    assert enrolled.enrollment()["status"] == "connected"
    assert set(enrolled.members()) == {MANAGEMENT, "Branch"}


def test_a_synchronization_that_is_killed_goes_on_and_doubles_nothing(
    own_organization: Organization, new_aws_organization: NewOrganization, declare: Declare
) -> None:
    declare("ReadOrganization", "Runtime exited", because="its process is killed")
    organization = new_aws_organization("Branch", "Depot")
    enrolled = enroll(own_organization.admin, organization)
    organization.deploy(enrolled.offer())

    with sweeps.killing_the_workers_of("ReadOrganization", once=True) as killed:
        done = enrolled.synchronize()

    assert killed
    assert (done["state"], done["found"], done["added"]) == ("finished", 3, 3)
    again = enrolled.synchronize()
    assert (again["state"], again["added"], again["changed"]) == ("finished", 0, 0)
    assert enrolled.enrollment()["totals"]["role_missing"] == len(enrolled.members()) == 3


def test_an_account_that_was_connected_by_hand_keeps_its_name_and_its_role(
    own_organization: Organization, new_aws_organization: NewOrganization
) -> None:
    organization = new_aws_organization("Branch")
    by_hand = connect(own_organization.admin, organization.member("Branch"), name="Handmade")
    customers.deploy(by_hand.place, by_hand.offer())
    assert by_hand.test()["outcome"] == "confirmed"
    enrolled = enroll(own_organization.admin, organization)
    organization.deploy(enrolled.offer())

    done = enrolled.synchronize()

    assert (done["found"], done["added"], done["changed"]) == (2, 1, 1)
    member = enrolled.members()["Branch"]
    assert (member["account_id"], member["state"]) == (by_hand.account_id, "connected")
    account = by_hand.account()
    assert account["name"] == "Handmade"
    assert account["enrollment_id"] == enrolled.enrollment_id


def test_after_its_end_accounts_stay_connected_until_their_roles_are_gone(
    own_organization: Organization, new_aws_organization: NewOrganization
) -> None:
    organization = new_aws_organization("Branch")
    enrolled = enroll(own_organization.admin, organization)
    offer = enrolled.offer()
    organization.deploy(offer)
    enrolled.synchronize()
    account = enrolled.accounts()["Branch"]

    ended = answer(own_organization.admin.delete(enrolled.path))

    assert offer.stack_name in " ".join(step["title"] for step in ended["steps"])
    assert answer(own_organization.admin.delete(enrolled.path)) == ended, "said once more"
    problem(own_organization.admin.get(enrolled.path), 404)
    wait_for(account.account, lambda found: found["enrollment_id"] is None, seconds=120)
    assert account.test()["outcome"] == "confirmed"

    delete_stack(organization.management, offer.stack_name)

    for place in (organization.management, account.place):
        names = {role["RoleName"] for role in place.iam.list_roles()["Roles"]}
        assert names.isdisjoint({LISTING_ROLE, "CavokCloud"})


def delete_stack(place: CustomerAccount, name: str) -> None:
    """As its steps say: with it go the roles of all members."""
    cloudformation = place.client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
