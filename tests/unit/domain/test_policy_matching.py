"""Wildcards, policy variables and three-valued logic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.policy_evaluation import Request, evaluate
from cavok.domain.policy_matching import (
    Resolve,
    Truth,
    all_of,
    any_of,
    matches,
    matches_arn,
    matches_parts,
    negate,
    symbols,
)
from tests.support.work import lines_run

ARN = "arn:aws:rds:us-east-1:123456789012:db:dev-orders"


def pattern(text: str, resolve: Resolve | None = None) -> list[Any]:
    found = symbols(text, resolve)
    assert found is not None
    return found


def resolving(**values: str) -> Resolve:
    return values.get


@pytest.mark.parametrize("truths", list(product((True, False, None), repeat=3)))
def test_unknown_yields_to_what_decides_alone(truths: tuple[Truth, ...]) -> None:
    either = True if True in truths else None if None in truths else False
    both = False if False in truths else None if None in truths else True

    assert any_of(truths) is either
    assert all_of(truths) is both


def test_of_nothing_all_hold_and_none_does() -> None:
    assert any_of([]) is False
    assert all_of([]) is True
    assert [negate(True), negate(False), negate(None)] == [False, True, None]


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_match_as_a_regular_expression_does(glob: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(c, c) for c in glob)

    assert matches(pattern(glob), text) == bool(re.fullmatch(expression, text))


class Counted(str):
    """A text that counts how often a character of it is looked at."""

    __slots__ = ("looks",)

    def __iter__(self) -> Iterator[str]:
        self.looks = 0
        for character in super().__iter__():
            self.looks += 1
            yield character


@pytest.mark.parametrize("stars", [1, 10, 13, 32, 500])
def test_each_character_is_looked_at_once_however_many_wildcards_there_are(stars: int) -> None:
    text = Counted("a" * 1000)

    assert not matches(pattern("*a" * stars + "*b"), text)

    assert text.looks == 1000


@pytest.mark.parametrize("element", ["Action", "Resource", "Condition"])
def test_twice_the_wildcards_are_at_most_twice_the_work(element: str) -> None:
    def work(stars: int) -> int:
        glob = "*e" * stars + "y"
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"} | {
            "Action": {"Action": f"rds:{glob}"},
            "Resource": {"Resource": f"arn:aws:rds:*:*:db:{glob}"},
            "Condition": {"Condition": {"StringLike": {"aws:ResourceTag/env": glob}}},
        }[element]
        request = Request(
            "rds:" + "e" * 200, ARN[:-10] + "e" * 200, {"aws:resourcetag/env": ("e" * 200,)}
        )
        return lines_run(
            lambda: evaluate([{"Version": "2012-10-17", "Statement": statement}], request)
        )

    assert work(64) <= 2 * work(32)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${env}-db", "dev-db"),
        ("${ env }", "dev"),
        ("${none, 'x'}", "x"),
        ("${env,'x'}", "dev"),
        ("${$}{env}", "${env}"),
        ("a${*}b${?}c", "a*b?c"),
        ("$env$", "$env$"),
    ],
)
def test_variables_become_their_values(text: str, value: str) -> None:
    assert pattern(text, resolving(env="dev")) == list(value)


@pytest.mark.parametrize(
    "text",
    [
        "${none}",
        "${env",
        "${wild}",
        "${one}",
        "${empty}",
        "${none, xyz}",
        "${none, 'x}",
        "${none,'}",
    ],
)
def test_what_a_variable_stands_for_may_be_unknown(text: str) -> None:
    known = resolving(env="dev", wild="d*", one="d?", empty="")

    assert symbols(f"a{text}", known) is None


def test_an_old_document_has_no_variables() -> None:
    assert pattern("${env}") == list("${env}")
    assert matches(pattern("${env}*"), "${env}-db")


@pytest.mark.parametrize(
    ("arn", "known"),
    [
        (ARN, True),
        ("arn:aws:rds:*:*:db:dev-*", True),
        ("arn:*:*:*:*:*", True),
        ("arn:aws:rds:*", True),
        ("arn:aws:rds:*:123456789012:db:dev-order", False),
        ("arn:aws:rds:*:123456789012:DB:dev-orders", False),
        ("arn:aws:ec2:*", False),
        ("arn:aws:rds*:123456789012:db:*", None),
        ("arn:*:dev-orders", None),
    ],
)
def test_a_wildcard_in_the_midst_that_spans_parts_is_unknown(arn: str, known: Truth) -> None:
    assert matches_arn(pattern(arn), ARN) is known


def test_a_wildcard_does_not_reach_into_the_next_part() -> None:
    assert matches_parts(pattern("a:*:c"), "a:b:c")
    assert not matches_parts(pattern("a:*:d"), "a:b:c:d")
    assert not matches_parts(pattern("a:b:c:*"), "a:b:c")
    assert matches_parts(pattern("a:b:c:d:e:f:g*"), "a:b:c:d:e:f:gh:i")
    assert matches_parts(pattern("a:b:c:d:e:f*i:j"), "a:b:c:d:e:f:gh:i:j"), "the last is the rest"
    assert matches_parts(pattern("a:b:c:d:e:*:h"), "a:b:c:d:e:f:g:h")


class Noted(str):
    """A symbol that counts how often a pattern's positions are noted."""

    __slots__ = ()
    noted = 0

    def __hash__(self) -> int:
        Noted.noted += 1
        return super().__hash__()


def test_a_pattern_that_needs_more_characters_than_there_are_costs_nothing() -> None:
    """Variables make a pattern of 10,240 characters some hundred thousand long, and each position
    noted takes as many bits.
    """
    expanded = symbols("${env}" * 3, lambda *_: "v" * 256)
    assert expanded == ["v"] * 768
    long = [*map(Noted, expanded), *pattern("*")]

    Noted.noted = 0
    assert not matches(long, "v" * 767)
    assert Noted.noted == 0

    assert matches(long, "v" * 768)
    assert Noted.noted == 2 * 768
