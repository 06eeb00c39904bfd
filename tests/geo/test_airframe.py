"""Airframes out of TOML: every wrong field is refused by name."""

import dataclasses
import math
from typing import Any, get_type_hints

import pytest

from geo.airframe import Airframe, AirframeError, parse_airframes

GOOD: dict[str, Any] = {
    "kind": "multirotor",
    "speed_mps": 20.0,
    "airspeed_mps": 24,
    "acceleration_mps2": 4.0,
    "climb_mps": 5.0,
    "descent_mps": 4.0,
    "takeoff_mps": 5.0,
    "landing_mps": 1.0,
    "dock_s": 6.0,
    "arm_s": 2.0,
    "battery_wh": 150.0,
    "reserve_share": 0.2,
    "hover_w": 180.0,
    "cruise_w": 210.0,
    "climb_w": 300.0,
    "charge_w": 400.0,
    "wind_limit_mps": 12.0,
    "rain_limit_mm_h": 4.0,
    "sensors": ["visible", "thermal"],
    "camera_half_angle_deg": 30.0,
    "source": "made up",
    "jerk_mps3": 12.0,
    "held_share": 1.0,
    "lift_s": 0.0,
    "start_s": 0.0,
    "touch_s": 0.0,
    "slew_s": 0.0,
    "dock_sd_s": 0.5,
    "arm_sd_s": 0.25,
    "climb_sd_share": 0.1,
    "speed_sd_share": 0.02,
    "power_sd_share": 0.04,
    "cold": [[-10.0, 0.5], [10.0, 1.0]],
}
MAY_BE_LEFT_OUT = {
    field.name: field.default for field in dataclasses.fields(Airframe) if field.default is not dataclasses.MISSING
}
NUMBERS = [name for name, hint in get_type_hints(Airframe).items() if hint is float]
MAY_BE_ZERO = {
    *("dock_s", "arm_s", "lift_s", "start_s", "touch_s", "slew_s", "reserve_share"),
    *("wind_limit_mps", "rain_limit_mm_h"),
    *("dock_sd_s", "arm_sd_s", "climb_sd_share", "speed_sd_share", "power_sd_share"),
}


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(toml(item) for item in value)}]"
    return str(value)


def as_tuples(value: object) -> object:
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value


def table(**changes: object) -> str:
    fields = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    return "[quad]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in fields.items())


def test_the_table_of_these_tests_has_every_field() -> None:
    assert set(GOOD) == {field.name for field in dataclasses.fields(Airframe)} - {"name", "wing"}


def test_a_good_table_is_read_as_it_stands() -> None:
    quad = parse_airframes(table())["quad"]
    assert quad.name == "quad"
    for key, value in GOOD.items():
        assert getattr(quad, key) == as_tuples(value)
    assert isinstance(quad.airspeed_mps, float)


def test_several_tables_are_several_airframes() -> None:
    both = parse_airframes(table() + "\n" + table(speed_mps=9.0).replace("[quad]", "[other]"))
    assert {name: frame.speed_mps for name, frame in both.items()} == {"quad": 20.0, "other": 9.0}
    assert parse_airframes("") == {}


@pytest.mark.parametrize("field", MAY_BE_LEFT_OUT)
def test_a_field_with_a_default_may_be_left_out(field: str) -> None:
    assert getattr(parse_airframes(table(**{field: None}))["quad"], field) == MAY_BE_LEFT_OUT[field]


@pytest.mark.parametrize("field", sorted(set(GOOD) - set(MAY_BE_LEFT_OUT)))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(AirframeError, match=rf"'quad'.*{field} is missing"):
        parse_airframes(table(**{field: None}))


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("wrong", ["fast", True, [1.0], -1, math.nan, math.inf, -math.inf, 10**400], ids=str)
def test_a_wrong_number_is_named(field: str, wrong: object) -> None:
    with pytest.raises(AirframeError, match=rf"'quad'.*{field} = "):
        parse_airframes(table(**{field: wrong}))


@pytest.mark.parametrize("field", sorted(set(NUMBERS) - MAY_BE_ZERO))
def test_zero_is_no_speed_power_or_angle(field: str) -> None:
    with pytest.raises(AirframeError, match=rf"'quad'.*{field} = 0.0"):
        parse_airframes(table(**{field: 0}))


@pytest.mark.parametrize("field", sorted(MAY_BE_ZERO))
def test_what_may_be_zero(field: str) -> None:
    assert getattr(parse_airframes(table(**{field: 0}))["quad"], field) == 0.0


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("reserve_share", 1.0),
        ("camera_half_angle_deg", 90.0),
        ("held_share", 1.01),
        ("kind", "balloon"),
        ("kind", 4),
        ("source", 1),
        ("sensors", "visible"),
        ("sensors", [1]),
        ("cold", 1),
        ("cold", []),
        ("cold", [[0.0]]),
        ("cold", [[0.0, "much"]]),
        ("cold", [[0.0, 1.1]]),
        ("cold", [[0.0, 0.0]]),
        ("cold", [[10.0, 1.0], [0.0, 0.9]]),
    ],
)
def test_a_value_outside_its_range_or_type_is_named(field: str, wrong: object) -> None:
    with pytest.raises(AirframeError, match=rf"'quad'.*{field} = "):
        parse_airframes(table(**{field: wrong}))


@pytest.mark.parametrize("key", ["speed", "name", "Speed_mps"])
def test_an_unknown_field_is_named(key: str) -> None:
    with pytest.raises(AirframeError, match=f"'quad'.*unknown field '{key}'"):
        parse_airframes(table() + f'\n{key} = "x"')


def test_what_is_no_table_or_no_toml_is_refused() -> None:
    with pytest.raises(AirframeError, match=r"'quad'.*expected a table"):
        parse_airframes("quad = 3")
    with pytest.raises(AirframeError, match="not valid TOML"):
        parse_airframes("[quad")


def test_the_footprint_grows_with_height() -> None:
    quad = parse_airframes(table(camera_half_angle_deg=45.0))["quad"]
    assert quad.footprint_radius_m(60.0) == pytest.approx(60.0)
    assert quad.footprint_radius_m(0.0) == 0.0


def test_cold_takes_energy_in_between_and_no_more_beyond_the_table() -> None:
    quad = parse_airframes(table(cold=[[-10.0, 0.5], [10.0, 1.0]]))["quad"]
    assert [quad.capacity_share(celsius) for celsius in (-30, -10, 0, 10, 40)] == [0.5, 0.5, 0.75, 1.0, 1.0]
