"""How near aircraft came to each other, on tracks whose nearest moment is arithmetic."""

import math

import numpy as np
import pytest

from geo.separation import MOST_SILENT_S, Track, closest_approach, closest_approaches

Place = tuple[float, float, float]


def straight(
    name: str, start: tuple[float, float, float], velocity: tuple[float, float, float], **when: float
) -> Track:
    """A track of one sample a second along a straight line."""
    at_s = np.arange(when.get("from_s", 0.0), when.get("until_s", 60.0) + 0.5)
    places = np.array(start) + (at_s - at_s[0])[:, None] * np.array(velocity)
    return Track.of(name, np.column_stack([at_s, places]))


def test_two_that_cross_at_one_height_are_nearest_between_their_samples() -> None:
    one = straight("A", (-205.0, 0.0, 60.0), (20.0, 0.0, 0.0))
    other = straight("B", (0.0, -205.0, 60.0), (0.0, 20.0, 0.0))
    met = closest_approach(one, other)
    assert met is not None
    assert met.at_s == pytest.approx(10.25, abs=0.051)
    assert met.horizontal_m < 1.5
    assert met.too_near


@pytest.mark.parametrize(("gap_s", "too_near"), [(2.0, True), (2.2, False)])
def test_one_behind_the_other_on_crossing_ways_is_as_far_as_arithmetic_says(gap_s: float, too_near: bool) -> None:
    """At 20 m/s on crossing courses with a gap of g seconds the nearest distance is 20 g / √2."""
    one = straight("A", (-400.0, 0.0, 60.0), (20.0, 0.0, 0.0))
    other = straight("B", (0.0, -400.0 - 20.0 * gap_s, 60.0), (0.0, 20.0, 0.0))
    met = closest_approach(one, other)
    assert met is not None
    assert met.horizontal_m == pytest.approx(20.0 * gap_s / math.sqrt(2), abs=0.2)
    assert met.too_near is too_near


def test_height_alone_parts_two_over_one_place() -> None:
    apart = closest_approach(straight("A", (0, 0, 60.0), (0, 0, 0)), straight("B", (0, 0, 71.0), (0, 0, 0)))
    assert apart is not None
    assert (apart.horizontal_m, apart.vertical_m) == (0.0, 11.0)
    assert apart.share == pytest.approx(1.1)


def test_only_while_both_are_in_the_air_and_heard() -> None:
    here = straight("A", (0, 0, 60.0), (0, 0, 0), until_s=20.0)
    assert closest_approach(here, straight("B", (0, 0, 60.0), (0, 0, 0), from_s=21.0)) is None
    landed_between = Track.of("B", [(-5, 0, 0, 60.0), (-4, 0, 0, 60.0), (40, 0, 0, 60.0), (41, 0, 0, 60.0)])
    assert landed_between.at_s[2] - landed_between.at_s[1] > MOST_SILENT_S
    assert closest_approach(here, landed_between) is None
    assert closest_approach(here, Track.of("C", [])) is None


def test_every_pair_is_told_the_nearest_first() -> None:
    tracks = [straight(name, (east, 0, 60.0), (0, 0, 0)) for name, east in (("A", 0.0), ("B", 100.0), ("C", 140.0))]
    told = closest_approaches(tracks)
    assert [(a.one, a.other) for a in told] == [("B", "C"), ("A", "B"), ("A", "C")]
    assert "B and C: 40.0 m" in str(told[0])


def test_the_order_of_the_two_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    walks = [np.column_stack([np.arange(50), rng.normal(0, 20, (50, 3)).cumsum(axis=0)]) for _ in range(2)]
    one, other = Track.of("A", walks[0]), Track.of("B", walks[1])
    there, back = closest_approach(one, other), closest_approach(other, one)
    assert there is not None
    assert back is not None
    assert (there.at_s, there.horizontal_m, there.vertical_m) == (back.at_s, back.horizontal_m, back.vertical_m)


def test_a_track_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="'A': its instants must rise"):
        Track.of("A", [(1, 0, 0, 0), (1, 0, 0, 0)])
    with pytest.raises(ValueError, match="'A': its arrays"):
        Track("A", np.zeros(2), np.zeros(1), np.zeros(2), np.zeros(2))
