"""How the layer is made: for which runtimes, which of botocore's models stay, and the bytecode.

That the built layer works is shown by tests/integration/test_built_functions.py and by every test
on the local stack, whose functions run on it.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import aws_lambda_powertools
import botocore
import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.regions import EndpointResolver

import build_layer
from cavok.domain.kinds import Kind
from local.settings import ROOT
from tests.support.template import template

SHARED = ROOT / "layers" / "shared"
FULL = Path(botocore.__file__).parent / "data"
PARAMETERS = template()["Parameters"]
SERVICES = build_layer.services_of(SHARED / "cavok")


@pytest.mark.parametrize(
    ("runtime", "architecture"),
    list(
        product(PARAMETERS["Runtime"]["AllowedValues"], PARAMETERS["Architecture"]["AllowedValues"])
    ),
)
def test_each_runtime_builds_with_its_own_python_for_each_architecture(
    runtime: str, architecture: str
) -> None:
    makefile = SHARED / "targets" / f"{runtime}-{architecture}" / "Makefile"

    assert makefile.read_text() == (
        f"build-SharedLayer:\n\t{runtime} -I build_layer.py {architecture}"
        ' "$(ARTIFACTS_DIR)/python"\n'
    )


def test_it_installs_wheels_for_the_architecture_without_looking_at_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        build_layer.subprocess, "run", lambda command, **_: commands.append(command)
    )

    build_layer.install(tmp_path, "arm64")

    (command,) = commands
    assert {"--platform=manylinux2014_aarch64", "--only-binary=:all:"} <= set(command)


@cache
def syntax() -> list[ast.AST]:
    return [
        node
        for path in sorted((SHARED / "cavok").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
    ]


def test_the_services_are_those_of_which_the_code_makes_clients() -> None:
    calls = (n for n in syntax() if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    made = {
        call.args[0].value
        for call in calls
        if call.func.attr == "client" and call.args and isinstance(call.args[0], ast.Constant)
    }

    assert made | {kind.descriptor.service for kind in Kind} == SERVICES


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Reads the models that a build leaves of those that botocore has."""
    data = tmp_path_factory.mktemp("layer") / "data"
    data.mkdir()
    for path in FULL.iterdir():
        if path.is_file():
            shutil.copy(path, data)
        elif path.name in {*SERVICES, "lambda"}:
            shutil.copytree(path, data / path.name)
    words = build_layer.words_of(SHARED / "cavok", FULL.parent, FULL.parent.parent / "pynamodb")
    build_layer.trim_models(data, SERVICES, words)
    return Loader([str(data)], JSONFileLoader(), include_default_search_paths=False)


def untouched() -> Loader:
    """Of models as the files have them. Clients change those that they share."""
    return Loader(file_loader=JSONFileLoader())


def model(loader: Loader, service: str) -> ServiceModel:
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def test_no_service_is_left_that_the_code_does_not_use(trimmed: Loader) -> None:
    assert set(trimmed.list_available_services("service-2")) == SERVICES


def test_what_belongs_to_no_service_stays(trimmed: Loader) -> None:
    for name in ("partitions", "sdk-default-configuration", "_retry"):
        assert trimmed.load_data(name) == untouched().load_data(name)


def test_the_endpoints_of_the_services_are_left_in_each_partition(trimmed: Loader) -> None:
    full, left = (
        EndpointResolver(loader.load_data("endpoints")) for loader in (untouched(), trimmed)
    )

    assert left.get_available_partitions() == full.get_available_partitions()
    for service in SERVICES:
        prefix = model(untouched(), service).endpoint_prefix
        for region in ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "me-central-1"):
            expected = full.construct_endpoint(prefix, region)
            assert left.construct_endpoint(prefix, region) == expected


def operations_of_ours(service: str) -> set[str]:
    """Named as a method, a constant, or part of a constant such as the action
    `rds:StartDBInstance`.
    """
    named = {node.attr for node in syntax() if isinstance(node, ast.Attribute)}
    for node in syntax():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named.add(node.value.split(":")[-1])
    return {
        name
        for name in model(untouched(), service).operation_names
        if name in named or xform_name(name) in named
    }


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_operation_that_the_code_names_is_left(trimmed: Loader, service: str) -> None:
    wanted = operations_of_ours(service)

    assert wanted <= set(model(trimmed, service).operation_names)
    assert wanted or service == "dynamodb"


def test_each_call_that_pynamodb_makes_is_left(trimmed: Loader) -> None:
    from pynamodb import constants

    wanted = {
        "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem",
        "TransactGetItems", "TransactWriteItems",
    }  # fmt: skip

    assert wanted <= {value for value in vars(constants).values() if isinstance(value, str)}
    assert wanted <= set(model(trimmed, "dynamodb").operation_names)


def drawn(shape: Shape | None, seen: frozenset[str] = frozenset()) -> Any:
    """Everything below a shape, except where it contains itself."""
    if shape is None or shape.name in seen:
        return None
    seen |= {shape.name}
    inside: dict[str, Any] = {}
    if isinstance(shape, StructureShape):
        inside = {name: drawn(member, seen) for name, member in shape.members.items()}
    elif isinstance(shape, ListShape):
        inside = {"member": drawn(shape.member, seen)}
    elif isinstance(shape, MapShape):
        inside = {"key": drawn(shape.key, seen), "value": drawn(shape.value, seen)}
    return shape.type_name, shape.serialization, shape.metadata, inside


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_operation_that_is_left_is_whole(trimmed: Loader, service: str) -> None:
    full, left = model(untouched(), service), model(trimmed, service)

    assert 0 < len(left.operation_names) < len(full.operation_names)
    for name in left.operation_names:
        before, after = full.operation_model(name), left.operation_model(name)
        assert after.http == before.http
        assert drawn(after.input_shape) == drawn(before.input_shape)
        assert drawn(after.output_shape) == drawn(before.output_shape)
    assert {e.name for e in left.error_shapes} == {e.name for e in full.error_shapes}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_rest_of_a_model_is_as_it_was(trimmed: Loader, service: str) -> None:
    full, left = (
        loader.load_service_model(service, "service-2") for loader in (untouched(), trimmed)
    )

    assert {**left, "operations": 0, "shapes": 0} == {**full, "operations": 0, "shapes": 0}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_request_is_the_same_from_what_is_left(trimmed: Loader, service: str) -> None:
    full, left = (client_of(loader, service) for loader in (untouched(), trimmed))

    for operation in operations_of_ours(service):
        assert sent(left, operation) == sent(full, operation)


def client_of(loader: Loader, service: str) -> BaseClient:
    session = botocore.session.get_session()
    session.register_component("data_loader", loader)
    return session.create_client(
        service,
        "eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )


def sent(client: BaseClient, operation: str) -> tuple[Any, ...]:
    """Method, address and target of the request, as botocore hands it to the network. A token
    against repeats is left out.
    """

    def catch(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request.method, request.url.split("?")[0], request.headers.get("X-Amz-Target"))

    client.meta.events.register_first("before-send", catch, unique_id="catch")
    given = least(client.meta.service_model.operation_model(operation).input_shape)
    with pytest.raises(Sent) as caught:
        getattr(client, xform_name(operation))(**given)
    return caught.value.args


def least(shape: Shape | None) -> Any:
    """A value with what is required and nothing else."""
    if shape is None:
        return {}
    if isinstance(shape, StructureShape):
        return {name: least(shape.members[name]) for name in shape.required_members}
    smallest = max(int(shape.metadata.get("min", 1)), 1)
    if isinstance(shape, ListShape):
        return [least(shape.member)] * smallest
    values = {"map": {}, "boolean": True, "timestamp": 0, "blob": b"a"}
    if shape.type_name == "string":
        return (shape.enum or ["a" * smallest])[0]
    return values.get(shape.type_name, smallest)


class Sent(Exception):
    """What would have gone to the network."""


POWERTOOLS = Path(aws_lambda_powertools.__file__).parent


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Powertools as a build leaves it."""
    place = tmp_path_factory.mktemp("layer")
    copied = place / POWERTOOLS.name
    shutil.copytree(POWERTOOLS, copied, ignore=shutil.ignore_patterns("*.pyc", "swagger_ui"))
    for package in build_layer.EAGER:
        build_layer.import_by_name(copied / package / "__init__.py")
    return place


def in_process(place: Path | None, code: str) -> Any:
    """What the code prints as JSON, with the packages of this place before the installed ones."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        env={"PYTHONPATH": str(place)} if place else {},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("package", build_layer.EAGER)
def test_a_package_that_imports_by_name_has_what_it_had(package: str, by_name: Path) -> None:
    """Also if all its modules were imported before, each of which is a name of the package too."""
    name = f"aws_lambda_powertools.{package.replace('/', '.')}"
    code = f"""
import importlib, pkgutil, {name} as package
for module in pkgutil.iter_modules(package.__path__, "{name}."):
    importlib.import_module(module.name)
names = {importlib.import_module(name).__all__!r}
kinds = [getattr(package, each) for each in names]
assert package.__all__ == names
print(json.dumps([package.__file__, [(each.__module__, each.__qualname__) for each in kinds]]))
"""

    (place, found), (installed, expected) = in_process(by_name, code), in_process(None, code)

    assert Path(place).is_relative_to(by_name)
    assert Path(installed).is_relative_to(POWERTOOLS)
    assert found == expected
    assert len(found) > 10


def test_it_loads_no_resolver_and_no_event_of_other_services(by_name: Path) -> None:
    code = """
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
print(json.dumps([*sys.modules]))
"""
    unused = {
        "asyncio",
        "aws_lambda_powertools.event_handler.appsync",
        "aws_lambda_powertools.utilities.data_classes.kafka_event",
    }

    assert unused & set(in_process(by_name, code)) == set()
    assert unused <= set(in_process(None, code)), "or nothing is saved"


@pytest.mark.parametrize("package", build_layer.EAGER)
def test_a_name_that_a_package_does_not_have_is_missed(package: str, by_name: Path) -> None:
    code = f"""
import aws_lambda_powertools.{package.replace("/", ".")} as package
print(json.dumps(hasattr(package, "nothing")))
"""

    assert in_process(by_name, code) is False


@pytest.mark.parametrize(
    "more",
    [
        "import os",
        "DEBUG = True",
        "def made(): ...",
        "if DEBUG:\n    from .a import A",
        "from .a import *",
        "from .a import A as C",
        "from . import a",
    ],
)
def test_a_package_that_does_more_than_collect_names_stays_as_it_is(
    more: str, tmp_path: Path
) -> None:
    """The build fails, for somebody to look at it."""
    init = tmp_path / "__init__.py"
    init.write_text(f'"""Collects."""\nfrom .b import B\n{more}\n__all__ = ["B"]\n')

    with pytest.raises(ValueError, match="line 3"):
        build_layer.import_by_name(init)


COMPILE = f"""
import pathlib, sys
sys.path.append({str(SHARED)!r})
import build_layer
build_layer.compile_all(pathlib.Path(sys.argv[1]))
"""
INTERN = "import sys; interned = [sys.intern(one) for one in ('', *map(chr, range(128)))]"
"""As modules that were loaded before may have done, with some."""


def bytecode(package: Path, before: str = "", **variables: str) -> dict[str, bytes]:
    """Of a process of its own, isolated as in a build."""
    command = [sys.executable, "-I", "-c", before + COMPILE, package]
    subprocess.run(command, env={**os.environ, **variables}, check=True)
    return {str(p.relative_to(package)): p.read_bytes() for p in package.rglob("*.pyc")}


def test_the_same_source_makes_the_same_bytecode_wherever_it_is_built(tmp_path: Path) -> None:
    for place in ("here", "there"):
        shutil.copytree(
            SHARED / "cavok" / "domain", tmp_path / place, ignore=shutil.ignore_patterns("*.pyc")
        )

    elsewhere = {
        "PYTHONPYCACHEPREFIX": str(tmp_path / "kept"),
        "PYTHONOPTIMIZE": "2",
        "PYTHONNODEBUGRANGES": "1",
    }
    here = bytecode(tmp_path / "here")
    there = bytecode(tmp_path / "there", INTERN, **elsewhere)

    assert here == there
    assert len(here) > 10


BUILD_THE_REST = """
import build_layer as b, pathlib, sys
layer = pathlib.Path(sys.argv[1])
data = layer / "botocore" / "data"
b.trim_models(data, b.services_of(b.HERE / "cavok"), b.words_of(b.HERE / "cavok", layer))
(layer / b.CA_BUNDLE).write_text(b.amazon_roots((layer / "cacert.pem").read_text("utf-8")), "utf-8")
b.compile_all(layer)
"""


def test_two_builds_make_the_same_layer(tmp_path: Path) -> None:
    """All that the step makes itself, of the service with the largest model and of pynamodb, whose
    bytecode stands for all dependencies: a whole layer twice takes minutes. Sets have another
    order in each process.
    """
    built = []
    for seed in ("1", "2"):
        layer = tmp_path / seed
        data = layer / "botocore" / "data"
        for service in ("ec2", "sts"):
            shutil.copytree(FULL / service, data / service)
        for name in ("endpoints.json", "partitions.json"):
            shutil.copy(FULL / name, data)
        shutil.copy(FULL.parent / "cacert.pem", layer)
        copied = FULL.parent.parent / "pynamodb"
        shutil.copytree(copied, layer / "pynamodb", ignore=shutil.ignore_patterns("*.pyc"))
        environment = {**os.environ, "PYTHONPATH": str(SHARED), "PYTHONHASHSEED": seed}
        subprocess.run(
            [sys.executable, "-c", BUILD_THE_REST, str(layer)], env=environment, check=True
        )
        built.append(
            {p.relative_to(layer): p.read_bytes() for p in layer.rglob("*") if p.is_file()}
        )

    one, other = built
    assert [str(path) for path in one if one[path] != other.get(path)] == []
    assert one.keys() == other.keys()
    assert len(one) > 50


def test_bytecode_is_taken_whatever_the_time_of_its_source(tmp_path: Path) -> None:
    """The flags that follow the magic number: a hash, which is not checked. Source: PEP 552."""
    (tmp_path / "module.py").write_text("def where(): return where.__code__.co_filename")

    (compiled,) = bytecode(tmp_path).values()

    assert compiled[4:8] == (0b01).to_bytes(4, "little")
    assert b"/opt/python/module.py" in compiled
