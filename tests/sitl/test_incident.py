"""The main job on real PX4: two incidents, one behind a geozone, from report to return."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from api.drive import drive
from api.engine import ready, running
from api.flight_log import read_ulog
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.model import IncidentStatus
from geo.calibration import calibrate
from geo.position import Position
from geo.route import prepare
from simulator.calls import Call
from simulator.px4 import GROUND_STATION_URL
from tests.sitl.city import write_px4_city

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]


def test_real_px4_flies_round_the_zone_to_two_incidents_and_comes_home(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    homes = [city.bases[drone.base_id].position for drone in city.drones.values()]
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, connections=[GROUND_STATION_URL], database="")

    async def fly() -> None:
        async with running(settings, city) as engine:
            assert await ready(engine, 40.0) == len(city.drones)
            now_s = engine.clock.now_s()
            near, behind = Position(120.958, 31.3803), Position(120.9668, 31.3803)
            calls = [
                Call(at_s=now_s + 1, position=near, type="fire"),
                Call(at_s=now_s + 2, position=behind, type="fire"),
            ]
            driven = await asyncio.wait_for(drive(engine, calls, watch_s=5.0), 360)
            bare = prepare(city.frame, (replace(city.zones["Z1"], margin_m=0.0),))
            for incident_id in driven.incident_ids:
                incident = engine.store.incident(incident_id)
                assert incident is not None
                assert incident.status is IncidentStatus.CLOSED
                clocks = incident.clocks
                assert None not in (clocks.launched_at_s, clocks.on_scene_at_s, clocks.returned_at_s)
                decision = engine.store.decisions_of(incident_id)[-1]
                predicted_s = decision.options[0].time.total_s
                flown_s = clocks.on_scene_at_s - clocks.reported_at_s
                sortie = engine.store.sortie(incident.sortie_id or "")
                assert sortie is not None
                reported_at_s = clocks.reported_at_s
                told = ", ".join(f"{step.state.value} {step.at_s - reported_at_s:.1f}" for step in sortie.steps)
                time = decision.options[0].time
                print(f"{incident_id}: predicted {predicted_s:.1f} s, flown {flown_s:.1f} s; {told}; {time}")
                assert flown_s == pytest.approx(predicted_s, rel=0.06)
                track = engine.store.track(sortie_id=incident.sortie_id)
                assert len(track) > 20
                for point in track:
                    assert bare.closed_at(city.frame.xy(point.position)) is None

    with px4_fleet(homes, ground_amsl_m=city.ground_amsl_m, logs=tmp_path / "logs"):
        asyncio.run(fly())

    logs = [read_ulog(path) for path in sorted((tmp_path / "logs").glob("*.ulg"))]
    found = calibrate(logs, city.airframes["px4-x500"], "calibrated")
    for fit in found.fits:
        print(fit)
    print("errors of straight flights:", ", ".join(f"{error:+.1%}" for error in found.errors_share))
    assert found.errors_share, "the flight to the first incident was straight"
    assert max(map(abs, found.errors_share)) < 0.06
    assert found.airframe.held_share > 0.9
