"""The templates behind “Deploy on AWS”. Customers have links to them, so a published text never
changes. After a change of the catalog, `make catalog` writes the new text under a new number.
"""

from __future__ import annotations

import hashlib
import json

import pytest
from cfnlint import api as cfnlint

from cavok.adapters.templates import FILES, TEMPLATE_NAMES
from cavok.domain import instructions
from cavok.domain.accounts import AccessType
from local import catalog
from tests.support.builders import EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD

PUBLISHED: dict[str, str] = json.loads(catalog.PUBLISHED.read_text())

each_type = pytest.mark.parametrize("access_type", AccessType)


def published(access_type: AccessType) -> str:
    return (FILES / f"{TEMPLATE_NAMES[access_type]}.yaml").read_text()


@each_type
def test_the_published_template_is_what_the_catalog_asks_for(access_type: AccessType) -> None:
    assert published(access_type) == catalog.template_text(access_type), __doc__


@each_type
def test_a_text_that_was_published_under_a_name_never_changes(access_type: AccessType) -> None:
    name = TEMPLATE_NAMES[access_type]
    kind, _, number = name.partition("-v")

    assert PUBLISHED[name] == hashlib.sha256(published(access_type).encode()).hexdigest()
    assert int(number) == sum(each.startswith(f"{kind}-v") for each in PUBLISHED)


def test_no_other_file_is_shipped() -> None:
    assert {path.stem for path in FILES.iterdir()} == set(TEMPLATE_NAMES.values())


@each_type
def test_a_published_template_has_no_customers_value_in_it(access_type: AccessType) -> None:
    text = published(access_type)

    assert [each for each in (EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD) if each in text] == []


@each_type
def test_a_published_template_passes_cfn_lint(access_type: AccessType) -> None:
    text = instructions.installed(published(access_type), WORKLOAD)
    findings = cfnlint.lint(text, regions=["us-east-1"])

    assert [str(finding) for finding in findings] == []
