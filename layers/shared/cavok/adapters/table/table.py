"""The table: one connection, reads, transactions, and what every item has."""

import json
import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache, partial
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.constants import BINARY, STRING
from pynamodb.exceptions import (
    DoesNotExist,
    PutError,
    PynamoDBException,
    TransactWriteError,
    UpdateError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from cavok.adapters import making_clients
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.pages import Page, Position

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

BATCH = 100
"""Keys of one BatchGetItem. Source: DynamoDB API reference."""

_TRIES = 12
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
"""Seconds. Eleven waits take four seconds on average and eight at most. About a hundred competing
transactions finish in that time.
"""


class WriteConflict(Exception):
    """Another write came first. Nothing was written."""


class ItemChanged(WriteConflict):
    """A condition failed: an item was changed since it was read, or exists already.

    `failed` holds the positions of these items in the transaction. Deletes come first, then puts,
    then updates.
    """

    def __init__(self, failed: Iterable[int] = ()) -> None:
        super().__init__("An item was changed meanwhile.")
        self.failed = frozenset(failed)


class ItemBusy(WriteConflict):
    """Another transaction holds an item at this moment, or DynamoDB cannot serve it."""


_PATIENCE: ContextVar[Deadline] = ContextVar("until when to wait", default=NO_DEADLINE)


@contextmanager
def waiting_until(deadline: Deadline) -> Iterator[None]:
    """Whatever waits for others or for a throttled table begins no wait after this, and says that
    it was in vain. One wait takes a second at most.
    """
    token = _PATIENCE.set(deadline)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


_BUSY = {"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
"""Why a transaction was cancelled that may succeed later. The SDK does not repeat it."""


def retry_on_conflict(attempt: Callable[[], T], *, or_raise: Exception) -> T:
    """Runs `attempt`, which reads, decides and writes, until it meets no conflict. Returns its
    result.

    Repeats it at once after ItemChanged, because the other write is finished. Waits with full
    jitter after ItemBusy. Raises `or_raise` after 12 tries, or at the end of `waiting_until`.
    """
    for number in range(_TRIES):
        try:
            return attempt()
        except ItemChanged as error:
            conflict: WriteConflict = error
        except ItemBusy as error:
            conflict = error
            if number == _TRIES - 1 or not _wait(number):
                break
    raise or_raise from conflict


def retry_while_busy(write: Callable[[], None], goes_on: Callable[[], bool]) -> None:
    """Writes what was decided on an item as it was read. Repeats that after ItemBusy with the waits
    of `retry_on_conflict`, while it `goes_on`. Raises ItemChanged, ItemBusy.
    """
    for number in range(_TRIES):
        try:
            write()
        except ItemBusy:
            if number == _TRIES - 1 or not goes_on() or not _wait(number):
                raise
        else:
            return


def _wait(number: int) -> bool:
    """After the conflict or the incomplete answer with this number, from 0. False: not any more."""
    if not _PATIENCE.get().left:
        return False
    time.sleep(random.uniform(0, min(_FIRST_WAIT * 2**number, _LONGEST_WAIT)))  # noqa: S311
    return True


class ByName(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Accounts of an organization, by name."""

    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    pk = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Accounts of an organization in one status, by name."""

    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status_pk = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ByTemplate(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Accounts of an organization whose role has one version of the template, by name."""

    class Meta:
        index_name = "by_template"
        projection = KeysOnlyProjection()

    template_pk = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Accounts of all organizations, by the time of their next verification."""

    class Meta:
        index_name = "by_due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    next_verification_at = UTCDateTimeAttribute(range_key=True)


class ByAuditedAccount(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Audit entries of an account."""

    class Meta:
        index_name = "by_audited_account"
        projection = AllProjection()

    audited_account = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ByUsage(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """One month's usage counters of an organization's accounts, by count."""

    class Meta:
        index_name = "by_usage"
        projection = KeysOnlyProjection()

    usage_of = UnicodeAttribute(hash_key=True)
    used = NumberAttribute(range_key=True)


class BySchedule(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Resources that have a schedule."""

    class Meta:
        index_name = "by_schedule"
        projection = KeysOnlyProjection()

    scheduled = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ByTurn(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Resources of an organization, by the time of their next turn."""

    class Meta:
        index_name = "by_turn"
        projection = KeysOnlyProjection()

    turns_of = UnicodeAttribute(hash_key=True)
    turn_key = UnicodeAttribute(range_key=True)


class ByExternalId(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Organizations, by their external ID."""

    class Meta:
        index_name = "by_external_id"
        projection = KeysOnlyProjection()

    external_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ByNumber(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Accounts of all organizations, by the number of the AWS account."""

    class Meta:
        index_name = "by_number"
        projection = KeysOnlyProjection()

    provider_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class Item(Model):
    """Base class of all items. It makes the connection, and PynamoDB looks up an index's keys on
    the class that does, so the indexes are declared here.
    """

    class Meta:
        table_name: str
        region: str
        # PynamoDB's defaults (15 s and 30 s) outlive a function's timeout.
        connect_timeout_seconds = making_clients.CONNECTING_SECONDS
        read_timeout_seconds = making_clients.ANSWERING_SECONDS
        max_retry_attempts = 3
        max_pool_connections = 32  # more than a page of a sweep has accounts

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    by_name = ByName()
    by_status = ByStatus()
    by_template = ByTemplate()
    by_due = ByDue()
    by_audited_account = ByAuditedAccount()
    by_usage = ByUsage()
    by_schedule = BySchedule()
    by_turn = ByTurn()
    by_external_id = ByExternalId()
    by_number = ByNumber()

    @classmethod
    def of_fields(cls, pk: str, sk: str, source: Any, **others: Any) -> Self:
        """An item with `others` and those fields of the dataclass `source` that are attributes of
        the item. None is not stored.
        """
        attributes = cls.get_attributes()
        values = {f.name: getattr(source, f.name) for f in fields(source) if f.name in attributes}
        values |= others
        return cls(pk, sk, **{name: v for name, v in values.items() if v is not None})

    def as_a(self, kind: type[T], **others: Any) -> T:
        """The dataclass `kind`, made from `others` and the attributes and properties of this item
        that have the names of its fields.
        """
        return _as_a(self, kind, others)


I = TypeVar("I", bound=Item)  # noqa: E741
J = TypeVar("J", bound=Item)
K = TypeVar("K", bound=Item)


class Row:
    """Some attributes of an item, for lists. Missing ones are null. Making PynamoDB's model of each
    item would take most of a list's CPU.
    """

    def __init__(self, kind: type[Item], stored: Mapping[str, Any]) -> None:
        readers, nothing = _readers(kind)
        values = vars(self)
        values.update(nothing)
        for attr_name, typed in stored.items():
            name, attr_type, read = readers[attr_name]
            value = typed[attr_type]
            values[name] = read(value) if read else value

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def as_a(self, kind: type[T], **others: Any) -> T:
        """As `Item.as_a`."""
        return _as_a(self, kind, others)


_AS_JSON: ContextVar[bool] = ContextVar("whether DynamoDB's answer is read as it is", default=False)


def _read_as_json(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """botocore's parser checks each value for ten types, which takes half of a list's CPU. For an
    answer without binary values, its result is the answer's own JSON plus the headers. botocore
    does not document this event: if it disappears, the parser does the work again.
    """
    if _AS_JSON.get() and response_dict["status_code"] == HTTPStatus.OK:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"


@contextmanager
def _answers_as_json() -> Iterator[None]:
    """For what is read without binary values."""
    token = _AS_JSON.set(True)
    try:
        yield
    finally:
        _AS_JSON.reset(token)


_Reader = tuple[str, str, Callable[[Any], Any] | None]


@cache
def _readers(kind: type[Item]) -> tuple[dict[str, _Reader], dict[str, Any]]:
    """How each stored attribute is read: its name here, its type, and what makes its value; null if
    it is the value. And all names, without values.
    """
    attributes = kind.get_attributes()
    readers: dict[str, _Reader] = {
        one.attr_name: (name, one.attr_type, _reads(one)) for name, one in attributes.items()
    }
    nothing: dict[str, Any] = dict.fromkeys(attributes)
    return readers, nothing


_REMEMBERED = 256
"""Values of an attribute that a process reads once: most accounts of a list have the same regions
and capabilities. Nobody changes what is made of them.
"""


def _reads(attribute: Attribute[Any]) -> Callable[[Any], Any] | None:
    """As PynamoDB reads it, where Python itself does so in a fraction of the time."""
    match attribute:
        case UTCDateTimeAttribute():
            return datetime.fromisoformat
        case NumberAttribute():
            return _number
        case UnicodeAttribute() | BooleanAttribute():
            return None
        case EnumAttribute() | JsonAttribute():
            return lru_cache(_REMEMBERED)(attribute.deserialize)
    return attribute.deserialize


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _as_a(source: object, kind: type[T], others: Mapping[str, Any]) -> T:
    names = _fields_but(kind, frozenset(others))  # type: ignore[arg-type]
    return kind(**{name: getattr(source, name) for name in names}, **others)


@cache
def _fields_but(kind: Any, others: frozenset[str]) -> list[str]:
    return [f.name for f in fields(kind) if f.name not in others]


class EnumAttribute(Attribute[E]):
    """A member of an enum, stored as its value."""

    attr_type = STRING

    def __init__(self, kind: type[E], *, null: bool = False) -> None:
        super().__init__(null=null)
        self._kind = kind

    def serialize(self, value: E) -> str:
        """As PynamoDB stores it."""
        return value.value

    def deserialize(self, value: str) -> E:
        """Raises ValueError for a value that the enum does not have."""
        return self._kind(value)


_DECODE = json.JSONDecoder(strict=False).raw_decode
"""As PynamoDB decodes, which makes a decoder for each value and looks for spaces around it."""


class JsonAttribute(JSONAttribute):
    """A value stored as JSON. `dump` converts it to JSON types, and `load` converts it back."""

    def __init__(
        self,
        dump: Callable[[Any], Any],
        load: Callable[[Any], Any],
        *,
        null: bool = False,
        attr_name: str | None = None,
    ) -> None:
        super().__init__(null=null, attr_name=attr_name)
        self._dump, self._load = dump, load

    def serialize(self, value: Any) -> str | None:
        """As PynamoDB stores it."""
        return super().serialize(self._dump(value))

    def deserialize(self, value: str) -> Any:
        """Raises JSONDecodeError, and what `load` raises."""
        decoded, end = _DECODE(value)
        if end != len(value):
            raise json.JSONDecodeError("Extra data", value, end)
        return self._load(decoded)


class PackedAttribute(Attribute[Any]):
    """A value stored as bytes. `dump` converts it, and `load` converts it back. If `dump` returns
    None, nothing is stored.
    """

    attr_type = BINARY

    def __init__(
        self,
        dump: Callable[[Any], bytes | None],
        load: Callable[[bytes], Any],
        *,
        null: bool = False,
        default: Any = None,
    ) -> None:
        super().__init__(null=null, default=default)
        self._dump, self._load = dump, load

    def serialize(self, value: Any) -> bytes | None:
        """As PynamoDB stores it."""
        return self._dump(value)

    def deserialize(self, value: bytes) -> Any:
        """Raises what `load` raises, and ValueError for bytes that are packed otherwise."""
        try:
            return self._load(value)
        except zlib.error as error:
            raise ValueError(f"Not packed as this release packs it: {error}") from error


class Table:
    """The connection to the table, shared by all repositories.

    PynamoDB stores connections on model classes. This one is made on Item, so all items share it.
    """

    def __init__(self, name: str, region: str) -> None:
        Item.Meta.table_name, Item.Meta.region = name, region
        self.connection = Item._get_connection().connection
        # Where PynamoDB keeps the session that it would make.
        self.connection._local.session = making_clients.botocore_session()
        events = self.connection.client.meta.events  # made now, not with the first call
        events.register("before-parse.dynamodb", _read_as_json, unique_id="cavok-as-json")

    @contextmanager
    def transaction(self) -> Iterator[TransactWrite]:
        """Writes all items that are added to it, or none. Raises ItemChanged, ItemBusy.

        Source of the error codes: DynamoDB API reference, TransactWriteItems.
        """
        try:
            with TransactWrite(connection=self.connection) as transaction:
                yield transaction
        except TransactWriteError as error:
            codes = [reason and reason.code for reason in error.cancellation_reasons or ()]
            if "ConditionalCheckFailed" in codes:
                failed = (n for n, code in enumerate(codes) if code == "ConditionalCheckFailed")
                raise ItemChanged(failed) from error
            if _BUSY.intersection(codes):
                raise ItemBusy("DynamoDB could not write the items at this moment.") from error
            raise

    def get(self, kind: type[I], pk: str, sk: str) -> I | None:
        """One item, read consistently."""
        try:
            return kind.get(pk, sk, consistent_read=True)
        except DoesNotExist:
            return None

    def get_both(
        self, one: tuple[type[I], str, str], other: tuple[type[J], str, str]
    ) -> tuple[I | None, J | None]:
        """Two items by their keys in one call. Each is read consistently, but not both at one
        moment.
        """
        stored = self._stored([one[1:], other[1:]])
        found = {(each["pk"][STRING], each["sk"][STRING]): each for each in stored}

        def read(kind: type[K], *key: str) -> K | None:
            return kind.from_raw_data(found[key]) if key in found else None

        return read(*one), read(*other)

    def get_many(self, kind: type[I], keys: Iterable[tuple[str, str]]) -> Iterator[I]:
        """The items that exist, in any order, read consistently. Raises ServiceUnavailable."""
        return (kind.from_raw_data(each) for each in self._stored(dict.fromkeys(keys)))

    def get_each(
        self, kind: type[I], keys: Iterable[tuple[str, str]], read: Callable[[I], T]
    ) -> Iterator[tuple[str, Callable[[], T]]]:
        """As `get_many`, but of each item its key, for a log, and what reads it: one in another
        form must hide no others.
        """

        def made_and_read(stored: dict[str, Any]) -> T:
            return read(kind.from_raw_data(stored))

        for each in self._stored(keys):
            yield f"{each['pk'][STRING]} {each['sk'][STRING]}", partial(made_and_read, each)

    def get_rows(
        self, kind: type[Item], keys: Iterable[tuple[str, str]], names: Iterable[str]
    ) -> Iterator[Row]:
        """The attributes `names` of the items that exist, in any order, read consistently. None may
        be binary.
        """
        attributes = [getattr(kind, name).attr_name for name in names]
        return (Row(kind, each) for each in self._stored(keys, attributes))

    def _stored(
        self, keys: Iterable[tuple[str, str]], attributes: list[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The items that exist, in any order, read consistently. If attributes are named, none may
        be binary.

        Asks again for what DynamoDB left out, with the waits of `retry_on_conflict`. A table that
        is throttled does that, and asking at once keeps it throttled. Raises ServiceUnavailable
        after 12 answers in a row without any, or at the end of `waiting_until`.
        """
        table, number, without_any = Item.Meta.table_name, 0, 0
        wanted = ({"pk": {STRING: pk}, "sk": {STRING: sk}} for pk, sk in keys)
        left = list[Any]()
        while batch := [*left, *islice(wanted, BATCH - len(left))]:
            with _answers_as_json() if attributes else nullcontext():
                found = self.connection.batch_get_item(
                    table, batch, consistent_read=True, attributes_to_get=attributes
                )
            yield from found["Responses"][table]
            left = found.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                number = without_any = 0
                continue
            without_any = without_any + 1 if len(left) == len(batch) else 0
            if without_any == _TRIES or not _wait(number):
                raise ServiceUnavailable("DynamoDB leaves out items again and again.")
            number += 1

    def entries(
        self,
        index: GlobalSecondaryIndex[Any] | None,
        hash_key: str,
        condition: Condition | None,
        *,
        start: Mapping[str, Any] | None,
        size: int | None,
        backwards: bool = False,
    ) -> Iterator[Mapping[str, Mapping[str, str]]]:
        """Entries of an index of keys, or small items without binary values of the table, as they
        are stored; `size` in each answer of DynamoDB, or if it is null, a megabyte.
        """
        while True:
            with _answers_as_json():
                found = self.connection.query(
                    Item.Meta.table_name,
                    hash_key,
                    condition,
                    exclusive_start_key=start,
                    index_name=index.Meta.index_name if index else None,
                    limit=size,
                    scan_index_forward=not backwards,
                )
            yield from found["Items"]
            if not (start := found.get("LastEvaluatedKey")):
                return

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Writes one item. Raises ItemChanged if the condition fails, ItemBusy."""
        with _condition():
            item.save(condition)

    def update(self, item: Item, actions: Sequence[Action], condition: Condition) -> None:
        """Updates one item. Raises ItemChanged if the condition fails, ItemBusy."""
        with _condition():
            item.update(list(actions), condition=condition)

    def page(
        self,
        kind: type[I],
        pk: str,
        prefix: str,
        *,
        limit: int,
        after: Position | None,
        consistent: bool = False,
        condition: Condition | None = None,
        oldest_first: bool = False,
    ) -> Page[I]:
        """Items whose sort key is `prefix` and a ULID, newest first unless `oldest_first`, that
        meet the condition.
        """
        start = start_after(kind, pk=pk, sk=prefix + after.key) if after else None
        found = kind.query(
            pk,
            kind.sk.startswith(prefix),
            condition,
            scan_index_forward=oldest_first,
            last_evaluated_key=start,
            limit=limit + 1,
            page_size=limit + 1,
            consistent_read=consistent,
        )
        return page_of(found, prefix, limit)


def start_after(kind: type[Item], **key: str) -> dict[str, dict[str, str]]:
    """Where a query goes on: after the entry with this key, which is of the table's attributes and,
    for an index, its own. Numbers are in decimal digits.
    """
    attributes = {name: getattr(kind, name) for name in key}
    return {each.attr_name: {each.attr_type: key[name]} for name, each in attributes.items()}


def page_of(found: Iterable[I], prefix: str, limit: int) -> Page[I]:
    """A page of at most `limit` items. `found` has one more if there is a next page."""
    items = list(found)
    shown = items[:limit]
    more = len(items) > limit
    return Page(shown, Position("id", shown[-1].sk.removeprefix(prefix)) if more else None)


@contextmanager
def _condition() -> Iterator[None]:
    try:
        yield
    except (PutError, UpdateError) as error:
        code = _code(error)
        if code == "ConditionalCheckFailedException":
            raise ItemChanged from error
        if code == "TransactionConflictException":
            raise ItemBusy("A transaction holds the item.") from error
        raise


def _code(error: PynamoDBException) -> str | None:
    """AWS's error code; null if no answer came. PynamoDB's `cause_response_code` fails then, since
    a timeout's `response` is there and is None.
    """
    response = getattr(error.cause, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code
