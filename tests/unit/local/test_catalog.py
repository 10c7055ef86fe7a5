"""`make catalog` gives each new text of a template a number, and each number to one text."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from local import catalog


class Checkout:
    """A checkout whose catalog gives both templates the text `text`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.text = "first"
        self.templates = folder / "templates"
        self.templates.mkdir()
        (folder / "published.json").write_text("{}")
        monkeypatch.setattr(catalog, "PUBLISHED", folder / "published.json")
        monkeypatch.setattr(catalog, "FILES", self.templates)
        monkeypatch.setattr(catalog, "template_text", lambda _access_type: self.text)

    def publish(self, text: str) -> None:
        self.text = text
        catalog.publish_templates()

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
