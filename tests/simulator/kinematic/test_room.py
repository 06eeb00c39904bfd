"""The engine's own lifecycle under a simulated clock: whole flights, what goes wrong, the same again to the byte."""

from dataclasses import replace

import pytest

from dispatch.codec import to_json
from dispatch.events import Cancel, HoldHere, Resume, WeatherChanged, ZoneRaised
from dispatch.model import Base, IncidentStatus, IncidentType, SortieState
from geo.flight import descent_s
from geo.wind import CALM, Wind
from tests.dispatch.worlds import FRAME, QUAD, box
from tests.simulator.kinematic.rooms import Heard, desert


def test_from_the_report_to_the_last_clock() -> None:
    heard = Heard(desert())
    began_s = heard.room.now_s
    heard.report("I1", 1200.0, 300.0)
    heard.until_quiet()
    done = heard.incidents["I1"]
    assert done.status is IncidentStatus.CLOSED
    option = next(o for o in heard.decisions[0].options if o.drone_id == heard.decisions[0].drone_id)
    clocks = done.clocks
    assert option.time is not None
    assert None not in (clocks.on_scene_at_s, clocks.cleared_at_s, clocks.returned_at_s)
    flown_s = (clocks.on_scene_at_s or 0.0) - began_s
    assert flown_s == pytest.approx(option.time.total_s - option.time.decision_s, abs=0.5)
    assert (clocks.cleared_at_s or 0.0) - (clocks.on_scene_at_s or 0.0) == pytest.approx(done.watch_s, abs=0.01)
    sortie = heard.sorties[done.sortie_id or ""]
    when = {step.state: step.at_s for step in sortie.steps}
    assert sortie.home is not None
    assert when[SortieState.LANDING] - when[SortieState.RETURNING] == pytest.approx(sortie.home.time.total_s, abs=2.5)
    down_s = when[SortieState.LANDED] - when[SortieState.LANDING]
    assert down_s == pytest.approx(descent_s(sortie.out.height_m, QUAD), abs=1.0)  # the uplink
    vehicle = heard.room.vehicles[sortie.drone_id]
    assert vehicle.xy == pytest.approx(vehicle.home, abs=0.5)
    heard.room.run_until(heard.room.now_s + 1800.0)
    assert vehicle.share == 1.0
    assert heard.sorties[sortie.id].state is SortieState.DONE
    assert not heard.room.situation.withdrawn


def test_the_energy_spent_is_what_was_planned() -> None:
    heard = Heard(desert())
    heard.report("I1", 2000.0, 1500.0)
    heard.until_state("D3", SortieState.LANDING)
    option = next(o for o in heard.decisions[0].options if o.drone_id == "D3")
    assert option.energy is not None
    spent_wh = (1.0 - heard.room.vehicles["D3"].share) * QUAD.battery_wh
    assert spent_wh == pytest.approx(option.energy.total_wh - option.energy.landing_wh, rel=0.05)


def test_the_same_again_to_the_byte() -> None:
    def run() -> list[str]:
        heard = Heard(desert([box("Z", 500, -200, 700, 900)], wind=Wind(5.0, 200.0)))
        log: list[str] = []
        heard.room.listen(lambda outcome: log.append(to_json([*outcome.records, *outcome.commands])))
        for k, place in enumerate([(1500.0, 200.0), (1000.0, 700.0), (2500.0, -600.0), (900.0, -400.0)]):
            heard.report(f"I{k}", *place)
            heard.room.run_until(heard.room.now_s + 45.0)
        heard.until_quiet()
        return log

    first, second = run(), run()
    assert len(first) > 400
    assert first == second


def test_a_zone_on_its_way_is_flown_round() -> None:
    heard = Heard(desert())
    heard.report("I1", 1500.0, 0.0)
    (drone_id,) = {d.drone_id for d in heard.decisions}
    heard.until_state(drone_id or "", SortieState.EN_ROUTE)
    heard.room.run_until(heard.room.now_s + 8.0)
    across = box("wall", 700, -300, 800, 300) if drone_id != "D3" else box("wall", 2200, -300, 2300, 300)
    heard.room.submit(ZoneRaised(at_s=heard.room.now_s, zone=across))
    west, east = (700, 800) if drone_id != "D3" else (2200, 2300)
    while heard.incidents["I1"].status is not IncidentStatus.ON_SCENE:
        heard.room.step()
        x, y = heard.room.vehicles[drone_id or ""].xy
        assert not (west <= x <= east and -300 <= y <= 300)


def test_held_and_resumed_cancelled_and_grounded_by_weather() -> None:
    heard = Heard(desert())
    heard.report("I1", 1400.0, 0.0)
    heard.report("I2", 2900.0, 1800.0)
    drone_id = heard.decisions[0].drone_id or ""
    sortie = heard.until_state(drone_id, SortieState.EN_ROUTE)
    heard.room.run_until(heard.room.now_s + 10.0)
    heard.room.submit(HoldHere(at_s=heard.room.now_s, sortie_id=sortie.id))
    heard.room.run_until(heard.room.now_s + 20.0)
    vehicle = heard.room.vehicles[drone_id]
    place = vehicle.xy
    heard.room.run_until(heard.room.now_s + 20.0)
    assert (vehicle.mode, vehicle.xy.tolist()) == ("HOLD", place.tolist())
    heard.room.submit(Resume(at_s=heard.room.now_s, sortie_id=sortie.id))
    heard.until_state(drone_id, SortieState.ON_SCENE)
    heard.room.submit(Cancel(at_s=heard.room.now_s, incident_id="I1"))
    storm = WeatherChanged(at_s=heard.room.now_s, wind=Wind(13.0, 0.0), rain_mm_h=0.0)
    heard.room.submit(storm)
    heard.room.blow(storm.wind)
    assert heard.incidents["I2"].status is IncidentStatus.OPEN
    heard.room.run_until(heard.room.now_s + 400.0)
    assert all(vehicle.rests for vehicle in heard.room.vehicles.values())
    heard.room.submit(WeatherChanged(at_s=heard.room.now_s, wind=CALM, rain_mm_h=0.0))
    heard.room.blow(CALM)
    heard.until_quiet()
    assert heard.incidents["I1"].status is IncidentStatus.CANCELLED
    assert heard.incidents["I2"].status is IncidentStatus.CLOSED


def test_a_silent_drone_comes_home_and_another_goes() -> None:
    heard = Heard(desert())
    heard.report("I1", 1200.0, 900.0, watch_s=200.0)
    drone_id = heard.decisions[0].drone_id or ""
    heard.until_state(drone_id, SortieState.ON_SCENE)
    vehicle = heard.room.vehicles[drone_id]
    vehicle.silent_until_s = heard.room.now_s + 300.0
    heard.room.run_until(heard.room.now_s + 12.0)
    assert [d.drone_id for d in heard.decisions][-1] not in (None, drone_id)
    assert vehicle.mode == "RETURN_TO_LAUNCH"
    heard.room.run_until(heard.room.now_s + 250.0)
    assert vehicle.rests
    assert min(float(FRAME.distance_m(FRAME.position(vehicle.xy), b.position)) for b in _bases(heard)) < 1.0
    heard.until_quiet()
    assert heard.incidents["I1"].status is IncidentStatus.CLOSED


@pytest.mark.parametrize("fault", ["die", "refuses_arming", "refuses_ways", "empty"])
def test_whoever_fails_is_replaced(fault: str) -> None:
    heard = Heard(desert())
    first = "D1"
    if fault == "refuses_arming":  # found out only when it is to start
        heard.report("I1", 500.0, 100.0)
        heard.room.vehicles[first].refuses_arming = True
    else:
        heard.report("I1", 500.0, 100.0)
        heard.until_state(first, SortieState.AIRBORNE)
    match fault:
        case "die":
            heard.room.vehicles[first].die()
        case "refuses_ways":
            heard.room.vehicles[first].refuses_ways = True
        case "empty":
            heard.room.vehicles[first].share = 0.0
        case _:
            pass
    heard.room.run_until(heard.room.now_s + 200.0)
    assert [d.drone_id for d in heard.decisions][:2] == ["D1", "D2"]
    assert heard.incidents["I1"].clocks.on_scene_at_s is not None


def test_a_circle_is_flown() -> None:
    begin = desert()

    kind = IncidentType(code="any", name_en="any", name_zh="any", priority=2, orbit_radius_m=25.0)
    heard = Heard(replace(begin, types={"any": kind}))
    heard.report("I1", 800.0, 100.0, watch_s=120.0)
    drone_id = heard.decisions[0].drone_id or ""
    heard.until_state(drone_id, SortieState.ON_SCENE)
    heard.room.run_until(heard.room.now_s + 60.0)
    sortie = heard.room.situation.sorties[drone_id]
    assert sortie.circling is not None
    assert sortie.circling.seen
    places = []
    for _ in range(20):
        heard.room.run_until(heard.room.now_s + 1.0)
        places.append(heard.room.vehicles[drone_id].xy - FRAME.xy(heard.incidents["I1"].position))
    assert [float((p @ p) ** 0.5) for p in places] == pytest.approx([25.0] * 20, abs=0.1)
    assert (places[0][0] * places[1][1] - places[0][1] * places[1][0]) < 0, "clockwise"
    heard.until_quiet()


def _bases(heard: Heard) -> list[Base]:
    return list(heard.room.situation.bases.values())
