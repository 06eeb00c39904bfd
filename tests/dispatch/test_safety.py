"""What holds while a sortie is under way: a legal way, weather within the limits, energy to come home."""

import dataclasses

import pytest
import shapely

from dispatch.events import (
    Assign,
    Fly,
    GrantRecorded,
    GrantRevoked,
    HoldHere,
    OrderError,
    Recall,
    Release,
    Resume,
    Ticked,
    Upload,
    WeatherChanged,
    ZoneLifted,
    ZoneRaised,
)
from dispatch.lifecycle import advance
from dispatch.mission import Mission, lines_of
from dispatch.model import IncidentStatus, SortieState
from geo.airspace import Area, Geozone, Grant
from geo.schedule import Hours
from geo.wind import CALM, Wind
from tests.dispatch.sky import ON_THE_WAY, Sky, sky_of, states_of, telemetry
from tests.dispatch.worlds import FRAME, at, base, box, drone, incident, situation

BASES = [base("B1", 0, 0), base("B2", 3000, 0)]
FLEET = [drone("D1", "B1"), drone("D2", "B2")]
CASE = incident("I1", 800, 0, watch_s=60.0)
WALL = box("Z", 400, -200, 450, 200)
ROUND_B1 = box("Z", -100, -100, 100, 100)


def two(state: SortieState = SortieState.DECIDED, **changes: object) -> Sky:
    """D1 is decided for I1 and in this state; D2 is farther away."""
    sky = sky_of(situation(BASES, FLEET), [dataclasses.replace(CASE, **changes)])  # type: ignore[arg-type]
    sky.until_state("D1", state)
    return sky


def raise_zone(sky: Sky, zone: Geozone) -> None:
    sky.give(ZoneRaised(at_s=sky.now_s, zone=zone))


def closed(zone: Geozone) -> shapely.Polygon:
    return shapely.Polygon(FRAME.to_xy(*zip(*zone.ground.outline, strict=True))).buffer(zone.margin_m - 0.01)


def flies_through(sky: Sky, drone_id: str, zone: Geozone) -> float:
    """Metres inside the zone on the way that the drone was told last."""
    last = next(c for c in reversed(sky.commands) if isinstance(c, Fly) and c.drone_id == drone_id)
    here = sky.vehicles[drone_id].state.position
    assert here is not None
    line = shapely.LineString([FRAME.xy(point) for point in (here, *last.points)])
    return float(shapely.intersection(line, closed(zone)).length)


def leaves_clear(mission: Mission, zone: Geozone) -> bool:
    lines = [shapely.LineString(FRAME.xy_of(line)) for line in lines_of(mission) if len(line) > 1]
    return bool(lines) and not any(line.intersects(closed(zone)) for line in lines)


def never_in(sky: Sky, drone_id: str, zone: Geozone, seconds: float) -> None:
    for _ in range(round(seconds)):
        sky.step()
        position = sky.vehicles[drone_id].state.position
        assert position is not None
        assert not shapely.intersects(closed(zone), shapely.Point(FRAME.xy(position)))


# ---------------------------------------------------------------- geozones


@pytest.mark.parametrize("state", sorted(ON_THE_WAY))
def test_a_zone_across_the_way_out_is_flown_round(state: SortieState) -> None:
    """Whether it is raised while the drone stands, climbs or flies."""
    sky = two(state)
    raise_zone(sky, WALL)
    assert sky.sortie("D1").out.distance_m > 850
    while sky.incident("I1").status is not IncidentStatus.ON_SCENE:
        never_in(sky, "D1", WALL, 1)
    assert states_of(sky.sortie("D1")).count(SortieState.EN_ROUTE) <= 2
    assert sky.orders("D2") == []


@pytest.mark.parametrize("state", [*sorted(ON_THE_WAY), SortieState.ON_SCENE])
def test_a_zone_over_the_scene_calls_off_whoever_serves_it(state: SortieState) -> None:
    sky = two(state)
    over = box("Z", 700, -100, 900, 100)
    raise_zone(sky, over)
    case = sky.incident("I1")
    assert case.status is IncidentStatus.OPEN
    assert "no_way" in case.waits_because
    assert sky.sortie("D1").incident_id is None
    sky.until(lambda: not sky.vehicles["D1"].state.in_air)
    sky.give(ZoneLifted(at_s=sky.now_s, zone_id="Z"))
    assert sky.incident("I1").status is IncidentStatus.ASSIGNED


def test_over_the_scene_it_leaves_the_zone_by_the_shortest_way() -> None:
    sky = two(SortieState.ON_SCENE)
    sky.until(lambda: sky.vehicles["D1"].state.ground_speed_mps == 0)
    over = box("Z", 700, -100, 900, 300)
    raise_zone(sky, over)
    assert sky.sortie("D1").state is SortieState.RETURNING
    assert flies_through(sky, "D1", over) == pytest.approx(110, abs=1)
    sky.until_state("D1", SortieState.CHARGING)


def test_a_zone_across_the_way_home_is_flown_round() -> None:
    sky = two(SortieState.ON_SCENE)
    sky.until(lambda: sky.vehicles["D1"].state.ground_speed_mps == 0)
    sky.give(Release(at_s=sky.now_s, incident_id="I1"))
    raise_zone(sky, WALL)
    while sky.sortie("D1").state is SortieState.RETURNING:
        never_in(sky, "D1", WALL, 1)
    assert sky.sortie("D1").home_base_id == "B1"


def test_a_zone_over_its_base_sends_it_to_another_with_a_free_dock() -> None:
    sky = two(SortieState.RETURNING)
    raise_zone(sky, ROUND_B1)
    assert sky.sortie("D1").home_base_id == "B2"
    sky.until_state("D1", SortieState.CHARGING)
    assert sky.incident("I1").status is IncidentStatus.CLOSED
    sky.give(ZoneLifted(at_s=sky.now_s, zone_id="Z"))
    sky.report(incident("I2", 2900, 300, watch_s=5.0), incident("I3", 2900, -300, watch_s=5.0))
    assert {sky.sortie(id_).incident_id for id_ in ("D1", "D2")} == {"I2", "I3"}  # from where it stands
    sky.until(lambda: not sky.situation.incidents)


def test_a_dock_that_somebody_stands_on_is_not_free() -> None:
    """D3 ended on B2's spare dock: D1 cannot go there too."""
    sky = two(SortieState.RETURNING)
    stranger = dataclasses.replace(sky.situation.states["D2"], drone_id="D3")
    start = dataclasses.replace(
        sky.situation,
        drones={**sky.situation.drones, "D3": drone("D3", "B1")},
        states={**sky.situation.states, "D3": stranger},
    )
    sky.situation = start
    raise_zone(sky, ROUND_B1)
    assert sky.sortie("D1").state is SortieState.RELEASED


def boxed_in() -> Sky:
    """Both bases are closed while D1 flies home: it has nowhere to go."""
    sky = two(SortieState.RETURNING)
    sky.run(5)
    raise_zone(sky, dataclasses.replace(ROUND_B1, id="Y"))
    raise_zone(sky, box("Z", 2900, -100, 3100, 100))
    assert sky.sortie("D1").state is SortieState.RELEASED
    assert sky.orders("D1")[-1] == "Hold"
    return sky


def test_without_a_way_home_it_hovers_until_one_opens() -> None:
    sky = boxed_in()
    here = FRAME.xy(sky.vehicles["D1"].state.position)
    told, steps = len(sky.orders("D1")), len(sky.sortie("D1").steps)
    sky.run(60)
    assert FRAME.xy(sky.vehicles["D1"].state.position) == pytest.approx(here, abs=1e-3)
    assert len(sky.orders("D1")) == told
    assert len(sky.sortie("D1").steps) == steps
    sky.give(ZoneLifted(at_s=sky.now_s, zone_id="Z"))
    assert sky.sortie("D1").state is SortieState.RETURNING
    assert sky.sortie("D1").home_base_id == "B2"
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)


def test_without_a_way_home_it_lands_before_the_battery_is_empty() -> None:
    sky = boxed_in()
    telemetry(sky, "D1", battery_share=0.25)
    sky.until_state("D1", SortieState.LANDING, 200)
    share = sky.vehicles["D1"].state.battery_share
    assert 0.2 < share < 0.22
    assert "lands where it is" in sky.situation.withdrawn["D1"]
    sky.until(lambda: not sky.situation.incidents)


def test_a_drone_that_is_called_off_without_a_way_home_stops_at_once() -> None:
    """It must not fly on to where it was going."""
    sky = two(SortieState.EN_ROUTE)
    sky.run(5)
    for id_, x in (("Y", 0), ("Z", 3000)):
        raise_zone(sky, box(id_, x - 60, -60, x + 60, 60))
    sky.give(Recall(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.orders("D1")[-1] == "Hold"
    assert sky.sortie("D1").state is SortieState.RELEASED


def test_a_zone_that_comes_into_force_by_the_clock_is_kept_clear_of_too() -> None:
    sky = two(SortieState.EN_ROUTE)
    horizon_s = sky.situation.rules.zone_horizon_s
    raise_zone(sky, dataclasses.replace(WALL, valid_from_s=sky.now_s + horizon_s + 5))
    sky.run(3)
    assert sky.orders("D1").count("Fly") == 1
    sky.run(5)
    assert sky.orders("D1").count("Fly") == 2
    assert flies_through(sky, "D1", WALL) == 0


def test_a_zone_that_runs_out_opens_the_way_for_what_waits() -> None:
    over = box("Z", 700, -100, 900, 100, valid_until_s=1_000_020.0)
    sky = sky_of(situation(BASES, FLEET, zones=[over]), [CASE])
    assert "no_way" in sky.incident("I1").waits_because
    assert sky.until(lambda: sky.incident("I1").status is IncidentStatus.ASSIGNED) == pytest.approx(20, abs=1)


def test_a_zone_behind_a_drone_changes_nothing_on_its_way_out() -> None:
    """One across the way that it came gives it another way back, one that it passed only a fence."""
    sky = sky_of(situation(BASES, FLEET, zones=[box("Z", 300, -250, 350, 400)]), [CASE])
    sky.until_state("D1", SortieState.EN_ROUTE)
    passed = sky.sortie("D1").out.legs[0].end
    sky.until(lambda: FRAME.xy(sky.vehicles["D1"].state.position)[0] > 450)
    assert FRAME.xy(passed)[0] < 300
    outcome = sky.give(ZoneRaised(at_s=sky.now_s, zone=box("Y", 360, -150, 420, -50)))
    assert [type(command) for command in outcome.commands] == [Upload]
    across = box("X", 100, -120, 160, 20)
    (order,) = sky.give(ZoneRaised(at_s=sky.now_s, zone=across)).commands
    assert isinstance(order, Fly)
    assert order.points[-1] == CASE.position
    assert leaves_clear(order.mission, across)
    assert sky.sortie("D1").state is SortieState.EN_ROUTE


def test_a_zone_across_a_patrol_is_flown_round_and_one_over_a_point_ends_it() -> None:
    patrol = {"route": (at(800, 900), at(800, 1800))}
    sky = two(SortieState.ON_SCENE, **patrol)
    sky.run(5)
    across = box("Z", 700, 400, 900, 500)
    raise_zone(sky, across)
    assert sky.sortie("D1").state is SortieState.ON_SCENE
    assert flies_through(sky, "D1", across) == 0
    raise_zone(sky, box("Y", 700, 800, 900, 1000))
    assert sky.sortie("D1").state is SortieState.RETURNING
    assert sky.incident("I1").status is IncidentStatus.OPEN


def test_a_patrol_whose_points_were_cut_off_while_it_flew_there_is_given_up() -> None:
    sky = two(SortieState.EN_ROUTE, route=(at(800, 900),))
    raise_zone(sky, box("Y", 700, 800, 900, 1000))
    sky.until(lambda: sky.sortie("D1").state is SortieState.RETURNING)
    assert sky.incident("I1").status is IncidentStatus.OPEN
    assert "no_way" in sky.incident("I1").waits_because


@pytest.mark.parametrize("state", [SortieState.EN_ROUTE, SortieState.RETURNING])
def test_a_held_drone_is_left_where_it_is_unless_the_zone_is_over_it(state: SortieState) -> None:
    sky = two(state)
    sky.run(10)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    position = sky.vehicles["D1"].state.position
    assert position is not None
    east, _ = FRAME.xy(position)
    middle = east + (125 if state is SortieState.EN_ROUTE else -125)
    wall = box("Z", middle - 25, -100, middle + 25, 100)
    (told,) = sky.give(ZoneRaised(at_s=sky.now_s, zone=wall)).commands
    assert isinstance(told, Upload)
    assert told.mission is not None
    assert leaves_clear(told.mission, wall), "should its link be lost now, it would return through the zone"
    assert sky.sortie("D1").held
    sky.give(Resume(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert flies_through(sky, "D1", wall) == 0
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    raise_zone(sky, box("Y", east - 30, -30, east + 30, 30))
    assert sky.orders("D1")[-1] == "Fly"
    assert not sky.sortie("D1").held


# ---------------------------------------------------------------- weather


@pytest.mark.parametrize(("wind", "rain_mm_h"), [(Wind(12.5, 0), 0.0), (CALM, 5.0)], ids=["wind", "rain"])
@pytest.mark.parametrize("state", [*sorted(ON_THE_WAY), SortieState.ON_SCENE])
def test_weather_over_the_limits_keeps_drones_down_and_brings_them_home(
    state: SortieState, wind: Wind, rain_mm_h: float
) -> None:
    sky = two(state)
    sky.give(WeatherChanged(at_s=sky.now_s, wind=wind, rain_mm_h=rain_mm_h))
    assert sky.sortie("D1").incident_id is None
    assert "over its limit" in sky.why("D1")
    assert sky.incident("I1").status is IncidentStatus.OPEN
    assert sky.incident("I1").refused_drones == ()
    sky.until(lambda: not sky.vehicles["D1"].state.in_air)
    sky.run(10)
    assert not sky.vehicles["D1"].state.in_air
    sky.give(WeatherChanged(at_s=sky.now_s, wind=Wind(11, 0), rain_mm_h=1.0))
    assert sky.incident("I1").status is IncidentStatus.ASSIGNED


# ---------------------------------------------------------------- energy


@pytest.mark.parametrize("state", [SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_a_battery_that_must_go_home_is_relieved_by_a_fresh_drone_at_once(state: SortieState) -> None:
    sky = two(state)
    if state is not SortieState.AIRBORNE:
        sky.run(15)
    telemetry(sky, "D1", battery_share=0.2)
    sky.step()
    assert sky.sortie("D1").incident_id is None
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.incident("I1").status is IncidentStatus.ASSIGNED
    assert sky.incident("I1").refused_drones == ()
    sky.until(lambda: not sky.situation.incidents)


def test_it_goes_home_in_time_however_far_that_is() -> None:
    """The way home alone takes a third of the battery: it must leave long before the battery is low."""
    sky = sky_of(situation(BASES[:1], FLEET[:1]), [incident("I1", 13_500, 0, watch_s=10.0)])
    sky.until_state("D1", SortieState.ON_SCENE)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))  # so that nothing but the battery ends it
    sky.until_state("D1", SortieState.RETURNING, 900)
    assert sky.vehicles["D1"].state.battery_share > 0.4
    sky.until_state("D1", SortieState.CHARGING, 900)
    assert sky.vehicles["D1"].state.battery_share == pytest.approx(0.2, abs=0.03)


def test_coming_home_with_too_little_it_chooses_the_nearer_base() -> None:
    sky = sky_of(situation(BASES, FLEET), [incident("I1", 2500, 300, watch_s=600.0)])
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D1"))
    sky.until_state("D1", SortieState.ON_SCENE)
    telemetry(sky, "D1", battery_share=0.23)
    sky.until_state("D1", SortieState.RETURNING, 200)
    assert sky.sortie("D1").home_base_id == "B2"
    sky.until_state("D1", SortieState.CHARGING)


def test_a_drone_that_will_not_make_it_home_lands_while_it_can() -> None:
    sky = two(SortieState.RETURNING)
    sky.run(5)
    telemetry(sky, "D1", battery_share=0.012)
    sky.step()
    assert sky.sortie("D1").state is SortieState.LANDING
    assert "lands where it is" in sky.situation.withdrawn["D1"]
    sky.until(lambda: not sky.situation.incidents)


def test_it_is_asked_for_its_energy_also_while_held() -> None:
    sky = two(SortieState.EN_ROUTE)
    sky.run(10)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    sky.vehicles["D1"].drain = 0.01
    sky.until(lambda: sky.sortie("D1").state is not SortieState.EN_ROUTE, 200)
    assert sky.sortie("D1").state is SortieState.RETURNING
    assert sky.sortie("D2").incident_id == "I1"


# ---------------------------------------------------------------- grants, fences, hours

GATED = dataclasses.replace(WALL, kind="authorisation")
HORIZON_S = situation(BASES, FLEET).rules.zone_horizon_s


def grant(sky: Sky, from_s: float, until_s: float, zone_id: str = "Z", id_: str = "G") -> None:
    one = Grant(id=id_, zone_id=zone_id, authority="tower", reference="7", from_s=from_s, until_s=until_s)
    sky.give(GrantRecorded(at_s=sky.now_s, grant=one))


def granted(zone: Geozone = GATED, lasts_s: float = HORIZON_S + 3600) -> Sky:
    """D1 is about to fly to I1, straight through a zone that a grant opens."""
    sky = sky_of(situation(BASES, FLEET, zones=[zone]))
    grant(sky, sky.now_s, sky.now_s + lasts_s)
    sky.report(CASE)
    sky.until_state("D1", SortieState.EN_ROUTE)
    assert flies_through(sky, "D1", zone) > 50
    return sky


def test_a_grant_opens_the_straight_way() -> None:
    sky = sky_of(situation(BASES, FLEET, zones=[GATED]), [CASE])
    sky.until_state("D1", SortieState.EN_ROUTE)
    assert flies_through(sky, "D1", GATED) == 0
    granted()


def test_a_revoked_grant_sends_what_flies_round_the_zone() -> None:
    sky = granted()
    sky.give(GrantRevoked(at_s=sky.now_s, grant_id="G", by="planner"))
    assert sky.situation.grants == {}
    assert flies_through(sky, "D1", GATED) == 0
    never_in(sky, "D1", GATED, 30)


def test_a_drone_in_the_zone_leaves_it_when_the_grant_is_revoked() -> None:
    sky = granted()
    wide = closed(GATED)

    def inside() -> bool:
        position = sky.vehicles["D1"].state.position
        return position is not None and bool(wide.intersects(shapely.Point(FRAME.xy(position))))

    sky.until(inside)
    sky.give(GrantRevoked(at_s=sky.now_s, grant_id="G", by="planner"))
    sky.until(lambda: not inside())
    never_in(sky, "D1", GATED, 30)


def test_before_a_grant_ends_what_flies_is_planned_round_the_zone() -> None:
    """A flight's length before: nobody has to leave in a hurry."""
    sky = granted(lasts_s=HORIZON_S + 20)
    sky.until(lambda: flies_through(sky, "D1", GATED) == 0, 40)
    assert sky.situation.grants["G"].until_s > sky.now_s + HORIZON_S - 15
    assert "geozone" in sky.sortie("D1").steps[-1].why


def test_a_grant_for_what_needs_none_or_too_short_for_a_flight_is_refused() -> None:
    for zone, lasts_s, code, words in (
        (WALL, 7200.0, "not_grantable", "is prohibited: no grant opens it"),
        (dataclasses.replace(WALL, kind="inclusion"), 7200.0, "not_grantable", "is inclusion"),
        (GATED, HORIZON_S, "grant_too_short", "holds for 30 min"),
        (GATED, -1.0, "grant_too_short", "holds for 0 min"),
    ):
        sky = sky_of(situation(BASES, FLEET, zones=[zone]))
        with pytest.raises(OrderError, match=words) as caught:
            grant(sky, sky.now_s, sky.now_s + lasts_s)
        assert caught.value.code == code
    sky = granted()
    with pytest.raises(OrderError, match="there is a grant 'G' already"):
        grant(sky, sky.now_s, sky.now_s + 7200)


def test_a_grant_of_tomorrow_opens_nothing_today_and_one_that_is_over_is_forgotten() -> None:
    sky = sky_of(situation(BASES, FLEET, zones=[GATED]))
    grant(sky, sky.now_s + 10, sky.now_s + HORIZON_S + 3600)
    sky.report(CASE)
    sky.until_state("D1", SortieState.AIRBORNE)
    assert sky.sortie("D1").out.legs[0].length_m < 790
    assert len(sky.sortie("D1").out.legs) > 1
    later = dataclasses.replace(sky.situation, now_s=sky.now_s + HORIZON_S + 3600)
    assert advance(later, Ticked(at_s=later.now_s)).situation.grants == {}


def test_a_fence_that_is_raised_keeps_drones_inside_it() -> None:
    """D1 is on its way to I1, 800 m east, and the way leads out of the fence: round by the north."""
    sky = two(SortieState.EN_ROUTE)
    ring = [(-300, -300), (200, -300), (200, 400), (600, 400), (600, -300), (3300, -300), (3300, 600), (-300, 600)]
    outline = tuple((p.longitude_deg, p.latitude_deg) for p in (at(*corner) for corner in ring))
    inside = Geozone(id="F", name="F", kind="inclusion", ground=Area(outline=outline), margin_m=10.0)
    raise_zone(sky, inside)
    shape = shapely.Polygon(ring).buffer(-9.9)
    for _ in range(60):
        sky.step()
        position = sky.vehicles["D1"].state.position
        assert position is not None
        assert shape.contains(shapely.Point(FRAME.xy(position)))
    assert sky.sortie("D1").state in ON_THE_WAY | {SortieState.ON_SCENE}


def test_a_zone_that_comes_into_force_by_its_hours_is_flown_round_a_horizon_before() -> None:
    sky = two(SortieState.EN_ROUTE)
    opens_s = (sky.now_s + HORIZON_S + 15) % 86_400
    ends_s = (opens_s + 3600) % 86_400
    daily = dataclasses.replace(WALL, hours=(Hours(start=opens_s, end=ends_s),))
    raise_zone(sky, daily)
    assert flies_through(sky, "D1", daily) > 50
    sky.until(lambda: flies_through(sky, "D1", daily) == 0, 20)
    never_in(sky, "D1", daily, 30)
