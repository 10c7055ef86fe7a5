"""A made-up cloud provider, added by one descriptor, is wherever providers are named."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cavok.domain.providers import Provider
from local import page_kinds
from local.settings import ROOT
from tests.support.imported_anew import imported_anew


def with_provider(note: str) -> Any:
    return imported_anew(
        "cavok.domain.providers",
        before="AVAILABLE = ",
        added=f'    GCP = ProviderDescriptor(name="gcp", title="Google Cloud"{note})\n\n',
    )


def listed() -> list[dict[str, Any]]:
    from cavok.api.models.providers import ProviderList

    items: list[dict[str, Any]] = ProviderList.of_all().model_dump(mode="json")["items"]
    return items


def test_one_to_come_is_listed_and_refused() -> None:
    with with_provider(', note="in spring"'):
        from cavok.api.models.accounts import AvailableProvider

        assert listed()[-1] == {
            "id": "gcp",
            "name": "Google Cloud",
            "available": False,
            "note": "in spring",
        }
        with pytest.raises(ValidationError, match=r"provider is aws\. Google Cloud is in spring\."):
            TypeAdapter(AvailableProvider).validate_python("gcp")


def test_an_available_one_is_listed_accepted_published_and_documented() -> None:
    with with_provider(""):
        from cavok.api.descriptions import OWN
        from cavok.api.models.accounts import AvailableProvider, NewAccountBody
        from cavok.domain.events import REGISTRY, EventType

        assert listed()[-1] == {"id": "gcp", "name": "Google Cloud", "available": True}
        assert TypeAdapter(AvailableProvider).validate_python("gcp") == "gcp"
        body = NewAccountBody.model_json_schema()["properties"]["provider"]
        published = REGISTRY[EventType.CREATED].schema()["properties"]["provider"]
        assert body["enum"] == published["examples"] == ["aws", "gcp"]
        assert "`aws` or `gcp`" in OWN["NewAccountBody"]["provider"]


def test_no_other_code_names_a_provider() -> None:
    """The example in the API's description does, what runs on the local stack, and what is of AWS
    alone on the page: the view that adds many reads its numbers, and enrollments are of its
    Organizations.
    """
    naming = {
        path.name
        for folder, pattern in (("layers/shared/cavok", "*.py"), ("functions", "*.[pj][ys]"))
        for path in (ROOT / folder).rglob(pattern)
        if re.search(r"""(["'])(aws|azure)\1""", path.read_text())
    }
    assert naming == {
        "providers.py",  # providers.js has no quotes
        "examples.py",
        "add-many.js",
        "enrollment-options.js",
    }


def test_no_other_code_chooses_a_provider() -> None:
    """But what is of AWS alone: the list's search by number, and what stacks of CloudFormation say.
    All else takes an account's own, or an enrollment's.
    """
    choosing = {
        path.name
        for path in (ROOT / "layers/shared/cavok").rglob("*.py")
        if re.search(r"\bProvider\.[A-Z]+\b", path.read_text())
    }
    assert choosing == {"account_list.py", "connection_hints.py"}


def test_the_page_names_each() -> None:
    """`make kinds` writes the file."""
    assert page_kinds.PROVIDERS.read_text() == page_kinds.names(Provider)
    with with_provider(""):
        from cavok.domain.providers import Provider as Providers

        assert '  gcp: "Google Cloud",\n' in page_kinds.names(Providers)
