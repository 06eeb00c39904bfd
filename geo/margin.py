"""The margin round closed ground: all that is nearer than so many metres, with tangents for its round corners.

A margin's true rim is straight along an edge and an arc about a corner. Ways are straight legs between corners, so the
arc is replaced by tangents to it: nothing that the margin holds is left out, and a way round the corner is longer than
one along the arc by what stands out.
"""

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

MARGIN_EXCESS_M = 2.0
"""Tangents meet no farther than this beyond the margin."""

WIDEST_TURN_RAD = math.pi / 2
"""A tangent turns no farther than this from the next, however narrow the margin."""

LEAST_MARGIN_M = 1e-3
"""A margin is at least this wide: widening by next to nothing, GEOS loses the ground itself."""

STRAIGHT_RAD = 1e-6
"""A corner that turns less than this has no arc to speak of."""

Points = NDArray[np.float64]


def widened(ground: BaseGeometry, margin_m: float) -> BaseGeometry:
    """``ground`` (polygons) and all within ``margin_m`` of it, in the same metres.

    GEOS widens with bevelled corners. Each corner at which the ground is convex then gets a fan: where it turns by θ,
    ⌈θ/φ⌉ tangents to the arc about it, with φ such that they stand out by ``MARGIN_EXCESS_M`` at most.
    """
    if margin_m <= 0.0 or ground.is_empty:
        return ground.buffer(0.0)  # what has no ground closes none
    margin_m = max(margin_m, LEAST_MARGIN_M)
    step_rad = min(WIDEST_TURN_RAD, 2 * math.acos(margin_m / (margin_m + MARGIN_EXCESS_M)))
    pieces: list[BaseGeometry] = [ground.buffer(margin_m, join_style="bevel")]
    for part in shapely.get_parts(ground):
        whole = orient(part)  # the ground lies on the left of its rings
        for ring in (whole.exterior, *whole.interiors):
            corners = np.asarray(ring.coords)[:-1]
            corners = corners[np.any(corners != np.roll(corners, 1, axis=0), axis=1)]
            pieces += _fans(corners, margin_m, step_rad)
    return shapely.union_all(pieces)


def _fans(corners: Points, margin_m: float, step_rad: float) -> list[BaseGeometry]:
    edges = np.roll(corners, -1, axis=0) - corners
    along = edges / np.hypot(edges[:, 0], edges[:, 1])[:, None]
    after = np.stack([along[:, 1], -along[:, 0]], axis=1)  # square to the edge that leaves, away from the ground
    before = np.roll(after, 1, axis=0)
    left = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns_rad = np.arctan2(left, (before * after).sum(axis=1))
    return [
        shapely.Polygon([corner, *(corner + margin_m * _arc(first, turn_rad, step_rad))])
        for corner, first, turn_rad in zip(corners, before, turns_rad, strict=True)
        if turn_rad > STRAIGHT_RAD
    ]


def _arc(first: Points, turn_rad: float, step_rad: float) -> Points:
    """An arc of radius 1 that begins at ``first`` [2] and turns left: its ends, between them where tangents meet."""
    count = math.ceil(turn_rad / step_rad - 1e-9)
    share_rad = turn_rad / count
    angles = math.atan2(first[1], first[0]) + np.array([0.0, *(share_rad * (np.arange(count) + 0.5)), turn_rad])
    reach = np.array([1.0, *([1.0 / math.cos(share_rad / 2)] * count), 1.0])
    points: Points = reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points
