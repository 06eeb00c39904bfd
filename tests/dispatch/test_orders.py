"""What a VTOL is told beyond what others are: how long it holds before it comes home by itself."""

import pytest

from dispatch.events import Reported, Upload
from dispatch.lifecycle import advance
from dispatch.mission import Mission
from dispatch.model import Situation
from dispatch.orders import LEAST_HOLD_S
from dispatch.planning import usable_wh, way_back
from geo.flight import landing_energy_wh
from tests.dispatch.worlds import NOW_S, QUAD, VTOL, base, drone, incident, situation

CASE = incident("I1", 2500, 0)


def told(airframe: str) -> tuple[Situation, Mission]:
    """What the only drone, of that airframe, is told first: the world that this makes, and its mission."""
    world = situation([base("B1", 0, 0)], [drone("D1", "B1", airframe)], airframes=(QUAD, VTOL))
    outcome = advance(world, Reported(at_s=NOW_S, incident=CASE))
    (upload,) = outcome.commands
    assert isinstance(upload, Upload)
    assert upload.mission is not None
    return outcome.situation, upload.mission


def test_a_vtol_holds_as_long_as_it_can_still_come_home() -> None:
    world, mission = told("vtol")
    plan = world.sorties["D1"].out
    left_wh = usable_wh(world.states["D1"], VTOL, world.temperature_c) - plan.energy_wh
    found = way_back(world, "D1", CASE.position, plan.height_m, left_wh)
    assert found is not None
    needed_wh = found[1].energy.p90_wh + landing_energy_wh(plan.height_m, VTOL)
    assert mission.hold_s is not None
    assert mission.hold_s > LEAST_HOLD_S
    assert mission.hold_s * VTOL.hover_w / 3600 + needed_wh == pytest.approx(left_wh)
    assert [point.wing for point in mission.points] == [False, True]
    assert [point.wing for point in mission.back] == [False, True, False]


def test_a_multirotor_holds_until_it_is_told_otherwise() -> None:
    assert told("quad")[1].hold_s is None
