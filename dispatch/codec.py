"""Domain values as JSON and back: one text for one value, byte for byte.

Writing is canonical: keys sorted, no white space, UTF-8, floats as Python's ``repr`` (the shortest text that
reads back as the same number). What is written follows the *declared* types, so ``at_s=5`` and ``at_s=5.0``,
which are equal, give the same bytes, and so do mappings filled in another order. Hence :func:`fingerprint`:
equal values have equal fingerprints, on every machine and a year later.

Reading is pydantic's, in strict mode: no text is taken for a number, and every value's own checks run again.
"""

import hashlib
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from json.encoder import encode_basestring
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from dispatch import earlier

T = TypeVar("T")
Encoder = Callable[[Any], str]


class CodecError(ValueError):
    """A value that JSON cannot hold, or a text that is no such value; the message says which and why."""


def to_json(value: object) -> str:
    """The canonical JSON of a domain value, or of plain words, numbers, tuples and mappings of them.

    >>> from geo.position import Position
    >>> to_json(Position(121, 31.25))
    '{"latitude_deg":31.25,"longitude_deg":121.0}'
    """
    return _canonical(value).decode()


def from_json(type_: type[T], text: str | bytes) -> T:
    """The value of ``type_`` that ``text`` holds; raises :class:`CodecError` if it holds none.

    An unknown key is ignored and a missing one takes its default, so that a log of an
    earlier version can be read; what has changed its form since is read in the old one too.
    """
    hashable: Any = type_
    try:
        value: T = _adapter(hashable).validate_json(text, strict=True)
    except ValidationError as error:
        today = earlier.brought_up_to_date(text)
        if today is not None:
            return from_json(type_, today)
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole text"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise CodecError(f"not a {type_.__name__}: {where}: {first['msg']}{more}") from error
    return value


def fingerprint(value: object) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def fingerprint_of_json(text: str) -> str:
    """The fingerprint of the value whose canonical JSON is ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> bytes:
    try:
        return _dynamic(value).encode()
    except UnicodeEncodeError as error:
        wrong = error.object[error.start : error.end]
        raise CodecError(f"text that is not valid Unicode: {wrong!r}") from error
    except (TypeError, OverflowError) as error:  # Python's own words name the type that stands there
        raise CodecError(f"a {type(value).__name__} with a part not of its declared type: {error}") from error


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


# One encoder a type, built once from the type's annotations. Encoders return text, so that no tree of
# dictionaries is built on the way: every decision waits for this.


def _dynamic(value: Any) -> str:
    """For a value of undeclared type: go by what it is."""
    hashable: Any = type(value)
    return _encoder(hashable)(value)


@cache
def _encoder(type_: Any) -> Encoder:
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return _union(tuple(type(choice) for choice in arguments))
    kind = origin or type_
    if kind in (Any, object):
        return _dynamic
    if isinstance(kind, type):
        for base, make in _MAKERS.items():
            if issubclass(kind, base):
                return make(arguments)
        if is_dataclass(kind):
            return _record(kind)
    raise CodecError(f"no JSON form for a value of type {getattr(type_, '__name__', type_)}")


def _number(value: float) -> str:
    if value - value != 0:
        raise CodecError(f"{value} is no number that JSON can hold")
    return float.__repr__(value + 0.0)  # 5 as 5.0, and -0.0, which equals 0.0, as 0.0


def _null(_: None) -> str:
    return "null"


def _truth(value: object) -> str:
    return "true" if value else "false"


def _choice(value: Enum) -> str:
    return _dynamic(value.value)


def _sequence(arguments: tuple[Any, ...]) -> Encoder:
    if arguments and arguments[-1] is not Ellipsis and len(arguments) > 1:  # tuple[float, float]
        encoders = tuple(_encoder(argument) for argument in arguments)
        return lambda items: f"[{','.join([e(item) for e, item in zip(encoders, items, strict=True)])}]"
    encode = _encoder(arguments[0]) if arguments else _dynamic

    def text(items: Iterable[Any]) -> str:
        return f"[{','.join([encode(item) for item in items])}]"

    outline = bool(arguments) and get_origin(arguments[0]) is tuple and set(get_args(arguments[0])) == {float}
    return _kept(text) if outline else text


class _Same:
    """A key for one object: equal to itself only."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def _kept(encode: Encoder) -> Encoder:
    """``encode``, remembering its last texts: every decision writes all corners of all zones."""

    @lru_cache(maxsize=1024)
    def text(same: _Same) -> str:
        return encode(same.value)

    return lambda items: text(_Same(items)) if type(items) is tuple else encode(items)


def _mapping(arguments: tuple[Any, ...]) -> Encoder:
    encode = _encoder(arguments[1]) if arguments else _dynamic
    return lambda entries: (
        f"{{{','.join([f'{encode_basestring(key)}:{encode(entries[key])}' for key in sorted(entries)])}}}"
    )


def _record(type_: Any) -> Encoder:
    hints = get_type_hints(type_)
    names = sorted(field.name for field in fields(type_))
    parts = [(f'"{name}":', name, _encoder(hints[name])) for name in names]
    return lambda value: f"{{{','.join([key + encode(getattr(value, name)) for key, name, encode in parts])}}}"


def _union(members: tuple[Any, ...]) -> Encoder:
    """By the value's own type; a whole number stands for a float where only a float is declared."""
    encoders = {get_origin(member) or member: _encoder(member) for member in members}
    if float in encoders and int not in encoders:
        encoders[int] = encoders[float]
    bases = tuple(encoders.items())

    def text(value: Any) -> str:
        known = encoders.get(type(value))
        if known is not None:
            return known(value)
        return next((encode for base, encode in bases if isinstance(value, base)), _dynamic)(value)

    return text


_MAKERS: dict[type, Callable[[tuple[Any, ...]], Encoder]] = {
    # in this order: a bool is an int, and an Enum that is a word or a number is written as one
    types.NoneType: lambda _: _null,
    str: lambda _: encode_basestring,
    bool: lambda _: _truth,
    int: lambda _: int.__repr__,
    float: lambda _: _number,
    Enum: lambda _: _choice,
    tuple: _sequence,
    list: _sequence,
    Mapping: _mapping,
}
