"""The templates behind “Deploy on AWS”. Customers have links to them, so a published text never
changes. After a change of the catalog, `make catalog` writes the new text under a new number.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from cavok.adapters.templates import ENROLLMENT_TEMPLATE, FILES, TEMPLATE_NAMES
from cavok.domain import instructions
from local import catalog
from tests.support import linted
from tests.support.builders import EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD

PUBLISHED: dict[str, str] = json.loads(catalog.PUBLISHED.read_text())

NAMES = (*TEMPLATE_NAMES.values(), ENROLLMENT_TEMPLATE)

each_template = pytest.mark.parametrize("name", NAMES)


def published(name: str) -> str:
    return (FILES / f"{name}.yaml").read_text()


@each_template
def test_the_published_template_is_what_the_catalog_asks_for(name: str) -> None:
    assert published(name) == catalog.template_text(name.partition("-v")[0]), __doc__


@each_template
def test_a_text_that_was_published_under_a_name_never_changes(name: str) -> None:
    kind, _, number = name.partition("-v")

    assert PUBLISHED[name] == hashlib.sha256(published(name).encode()).hexdigest()
    assert int(number) == sum(each.startswith(f"{kind}-v") for each in PUBLISHED)


def test_no_other_file_is_shipped() -> None:
    assert {path.stem for path in FILES.iterdir()} == set(NAMES)


@each_template
def test_an_installed_template_has_no_placeholder_left(name: str) -> None:
    assert "CAVOK_" not in instructions.installed(published(name), WORKLOAD, TOPIC)


@each_template
def test_a_published_template_has_no_customers_value_in_it(name: str) -> None:
    text = published(name)

    assert [each for each in (EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD) if each in text] == []


TOPIC = f"arn:aws:sns:us-east-1:{WORKLOAD}:cavok-connections"


@each_template
@pytest.mark.parametrize("topic", [TOPIC, ""])
def test_a_published_template_passes_cfn_lint(name: str, topic: str) -> None:
    text = instructions.installed(published(name), WORKLOAD, topic)
    findings = linted.findings(text)

    assert [str(finding) for finding in findings] == []
