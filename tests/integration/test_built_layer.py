"""The built layer runs on the processor that it is built for: by its wheels and its libraries.

A layer for another processor imports nowhere, and only a deployed function would tell.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.deploy import SAM_BIN
from local.settings import ARCHITECTURE, ROOT, RUNTIME, environment
from tests.bench.packages import zipped
from tests.bench.targets import LAYER_SIZE
from tests.support.template import resource, template

LAYER = ROOT / ".aws-sam" / "build" / "SharedLayer" / "python"
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
"""Values of `e_machine` in the header of an ELF file. Source: System V ABI."""
PLATFORMS = {"x86_64": "x86_64", "arm64": "aarch64"}
"""How the tags of wheels name a processor. Source: Python Packaging User Guide, “Platform
compatibility tags”.
"""
UNREACHABLE = (
    "Could not find a version",
    "ConnectionError",
    "Failed to establish a new connection",
)


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS: `sam build` only installs packages."""


def foreign(layer: Path, architecture: str) -> list[str]:
    """The wheels and libraries in a layer that another processor than this one needs."""
    wheels = {
        path.parent.name: re.findall(r"^Tag: .*-(\S+)$", path.read_text(), re.MULTILINE)
        for path in layer.glob("*.dist-info/WHEEL")
    }
    assert wheels, f"there is no layer in {layer}"
    fitting = PLATFORMS[architecture]
    libraries = [path for path in layer.rglob("*.so*") if path.is_file()]
    return [
        *(
            f"{name}: {tag}"
            for name, tags in wheels.items()
            for tag in tags
            if tag != "any" and not tag.endswith(fitting)
        ),
        *(
            f"{path.name}: e_machine {machine_of(path):#x}"
            for path in libraries
            if machine_of(path) != MACHINES[architecture]
        ),
    ]


def machine_of(library: Path) -> int:
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF", library
    return int.from_bytes(header[18:20], "little")


@pytest.mark.skipif(
    not LAYER.exists() and "CI" not in os.environ,
    reason="Nothing is built here: `make up` or `sam build` first. With CI set, this fails.",
)
def test_the_layer_that_was_built_here_runs_on_this_machine() -> None:
    assert foreign(LAYER, ARCHITECTURE) == []


@pytest.fixture(scope="module")
def deployed_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as `sam build` makes it for the processor that the template names by default,
    whichever this machine has, and for its runtime, if that is here. It takes wheels from the
    index, and no Docker.
    """
    if not (SAM_BIN / "sam").exists() and "CI" not in os.environ:
        pytest.skip("`sam` is not installed here: `make up` or `make check` first.")
    target = tmp_path_factory.mktemp("layer")
    variables = environment("http://127.0.0.1:9")
    variables["PATH"] = f"{SAM_BIN}{os.pathsep}{variables['PATH']}"
    choices = (f"Runtime={runtime()}", f"Architecture={default_architecture()}")
    into = ("--build-dir", target, "--no-cached")
    command = ("sam", "build", "SharedLayer", *into, "--parameter-overrides", *choices)
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    if any(word in output for word in UNREACHABLE) and "CI" not in os.environ:
        pytest.skip("The index of packages cannot be reached from here.")
    assert done.returncode == 0, output
    return target / "SharedLayer" / "python"


def runtime() -> str:
    """The template's default, if this machine has that version of Python, which makes the layer's
    bytecode; otherwise the one in use.
    """
    default: str = template()["Parameters"]["Runtime"]["Default"]
    try:
        pip = subprocess.run([default, "-m", "pip", "--version"], capture_output=True, check=False)
    except FileNotFoundError:
        return RUNTIME
    return RUNTIME if pip.returncode else default


def default_architecture() -> str:
    default: str = template()["Parameters"]["Architecture"]["Default"]
    assert resource("SharedLayer")["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    return default


def test_a_layer_for_the_deployed_functions_has_nothing_for_another_processor(
    deployed_layer: Path,
) -> None:
    assert [path.name for path in deployed_layer.rglob("*.so*")], "or it has no library at all"
    assert foreign(deployed_layer, default_architecture()) == []


def test_a_layer_for_the_deployed_functions_is_no_larger_than_a_start_may_load(
    deployed_layer: Path,
) -> None:
    """`make bench` weighs the one that was built for this machine."""
    assert zipped(deployed_layer.parent) / 1e6 <= LAYER_SIZE.at_most


def test_a_layer_with_a_library_for_another_processor_is_noticed(
    deployed_layer: Path, tmp_path: Path
) -> None:
    layer = tmp_path / "python"
    shutil.copytree(deployed_layer, layer, ignore=shutil.ignore_patterns("botocore", "boto3"))
    library = next(layer.rglob("*.so*"))
    content = bytearray(library.read_bytes())
    other = next(each for each in MACHINES if each != default_architecture())
    content[18] = MACHINES[other]
    library.write_bytes(content)
    wheel = next(p for p in layer.glob("*.dist-info/WHEEL") if "-any" not in p.read_text())
    wheel.write_text(wheel.read_text().replace(PLATFORMS[default_architecture()], PLATFORMS[other]))

    found = foreign(layer, default_architecture())

    assert [each for each in found if each.startswith(library.name)]
    assert [each for each in found if PLATFORMS[other] in each]
