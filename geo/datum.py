"""Chinese map datums, converted at the door.

Chinese web maps do not publish WGS-84: GCJ-02 (Amap, Tencent, Google in China) shifts every point by some
hundred metres, BD-09 (Baidu) shifts GCJ-02 once more. The shift is a smooth formula, known from what its
users published (the same in eviltransform, coord-convert and gcoord); its inverse has no closed form and is
found here by fixed-point iteration, exact to rounding.

Where the shift applies is decided by the customary box round China (72.004°–137.8347° E, 0.8293°–55.8271° N)
on the *WGS-84* position; outside it all three datums are one. The box is wider than China: a map of Korea or
of western Japan that says GCJ-02 is shifted too, as the formula has it. At the box's edge, far from China's
border, the shift jumps from some hundred metres to none: every WGS-84 position in the box comes back exactly,
and a strip narrower than 2 km outside it, whose coordinates also are those of shifted points within, is read
as these.
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.position import Position

Degrees = NDArray[np.float64]

_WEST_DEG, _EAST_DEG = 72.004, 137.8347
_SOUTH_DEG, _NORTH_DEG = 0.8293, 55.8271
_EDGE_DEG = 1e-9  # rounding of the inverse must not push a point on the edge out of the box

_AXIS_M = 6378245.0  # Krasovsky 1940, on which the formula stands
_ECCENTRICITY2 = 0.00669342162296594323

_ROUNDS = 12
"""Rounds of the inverse: the shift changes by less than 3 % of a step, so a round gains 1.5 digits or
more."""


class DatumError(ValueError):
    """A datum unstated or unknown, or coordinates that are none; the message says which and why."""


class Datum(StrEnum):
    """What a pair of degrees is measured against."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


_SPELLINGS = {
    "WGS84": Datum.WGS84,
    "WGS1984": Datum.WGS84,
    "EPSG4326": Datum.WGS84,
    "4326": Datum.WGS84,
    "CRS84": Datum.WGS84,
    "OGCCRS84": Datum.WGS84,
    "URNOGCDEFCRSOGC13CRS84": Datum.WGS84,
    "URNOGCDEFCRSEPSG4326": Datum.WGS84,
    # China's own frame, the same earth within a metre (both follow the ITRF; plates have moved since 2000)
    "CGCS2000": Datum.WGS84,
    "EPSG4490": Datum.WGS84,
    "GCJ02": Datum.GCJ02,
    "GCJ": Datum.GCJ02,
    "火星坐标系": Datum.GCJ02,
    "BD09": Datum.BD09,
    "BD09LL": Datum.BD09,
}


def parse_datum(text: str | None) -> Datum:
    """The datum that ``text`` names, in any usual spelling ("wgs84", "EPSG:4326", "gcj02", "BD09LL", ...).

    Raises :class:`DatumError` for an unknown one, and for one that is not stated: it is never guessed.
    """
    if text is None or not text.strip():
        raise DatumError(
            "the datum is not stated: say WGS-84, GCJ-02 or BD-09; "
            "a wrong guess puts a drone up to 700 m away (GCJ-02) or 1.5 km (BD-09)"
        )
    word = "".join(letter for letter in text.upper() if letter.isalnum())
    if word not in _SPELLINGS:
        raise DatumError(f"unknown datum {text!r}: say WGS-84, GCJ-02 or BD-09 (degrees, not projected metres)")
    return _SPELLINGS[word]


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Degrees, Degrees]:
    """WGS-84 longitudes and latitudes of coordinates given in ``datum``; degrees, shapes as broadcast.

    Fixed point of ``w = given − shift(w)``; the error is rounding (some nanometres). Raises
    :class:`DatumError` for coordinates that are not finite or not on the earth.
    """
    given_lon, given_lat = _checked(lon, lat)
    shifted = _SHIFTED[datum]
    if shifted is None:
        return given_lon, given_lat
    true_lon, true_lat = given_lon, given_lat
    for _ in range(_ROUNDS):
        image_lon, image_lat = shifted(true_lon, true_lat)
        true_lon, true_lat = true_lon - (image_lon - given_lon), true_lat - (image_lat - given_lat)
    inside = _in_box(true_lon, true_lat)
    return np.where(inside, true_lon, given_lon), np.where(inside, true_lat, given_lat)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Degrees, Degrees]:
    """Coordinates in ``datum`` of WGS-84 longitudes and latitudes; degrees, shapes as broadcast.

    Raises :class:`DatumError` for coordinates that are not finite or not on the earth.
    """
    true_lon, true_lat = _checked(lon, lat)
    shifted = _SHIFTED[datum]
    if shifted is None:
        return true_lon, true_lat
    image_lon, image_lat = shifted(true_lon, true_lat)
    inside = _in_box(true_lon, true_lat)
    return np.where(inside, image_lon, true_lon), np.where(inside, image_lat, true_lat)


def position_of(lon: float, lat: float, datum: Datum) -> Position:
    """The WGS-84 position of one coordinate pair given in ``datum``.

    Raises :class:`geo.position.PositionError` for a pair that is no place on the earth.
    """
    given = Position(lon, lat)
    if datum is Datum.WGS84:
        return given
    longitudes, latitudes = to_wgs84(lon, lat, datum)
    return Position(float(longitudes), float(latitudes))


def _checked(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    longitudes, latitudes = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    try:
        longitudes, latitudes = np.broadcast_arrays(longitudes, latitudes)
    except ValueError as error:
        raise DatumError(f"{longitudes.shape} longitudes and {latitudes.shape} latitudes do not pair") from error
    good = (np.abs(longitudes) <= 180.0) & (np.abs(latitudes) <= 90.0)  # false for NaN
    if not good.all():
        k = int(np.argmin(good))
        pair = (float(longitudes.flat[k]), float(latitudes.flat[k]))
        raise DatumError(f"coordinate {k}: (longitude, latitude) = {pair} is no place on the earth")
    return longitudes.copy(), latitudes.copy()


def _in_box(lon: Degrees, lat: Degrees) -> NDArray[np.bool_]:
    east_west = (lon >= _WEST_DEG - _EDGE_DEG) & (lon <= _EAST_DEG + _EDGE_DEG)
    return east_west & (lat >= _SOUTH_DEG - _EDGE_DEG) & (lat <= _NORTH_DEG + _EDGE_DEG)


def _gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 of WGS-84; beyond the box the shift of its nearest edge, so that the inverse meets no pole."""
    held_lon, held_lat = np.clip(lon, _WEST_DEG, _EAST_DEG), np.clip(lat, _SOUTH_DEG, _NORTH_DEG)
    x, y = held_lon - 105.0, held_lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (
        waves
        + 20.0 * np.sin(np.pi * y)
        + 40.0 * np.sin(np.pi * y / 3.0)
        + 160.0 * np.sin(np.pi * y / 12.0)
        + 320.0 * np.sin(np.pi * y / 30.0)
    ) * (2.0 / 3.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (
        waves
        + 20.0 * np.sin(np.pi * x)
        + 40.0 * np.sin(np.pi * x / 3.0)
        + 150.0 * np.sin(np.pi * x / 12.0)
        + 300.0 * np.sin(np.pi * x / 30.0)
    ) * (2.0 / 3.0)
    phi = np.radians(held_lat)
    bend = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / (bend * np.sqrt(bend))
    parallel_m = _AXIS_M / np.sqrt(bend) * np.cos(phi)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 of WGS-84: Baidu's twist of GCJ-02 about (0°, 0°)."""
    x, y = _gcj02(lon, lat)
    wave = np.pi * 3000.0 / 180.0
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * wave)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * wave)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


_SHIFTED: dict[Datum, Callable[[Degrees, Degrees], tuple[Degrees, Degrees]] | None] = {
    Datum.WGS84: None,
    Datum.GCJ02: _gcj02,
    Datum.BD09: _bd09,
}
