"""The API's description for tools: `python -m local.api_description redocly|spectral|client`.

Two linters, which `make check` runs, and the generator of the Python client (`make client`). All
take the document that /openapi.json sends, from build/openapi.json.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.settings import HOME, ROOT

BUILD = ROOT / "build"
DOCUMENT = BUILD / "openapi.json"
CLIENT = BUILD / "client" / "cavok_client"
"""The package that `make client` writes. It runs on the packages of requirements/client.txt."""

_NODE = HOME / "venvs" / "openapi"
_MODULES = _NODE / "node_modules"
_GENERATOR = HOME / "venvs" / "client" / "bin"
_WRITE = "import sys; from cavok.api.openapi import document; sys.stdout.write(document())"
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def commands() -> dict[str, tuple[str, ...]]:
    """Each tool's command."""
    node, redocly = str(_NODE / "bin" / "node"), _MODULES / "@redocly" / "cli" / "bin" / "cli.js"
    spectral = _MODULES / "@stoplight" / "spectral-cli" / "dist" / "index.js"
    return {
        "redocly": (node, str(redocly), "lint", str(DOCUMENT), "--config=local/api/redocly.yaml"),
        "spectral": (
            *(node, str(spectral), "lint", str(DOCUMENT), "--ruleset=local/api/spectral.yaml"),
            "--fail-severity=hint",
        ),
        "client": (
            *(str(_GENERATOR / "openapi-python-client"), "generate", f"--path={DOCUMENT}"),
            *(f"--output-path={CLIENT}", "--meta=none", "--overwrite", "--fail-on-warning"),
        ),
    }


def write_document() -> Path:
    """Writes the document, and returns its file."""
    BUILD.mkdir(exist_ok=True)
    variables = os.environ | {"PYTHONPATH": str(ROOT / "layers" / "shared")}
    made = subprocess.run(
        (sys.executable, "-c", _WRITE), env=variables, capture_output=True, text=True, check=True
    )
    DOCUMENT.write_text(made.stdout)
    return DOCUMENT


def run(tool: str) -> int:
    """Runs a tool on the present document. Returns its exit status."""
    write_document()
    CLIENT.parent.mkdir(exist_ok=True)
    # The generator formats with the ruff that it brings.
    path = f"{_GENERATOR}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | _QUIET | {"PATH": path}
    return subprocess.run(commands()[tool], cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
