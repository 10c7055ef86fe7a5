"""Accounts for property tests of what is stored and shown of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import (
    AccessType,
    Account,
    Capability,
    Fix,
    Issue,
    LastVerification,
    Outcome,
    Severity,
    Status,
)
from cavok.domain.permissions import CAPABILITY_GROUPS
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.template_versions import current
from tests.support.builders import NOW, VERIFICATION_ID, a_slot, an_account

TIMES = st.timedeltas(timedelta(days=-1000), timedelta(days=1000)).map(lambda wait: NOW + wait)
TEXT = st.text(max_size=20)
REGIONS = ("us-east-1", "eu-west-1")
HEALTH = st.one_of(
    st.just(RegionHealth("us-east-1", RegionStatus.REACHABLE, None)),
    st.builds(
        RegionHealth,
        st.just("us-east-1"),
        st.sampled_from([RegionStatus.REFUSED, RegionStatus.UNKNOWN]),
        st.none() | st.sampled_from(Reason),
    ),
)
ISSUES = st.builds(
    Issue,
    TEXT,
    TEXT,
    TEXT,
    st.sampled_from(Severity),
    st.none() | st.builds(Fix, policy_statement=st.none() | st.just("{}"), cli=st.just("aws")),
)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Accounts with every field that a list shows at more than one value."""
    role = draw(st.booleans())
    health = draw(st.none() | HEALTH)
    return an_account(
        name=draw(st.from_regex("[A-Za-z0-9]{1,64}", fullmatch=True)),
        access_type=AccessType.ASSUME_ROLE if role else AccessType.ACCESS_KEY,
        role_name="CavokCloud" if role else None,
        role_path=draw(st.sampled_from(["/", "/team/"])),
        access_key_id_ending=None if role else "ABCD",
        write_logs=draw(st.booleans()),
        regions=REGIONS,
        status=draw(st.sampled_from(Status)),
        issues=tuple(draw(st.lists(ISSUES, max_size=2))),
        capabilities={g.group: draw(st.sampled_from(Capability)) for g in CAPABILITY_GROUPS},
        region_health=(health, RegionHealth("eu-west-1", RegionStatus.REACHABLE, None))
        if health
        else (),
        verification=draw(
            st.none()
            | st.builds(LastVerification, st.just(VERIFICATION_ID), st.sampled_from(Outcome), TIMES)
        ),
        slot=draw(st.none() | TIMES.map(lambda at: replace(a_slot(), expires_at=at))),
        next_verification_at=draw(st.none() | TIMES),
        updated_at=draw(TIMES),
        connected_at=draw(st.none() | TIMES),
        proven=frozenset(draw(st.lists(st.just("ec2:StopInstances")))),
        template_version=draw(st.none() | st.integers(1, current() + 1)),
        version=draw(st.integers(1, 10**9)),
    )
