"""The parameters of one vehicle under PX4's own names, types and defaults.

Types are part of the contract: a ground station that reads the integer ``COM_DL_LOSS_T`` as a float gets
"wrong type" from PX4, and must get it here. Defaults are those of PX4 1.16 with its multicopter and SITL
start-up scripts (which is where RTL_RETURN_ALT 30, RTL_DESCEND_ALT 10 and COM_LOW_BAT_ACT 3 come from).
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["int", "float"]


class ParameterError(ValueError):
    """A parameter that does not exist or a value that does not fit its type."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of the table: PX4's name, its wire type (INT32 or REAL32) and its default."""

    name: str
    kind: Kind
    default: float


def _ints(**defaults: int) -> list[Parameter]:
    return [Parameter(name, "int", value) for name, value in defaults.items()]


def _floats(**defaults: float) -> list[Parameter]:
    return [Parameter(name, "float", value) for name, value in defaults.items()]


PARAMETERS: tuple[Parameter, ...] = tuple(
    sorted(
        [
            *_ints(
                COM_DLL_EXCEPT=0,
                COM_DL_LOSS_T=10,
                COM_HOME_EN=1,
                COM_LOW_BAT_ACT=3,
                COM_RC_IN_MODE=1,
                GF_ACTION=2,
                GF_PREDICT=0,
                MAV_SYS_ID=1,
                MAV_TYPE=2,
                MIS_TKO_LAND_REQ=0,
                NAV_DLL_ACT=0,
                NAV_RCL_ACT=2,
                RTL_CONE_ANG=45,
                RTL_TYPE=0,
                SYS_AUTOSTART=10040,
            ),
            *_floats(
                BAT_CRIT_THR=0.07,
                BAT_EMERGEN_THR=0.05,
                BAT_LOW_THR=0.15,
                COM_DISARM_LAND=2.0,
                COM_DISARM_PRFLT=10.0,
                COM_FAIL_ACT_T=5.0,
                COM_SPOOLUP_TIME=1.0,
                FW_AIRSPD_MAX=20.0,
                FW_AIRSPD_TRIM=15.0,
                GF_MAX_HOR_DIST=0.0,
                GF_MAX_VER_DIST=0.0,
                MC_ORBIT_RAD_MAX=1000.0,
                MIS_DIST_1WP=10_000.0,
                MIS_TAKEOFF_ALT=2.5,
                MIS_YAW_ERR=12.0,
                MIS_YAW_TMT=-1.0,
                MPC_ACC_DOWN_MAX=3.0,
                MPC_ACC_HOR=3.0,
                MPC_ACC_HOR_MAX=5.0,
                MPC_ACC_UP_MAX=4.0,
                MPC_JERK_AUTO=4.0,
                MPC_LAND_ALT1=10.0,
                MPC_LAND_ALT2=5.0,
                MPC_LAND_ALT3=1.0,
                MPC_LAND_CRWL=0.3,
                MPC_LAND_SPEED=0.7,
                MPC_TKO_RAMP_T=3.0,
                MPC_TKO_SPEED=1.5,
                MPC_XY_CRUISE=5.0,
                MPC_XY_TRAJ_P=0.5,
                MPC_XY_VEL_MAX=12.0,
                MPC_YAWRAUTO_MAX=60.0,
                MPC_Z_VEL_MAX_DN=1.5,
                MPC_Z_VEL_MAX_UP=3.0,
                MPC_Z_V_AUTO_DN=1.5,
                MPC_Z_V_AUTO_UP=3.0,
                NAV_ACC_RAD=10.0,
                NAV_MC_ALT_RAD=0.8,
                RTL_DESCEND_ALT=10.0,
                RTL_LAND_DELAY=0.0,
                RTL_MIN_DIST=10.0,
                RTL_RETURN_ALT=30.0,
            ),
        ],
        key=lambda parameter: parameter.name,
    )
)
_INDEX: dict[str, int] = {parameter.name: index for index, parameter in enumerate(PARAMETERS)}
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1


class ParameterTable:
    """The live values of one vehicle; ``version`` counts changes, so that a reader can keep a copy."""

    def __init__(self, overrides: Mapping[str, float] | None = None) -> None:
        self._values = [parameter.default for parameter in PARAMETERS]
        self.version = 0
        for name, value in (overrides or {}).items():
            self.set(name, value)

    def __getitem__(self, name: str) -> float:
        return self._values[self.index(name)]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[tuple[int, Parameter, float]]:
        """(index, parameter, value) of every entry, in the order in which PX4 numbers them (by name)."""
        return ((i, parameter, self._values[i]) for i, parameter in enumerate(PARAMETERS))

    @staticmethod
    def index(name: str) -> int:
        """The number of a parameter; raises :class:`ParameterError` for an unknown name."""
        try:
            return _INDEX[name]
        except KeyError:
            raise ParameterError(f"no parameter {name!r}") from None

    def set(self, name: str, value: float) -> None:
        """Give a parameter a value of its own type; raises :class:`ParameterError` otherwise."""
        parameter = PARAMETERS[self.index(name)]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ParameterError(f"{name} = {value!r} must be a number")
        if parameter.kind == "int":
            if value != int(value) or not _INT32_MIN <= value <= _INT32_MAX:
                raise ParameterError(f"{name} = {value!r} must be a 32-bit integer")
            value = int(value)
        else:
            value = as_float32(value)
        self._values[_INDEX[name]] = value
        self.version += 1


def as_float32(value: float) -> float:
    """``value`` as PX4 stores it: rounded to single precision."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def wire_value(parameter: Parameter, value: float) -> float:
    """The float whose four bytes PX4 puts on the wire: an integer travels bytewise, not converted."""
    if parameter.kind == "int":
        return float(struct.unpack("<f", struct.pack("<i", int(value)))[0])
    return value


def value_from_wire(kind: Kind, value: float) -> float:
    """The inverse of :func:`wire_value`."""
    if kind == "int":
        return int(struct.unpack("<i", struct.pack("<f", value))[0])
    return value
