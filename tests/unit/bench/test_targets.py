"""A target that is missed, or forgotten, is said."""

from __future__ import annotations

from tests.bench.targets import TARGETS, Measured, Target, missed, table

START = Target("a start", 40, "%", "somebody waits")
SIZE = Target("a layer", 10, "MB", "what a start loads")


def test_what_is_met_is_not_said() -> None:
    assert missed([Measured(START, 40), Measured(SIZE, 9.8)], (START, SIZE)) == []


def test_a_miss_is_said_with_whose_it_is_and_by_how_much() -> None:
    found = [Measured(START, 43, of="RecordVerification"), Measured(START, 39, of="OpenSession")]

    assert missed(found, (START,)) == [
        "Not met: a start (RecordVerification): 43 %, at most 40 %; 3 % too much."
    ]


def test_what_nobody_measured_is_no_success() -> None:
    assert missed([Measured(START, 1)], (START, SIZE)) == ["Not measured: a layer."]
    assert len(missed([])) == len(TARGETS)


def test_the_table_has_the_worst_of_each_target() -> None:
    found = [Measured(START, 39, of="one"), Measured(START, 43, of="two"), Measured(SIZE, 9.8)]

    assert table(found).rows == [
        ("a start (two)", "40 %", "43 %", "**no**"),
        ("a layer", "10 MB", "9.8 MB", "yes"),
    ]
