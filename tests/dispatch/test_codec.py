"""Every domain value can be written, read back equal, and is written in one way only."""

import inspect
import json
import math
import types
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch import model
from dispatch.codec import CodecError, fingerprint, fingerprint_of_json, from_json, to_json
from geo.airframe import Airframe
from geo.airspace import Area, Geozone
from geo.flight import FlightPlan
from geo.position import Position
from geo.schedule import EVERY_DAY, Hours, SunEvent
from geo.wind import Wind
from geo.wing import Wing

TYPES = sorted(
    {value for value in vars(model).values() if inspect.isclass(value) and is_dataclass(value)},
    key=lambda type_: type_.__name__,
)
"""Every dataclass that the model defines or uses: a new one is tested from its first day."""

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
positive = st.floats(min_value=1e-3, max_value=1e6)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type, as its annotations declare it."""
    if hint in SPECIAL:
        return SPECIAL[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is not None:  # a mapping
        plain = st.dictionaries(st.text(max_size=5), values_of(arguments[1]), max_size=3)
        return plain | plain.map(MappingProxyType)
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: values_of(hints[field.name]) for field in fields(hint)})


SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    types.NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(),
    float: numbers,
    str: st.text(max_size=8),
    Position: st.builds(Position, st.floats(-180, 180), st.floats(-90, 90)),
    Wind: st.builds(Wind, st.floats(0, 60), st.floats(-720, 720), st.floats(0, 80)),
}
SPECIAL[Hours] = st.builds(
    Hours,
    days=st.lists(st.sampled_from(EVERY_DAY), min_size=1, max_size=7, unique=True).map(tuple),
    start=st.floats(0, 86_399) | st.sampled_from(SunEvent),
    end=st.floats(0, 86_400) | st.sampled_from(SunEvent),
    time_zone=st.sampled_from(["UTC", "Europe/Oslo", "+08:00"]),
    from_s=st.none() | numbers,
    until_s=st.none() | numbers,
)
SPECIAL[Wing] = st.builds(Wing, **{field.name: positive for field in fields(Wing)})


def airframes(kind: str, wing: st.SearchStrategy[Wing | None]) -> st.SearchStrategy[Airframe]:
    """Airframes of one kind."""
    return st.builds(
        Airframe,
        **{
            name: positive if hint is float else values_of(hint)
            for name, hint in get_type_hints(Airframe).items()
            if name not in ("kind", "wing", "reserve_share", "camera_half_angle_deg", "held_share", "cold")
        },
        kind=st.just(kind),
        wing=wing,
        reserve_share=st.floats(0, 0.9),
        held_share=st.floats(0.1, 1.0),
        cold=st.dictionaries(numbers, st.floats(0.1, 1.0), min_size=1, max_size=3).map(
            lambda d: tuple(sorted(d.items()))
        ),
        camera_half_angle_deg=st.floats(1, 89),
    )


SPECIAL[Airframe] = airframes("multirotor", st.none()) | airframes("vtol", SPECIAL[Wing])

any_value = st.sampled_from(TYPES).flatmap(lambda type_: st.tuples(st.just(type_), values_of(type_)))


def tree(value: Any) -> Any:
    """What the standard library would write."""
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        return {name: as_declared(tree(getattr(value, name)), hints[name]) for name in hints}
    if isinstance(value, tuple):
        return [tree(item) for item in value]
    if isinstance(value, dict | MappingProxyType):
        return {key: tree(item) for key, item in value.items()}
    return value


def as_declared(value: Any, hint: Any) -> Any:
    """Whole numbers in the place of a float are floats."""
    floats = float in (hint, *get_args(hint))
    return value + 0.0 if floats and isinstance(value, int | float) else value


def test_the_model_is_covered() -> None:
    assert {model.Situation, model.Decision, model.Sortie, FlightPlan, Geozone, Airframe} <= set(TYPES)


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
def test_every_type_comes_back_equal_and_is_written_the_same_again(type_: type[Any]) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(values_of(type_))
    def check(value: Any) -> None:
        text = to_json(value)
        again = from_json(type_, text)
        assert again == value
        assert to_json(again) == text
        assert fingerprint(again) == fingerprint(value) == fingerprint_of_json(text)

    check()


@settings(suppress_health_check=list(HealthCheck))
@given(values_of(model.DroneState) | values_of(model.Clocks) | values_of(model.Option).filter(lambda o: not o.out))
def test_the_text_is_the_standard_librarys_canonical_one(value: Any) -> None:
    expected = json.dumps(tree(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert to_json(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_to_the_last_bit(number: float) -> None:
    read = from_json(float, to_json(number))
    assert read == number
    assert to_json(read) == repr(number + 0.0)


def test_equal_values_have_equal_bytes() -> None:
    @dataclass(frozen=True)
    class Sample:
        at_s: float
        words: Any

    one = Sample(5.0, {"a": 1, "b": (0.0, "火")})
    assert to_json(one) == '{"at_s":5.0,"words":{"a":1,"b":[0.0,"火"]}}'
    for other in (
        Sample(5, {"b": (-0.0, "火"), "a": 1}),
        Sample(np.float64(5), MappingProxyType({"b": (0.0, "火"), "a": 1})),
        Sample(5.0, {"a": 1, "b": [0.0, "火"]}),
    ):
        assert fingerprint(other) == fingerprint(one)
    # a changed rule of writing would orphan every decision stored so far
    assert fingerprint(one) == "f0948af24bac1639bf532120f16ce19d3a1abbb9ab7226162a1eb3a42b14a183"


def test_a_ring_is_not_taken_for_another_that_had_its_place_in_memory() -> None:
    for shift in range(3000):
        ring = tuple((121.0 + shift, 31.0 + corner) for corner in range(3))
        zone = Geozone(id="z", name="z", ground=Area(outline=ring))
        assert json.loads(to_json(zone))["ground"]["outline"] == [list(corner) for corner in ring]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_is_refused(number: float) -> None:
    with pytest.raises(CodecError, match=r"nan|inf"):
        to_json(model.Clocks(reported_at_s=number))


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(CodecError, match="not valid Unicode"):
        to_json({"note": "\ud800"})
    with pytest.raises(CodecError, match="complex"):
        to_json((1j,))
    with pytest.raises(CodecError, match="a dict with a part"):
        to_json({1: "a", "b": "c"})
    with pytest.raises(CodecError, match="a Clocks with a part"):
        to_json(model.Clocks(reported_at_s="noon"))  # type: ignore[arg-type]


def test_what_cannot_be_read_is_named() -> None:
    with pytest.raises(CodecError, match=r"not a Clocks: reported_at_s: .*number"):
        from_json(model.Clocks, '{"reported_at_s":"5"}')
    with pytest.raises(CodecError, match="not a Clocks: the whole text"):
        from_json(model.Clocks, "{")
    with pytest.raises(CodecError, match=r"not a Position: .*swapped"):
        from_json(Position, '{"longitude_deg":31.2,"latitude_deg":121.4}')
    with pytest.raises(CodecError, match=r"not a Position: .* \(and 1 more\)"):
        from_json(Position, "{}")


def test_an_earlier_versions_text_can_be_read() -> None:
    assert from_json(model.Clocks, '{"reported_at_s":1,"gone_at_s":2}') == model.Clocks(reported_at_s=1.0)


def test_plain_words_and_mappings_need_no_type() -> None:
    order = {"who": "ann", "what": "release", "why": None, "times": (1, 2.5), "sure": True}
    assert to_json(order) == '{"sure":true,"times":[1,2.5],"what":"release","who":"ann","why":null}'
    assert from_json(dict, to_json(order))["who"] == "ann"
    assert to_json(model.IncidentStatus.ON_SCENE) == '"on_scene"'
