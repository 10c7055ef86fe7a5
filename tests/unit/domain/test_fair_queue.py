"""Whose account comes next."""

from __future__ import annotations

from cavok.domain.fair_queue import AccountKey, FairQueue


def queue_of(*names: str) -> FairQueue:
    """Each name is an organization's letter and its account's number."""
    queue = FairQueue()
    for name in names:
        queue.add(AccountKey(name[0], name))
    return queue


def names(keys: list[AccountKey]) -> list[str]:
    return [key.account_id for key in keys]


def test_what_is_put_back_is_taken_next_in_the_same_order() -> None:
    queue = queue_of("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    chosen = queue.take(6)
    assert names(chosen) == ["a1", "b1", "c1", "a2", "b2", "a3"]

    queue.put_back(chosen[1:])

    assert len(queue) == 6
    assert names(queue.take(7)) == ["b1", "c1", "a2", "b2", "a3", "a4"]


def test_what_is_put_back_stays_behind_others_if_its_organization_was_put_behind() -> None:
    queue = queue_of("a1", "a2", "b1")
    queue.put_behind("a")
    assert names(queue.take(3)) == ["b1"]
    (first, *rest) = queue.take(3)

    queue.put_back(rest)
    queue.add(AccountKey("c", "c1"))

    assert names([first, *queue.take(2)]) == ["a1", "c1"]
    assert names(queue.take(2)) == ["a2"]


def test_what_is_put_back_of_an_organization_that_is_left_is_not_taken_again() -> None:
    queue = queue_of("a1", "b1", "a2", "b2")
    chosen = queue.take(4)
    queue.leave("a")

    queue.put_back(chosen)

    assert len(queue) == 2
    assert names(queue.take(4)) == ["b1", "b2"]


def test_whoever_is_put_behind_again_is_taken_with_none_of_those_that_are_behind() -> None:
    queue = queue_of("a1", "a2", "b1", "b2", "c1")
    queue.put_behind("a")
    queue.put_behind("b")
    queue.put_behind("a")
    queue.add(AccountKey("a", "a3"))

    assert [names(queue.take(5)) for _ in range(4)] == [
        ["c1"],
        ["b1", "b2"],
        ["a1", "a2", "a3"],
        [],
    ]


def test_an_organization_that_is_left_is_not_taken_wherever_it_stands() -> None:
    queue = queue_of("a1", "b1")
    queue.put_behind("a")
    queue.leave("a")
    queue.put_behind("a")
    queue.add(AccountKey("a", "a2"))

    assert len(queue) == 1
    assert [names(queue.take(5)) for _ in range(2)] == [["b1"], []]


def test_each_line_that_has_accounts_is_shown_and_taken_by_itself() -> None:
    queue = queue_of("a1", "b1", "c1", "c2")
    for name in "abb":
        queue.put_behind(name)
    assert [names(line) for line in queue.lines] == [["c1", "c2"], ["a1"], ["b1"]]

    assert names(queue.take(5, 1)) == ["a1"]

    assert [names(line) for line in queue.lines] == [["c1", "c2"], ["b1"]]
    assert names(list(queue)) == ["c1", "c2", "b1"]
    assert queue.take(5, 2) == []


def test_whoever_is_put_behind_by_many_lines_stays_behind_those_that_are_put_behind_often() -> None:
    queue = FairQueue()
    for name in "abc":
        queue.add(AccountKey(name, "1"))

    queue.put_behind("a", 1_000)
    for _ in range(3):
        queue.put_behind("b")

    assert [[key.organization_id for key in line] for line in queue.lines] == [["c"], ["b"], ["a"]]
    assert queue.organizations == {"a", "b", "c"}
