"""AssumeRole: AWS's answers for roles that refuse Cavok, and for roles that let everybody in."""

from __future__ import annotations

import json
from typing import Any

from cavok.adapters.customer.assume_role import whose_account
from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain.access_denied import OF_THE_CALLER, Reason
from cavok.domain.steps import Verdict
from cavok.domain.trust import REJECTED_CODES
from tests.contract.place import EVERYTHING, Place

WRONG = "cavok-wrong-0123456789abcdef"


def test_a_missing_role_and_a_wrong_external_id_are_refused_in_the_same_words(place: Place) -> None:
    role = place.role("trust")
    place.enter(role)  # from now on the role is usable, so a refusal is final
    wrong, missing = place.try_role(role, WRONG), place.try_role(place.name("absent"), WRONG)
    assert wrong.error_code == missing.error_code == "AccessDenied"
    assert not {wrong.reason, missing.reason} & OF_THE_CALLER, "which would be a fault of ours"
    assert str(wrong.detail).replace(role, "X") == str(missing.detail).replace(
        place.name("absent"), "X"
    )


def test_a_good_role_refuses_a_caller_without_an_external_id(place: Place) -> None:
    role = place.role("good")
    place.enter(role)
    assert place.try_role(role, None).verdict is Verdict.DENIED


def test_a_role_that_needs_no_external_id_lets_everybody_in(place: Place) -> None:
    role = place.role("open", condition={})
    place.enter(role)
    assert place.try_role(role, None).verdict is Verdict.ALLOWED


def test_a_role_that_accepts_any_external_id_accepts_a_wrong_one(place: Place) -> None:
    role = place.role("any", condition={"StringLike": {"sts:ExternalId": "*"}})
    place.enter(role)
    assert place.try_role(role, WRONG).verdict is Verdict.ALLOWED
    assert place.try_role(role, None).verdict is Verdict.DENIED


def test_a_role_may_trust_the_roles_of_a_path_alone(place: Place) -> None:
    """As the canary does: aws:PrincipalArn of a session has the path of its role."""
    path = f"/{place.name('stack')}/testers/"
    testers = {"aws:PrincipalArn": f"arn:aws:iam::{place.account_number}:role{path}*"}
    with_id = {"sts:ExternalId": place.external_id}
    canary = place.role("canary", condition={"StringEquals": with_id, "ArnLike": testers})
    arn = str(place.account(canary).role_arn)
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [may]}

    def entered_by(sts: Any) -> Verdict:
        return Canary(sts, lambda: sts, arn, place.external_id).judgement().verdict

    verdicts = {
        role: entered_by(place.client_of(role, "sts"))
        for role in (place.role("tester", policy, path=path), place.role("testers", policy))
    }
    assert list(verdicts.values()) == [Verdict.ALLOWED, Verdict.DENIED]


def test_a_deactivated_access_key_is_rejected_as_such(place: Place) -> None:
    iam, user = place.client("iam"), place.name("user")
    iam.create_user(UserName=user)
    place.later(iam.delete_user, UserName=user)
    policy = {"PolicyName": "P", "PolicyDocument": json.dumps(EVERYTHING)}
    iam.put_user_policy(UserName=user, **policy)
    place.later(iam.delete_user_policy, UserName=user, PolicyName="P")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    name = {"UserName": user, "AccessKeyId": key["AccessKeyId"]}
    place.later(iam.delete_access_key, **name)
    iam.update_access_key(**name, Status="Inactive")
    session = CustomerSession(
        account_number=place.account_number,
        region=place.region,
        role_name=None,
        credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
    )
    judgement = whose_account(session)
    assert judgement.reason is Reason.CREDENTIALS_REJECTED
    assert judgement.error_code in REJECTED_CODES
