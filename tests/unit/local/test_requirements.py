"""Third-party packages: each of one version, and of one content."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from local.check import SBOM, checks
from local.settings import ROOT

LAYER = ROOT / "layers/shared/requirements.txt"
PINNED = re.compile(r"[\w.\[\],-]+==[\w.+!]+( ; [^@]+?)?( +--hash=sha256:[0-9a-f]{64})+")
PAGE = ROOT / "functions/dashboard/build-requirements.txt"
LOCKED = [*sorted(ROOT.glob("requirements/*.txt")), LAYER, PAGE]


def entries(path: Path) -> list[str]:
    """The requirements of a file, each with its hashes in one line."""
    joined = path.read_text().replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_package_is_pinned_with_hashes_and_without_addresses(path: Path) -> None:
    assert entries(path)
    assert [
        entry
        for entry in entries(path)
        if not re.fullmatch(
            r"[\w.\[\],-]+==[\w.+!]+( ; [^@]+?)?( +--hash=sha256:[0-9a-f]{64})+", entry
        )
    ] == []
    assert "://" not in path.read_text()


def test_the_bill_of_materials_has_every_package_of_the_layer_with_its_hashes() -> None:
    (check,) = (each for each in checks() if each.name == "sbom")
    subprocess.run(check.command, cwd=ROOT, check=True, capture_output=True)

    bill = json.loads(SBOM.read_text())

    assert bill["bomFormat"] == "CycloneDX"
    listed = {f"{each['name']}=={each['version']}" for each in bill["components"]}
    assert listed == {entry.split()[0] for entry in entries(LAYER)}
    assert all(each["externalReferences"][0]["hashes"] for each in bill["components"])
