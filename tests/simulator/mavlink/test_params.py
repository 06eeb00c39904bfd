"""Names, types and defaults are PX4's."""

import math
import struct

import pytest

from simulator.mavlink.params import (
    PARAMETERS,
    ParameterError,
    ParameterTable,
    as_float32,
    value_from_wire,
    wire_value,
)


@pytest.mark.parametrize(
    ("name", "kind", "default"),
    [
        ("COM_DL_LOSS_T", "int", 10),
        ("GF_ACTION", "int", 2),
        ("MIS_TAKEOFF_ALT", "float", 2.5),
        ("MPC_XY_CRUISE", "float", 5.0),
        ("MPC_XY_VEL_MAX", "float", 12.0),
        ("NAV_DLL_ACT", "int", 0),
        ("RTL_RETURN_ALT", "float", 30.0),
        ("BAT_LOW_THR", "float", as_float32(0.15)),
    ],
)
def test_defaults_and_types(name: str, kind: str, default: float) -> None:
    table = ParameterTable()
    assert PARAMETERS[table.index(name)].kind == kind
    assert table[name] == pytest.approx(default)


def test_names_fit_the_wire_and_are_numbered_by_name() -> None:
    names = [parameter.name for parameter in PARAMETERS]
    assert names == sorted(set(names))
    assert max(map(len, names)) <= 16


def test_an_integer_travels_bytewise() -> None:
    parameter = PARAMETERS[ParameterTable.index("COM_DL_LOSS_T")]
    assert struct.pack("<f", wire_value(parameter, 10)) == struct.pack("<i", 10)
    assert value_from_wire("int", wire_value(parameter, 10)) == 10


def test_setting_rounds_to_single_precision_and_counts() -> None:
    table = ParameterTable()
    before = table.version
    table.set("MPC_XY_CRUISE", 14.1)
    assert table["MPC_XY_CRUISE"] == as_float32(14.1)
    assert table.version == before + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("NO_SUCH", 1.0), ("COM_DL_LOSS_T", 1.5), ("MPC_XY_CRUISE", math.nan), ("COM_DL_LOSS_T", 2**40)],
)
def test_what_does_not_fit_is_refused(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=name):
        ParameterTable({name: value})
