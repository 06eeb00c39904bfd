"""Scenes: at every instant the one that holds closes what the kernel closes, and flies who may fly."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.placement import Blow
from dispatch.sky import zones_now
from geo.airspace import Circle, Geozone, Grant
from geo.schedule import Hours, SunEvent
from geo.wind import Wind
from simulator.city.weather import Weather, WeatherError, drawn, read_weather, steady, timeline
from tests.dispatch.worlds import CENTRE, LIFTER, QUAD, RULES, situation

FROM_S = 1_742_601_600.0  # 2025-03-22 00:00 UTC, a week before Berlin's clocks change
WEEKS_S = 14 * 86_400.0


def zone(id_: str, **other: Any) -> Geozone:
    return Geozone(id=id_, name=id_, ground=Circle(centre=CENTRE, radius_m=300.0), **other)


ZONES = (
    zone("always"),
    zone("school", hours=(Hours(days=("MON", "TUE"), start=7.5 * 3600, end=16 * 3600, time_zone="Europe/Berlin"),)),
    zone("night", hours=(Hours(start=SunEvent.SUNSET, end=SunEvent.SUNRISE),)),
    zone("fair", valid_from_s=FROM_S + 100_000, valid_until_s=FROM_S + 200_123),
    zone("port", kind="authorisation"),
    zone("in", kind="inclusion", hours=(Hours(days=("SAT",), start=0.0, end=43_200.0),)),
    zone("high", floor_m=5000.0),
)
GRANT = Grant(id="g", zone_id="port", authority="a", reference="r", from_s=FROM_S + 50_000, until_s=FROM_S + 90_000)
WORLD = replace(situation(zones=ZONES), grants=MappingProxyType({"g": GRANT}))
TIMELINE = timeline(WORLD, steady(WORLD, 0.0), FROM_S, FROM_S + WEEKS_S)


@settings(max_examples=300)
@given(after_s=st.floats(0.0, WEEKS_S, exclude_max=True))
def test_a_scene_closes_what_the_kernel_closes_then(after_s: float) -> None:
    scene = TIMELINE.scenes[int(TIMELINE.at(FROM_S + after_s))]
    now = zones_now(replace(WORLD, now_s=FROM_S + after_s))
    assert scene.zones == now
    assert zones_now(scene.of(WORLD)) == now


def test_it_changes_to_the_second_and_scenes_come_back() -> None:
    horizon_s = RULES.zone_horizon_s
    edges_s = (100_000 - horizon_s, 200_123, 50_000, 90_000 - horizon_s)  # the fair, the port's grant
    for edge_s in edges_s:
        before, after = TIMELINE.at(np.array([FROM_S + edge_s - 0.5, FROM_S + edge_s]))
        assert before != after
    assert (np.diff(TIMELINE.starts_s) > 0).all()
    assert (np.diff(TIMELINE.scene) != 0).all()
    assert len(TIMELINE.scenes) < len(TIMELINE.starts_s) / 3
    assert sorted(set(TIMELINE.scene.tolist())) == list(range(len(TIMELINE.scenes)))


# --- weather ---


def hours(count: int, seed: int = 0) -> Weather:
    chance = np.random.default_rng(seed)
    speed_mps = chance.gamma(2.0, 3.0, count)
    return Weather(
        starts_s=FROM_S + np.arange(count) * 3600.0,
        wind_from_deg=chance.uniform(0, 360, count),
        wind_speed_mps=speed_mps,
        gust_mps=speed_mps * 1.3,
        rain_mm_h=chance.exponential(1.0, count) * (chance.random(count) < 0.3),
        temperature_c=10 + 10 * np.sin(np.arange(count) / 24 * 2 * np.pi),
    )


@pytest.mark.parametrize("weathers", [1, 8, 24])
def test_hours_of_like_weather_share_a_scene_and_no_limit_is_passed_by_that(weathers: int) -> None:
    slow = replace(LIFTER, wind_limit_mps=QUAD.wind_limit_mps / 2, rain_limit_mm_h=QUAD.rain_limit_mm_h / 2)
    world = situation(airframes=(QUAD, slow))
    weather = hours(2000)
    line = timeline(world, weather, FROM_S, FROM_S + 2000 * 3600.0, weathers=weathers)
    scenes = [line.scenes[k] for k in line.at(weather.starts_s)]
    assert len(line.scenes) <= weathers + 9  # the three classes of wind and of rain
    for airframe in (QUAD, slow):
        flies = (weather.wind_speed_mps <= airframe.wind_limit_mps) & (weather.rain_mm_h <= airframe.rain_limit_mm_h)
        assert flies.tolist() == [
            one.wind.speed_mps <= airframe.wind_limit_mps and one.rain_mm_h <= airframe.rain_limit_mm_h
            for one in scenes
        ]
    for name, told in (
        ("wind_speed_mps", [one.wind.speed_mps for one in scenes]),
        ("rain_mm_h", [one.rain_mm_h for one in scenes]),
    ):
        assert np.mean(told) == pytest.approx(getattr(weather, name).mean())
    apart_deg = (np.array([one.wind.from_deg for one in scenes]) - weather.wind_from_deg + 180) % 360 - 180
    strong = (weather.wind_speed_mps > 5) & (weather.wind_speed_mps <= slow.wind_limit_mps)
    if weathers == 24:
        assert np.median(np.abs(apart_deg[strong])) < 40


def test_few_weathers_stay_as_they_are() -> None:
    rose = (Blow(wind=Wind(3.0, 90.0), share=1.0), Blow(wind=Wind(6.0, 200.0, 9.0), share=3.0))
    weather = drawn(rose, WORLD, FROM_S, FROM_S + 4000 * 3600.0, seed=1, held_h=4.0)
    world = situation()
    line = timeline(world, weather, FROM_S, FROM_S + 4000 * 3600.0)
    found = {(one.wind.speed_mps, round(one.wind.from_deg, 9), one.wind.gust_mps) for one in line.scenes}
    assert found == {(3.0, 90.0, 0.0), (6.0, 200.0, 9.0)}
    strong = weather.wind_speed_mps == 6.0
    assert strong.mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 * 7 / 4000))  # a wind lasts: 7 for 1 hour
    # a new draw every four hours is another wind in 3/8 of them
    assert np.mean(strong[1:] != strong[:-1]) == pytest.approx(0.25 * 0.375, rel=0.2)
    shorter = drawn(rose, WORLD, FROM_S, FROM_S + 100 * 3600.0, seed=1, held_h=4.0)
    assert shorter.wind_speed_mps.tolist() == weather.wind_speed_mps[:100].tolist()
    assert (
        drawn(rose, WORLD, FROM_S, FROM_S + 4e6, seed=2).wind_speed_mps[:100].tolist()
        != shorter.wind_speed_mps.tolist()
    )


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str) -> Path:
        path = tmp_path / "weather.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def test_a_file_tells_weather_by_the_hour(file_of: Callable[..., Path]) -> None:
    path = file_of(
        "hour_utc,wind_from_deg,wind_speed_mps,gust_mps,rain_mm_h,temperature_c",
        "2025-03-22T01:00:00Z,180,4,7,0.5,-3",
        "2025-03-22T00:00:00Z,350,12.5,,0,5",
    )
    weather = read_weather(path)
    assert weather.starts_s.tolist() == [FROM_S, FROM_S + 3600]
    assert weather.wind_speed_mps.tolist() == [12.5, 4.0]
    assert weather.gust_mps.tolist() == [0.0, 7.0]
    assert weather.temperature_c.tolist() == [5.0, -3.0]
    path.write_text(path.read_text().replace(",0,5", ",,5"))
    with pytest.raises(WeatherError, match="row 2: rain_mm_h = None"):
        read_weather(path)
    line = timeline(situation(), weather, FROM_S + 60, FROM_S + 3 * 3600)
    assert line.starts_s.tolist() == [FROM_S + 60, FROM_S + 3600]
    wind = line.scenes[1].wind
    assert (wind.speed_mps, wind.from_deg, wind.gust_mps) == pytest.approx((4.0, 180.0, 7.0))


def test_local_hours_and_what_is_left_out(file_of: Callable[..., Path]) -> None:
    path = file_of("time,wind_from_deg,wind_speed_mps", "2025-03-22 01:00,10,2", "2025-03-22 02:00,20,3")
    weather = read_weather(path, time_zone="Europe/Berlin")
    assert weather.starts_s.tolist() == [FROM_S, FROM_S + 3600]
    assert (weather.gust_mps.tolist(), weather.rain_mm_h.tolist(), weather.temperature_c.tolist()) == (
        [0, 0], [0, 0], [20, 20],
    )  # fmt: skip


AT, LATER = "2025-03-22T00:00:00Z", "2025-03-22T07:00:00Z"


@pytest.mark.parametrize(
    ("header", "rows", "why"),
    [
        ("time,wind_speed_mps", (f"{AT},3",), "no column wind_from_deg"),
        ("wind_from_deg,wind_speed_mps", ("10,3",), "no column time"),
        ("time,wind_from_deg,wind_speed_mps", (f"{AT},10,-3",), "row 1: wind_speed_mps = '-3'"),
        ("time,wind_from_deg,wind_speed_mps", ("soon,10,3",), "row 1: time = 'soon'"),
        ("time,wind_from_deg,wind_speed_mps", (f"{AT},10,3", f"{AT},10,3"), "row 2: .*twice"),
        ("time,wind_from_deg,wind_speed_mps", (f"{AT},10,3", f"{LATER},10,3"), "row 1: more than 6 h"),
        ("time,wind_from_deg,wind_speed_mps", (), "no row"),
    ],
)
def test_a_bad_file_is_refused_with_its_row(
    file_of: Callable[..., Path], header: str, rows: tuple[str, ...], why: str
) -> None:
    with pytest.raises(WeatherError, match=why):
        read_weather(file_of(header, *rows))


def test_an_unknown_time_zone_is_refused(file_of: Callable[..., Path]) -> None:
    with pytest.raises(WeatherError, match="'Mars/Olympus' is not known"):
        read_weather(file_of("time,wind_from_deg,wind_speed_mps", f"{AT},10,3"), time_zone="Mars/Olympus")


def test_a_span_without_weather_is_refused() -> None:
    with pytest.raises(WeatherError, match="the weather is known from"):
        timeline(situation(), hours(24), FROM_S, FROM_S + 40 * 3600)
    with pytest.raises(WeatherError, match="the weather is known from"):
        timeline(situation(), hours(24), FROM_S - 1, FROM_S + 3600)
    with pytest.raises(WeatherError, match="0 winds"):
        drawn((), situation(), FROM_S, FROM_S + 3600, seed=1)
