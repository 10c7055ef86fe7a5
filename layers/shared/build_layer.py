"""Makes the layer: `sam build` runs this through targets/<runtime>-<architecture>/Makefile.

Functions cannot write into their layer, so that each start would compile every module again: the
layer has the bytecode. Of botocore's models it keeps the operations that some source names. This
runs in the runtime's own version of Python, because no other can use the bytecode, and isolated
(-I), so that PYTHONOPTIMIZE and the like change nothing. It imports only the standard library, and
the same input gives the same bytes.
"""

import ast
import gzip
import json
import marshal
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from types import CodeType
from typing import Any

HERE = Path(__file__).resolve().parent
WHEELS = {"arm64": "aarch64", "x86_64": "x86_64"}
"""How wheels call Lambda's architectures."""

CA_BUNDLE = "amazon-roots.pem"
"""AWS_CA_BUNDLE of the functions: botocore reads its bundle again for each new connection, and that
of Mozilla has 126 certificates. Source: boto/botocore, issue 3171.
"""

AMAZON_ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
"""The authorities of AWS's endpoints. Amazon recommends all five for a trust store of one's own.
Source: Amazon Trust Services, "Repository".
"""

EAGER = ("event_handler", "utilities/data_classes")
"""Packages of Powertools that import all their modules: every kind of resolver, for which they load
asyncio, and every kind of event.
"""

_BY_NAME = """from importlib import import_module

{at_once}
_MODULES = {modules!r}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    found = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return found
"""
"""Source: PEP 562."""


def main(architecture: str, target: str) -> None:
    """Writes the layer for one of Lambda's architectures, arm64 or x86_64, to `target`."""
    layer = Path(target)
    install(layer, architecture)
    shutil.copytree(HERE / "cavok", layer / "cavok", ignore=shutil.ignore_patterns("__pycache__"))
    trim_models(layer / "botocore" / "data", services_of(layer / "cavok"), words_of(layer))
    # The models of boto3's resources, which nothing uses, programs for a terminal, and Pydantic's
    # first version, which the second one imports for models of the first alone.
    for unused in (layer / "boto3" / "data", layer / "bin", layer / "pydantic" / "v1"):
        shutil.rmtree(unused)
    # A second list of time zones: that of tzdata is the one in use.
    (layer / "dateutil" / "zoneinfo" / "dateutil-zoneinfo.tar.gz").unlink()
    # What pip reads to uninstall, and a type checker's plugin.
    for unread in (*layer.glob("*.dist-info/RECORD"), layer / "pydantic" / "mypy.py"):
        unread.unlink()
    powertools = layer / "aws_lambda_powertools"
    for asset in powertools.glob("event_handler/openapi/swagger_ui/*.min.*"):
        asset.unlink()  # the API's own page does without
    for package in EAGER:
        import_by_name(powertools / package / "__init__.py")
    roots = amazon_roots((layer / "botocore" / "cacert.pem").read_text("utf-8"))
    (layer / CA_BUNDLE).write_text(roots, "utf-8")
    compile_all(layer)


def install(layer: Path, architecture: str) -> None:
    """The pinned wheels for Lambda's Linux, whatever this machine is."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = {
        "implementation": "cp",
        "python-version": "{}.{}".format(*sys.version_info),
        "platform": f"manylinux2014_{WHEELS[architecture]}",
        "only-binary": ":all:",
        "root-user-action": "ignore",
        "target": layer,
        "requirement": HERE / "requirements.txt",
    }
    chosen = [f"--{name}={value}" for name, value in options.items()]
    subprocess.run([*pip, "--no-deps", "--no-compile", *chosen], check=True)


def words_of(*packages: Path) -> frozenset[str]:
    """Every word of their sources, in small letters without underscores, so that `GetItem` and
    `get_item` are one.
    """
    sources = (path.read_text("utf-8") for package in packages for path in package.rglob("*.py"))
    words = (word for source in sources for word in re.findall(r"\w+", source))
    return frozenset(word.replace("_", "").lower() for word in words)


def services_of(package: Path) -> frozenset[str]:
    """The services of which its sources make clients, by the names that boto3 takes."""
    client = re.compile(r'\bclient\(\s*"([\w-]+)"|\bservice="([\w-]+)"')
    sources = (path.read_text("utf-8") for path in package.rglob("*.py"))
    return frozenset(a or b for source in sources for a, b in client.findall(source))


def trim_models(data: Path, services: frozenset[str], words: frozenset[str]) -> None:
    """Leaves the newest model of each of the services, with the operations among `words`. What
    belongs to no service stays.
    """
    for service in (path for path in data.iterdir() if path.is_dir()):
        *unused, newest = sorted(service.iterdir())
        if service.name in services:
            (newest / "examples-1.json").unlink(missing_ok=True)
            _trim_model(newest / "service-2.json.gz", words)
        else:
            unused = [service]
        for folder in unused:
            shutil.rmtree(folder)
    _trim_endpoints(data)


def _trim_model(path: Path, words: frozenset[str]) -> None:
    """Written without gzip: the layer is a zip, and a start need not unpack it again."""
    model = json.loads(gzip.decompress(path.read_bytes()))
    operations, shapes = _without_texts(model["operations"]), _without_texts(model["shapes"])
    model["operations"] = {name: operations[name] for name in operations if name.lower() in words}
    model["shapes"] = _used_shapes(model["operations"], shapes)
    path.with_suffix("").write_text(json.dumps(model, separators=(",", ":")), "utf-8")
    path.unlink()


def _trim_endpoints(data: Path) -> None:
    """Each process reads this list of where every service is."""
    models = (json.loads(path.read_text("utf-8")) for path in data.glob("*/*/service-2.json"))
    prefixes = {model["metadata"]["endpointPrefix"] for model in models}
    path = data / "endpoints.json"
    endpoints = json.loads(path.read_text("utf-8"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    path.write_text(json.dumps(endpoints, separators=(",", ":")), "utf-8")


def _without_texts(node: Any) -> Any:
    """A member may be called `documentation` too, but is no string."""
    if isinstance(node, list):
        return [_without_texts(each) for each in node]
    if isinstance(node, dict):
        return {
            key: _without_texts(value)
            for key, value in node.items()
            if key != "documentation" or not isinstance(value, str)
        }
    return node


def _used_shapes(operations: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    """What the operations refer to, and all errors: AWS may answer with one that the operation does
    not declare.
    """
    used = {name for name, shape in shapes.items() if shape.get("exception")}
    open_nodes = [operations, *(shapes[name] for name in used)]
    while open_nodes:
        found = _references(open_nodes.pop()) - used
        used |= found
        open_nodes += [shapes[name] for name in found]
    return {name: shape for name, shape in shapes.items() if name in used}


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["shape"]} if isinstance(node.get("shape"), str) else set()
    return own.union(*map(_references, node.values()))


def import_by_name(init: Path) -> None:
    """Lets a package that only collects names import each module at its first use, except a module
    of the same name as what it holds, which would take its place. Raises ValueError if the package
    does more, and then somebody must look at it.
    """
    at_once: list[str] = []
    modules: dict[str, str] = {}
    for node in ast.parse(init.read_text("utf-8")).body:
        match node:
            case ast.ImportFrom(module=str(module), names=names, level=level) if all(
                alias.name != "*" and not alias.asname for alias in names
            ):
                if module.rpartition(".")[2] in (alias.name for alias in names):
                    at_once.append(ast.unparse(node))
                else:
                    modules |= {alias.name: "." * level + module for alias in names}
            case ast.Assign([ast.Name("__all__")]):
                at_once.append(ast.unparse(node))
            case ast.Expr(ast.Constant(str())):
                pass
            case _:
                raise ValueError(f"{init}: line {node.lineno} does more than collect names.")
    init.write_text(_BY_NAME.format(at_once="\n".join(at_once), modules=modules), "utf-8")


def amazon_roots(bundle: str) -> str:
    """The certificates of AMAZON_ROOTS in a bundle of all authorities. Raises KeyError."""
    certificates = {
        _common_name(pem): pem
        for pem in re.findall(
            "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", bundle, re.DOTALL
        )
    }
    return "".join(certificates[name] for name in AMAZON_ROOTS)


def _common_name(pem: str) -> str:
    """Empty if it has none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    (certificate,) = context.get_ca_certs()
    names: Any = certificate["subject"]
    return next((value for ((key, value),) in names if key == "commonName"), "")


def compile_all(layer: Path) -> None:
    """Bytecode that Python takes without looking at its source, since a zip does not keep the
    source's time exactly. It names the place where Lambda puts a layer, and stands beside its
    source even where PYTHONPYCACHEPREFIX is set.
    """
    for source in sorted(layer.rglob("*.py")):
        target = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        target.parent.mkdir(exist_ok=True)
        place = f"/opt/python/{source.relative_to(layer).as_posix()}"
        target.write_bytes(_bytecode(source.read_bytes(), place))


def _bytecode(source: bytes, place: str) -> bytes:
    """What a `.pyc` file holds: a header for a hash that is not checked (PEP 552), and the code.

    `marshal` marks the strings that are interned. A string of one character exists once, so that
    anything in this process may have interned it, or not. Source: python/cpython, issue 73894.
    """
    code = compile(source, place, "exec", dont_inherit=True)
    for each in _strings(code):
        if len(each) <= 1:
            sys.intern(each)
    header = MAGIC_NUMBER + (0b01).to_bytes(4, "little") + source_hash(source)
    return header + marshal.dumps(code)


def _strings(value: Any) -> Iterator[str]:
    """Among the constants of a code object. Names are interned anyway."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, CodeType):
        yield from _strings(value.co_consts)
    elif isinstance(value, (tuple, frozenset)):
        for each in value:
            yield from _strings(each)


if __name__ == "__main__":
    main(*sys.argv[1:])
