"""The message that has a start or stop followed."""

from __future__ import annotations

import hashlib
import json

import pytest

from cavok.domain.errors import MalformedEvent
from cavok.domain.followed_acts import FollowedAct
from tests.support.builders import ACCOUNT_ID, ORGANIZATION_ID, an_interaction

ACT = an_interaction()
NAMES = {
    "organization_id": ORGANIZATION_ID,
    "account_id": ACCOUNT_ID,
    "interaction_id": ACT.interaction_id,
}
MESSAGE = FollowedAct(**NAMES)


def test_a_message_names_its_act() -> None:
    message = FollowedAct.of(ACT)

    assert message == MESSAGE
    assert json.loads(message.body) == NAMES
    assert FollowedAct.read(message.body) == message


def test_acts_of_one_organization_share_a_group_whose_name_fits() -> None:
    assert MESSAGE.group == hashlib.sha256(ORGANIZATION_ID.encode()).hexdigest()


def test_the_event_that_earlier_versions_sent_is_read() -> None:
    event = {"detail-type": "Instance Interaction", "detail": {**NAMES, "action": "stop"}}

    assert FollowedAct.read(json.dumps(event)) == MESSAGE


@pytest.mark.parametrize(
    "body",
    [
        *("not JSON", "[]", "1", "{}", '{"detail": 1}', '{"detail": []}'),
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_such_message_is_malformed(body: str) -> None:
    with pytest.raises(MalformedEvent):
        FollowedAct.read(body)
