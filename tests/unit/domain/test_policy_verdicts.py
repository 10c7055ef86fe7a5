"""What a role's policies add to AWS's answer about a database that does not exist."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from cavok.domain.access_denied import Reason
from cavok.domain.deadlines import WEIGHING_SECONDS, Deadline
from cavok.domain.errors import OutOfTime
from cavok.domain.policy_evaluation import MAX_CHARACTERS
from cavok.domain.policy_verdicts import (
    MAX_TAGS,
    MAX_WEIGHED,
    Database,
    DatabaseQuestion,
    Databases,
    RolePolicies,
    is_decided,
    judge_databases,
)
from cavok.domain.steps import ALLOWED, Evidence, Judgement, ResourceVerdict, Verdict
from tests.support.builders import NUMBER

STOP = "rds:StopDBInstance"
ANY = f"arn:aws:rds:*:{NUMBER}:db"
DEV, PROD = "dev-orders", "prod-orders"


def arn(name: str) -> str:
    return f"arn:aws:rds:us-east-1:{NUMBER}:db:{name}"


def a_database(name: str, **tags: str) -> Database:
    return Database(name, "us-east-1", arn(name), tags)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": STOP, "Resource": resource, **more}


ONLY_DEV = policy(statement("Allow", f"{ANY}:dev-*"))
NOT_PROD = policy(statement("Allow"), statement("Deny", f"{ANY}:prod-*"))
BUT_DEV_DENIED = policy(
    statement("Allow"),
    {"Effect": "Deny", "Action": STOP, "NotResource": f"{ANY}:dev-*"},
)
ALL = policy(statement("Allow"))
NOTHING = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
UNKNOWN_KEY = policy(statement("Allow", Condition={"StringEquals": {"aws:PrincipalTag/team": "x"}}))
BY_TEAM = policy(
    statement("Allow", f"{ANY}:dev-*", Condition={"StringEquals": {"aws:PrincipalTag/team": "x"}})
)
ABSENT = a_database("cavok-probe-0")


def refusal(reason: Reason) -> Judgement:
    return Judgement(verdict=Verdict.DENIED, reason=reason, error_code="AccessDenied", detail="No.")


def judged(
    answer: Judgement,
    document: dict[str, Any],
    *databases: Database,
    unread: tuple[str, ...] = (),
    complete: bool = True,
) -> Judgement:
    """As a probe judges."""
    policies = RolePolicies((document,), unread)
    if is_decided(STOP, answer, policies):
        return answer
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=answer, role_arn=f"arn:aws:iam::{NUMBER}:role/R"
    )
    found = databases or (a_database(DEV), a_database(PROD))
    return judge_databases(question, policies, Databases(found, complete), {})


BY_POLICY, BY_DENY = Reason.IDENTITY_POLICY, Reason.EXPLICIT_DENY
P, A, D, OPEN = Verdict.PARTIAL, Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("reason", "document", "verdict"),
    [
        (BY_POLICY, ONLY_DEV, P),
        (Reason.UNSTATED, ONLY_DEV, P),
        (BY_DENY, BUT_DEV_DENIED, P),
        (Reason.UNSTATED, BUT_DEV_DENIED, P),
        (BY_POLICY, NOTHING, D),
        (Reason.UNSTATED, NOTHING, D),
        (Reason.PERMISSIONS_BOUNDARY, NOTHING, D),
        (BY_DENY, policy(statement("Deny")), D),
        # The policies do not explain the refusal, so something else refuses.
        (BY_DENY, ONLY_DEV, OPEN),
        (BY_POLICY, ALL, OPEN),
        (BY_DENY, ALL, OPEN),
        (Reason.UNSTATED, ALL, OPEN),
        (Reason.PERMISSIONS_BOUNDARY, ALL, OPEN),
        (Reason.PERMISSIONS_BOUNDARY, ONLY_DEV, OPEN),
        (Reason.SERVICE_CONTROL_POLICY, ONLY_DEV, OPEN),
        (Reason.RESOURCE_CONTROL_POLICY, ALL, OPEN),
        (Reason.SESSION_POLICY, ALL, OPEN),
        # What depends on a key that is not known from outside is open.
        (BY_POLICY, UNKNOWN_KEY, OPEN),
    ],
)
def test_a_refusal_of_an_absent_database(
    reason: Reason, document: dict[str, Any], verdict: Verdict
) -> None:
    assert judged(refusal(reason), document).verdict is verdict


@pytest.mark.parametrize(
    ("document", "verdict"),
    [(ALL, A), (NOT_PROD, P), (UNKNOWN_KEY, A), (policy(statement("Deny")), D)],
)
def test_a_success_on_an_absent_database(document: dict[str, Any], verdict: Verdict) -> None:
    judgement = judged(ALLOWED, document)

    assert judgement.verdict is verdict
    assert judgement.evidence is (Evidence.LIVE if verdict is A else Evidence.POLICY)


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
TAGGED = {"StringEquals": {"aws:ResourceTag/env": "prod"}}
THEIRS = {"StringNotEquals": {"aws:PrincipalTag/env": "${aws:ResourceTag/env}"}}
FAR = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
BUT_PROD = {"Effect": "Allow", "Action": STOP, "NotResource": f"{ANY}:prod-*"}


@pytest.mark.parametrize(
    ("statements", "prod"),
    [
        # A condition on the caller is the same for every database, so it does not hold for any.
        ([statement("Allow"), statement("Deny", Condition=OUTSIDE)], A),
        ([statement("Allow"), statement("Deny", Condition=MFA | OUTSIDE)], A),
        ([statement("Allow"), statement("Deny", f"{ANY}:c*", Condition=MFA)], A),
        # The probe's database is not among these.
        ([statement("Allow"), statement("Deny", f"{ANY}:prod-*", Condition=OUTSIDE)], OPEN),
        ([statement("Allow"), statement("Deny", Condition=MFA | TAGGED)], OPEN),
        ([statement("Allow"), statement("Deny", Condition=THEIRS)], OPEN),
        ([statement("Allow"), statement("Deny", Condition=FAR | MFA)], A),
        ([statement("Allow"), statement("Deny", Condition={"Bool": {"rds:Vpc": "true"}})], OPEN),
        # What allows the probe's database need not allow this one.
        ([statement("Allow", Condition=MFA)], A),
        ([statement("Allow", Condition=MFA), statement("Allow", Condition=OUTSIDE)], OPEN),
        ([BUT_PROD, statement("Allow", f"{ANY}:prod-*", Condition=MFA)], OPEN),
        ([BUT_PROD | {"Condition": MFA}], D),
        ([statement("Allow", f"{ANY}:*", Condition=MFA)], A),
    ],
)
def test_a_success_stands_for_a_database_that_nothing_may_refuse(
    statements: list[dict[str, Any]], prod: Verdict
) -> None:
    found = Database(PROD, "us-east-1", arn(PROD), {"env": "prod"})

    judgement = judged(replace(ALLOWED, detail="No such database."), policy(*statements), found)

    assert judgement.verdict is prod
    if prod is not A:
        assert judgement.resources
        assert [each.verdict for each in judgement.resources.examples] == [prod]
    if prod is OPEN:
        assert (judgement.reason, judgement.evidence) == (Reason.NOT_PROVABLE, Evidence.NONE)
        assert judgement.detail == (
            "The role's policies do not decide. Its policies depend on what Cavok cannot see from "
            "outside. AWS allows it for a name that no database has."
        )


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_success_in_one_region_teaches_nothing_of_a_deny_in_another(region: str) -> None:
    """The region is known of each call, and not the same for all."""
    far = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    document = policy(statement("Allow"), statement("Deny", Condition=far))

    judgement = judged(
        ALLOWED, document, Database(PROD, region, arn(PROD).replace("us-east-1", region), {})
    )

    assert judgement.verdict is (A if region == "us-east-1" else D)


def test_a_malformed_policy_may_have_allowed_what_a_statement_allows_perhaps() -> None:
    """So that the statement's conditions on the caller need not hold."""
    policies = RolePolicies(("malformed", policy(statement("Allow", Condition=MFA))))
    known = RolePolicies(policies.documents[1:])
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=ALLOWED, role_arn="arn:aws:iam::1:role/R"
    )

    learned = [each.after_success(question.on_absent).documents[-1] for each in (policies, known)]

    conditions = [document["Statement"][0].get("Condition") for document in learned]
    assert conditions == [MFA, {}]


def test_a_success_is_open_while_a_policy_was_not_answered_even_without_a_database() -> None:
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=ALLOWED, role_arn="arn:aws:iam::1:role/R"
    )
    unanswered = RolePolicies((ALL,), unread=("the inline policy Mine",), unanswered="Throttling")

    judgement = judge_databases(question, unanswered, Databases(), {})

    assert (judgement.verdict, judgement.reason) == (OPEN, Reason.ERROR)
    assert judgement.error_code == "Throttling"


def test_a_success_stands_for_the_databases_that_nothing_may_refuse_beside_one_that_is() -> None:
    document = policy(
        statement("Allow"),
        statement("Deny", f"{ANY}:prod-*"),
        statement("Deny", f"{ANY}:dev-*", Condition=MFA),
    )
    found = [a_database(name) for name in (PROD, DEV, "orders")]

    judgement = judged(ALLOWED, document, *found)

    assert judgement.verdict is P
    assert judgement.resources
    assert {each.id: each.verdict for each in judgement.resources.examples} == {
        PROD: D,
        DEV: OPEN,
        "orders": A,
    }


def test_what_is_unread_may_have_allowed_it_and_takes_nothing_from_a_success() -> None:
    only_dev = policy(statement("Allow", f"{ANY}:dev-*"))
    not_prod = policy(statement("Deny", f"{ANY}:prod-*"))
    perhaps = policy(statement("Deny", f"{ANY}:prod-*", Condition=MFA))

    for document, verdict in ((only_dev, A), (not_prod, P), (perhaps, OPEN)):
        assert judged(ALLOWED, document, unread=("the managed policy Ours",)).verdict is verdict


OTHERWISE_ANY = (ONLY_DEV, BUT_DEV_DENIED, ALL, NOTHING, UNKNOWN_KEY, NOT_PROD, {}, "x")


@pytest.mark.parametrize(
    ("reason", "document"),
    list(product((*Reason, None), OTHERWISE_ANY)),
)
def test_a_policy_that_was_not_read_leaves_a_refusal_open_unless_all_is_denied(
    reason: Reason | None, document: Any
) -> None:
    answer = Judgement(verdict=D, reason=reason, detail="No.")
    judgement = judged(answer, document, unread=("the managed policy Ours",))

    assert judgement.verdict is OPEN
    assert judgement.evidence is Evidence.NONE
    assert judgement.detail


@pytest.mark.parametrize("reason", [*Reason, None])
def test_a_refusal_never_stands_where_one_database_is_open(reason: Reason | None) -> None:
    answer = Judgement(verdict=D, reason=reason, detail="No.")

    judgement = judged(answer, UNKNOWN_KEY)

    assert judgement.verdict is OPEN
    assert judgement.resources
    assert judgement.resources.denied == 0


OUTSIDE_REMEDY = (
    "They may allow it, but something refuses it that Cavok cannot read, such as a permissions "
    "boundary or a policy of the organization. Using it on a database with Cavok would prove it."
)
DEPENDS = "Its policies depend on what Cavok cannot see from outside."
UNREAD = (
    "Cavok could not read the managed policy Ours. A grant in the role's inline policies, with the "
    "permissions of the group Checking and without managed policies, would prove it."
)


@pytest.mark.parametrize(
    ("reason", "document", "more", "said"),
    [
        (BY_POLICY, ONLY_DEV, {}, "The role's policies allow it for 1 of 2 databases."),
        (
            Reason.PERMISSIONS_BOUNDARY,
            ONLY_DEV,
            {"unread": ("the managed policy Ours",)},
            f"The role's policies do not decide. {OUTSIDE_REMEDY}",
        ),
        (BY_POLICY, ALL, {}, f"The role's policies do not decide. {OUTSIDE_REMEDY}"),
        (BY_POLICY, UNKNOWN_KEY, {}, f"The role's policies do not decide. {OUTSIDE_REMEDY}"),
        (
            BY_POLICY,
            BY_TEAM,
            {},
            f"The role's policies do not decide. {DEPENDS}",
        ),
        (
            BY_POLICY,
            ONLY_DEV,
            {"unread": ("the managed policy Ours",)},
            f"The role's policies do not decide. {UNREAD}",
        ),
        (
            BY_POLICY,
            BY_TEAM,
            {"complete": False},
            "The role's policies do not decide. Not all databases could be listed.",
        ),
    ],
)
def test_a_verdict_says_what_it_rests_on_or_what_would_prove_it(
    reason: Reason, document: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    judgement = judged(refusal(reason), document, **more)

    assert judgement.detail == (
        f"{said} AWS refuses it for a name that no database has, as it does for a role that is "
        "limited to some databases. AWS answered: No."
    )


def test_without_a_database_or_a_policy_there_is_nothing_to_weigh() -> None:
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=refusal(BY_POLICY), role_arn=None
    )
    answered = (
        "AWS refuses it for a name that no database has, as it does for a role that is limited to "
        "some databases. AWS answered: No."
    )

    no_database = judge_databases(question, RolePolicies((ONLY_DEV,)), Databases(), {})
    no_policy = judge_databases(
        question, RolePolicies(unread=("the managed policy Ours",)), Databases(), {}
    )

    assert (no_database.verdict, no_database.resources) == (OPEN, None)
    assert no_database.detail == (
        "There is no database that Cavok can list to evaluate the role's policies on. " + answered
    )
    assert no_policy.detail == f"{UNREAD} {answered}"


@pytest.mark.parametrize(
    ("answer", "policies", "decided"),
    [
        (ALLOWED, RolePolicies(), True),
        (ALLOWED, RolePolicies((ALL,)), True),
        (ALLOWED, RolePolicies((ALL,), unread=("the managed policy Ours",)), True),
        (ALLOWED, RolePolicies((ONLY_DEV,)), False),
        (ALLOWED, RolePolicies((NOT_PROD,)), False),
        (ALLOWED, RolePolicies(unanswered="Throttling"), False),
        (ALLOWED, RolePolicies((ALL,), unanswered="Throttling"), False),
        (refusal(BY_POLICY), RolePolicies(), True),
        (refusal(BY_POLICY), RolePolicies((NOTHING,)), True),
        (refusal(BY_POLICY), RolePolicies((ALL,)), False),
        (refusal(BY_POLICY), RolePolicies((NOTHING,), unread=("x",)), False),
        (refusal(BY_POLICY), RolePolicies((NOTHING,), unanswered="Throttling"), False),
        (refusal(BY_DENY), RolePolicies((policy(statement("Deny")),), unread=("x",)), True),
    ],
)
def test_what_aws_answers_about_an_absent_database_may_hold_for_every_one(
    answer: Judgement, policies: RolePolicies, decided: bool
) -> None:
    assert is_decided(STOP, answer, policies) is decided


def test_an_answer_that_did_not_come_leaves_open_what_is_not_denied_for_certain() -> None:
    throttled = RolePolicies((ONLY_DEV,), unanswered="Throttling")
    denied = RolePolicies((policy(statement("Deny")),), unanswered="Throttling")

    def judged_by(policies: RolePolicies, answer: Judgement) -> Judgement:
        question = DatabaseQuestion(
            action=STOP, absent_arn=ABSENT.arn, answer=answer, role_arn=None
        )
        return judge_databases(question, policies, Databases((a_database(DEV),)), {})

    for answer in (ALLOWED, refusal(BY_POLICY)):
        in_doubt = judged_by(throttled, answer)
        assert (in_doubt.verdict, in_doubt.evidence) == (OPEN, Evidence.NONE)
        assert (in_doubt.reason, in_doubt.error_code) == (Reason.ERROR, "Throttling")
        certain = judged_by(denied, answer)
        assert (certain.verdict, certain.evidence) == (D, Evidence.POLICY)
        assert (certain.reason, certain.error_code) == (BY_DENY, answer.error_code)


@pytest.mark.parametrize("unanswered", ["Throttling", None])
def test_a_verdict_on_some_databases_says_whether_a_list_had_no_answer(
    unanswered: str | None,
) -> None:
    answer = refusal(BY_POLICY)
    question = DatabaseQuestion(action=STOP, absent_arn=ABSENT.arn, answer=answer, role_arn=None)
    listed = Databases((a_database(DEV), a_database(PROD)), complete=False, unanswered=unanswered)

    judged = judge_databases(question, RolePolicies((ONLY_DEV,)), listed, {})

    assert (judged.verdict, judged.evidence) == (P, Evidence.POLICY)
    assert judged.reason is (Reason.ERROR if unanswered else None)
    assert judged.error_code == answer.error_code


@pytest.mark.parametrize(
    ("document", "verdict", "reason"),
    [(ONLY_DEV, P, None), (BY_TEAM, OPEN, Reason.NOT_PROVABLE), (NOT_PROD, P, None)],
)
def test_only_a_verdict_for_all_has_a_reason(
    document: dict[str, Any], verdict: Verdict, reason: Reason | None
) -> None:
    databases = (a_database(PROD), a_database(DEV))

    judgement = judged(
        ALLOWED if document is NOT_PROD else refusal(BY_POLICY), document, *databases
    )

    assert (judgement.verdict, judgement.reason) == (verdict, reason)


def test_a_success_stands_only_if_all_databases_were_listed() -> None:
    dev = a_database(DEV)

    assert judged(ALLOWED, NOT_PROD, dev).verdict is A
    assert judged(ALLOWED, NOT_PROD, dev, complete=False).verdict is OPEN


@pytest.mark.parametrize(("count", "verdict"), [(MAX_WEIGHED, A), (MAX_WEIGHED + 1, OPEN)])
def test_databases_beyond_those_that_are_weighed_count_as_not_listed(
    count: int, verdict: Verdict
) -> None:
    many = [a_database(f"dev-{number}") for number in range(count)]

    assert judged(refusal(BY_POLICY), ONLY_DEV, *many).verdict is verdict


def test_a_policy_on_the_roles_own_arn_is_known_and_the_examples_say_where() -> None:
    own = policy(
        statement(
            "Allow",
            f"{ANY}:dev-*",
            Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{NUMBER}:role/R"}},
        )
    )
    question = DatabaseQuestion(
        action=STOP,
        absent_arn=ABSENT.arn,
        answer=refusal(BY_POLICY),
        role_arn=f"arn:aws:iam::{NUMBER}:role/R",
    )
    databases = [a_database(name) for name in ("prod-1", "prod-2", DEV)]

    judgement = judge_databases(
        question, RolePolicies((own,)), Databases(tuple(databases)), {"us-east-1": ["prod-2"]}
    )

    assert judgement.resources
    assert judgement.resources.examples == (
        ResourceVerdict("prod-2", "us-east-1", D, BY_POLICY),
        ResourceVerdict("prod-1", "us-east-1", D, BY_POLICY),
        ResourceVerdict(DEV, "us-east-1", A, None),
    )


def test_one_under_control_that_is_open_is_named_beside_many_that_are_refused() -> None:
    many = [a_database(f"prod-{number}") for number in range(25)]
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=refusal(BY_POLICY), role_arn=None
    )

    judgement = judge_databases(
        question,
        RolePolicies((BY_TEAM,)),
        Databases((*many, a_database(DEV))),
        {"us-east-1": [DEV]},
    )

    assert judgement.resources
    assert (judgement.verdict, judgement.resources.denied) == (OPEN, 25)
    assert judgement.resources.examples[-1].id == DEV


def test_databases_that_were_not_listed_leave_open_what_holds_for_the_others() -> None:
    prod, dev = a_database(PROD), a_database(DEV)

    assert judged(refusal(BY_POLICY), ONLY_DEV, prod, complete=False).verdict is OPEN
    assert judged(refusal(BY_POLICY), ONLY_DEV, prod, dev, complete=False).verdict is P


def test_those_under_control_are_among_the_ones_that_are_weighed() -> None:
    many = [a_database(f"dev-{n}") for n in range(MAX_WEIGHED)]
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=refusal(BY_POLICY), role_arn=None
    )

    judgement = judge_databases(
        question,
        RolePolicies((ONLY_DEV,)),
        Databases((*many, a_database(PROD))),
        {"us-east-1": (PROD,)},
    )

    assert judgement.verdict is P
    assert judgement.resources
    assert judgement.resources.examples[0].id == PROD


def test_weighing_ends_at_the_deadline() -> None:
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=refusal(BY_POLICY), role_arn=None
    )
    over = Deadline(0, lambda: 1.0)

    with pytest.raises(OutOfTime):
        judge_databases(
            question, RolePolicies((ONLY_DEV,)), Databases((a_database(DEV),)), {}, over
        )


def test_so_does_weighing_beside_other_customers_once_it_took_its_share_of_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a customer with the worst of policies and 200 databases takes 20 seconds of a sweep's
    processor, and the other accounts of its page run out of time.
    """
    weighed: list[Database] = []

    def weigh(_: DatabaseQuestion, database: Database, __: RolePolicies) -> ResourceVerdict:
        weighed.append(database)
        return ResourceVerdict(database.id, database.region, A, None)

    monkeypatch.setattr(DatabaseQuestion, "verdict_for", weigh)
    each_takes = WEIGHING_SECONDS / 2
    question = DatabaseQuestion(
        action=STOP, absent_arn=ABSENT.arn, answer=refusal(BY_POLICY), role_arn=None
    )

    with pytest.raises(OutOfTime):
        judge_databases(
            question,
            RolePolicies((ONLY_DEV,)),
            Databases((a_database(DEV),) * MAX_WEIGHED),
            {},
            weighing=Deadline.after(WEIGHING_SECONDS, lambda: len(weighed) * each_takes),
        )

    assert len(weighed) == 2


def test_more_tags_than_aws_accepts_count_as_not_read() -> None:
    by_tag = policy(statement("Allow", Condition={"StringEquals": {"aws:ResourceTag/t0": "x"}}))
    few, many = ({f"t{n}": "x" for n in range(count)} for count in (MAX_TAGS, MAX_TAGS + 1))

    assert judged(refusal(BY_POLICY), by_tag, a_database(DEV, **few)).verdict is A
    assert judged(refusal(BY_POLICY), by_tag, a_database(DEV, **many)).verdict is OPEN


def test_a_hostile_policy_is_weighed_on_many_databases_without_trying_again() -> None:
    """Whoever goes back to an earlier `*` where a character does not match finds no end here."""
    stars = "*a" * 400
    hostile = policy(*[statement("Allow", f"{ANY}:{stars}")] * 11)
    assert 0.9 < len(json.dumps(hostile)) / MAX_CHARACTERS < 1
    databases = [a_database("a" * 63, **{f"t{n}": "x" * 256 for n in range(50)})] * 5_000

    judgement = judged(refusal(BY_POLICY), hostile, *databases)

    assert judgement.resources
    assert judgement.resources.asked == MAX_WEIGHED
