"""The functions as `sam build` made them: each imports with its artifact and its layer alone.

A green local stack does not show that: its workers run in an environment that may have the very
package which the layer lacks.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from build_layer import AMAZON_ROOTS, CA_BUNDLE, services_of
from local.settings import ROOT
from tests.bench.packages import package
from tests.support.page import built as page
from tests.support.template import template

BUILD = ROOT / ".aws-sam" / "build"
LAYER = BUILD / "SharedLayer" / "python"
FUNCTIONS = {
    name: resource
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
IMPORT = """
import sys
sys.path[:0] = {places!r}
import app, json
assert callable(app.handler)
if hasattr(app, "app"):
    app.app.all_routes()  # which requests import
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file]))
"""

pytestmark = pytest.mark.skipif(
    not BUILD.exists() and "CI" not in os.environ,
    reason="Nothing is built here: `make up` or `sam build` first. With CI set, this fails.",
)


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS: each function is imported in a process of its own."""


def uses_layer(name: str) -> bool:
    return "Layers" not in FUNCTIONS[name].get("IgnoreGlobals", ())


def imported(*places: Path) -> subprocess.CompletedProcess[str]:
    """A process that sees the standard library and these places: no site-packages, no user's own
    packages, no PYTHONPATH, and nothing that names a table or an account.
    """
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT.format(places=[str(place) for place in places])],
        env={"AWS_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "Cavok/Accounts"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_built_function_imports_with_nothing_but_its_artifact_and_its_layer(name: str) -> None:
    places = [BUILD / name, *([LAYER] if uses_layer(name) else [])]

    done = imported(*places)

    assert done.returncode == 0, done.stderr
    standard = Path(os.__file__).parent
    elsewhere = [
        file
        for file in json.loads(done.stdout)
        if not any(Path(file).is_relative_to(place) for place in (*places, standard))
    ]
    assert elsewhere == []


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if uses_layer(name)])
def test_without_its_layer_it_does_not_so_that_the_test_above_can_fail(name: str) -> None:
    done = imported(BUILD / name)

    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("name", ["AccountsApi", "InstancesApi"])
def test_an_http_function_loads_what_its_own_resolver_needs(name: str) -> None:
    """Powertools as installed would import all resolvers, and asyncio."""
    files = json.loads(imported(BUILD / name, LAYER).stdout)

    assert any("event_handler/api_gateway.py" in file for file in files)
    assert [file for file in files if "/asyncio/" in file or "appsync" in file] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_artifact_is_what_stands_in_the_functions_folder(name: str) -> None:
    """The page's has what its own step makes of the folder, under a hash of that."""
    makes_itself = "Metadata" in FUNCTIONS[name]
    source = ROOT / FUNCTIONS[name]["Properties"]["CodeUri"]

    assert files_of(BUILD / name) == files_of(page.folder() if makes_itself else source)


def files_of(folder: Path) -> set[str]:
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {
        re.sub("^site/[0-9a-f]{12}/", "site/", path.as_posix())
        for path in paths
        if "__pycache__" not in path.parts
    }


def test_the_layer_carries_the_package_and_boto3_with_the_botocore_it_needs() -> None:
    names = {path.name for path in LAYER.iterdir()}

    assert {"cavok", "boto3", "botocore", "pynamodb", "pydantic"} <= names
    assert not names & {"pytest", "moto", "mypy", "tests", "python"}


def test_the_layer_is_compiled_for_this_python_and_nothing_checks_its_sources() -> None:
    """The flags after the magic number: a hash, which is not checked. Source: PEP 552."""
    expected = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little")
    cache_tag = sys.implementation.cache_tag

    for source in LAYER.rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{cache_tag}.pyc"
        assert compiled.read_bytes()[:8] == expected, source


def test_the_layer_is_at_most_ten_megabytes_to_load() -> None:
    assert package("SharedLayer").zipped <= 10_000_000


CLIENTS = """
import sys
sys.path[:0] = [{layer!r}]
import boto3
for name in {services!r}:
    boto3.client(name, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
from cavok.adapters.table.table import Table
Table("table", "eu-central-1").connection.client
"""


def test_the_layer_alone_makes_a_client_of_each_service() -> None:
    code = CLIENTS.format(layer=str(LAYER), services=sorted(services_of(LAYER / "cavok")))

    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_the_layer_carries_the_authorities_that_its_clients_trust() -> None:
    assert (LAYER / CA_BUNDLE).read_text().count("BEGIN CERTIFICATE") == len(AMAZON_ROOTS)
