"""A decision: who goes, and why each other drone does not."""

from pydantic import Field

from api.views.parts import ReasonView, View
from dispatch.model import Decision


class FlightTimeView(View):
    """An ETA, part by part."""

    decision_s: float
    uplink_s: float
    wait_s: float = Field(description="on the dock until the air is clear of other drones")
    dock_s: float
    arm_s: float
    climb_s: float
    start_s: float = Field(description="from the order to fly until it moves")
    cruise_s: float
    arrive_s: float
    slew_s: float = Field(description="turning the camera to the goal")
    total_s: float = Field(description="most likely")
    p90_s: float = Field(description="nine flights of ten are no later")


class FlightEnergyView(View):
    """Battery energy, phase by phase, most likely and as it suffices nine flights of ten."""

    climb_wh: float
    cruise_wh: float
    hover_wh: float
    landing_wh: float
    total_wh: float
    p90_wh: float


class OptionView(View):
    """One drone in a decision."""

    drone_id: str
    time: FlightTimeView | None
    distance_m: float | None
    energy_wh: float | None
    energy: FlightEnergyView | None
    spare_wh: float | None
    stay_s: float | None = Field(description="how long it could watch")
    from_state: str
    preempts: str | None
    price_ms: int | None = Field(description="what it is chosen by, by the policy")
    loss: float = Field(description="share of demand by which expected coverage falls when it leaves its dock")
    out: ReasonView | None


class DecisionView(View):
    """Who goes, and why each other does not."""

    id: str
    incident_id: str
    at_s: float
    drone_id: str | None
    policy: str
    why: str
    inputs_hash: str
    options: list[OptionView]


def decision_view(decision: Decision) -> DecisionView:
    """A decision with its ranked options."""
    return DecisionView.model_validate(decision)
