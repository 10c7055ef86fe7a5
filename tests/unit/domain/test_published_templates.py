"""The templates behind “Deploy on AWS”. Customers have links to them, so a published text never
changes. After a change of the catalog, count the number up in `TEMPLATE_NAMES`, run
`make templates`, and add the line that it prints to `PUBLISHED`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint import api as cfnlint

from cavok.domain import instructions
from cavok.domain.accounts import AccessType
from cavok.domain.instructions import TEMPLATE_NAMES, generic_template
from tests.support.builders import EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD

FOLDER = Path(instructions.__file__).parents[1] / "templates"
PUBLISHED = {
    "role-v1": "0abb3a3e0f3655ef2ab14b3536180fe73f38a1fe799190e6181908b4491e1189",
    "user-v1": "ce370c8806d4571a8f5716dbb6511e59c8f3b0253f0db5a0e506dbe91eac397a",
    "role-v2": "0b2eef10902cf569535fd754139d907fbbd8c7e08e17b7f088d69731983e00e4",
    "user-v2": "adefe466d3570ddd35e4c996f9c93dcd8afce873e5ca6154e47ee68c872dd1b9",
    "role-v3": "6f458900e4aa9c83be2a7617e908ea2426dc26f42fb85c3cd7d74b5b80c60cac",
}
"""The SHA-256 of every text that was ever published. Lines are added here, and never changed."""

each_type = pytest.mark.parametrize("access_type", AccessType)


def text_of(access_type: AccessType) -> str:
    """As YAML. What is there twice is written twice: CloudFormation is given no anchors."""
    plain: dict[str, Any] = json.loads(json.dumps(generic_template(access_type)))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)


@each_type
def test_the_published_template_is_what_the_catalog_asks_for(access_type: AccessType) -> None:
    file = FOLDER / f"{TEMPLATE_NAMES[access_type]}.yaml"

    assert file.read_text() == text_of(access_type), __doc__


@each_type
def test_a_text_that_was_published_under_a_name_never_changes(access_type: AccessType) -> None:
    name = TEMPLATE_NAMES[access_type]
    kind, _, number = name.partition("-v")

    assert PUBLISHED[name] == hash_of(name)
    assert int(number) == sum(each.startswith(f"{kind}-v") for each in PUBLISHED)


def test_no_other_file_is_shipped() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(TEMPLATE_NAMES.values())


@each_type
def test_a_published_template_has_no_customers_value_in_it(access_type: AccessType) -> None:
    text = text_of(access_type)

    assert [each for each in (EXTERNAL_ID, NUMBER, ORGANIZATION_ID, WORKLOAD) if each in text] == []


@each_type
def test_a_published_template_passes_cfn_lint(access_type: AccessType) -> None:
    text = instructions.installed(text_of(access_type), WORKLOAD)
    findings = cfnlint.lint(text, regions=["us-east-1"])

    assert [str(finding) for finding in findings] == []


def hash_of(name: str) -> str:
    return hashlib.sha256((FOLDER / f"{name}.yaml").read_bytes()).hexdigest()


if __name__ == "__main__":
    for current in AccessType:
        file = FOLDER / f"{TEMPLATE_NAMES[current]}.yaml"
        if file.stem not in PUBLISHED:
            file.write_text(text_of(current))
            print(f'    "{file.stem}": "{hash_of(file.stem)}",')
