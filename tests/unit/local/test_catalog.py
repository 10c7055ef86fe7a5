"""`make catalog` gives each new text of a template a number, and each number to one text. What the
catalog newly grants is a version, which says why.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cavok.domain.permissions import Permission, PermissionGroup
from local import catalog

FIRST = {"text": "What was asked for first.", "adds": [], "removes": []}
READ, START, STOP = (
    Permission("a:Read", "Lists things."),
    Permission("a:Start", "Starts a thing."),
    Permission("a:Stop", "Stops one."),
)


class Checkout:
    """A checkout whose catalog gives both templates the text `text`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.text = "first"
        self.templates = folder / "templates"
        self.templates.mkdir()
        (folder / "published.json").write_text("{}")
        (folder / "granted.json").write_text(json.dumps({"1": []}))
        (folder / "versions.json").write_text(json.dumps([FIRST]))
        self.set = monkeypatch.setattr
        monkeypatch.setattr(catalog, "PUBLISHED", folder / "published.json")
        monkeypatch.setattr(catalog, "GRANTED", folder / "granted.json")
        monkeypatch.setattr(catalog, "VERSIONS_FILE", folder / "versions.json")
        monkeypatch.setattr(catalog, "FILES", self.templates)
        monkeypatch.setattr(catalog, "TEMPLATES", ("role", "user"))
        monkeypatch.setattr(catalog, "template_text", lambda _name: self.text)

    def publish(self, text: str) -> None:
        self.text = text
        catalog.publish_templates()

    def grant(self, *permissions: Permission, resource: str = "*") -> list[dict[str, Any]]:
        """The versions after the first, with a catalog of these permissions."""
        group = PermissionGroup(
            group="things", title="Things", why="", resource=resource, permissions=permissions
        )
        for name in ("GROUPS", "GRANTED_GROUPS"):
            self.set(catalog, name, (group,))
        self.set(catalog, "OPTIONAL_GROUPS", ())
        catalog.write_version()
        first, *others = json.loads((self.folder / "versions.json").read_text())
        assert first == FIRST
        granted = json.loads(catalog.GRANTED.read_text())
        assert list(granted) == [str(number + 1) for number in range(1 + len(others))]
        return list(others)

    def commit(self) -> None:
        identity = (
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.com",
            "-c",
            "commit.gpgsign=false",
        )
        for words in (("init",), ("add", "."), (*identity, "commit", "-m", "Publish")):
            subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)

    def files(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in self.templates.iterdir()}

    def published(self) -> list[str]:
        return list(json.loads(catalog.PUBLISHED.read_text()))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """With the first texts, committed."""
    checkout = Checkout(tmp_path, monkeypatch)
    checkout.publish("first")
    checkout.commit()
    return checkout


def test_a_new_text_gets_the_next_number_and_takes_the_place_of_the_file_before(
    checkout: Checkout,
) -> None:
    checkout.publish("second")

    assert checkout.files() == {"role-v2": "second", "user-v2": "second"}
    assert checkout.published() == ["role-v1", "user-v1", "role-v2", "user-v2"]


def test_a_text_that_was_not_committed_is_replaced(checkout: Checkout) -> None:
    checkout.publish("second, with a slip")
    checkout.publish("second")

    assert checkout.files() == {"role-v2": "second", "user-v2": "second"}
    assert checkout.published() == ["role-v1", "user-v1", "role-v2", "user-v2"]


def test_a_committed_text_stays(checkout: Checkout) -> None:
    checkout.publish("second")
    checkout.commit()
    checkout.publish("third")

    assert checkout.files() == {"role-v3": "third", "user-v3": "third"}
    assert len(checkout.published()) == 6


def test_an_edit_that_is_undone_leaves_nothing(checkout: Checkout) -> None:
    before = checkout.files(), catalog.PUBLISHED.read_text()
    checkout.publish("second")
    checkout.publish("first")

    assert (checkout.files(), catalog.PUBLISHED.read_text()) == before


def test_without_a_commit_every_text_counts_as_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout(tmp_path, monkeypatch)
    checkout.publish("first")
    checkout.publish("second")

    assert checkout.files() == {"role-v2": "second", "user-v2": "second"}


def test_a_version_says_what_is_new_in_the_words_of_the_catalog(checkout: Checkout) -> None:
    second = {"text": "Lists things; starts a thing.", "adds": ["a:Read", "a:Start"], "removes": []}

    assert checkout.grant(READ, START) == [second]
    assert checkout.grant(READ, START) == [second], "once"
    checkout.commit()
    third = {"text": "Stops one.", "adds": ["a:Stop"], "removes": ["a:Read"]}
    assert checkout.grant(START, STOP) == [second, third]


def test_a_version_that_was_not_committed_is_written_again_or_taken_back(
    checkout: Checkout,
) -> None:
    checkout.grant(READ)

    (second,) = checkout.grant(READ, STOP)
    assert second["text"] == "Lists things; stops one."
    checkout.commit()
    checkout.grant(READ)
    assert checkout.grant(READ, STOP) == [second]


def test_better_words_stay_while_the_version_is_about_the_same_actions(checkout: Checkout) -> None:
    checkout.grant(READ)
    better = {"text": "Cavok shows things.", "adds": ["a:Read"], "removes": []}
    (checkout.folder / "versions.json").write_text(json.dumps([FIRST, better]))

    assert checkout.grant(READ) == [better]


def test_a_change_of_no_action_waits_for_the_words_of_a_person(checkout: Checkout) -> None:
    checkout.grant(READ)
    checkout.commit()

    assert checkout.grant(READ, resource="arn:*")[1:] == [{"text": "", "adds": [], "removes": []}]
