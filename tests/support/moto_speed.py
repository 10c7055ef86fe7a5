"""Work that moto repeats, left out. What it answers stays the same."""

from __future__ import annotations

import copy
import json
import os
import re
import string
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.endpoint import convert_to_response_dict
from botocore.model import OperationModel
from botocore.parsers import JSONParser
from moto import mock_aws
from moto.backend_index import backend_url_patterns
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID, responses
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.errors import ErrorLookupFactory
from moto.core.exceptions import HTTPException
from moto.core.model import MapShape, Shape, StructureShape
from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS, botocore_stubber, responses_mock
from moto.core.parse import BaseJSONParser
from moto.core.request import normalize_request
from moto.core.serialize import (
    AttributePickerContext,
    BaseJSONSerializer,
    Serialized,
    XFormedAttributePicker,
)
from moto.core.utils import utcnow
from moto.dynamodb import comparisons
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.parsing.ast_nodes import (
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import get_account_id_from
from moto.moto_api._internal.moto_random import MotoRandom
from moto.utilities.utils import get_partition
from pynamodb.connection import Connection
from werkzeug.http import http_date

Json = dict[str, Any]

_enable_patching = MockAWS._enable_patching
_cast_value: Callable[[DynamoType], Any] = DynamoType.cast_value.fget  # type: ignore[attr-defined]
_size = DynamoType.size
_update_item = DynamoDBBackend.update_item
_parse = ConditionExpressionParser.parse
_parse_structure = BaseJSONParser._parse_structure
_serialize_map = BaseJSONSerializer._serialize_type_map
_serialize_structure = BaseJSONSerializer._serialize_type_structure
_all_items = Table.all_items
_query = Table.query
_project = Item.project
_process_request = BotocoreStubber.process_request
_make_request = BaseClient._make_request
_possible_keys = XFormedAttributePicker.get_possible_keys


def make_moto_faster() -> None:
    """In this process, for good, before anything asks for EC2. A second time changes nothing."""
    # moto else makes 1,300 machine images for every test, each with a volume: a third of the time.
    os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("one_image.json"))
    # moto else lists errors anew for each error, actions for each request, and searches a list of
    # keywords for each name of an expression.
    ErrorLookupFactory._create_error_lut = staticmethod(_errors)  # type: ignore[method-assign]
    ReservedKeywords.KEYWORDS = frozenset(ReservedKeywords.get_reserved_keywords())  # type: ignore[assignment]
    responses.method_names_from_class = cache(responses.method_names_from_class)
    # It is copied before it is validated.
    UpdateExpressionParser.make = lru_cache(maxsize=10_000)(UpdateExpressionParser.make)
    changes: dict[Any, Json] = {
        StreamShard: {"__deepcopy__": _with_the_same_records},
        Table: {
            "__deepcopy__": _with_the_same_items,
            "all_items": _sorted_by_plain_keys,
            "query": _of_a_few,
        },
        DynamoDBBackend: {"update_item": _of_a_copy},
        Item: {"__init__": _measured_once, "project": _picked},
        DynamoType: {"cast_value": property(_value), "size": _size_of},
        ConditionExpressionParser: {"parse": _parsed_once},
        DepthFirstTraverser: {"traverse_node_recursively": _traversed},
        Node: {"__deepcopy__": _copied, "find_clauses": _clauses},
        BaseJSONParser: {"_parse_structure": _parsed_attribute},
        BaseJSONSerializer: {
            "_serialize_type_map": _map,
            "_serialize_type_structure": _structure,
        },
        XFormedAttributePicker: {"get_possible_keys": _named_once},
        BotocoreStubber: {"process_request": _routed_once},
        BaseClient: {"_make_request": _answered_at_once},
        MotoRandom: {"get_random_string": _random_string},
        MockAWS: {"_enable_patching": _answer_botocore, "_disable_patching": _answer_nobody},
    }
    for kind, members in changes.items():
        for name, member in members.items():
            setattr(kind, name, member)


# ---- the table -----------------------------------------------------------------------------------


def _with_the_same_records(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    """moto copies the table before each transaction, which else takes as long again for all that
    its stream ever told. A record never changes.
    """
    copied = copy.copy(shard)
    memo[id(shard)] = copied
    copied.items, copied.table = list(shard.items), copy.deepcopy(shard.table, memo)
    return copied


def _with_the_same_items(table: Table, memo: dict[int, Any]) -> Table:
    """Nor does an item: see `_of_a_copy`."""
    copied = copy.copy(table)
    memo[id(table)] = copied
    copied.items = same_items(table.items)
    copied.stream_shard = copy.deepcopy(table.stream_shard, memo)
    return copied


def same_items(items: Any) -> Any:
    """As a table has them: what is added, replaced and deleted there does not reach the copy."""
    return defaultdict(dict, {key: copy.copy(under) for key, under in items.items()})


def _of_a_copy(
    backend: DynamoDBBackend, table_name: str, key: dict[str, Json], *more: Any, **others: Any
) -> Item:
    """moto else changes the item itself, which then has to be copied for whoever keeps it."""
    table = backend.get_table(table_name)
    if key.keys() == set(table.table_key_attrs) and table.range_key_attr:
        partition, sort = (DynamoType(key[name]) for name in table.table_key_attrs)
        under: dict[DynamoType, Item] = table.items.get(partition, {})
        if sort in under:
            under[sort] = copy.deepcopy(under[sort])
    return _update_item(backend, table_name, key, *more, **others)


def _sorted_by_plain_keys(table: Table) -> list[Item]:
    """moto else compares objects of its own, for every query all in the table."""
    if not table.range_key_attr:
        return _all_items(table)
    plain = attrgetter("range_key.cast_value")
    partitions = sorted(table.items, key=attrgetter("cast_value"))
    return [item for each in partitions for item in sorted(table.items[each].values(), key=plain)]


def _of_a_few(table: Table, hash_key: DynamoType | None, *more: Any, **others: Any) -> Any:
    """Finds among the items that have this key, perhaps. moto else first sorts all in the table."""
    index_name = more[6]
    few = copy.copy(table)
    if index_name:
        wanted = others["hash_key_conditions"]
        few.items = {
            key: {each: item for each, item in under.items() if _may_have(item, wanted)}
            for key, under in table.items.items()
        }
    elif hash_key:
        few.items = {hash_key: table.items.get(hash_key, {})}
    return _query(few, hash_key, *more, **others)


def _may_have(item: Item, wanted: list[tuple[str, DynamoType]] | None) -> bool:
    return all(
        (held := item.attrs.get(name)) and (held.value == value.value or held == value)
        for name, value in wanted or ()
    )


def _picked(item: Item, names: list[list[str]]) -> Item:
    """moto else makes Python's values of the whole item, once for each name."""
    attributes = {}
    for name, *below in names:
        held = item.attrs.get(name)
        if below or name.endswith("]") or (held and held.type not in _SIMPLE):
            return _project(item, names)
        if held:
            attributes[name] = held.to_regular_json()
    return Item(item.hash_key, item.range_key, attributes)


_SIMPLE = frozenset({"S", "N", "B", "BOOL", "NULL"})


def _measured_once(
    item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: Json
) -> None:
    """With its last attribute. moto else measures all again for each."""
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    for count, (name, value) in enumerate(attrs.items(), start=1):
        add = LimitedSizeDict.__setitem__ if count == len(attrs) else dict.__setitem__
        add(item.attrs, name, DynamoType(value))


def _value(value: DynamoType) -> Any:
    """moto else asks first for each of the other types."""
    return value.value if value.type == "S" else _cast_value(value)


def _size_of(value: DynamoType) -> int:
    """The same."""
    return len(value.value.encode()) if value.type == "S" else _size(value)


# ---- an update's expression ----------------------------------------------------------------------


def _traversed(traverser: DepthFirstTraverser, node: Any, child_id: int = -1) -> Any:
    """moto else asks abstract classes about each node, for each of ten validators."""
    if not _is_one(type(node), Node):
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        _traversed(traverser, child, number)
    kinds = _KINDS.get(type(traverser))
    if kinds is None:
        kinds = _KINDS[type(traverser)] = traverser.nodes_to_be_processed()
    if _is_one(type(node), kinds):
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _clauses(node: Node, kinds: Collection[type[Node]]) -> list[Node]:
    """Those below it."""
    found = []
    for child in node.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is_one(type(child), _WITH_CLAUSES):
            found += _clauses(child, kinds)
    return found


_WITH_CLAUSES = (Expression, UpdateExpressionFunction)
_is_one = cache(issubclass)
_KINDS: dict[type[DepthFirstTraverser], tuple[type[Node], ...]] = {}
"""Of which nodes each is."""


def _copied(node: Node, memo: dict[int, Any]) -> Node:
    """With all below it. Python else reduces and rebuilds each."""
    copied: Node = object.__new__(type(node))
    vars(copied).update(vars(node), parent=None)
    memo[id(node)] = copied
    if node.children is not None:
        copied.children = [copy.deepcopy(child, memo) for child in node.children]
        for child in copied.children:
            if isinstance(child, Node):
                child.parent = copied
    return copied


# ---- who is answered -----------------------------------------------------------------------------


def _answer_botocore(mocked: MockAWS, reset: bool = True) -> None:
    """moto else registers some 3,000 addresses anew for each test, for a library that hardly any
    test asks with: `requests`.
    """
    botocore_stubber.enabled = True
    if reset:
        mocked.reset()


@contextmanager
def answering_requests() -> Iterator[None]:
    """For the tests that do ask with `requests`, as moto itself has it."""
    _enable_patching(mock_aws(), reset=False)
    try:
        yield
    finally:
        responses_mock.stop()


def _answer_nobody(mocked: MockAWS, remove_data: bool) -> None:
    botocore_stubber.enabled = False
    if remove_data:
        mocked.reset()
        reset_model_data()


# ---- requests and answers ------------------------------------------------------------------------


def _answered_at_once(
    client: BaseClient, operation: OperationModel, request: Json, context: Json
) -> tuple[AWSResponse, Json]:
    """What goes to DynamoDB, without what lies between botocore's and moto's JSON: two requests of
    HTTP, a signature, and whether to try again. That was half the time of the integration tests.
    A client that has an address of its own, or whose requests somebody watches or changes on their
    way, sends them as ever.
    """
    if not (
        operation.service_model.service_name == "dynamodb"
        and request["url"].endswith(".amazonaws.com/")
        and _goes_to_moto_alone(client, operation)
    ):
        return _make_request(client, operation, request, context)
    status, headers, body = _answered(request, client._request_signer._credentials.access_key)
    http = AWSResponse(request["url"], status, headers, MockRawResponse(body))
    answer, parsed = convert_to_response_dict(http, operation), {}
    client.meta.events.emit(
        f"before-parse.dynamodb.{operation.name}",
        operation_model=operation,
        response_dict=answer,
        customized_response_dict=parsed,
    )
    parsed = _PARSER.parse(answer, operation.output_shape) | parsed
    if status >= 300:
        client._endpoint._add_modeled_error_fields(answer, parsed, operation, _PARSER)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return http, parsed


class _Parser(JSONParser):
    """botocore else looks for each of the ten types of an attribute."""

    def _handle_structure(self, shape: StructureShape, value: Any) -> Any:
        if shape.name == "AttributeValue" and len(value) == 1:
            ((kind, held),) = value.items()
            if kind in ("S", "N", "BOOL", "NULL"):
                return value
            if kind == "B":
                return {kind: b64decode(held)}
        return super()._handle_structure(shape, value)


_PARSER = _Parser()


def _goes_to_moto_alone(client: BaseClient, operation: OperationModel) -> bool:
    handlers = client.meta.events._emitter._handlers
    return botocore_stubber.enabled and all(
        handler == botocore_stubber or getattr(handler, "__func__", None) is Connection._before_send
        for handler in handlers.prefix_search(f"before-send.dynamodb.{operation.name}")
    )


def _answered(request: Json, access_key: str) -> tuple[int, Any, Any]:
    """By moto's own methods, which find here all that they read of a request."""
    handler, sent = DynamoHandler(), _Sent(request["headers"], request["body"])
    handler.headers, handler.access_key = sent.headers, access_key
    handler.querystring, handler.uri_match = {}, {}
    handler.region = handler.get_region_from_url(sent, request["url"])
    handler.partition = get_partition(handler.region)
    handler.current_account = get_account_id_from(access_key)
    handler.response_headers = {"server": "amazon.com", "date": http_date(utcnow())}
    try:
        handler.parse_parameters(sent)
        return handler.call_action()
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


@dataclass(frozen=True)
class _Sent:
    headers: Json
    data: bytes
    method: str = "POST"
    path: str = "/"
    values: None = None

    @property
    def content_type(self) -> str:
        """Of JSON."""
        return self.headers["Content-Type"]


@contextmanager
def unsigned() -> Iterator[None]:
    """Requests name the key that they are made with, which is all that moto reads of a signature.
    Addresses that are signed are signed as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, instead in (("canonical_request", ""), ("signature", "0" * 64)):
            patch.setattr(SigV4Auth, name, _instead_of(getattr(SigV4Auth, name), instead))
        yield


def _instead_of(sign: Callable[..., str], text: str) -> Callable[..., str]:
    def signed(auth: SigV4Auth, *arguments: Any) -> str:
        return text if type(auth) is SigV4Auth else sign(auth, *arguments)

    return signed


def _routed_once(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """moto else tries the patterns of all services for each request. Those of a service with one
    address all go to the same place.
    """
    handle = _handler(request.url) if request.url.endswith(".amazonaws.com/") else None
    if not handle:
        return _process_request(stubber, request)
    normal = normalize_request(request)
    try:
        return handle(normal, normal.raw_url, normal.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


@cache
def _handler(url: str) -> Callable[..., Any] | None:
    for service, pattern in backend_url_patterns:
        if pattern.match(url):
            regions = get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
            backend = regions["us-east-1" if "us-east-1" in regions else "aws"]
            for each, handle in backend.urls.items():
                if re.match(each, url):
                    return handle
    return None


def _parsed_once(parser: ConditionExpressionParser) -> Any:
    """What it finds never changes."""
    asked = parser.expression_attribute_names, parser.expression_attribute_values
    key = json.dumps(asked, default=repr)  # of bytes
    tree, names, values = _parsed(parser.condition_expression, key)
    parser.expr_attr_names_found.extend(names)
    parser.expr_attr_values_found.extend(values)
    return tree


@lru_cache(maxsize=10_000)
def _parsed(expression: str | None, asked: str) -> tuple[Any, list[str], list[str]]:
    parser = comparisons.create_condition_expression_parser(expression, *json.loads(asked))
    return _parse(parser), parser.expr_attr_names_found, parser.expr_attr_values_found


_errors = cache(ErrorLookupFactory._create_error_lut)


def _random_string(
    chosen: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    """At once, for the ID of each answer. moto else chooses each of its 52 characters by itself."""
    pool = string.ascii_letters + (string.digits if include_digits else "")
    made = "".join(chosen.choices(pool, k=length))
    return made.lower() if lower_case else made


def _named_once(picker: XFormedAttributePicker, context: AttributePickerContext) -> tuple[str, ...]:
    """Under which names a thing of some kind may have a member of an answer."""
    member = type(context.obj), context.shape, context.key
    if member not in _NAMES:
        _NAMES[member] = tuple(_possible_keys(picker, context))
    return _NAMES[member]


_NAMES: dict[tuple[type, Shape, str], tuple[str, ...]] = {}


def _parsed_attribute(parser: BaseJSONParser, shape: StructureShape, value: Any) -> Any:
    """moto else looks for each of the ten types of an attribute."""
    if shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
        ((kind, held),) = value.items()
        if kind in ("S", "N", "BOOL", "NULL") and held is not None:
            return value
    return _parse_structure(parser, shape, value)


def _map(
    serializer: BaseJSONSerializer, serialized: Serialized, value: Any, shape: MapShape, key: str
) -> None:
    if isinstance(shape.value, Shape) and shape.value.name == "AttributeValue":
        plain = {name: _attribute(each) for name, each in value.items()}
        if None not in plain.values():
            serializer._default_serialize(serialized, plain, shape, key)
            return
    _serialize_map(serializer, serialized, value, shape, key)


def _structure(
    serializer: BaseJSONSerializer,
    serialized: Serialized,
    value: Any,
    shape: StructureShape,
    key: str,
) -> None:
    if shape.name == "AttributeValue" and (plain := _attribute(value)):
        serializer._default_serialize(serialized, plain, shape, key)
    elif (
        type(value) is dict
        and value.keys() <= shape.members.keys()
        and not serializer._value_picker.response_transformers
    ):
        # No member has its value by another name.
        wrapper: Any = {} if key else serialized
        for name in shape.members:
            if value.get(name) is not None:
                serializer._serialize(wrapper, value[name], shape.members[name], name)
        if key:
            serializer._default_serialize(serialized, wrapper, shape, key)
    else:
        _serialize_structure(serializer, serialized, value, shape, key)


def _attribute(value: Any) -> Json | None:
    """As it is sent, of the types that the table's items have. moto else looks for each of the ten
    types under six names: a third of the time of the integration tests.
    """
    if type(value) is not dict or len(value) != 1:
        return None
    ((kind, held),) = value.items()
    if (kind in ("S", "N") and type(held) is str) or kind in ("BOOL", "NULL"):
        return value
    if kind == "B" and type(held) is bytes:
        return {kind: b64encode(held).decode()}
    return None
