"""The words of the trade as immutable values: one picture of the world that the kernel decides on.

Times are seconds since 1970 (UTC) and end in ``_at_s``; durations end in ``_s``. Every value here can be written as
JSON and read back unchanged (see :mod:`dispatch.codec`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from dispatch.mission import Mission
from geo.airframe import Airframe
from geo.airspace import Geozone, Grant
from geo.flight import FlightEnergy, FlightPlan, FlightTime
from geo.position import Position
from geo.wind import CALM, Wind

MOST_URGENT, LEAST_URGENT = 1, 5
"""Priorities are whole numbers, 1 before 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentType:
    """A kind of incident and what it asks for unless the report says otherwise."""

    code: str
    name_en: str
    name_zh: str
    priority: int
    needs: tuple[str, ...] = ("visible",)
    watch_s: float = 300.0
    orbit_radius_m: float = 0.0
    """A drone over such an incident circles the point so far off, camera inwards; 0: it hovers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A site with docks, where drones stand, charge and come home to."""

    id: str
    name: str
    name_zh: str
    position: Position
    ground_amsl_m: float
    docks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drone:
    """A vehicle of the fleet, as it is registered.

    ``system_id`` is its MAVLink system id: 1 to 254, and not 245, which is MAVSDK's own. ``video_url`` is where its
    pictures are, for a vehicle that does not tell it itself.
    """

    id: str
    airframe: str
    base_id: str
    system_id: int
    video_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a vehicle told of its own condition, beside how it flies; ``None`` or empty where it did not tell.

    ``kind`` is MAVSDK's word for the type of vehicle; ``clock_off_s`` is how far its clock is before ours.
    """

    prepared: bool = False
    """Whether the fleet has set its parameters and read them back."""
    failing: tuple[str, ...] = ()
    """Its health checks that fail, in a word each."""
    kind: str = ""
    firmware: str = ""
    gps_fix: int | None = None
    satellites: int | None = None
    voltage_v: float | None = None
    clock_off_s: float | None = None
    camera: bool | None = None
    gimbal: bool = False
    """Whether it has a gimbal that can be pointed at a place."""
    video_url: str = ""
    """Where its pictures are, without credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Where a camera looks: clockwise from north, and up from the horizon (-90 is straight down)."""

    bearing_deg: float
    pitch_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DroneState:
    """What a vehicle last told of itself. Telemetry is the truth; an acknowledgement is not.

    ``height_m`` is above its home. ``mode`` is the autopilot's flight mode in MAVSDK's words (HOLD, MISSION, ...).
    """

    drone_id: str
    connected: bool = False
    healthy: bool = False
    position: Position | None = None
    height_m: float = 0.0
    ground_speed_mps: float = 0.0
    heading_deg: float = 0.0
    course_deg: float | None = None
    """Where it moves over ground, which need not be where its nose points; None where that is not known."""
    battery_share: float = 0.0
    armed: bool = False
    in_air: bool = False
    mode: str = "UNKNOWN"
    seen_at_s: float = 0.0
    body: Body | None = None
    sight: Sight | None = None
    """Where its camera looks, while its gimbal is steered."""
    twins: bool = False
    """Whether two vehicles answer under its system id; the rest is then what was last heard of one."""


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    OPEN = "open"  # waits for a drone
    ASSIGNED = "assigned"  # a drone was decided and is on its way
    ON_SCENE = "on_scene"
    CLEARED = "cleared"  # the drone was released and goes home
    CLOSED = "closed"  # the drone is back: the story is over
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The instants of one incident; ``None`` until they happen. A pre-empted incident keeps its first ``decided``."""

    reported_at_s: float
    decided_at_s: float | None = None
    launched_at_s: float | None = None
    on_scene_at_s: float | None = None
    cleared_at_s: float | None = None
    returned_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a drone is out, and what would change that. ``values`` are the figures for a translated sentence."""

    code: str
    text: str
    change: str
    values: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nobody watched a point that was to be watched; ``until_at_s`` is None while it lasts."""

    from_at_s: float
    until_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """What is foreseen for the drone on scene: when it must leave, and who could come in its place."""

    leaves_at_s: float
    """When its battery sends it home."""
    call_at_s: float
    """When the next must be sent, so that it is on scene in nine flights of ten before that, and some time beside."""
    drone_id: str | None
    """Who would be sent as things stand."""
    lacks: Reason | None = None
    """Why nobody could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One event at a place. ``watch_s`` is how long it is watched unless it is released before: by one drone after
    another where it takes more than one.

    ``route`` is empty for a point; a patrol request is an incident of type ``patrol`` whose further points are flown
    in order before the drone holds over the last.
    """

    id: str
    position: Position
    type: str
    priority: int
    needs: tuple[str, ...]
    watch_s: float
    clocks: Clocks
    status: IncidentStatus = IncidentStatus.OPEN
    sortie_id: str | None = None
    route: tuple[Position, ...] = ()
    note: str = ""
    source: str = "operator"
    reported_by: str = ""
    refused_drones: tuple[str, ...] = ()
    """Drones that tried this incident and failed, or that a person took off it; they are not sent to it again."""
    decisions: int = 0
    """How many decisions were made on it."""
    waits_because: str = ""
    """Why no drone could be decided for it, as long as that is so."""
    relief_id: str | None = None
    """The sortie that is to take over from the one on scene (``sortie_id``)."""
    relay: Relay | None = None
    """What is foreseen where the drone on scene cannot stay to the end."""
    reliefs: int = 0
    """How often one drone took over from another."""
    gaps: tuple[Gap, ...] = ()
    """When nobody watched since somebody first did."""


class SortieState(StrEnum):
    """One launch to one return, step by step."""

    DECIDED = "decided"
    COMMANDED = "commanded"  # dock opens, arm and take-off ordered
    AIRBORNE = "airborne"  # off the ground, climbing
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    RELEASED = "released"  # its work is done; the way home is ordered
    RETURNING = "returning"
    LANDING = "landing"
    LANDED = "landed"
    CHARGING = "charging"
    DONE = "done"
    FAILED = "failed"  # never left the ground, or was lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transition of a sortie, with why."""

    state: SortieState
    at_s: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbit:
    """A circle flown over a scene, camera inwards. ``height_m`` is above the drone's home."""

    centre: Position
    radius_m: float
    speed_mps: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Circling:
    """The orbit that a drone on scene was told to fly, and whether it has been seen to."""

    orbit: Orbit
    seen: bool = False
    deadline_at_s: float | None = None
    """When it must be seen on its circle, or seen there again; ``None`` as long as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """Where the camera of a drone on scene was told to look, and whether it has been seen to. ``amsl_m`` is the ground
    there above mean sea level; ``tries`` is how often it was told."""

    at: Position
    amsl_m: float
    seen: bool = False
    tries: int = 0
    deadline_at_s: float | None = None
    """When it must be seen to look there; ``None`` as long as it is, and once it was told often enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yielding:
    """A drone waits in the air until another has passed."""

    to: str
    since_s: float
    until_s: float
    """When another way out is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """One launch to one return of one drone. ``incident_id`` is what it flies for now, ``None`` once released."""

    id: str
    drone_id: str
    incident_id: str | None
    decision_id: str
    state: SortieState
    out: FlightPlan
    planned_at_s: float
    """When ``out`` was planned: its times count from there."""
    home_base_id: str
    from_base_id: str | None = None
    """The base that it took off from, which its heights are above; ``None`` where that is not known."""
    home: FlightPlan | None = None
    mission: Mission | None = None
    """What its vehicle carries: the way that it flies and the way back that it takes unasked when its link is lost."""
    unfenced: tuple[str, ...] = ()
    """Zones that the drone was in, or right at, when its vehicle was given its fence."""
    steps: tuple[Step, ...] = ()
    arrived_share: float | None = None
    """Its battery when it came on scene."""
    held: bool = False
    yields: Yielding | None = None
    """Held by the engine, to let another drone pass; see :mod:`dispatch.separation`."""
    moving: bool = False
    """Whether the vehicle has been seen to obey its last order to fly."""
    late_s: float = 0.0
    """How much later than planned it will be on scene, as its flight so far shows."""
    astray_since_s: float | None = None
    """Since when it has been seen to do otherwise than it was told."""
    attempts: int = 0
    deadline_at_s: float | None = None
    """When the state must have been left; the next step after that is the lifecycle's to take."""
    circling: Circling | None = None
    """The orbit over its scene, once it was told to fly one."""
    hovers: Reason | None = None
    """Why it hovers over its scene where the incident's type asks for an orbit."""
    pointing: Pointing | None = None
    """What its camera looks at, once it was told to; only on scene."""
    unpointed: Reason | None = None
    """Why its camera does not show the scene though it was told to."""
    video_url: str = ""
    """Where its pictures are; empty where nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One drone in a decision: its time with every part named, or the reason it is out."""

    drone_id: str
    time: FlightTime | None = None
    distance_m: float | None = None
    energy_wh: float | None = None
    energy: FlightEnergy | None = None
    """The same, phase by phase: out, on scene, home and down."""
    spare_wh: float | None = None
    stay_s: float | None = None
    """How long it could watch."""
    from_state: str = "docked"
    preempts: str | None = None
    price_ms: int | None = None
    """What it is chosen by; None where it was not priced, or was written down before there were prices."""
    loss: float = 0.0
    """By what share of demand expected coverage falls when it leaves its dock, where the policy weighs that."""
    out: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who goes to one incident. ``options`` holds every drone, ranked: able ones by their price, then the rest."""

    id: str
    incident_id: str
    at_s: float
    drone_id: str | None
    options: tuple[Option, ...]
    policy: str
    why: str
    inputs_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a city decides once: heights, times and thresholds of its operation."""

    promise_s: float = 180.0
    cruise_height_m: float = 60.0
    lowest_height_m: float | None = None
    highest_height_m: float | None = None
    """How low and how high a flight may go instead, to pass under or over a geozone; None: it goes round."""
    terrain_clearance_m: float = 30.0
    terrain_corridor_m: float = 20.0
    highest_above_base_m: float = 120.0
    """Where a city has terrain: how far flights keep above its surface, so far to either side of their way, and how
    high above their base they may be for it."""
    layer_step_m: float = 15.0
    """Where two drones would meet, one flies so much higher, or a multiple of it; see :mod:`dispatch.layers`."""
    decision_s: float = 1.0
    uplink_s: float = 0.5
    preempt_gain_s: float = 30.0
    ready_battery_share: float = 0.95
    link_lost_s: float = 7.0
    """A vehicle silent for longer is given up for another. Links of 5 s come back, found up to a second later; after
    10 s PX4 turns back by itself."""
    command_deadline_s: float = 8.0
    """How long a vehicle may take to do what it was told before the next step is taken (engine time)."""
    reroute_gain_s: float = 5.0
    """A drone under way takes a shorter way that has opened if it saves this much."""
    zone_horizon_s: float = 1800.0
    """Zones that come into force this soon are kept clear of as if they were."""
    relay_stint_s: float = 300.0
    """A drone that can watch this long may be sent to a longer watch; another takes over."""
    relay_overlap_s: float = 20.0
    """So long both are on scene before the first leaves."""
    policy: str = "nearest-able"
    """By what drones are chosen among those that are able; see :mod:`dispatch.policies`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The whole picture at one instant, and all that a decision may look at.

    ``incidents`` holds those that are not closed or cancelled; the store remembers the others.
    """

    now_s: float
    centre: Position
    ground_amsl_m: float
    rules: Rules
    airframes: Mapping[str, Airframe]
    types: Mapping[str, IncidentType]
    bases: Mapping[str, Base]
    drones: Mapping[str, Drone]
    states: Mapping[str, DroneState]
    incidents: Mapping[str, Incident]
    sorties: Mapping[str, Sortie]
    """The current or last sortie of each drone, by *drone* id: a drone flies one sortie at a time."""
    zones: Mapping[str, Geozone]
    withdrawn: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Drones taken out of service, with why."""
    wind: Wind = CALM
    rain_mm_h: float = 0.0
    temperature_c: float = 20.0
    grants: Mapping[str, Grant] = field(default_factory=lambda: MappingProxyType({}))
    """Recorded leave to fly in zones that need it, by id; those that are over are left out."""
    terrain: str = ""
    """The name of the city's terrain (:func:`geo.terrain.remember`); empty where it has none."""
    demand: str = ""
    """The name of where its calls come from (:func:`dispatch.demand.remember`); empty where no policy asks for it."""

    def sortie(self, sortie_id: str | None) -> Sortie | None:
        """A current or last sortie by its own id."""
        return sortie_by_id(self.sorties, sortie_id)


def sortie_by_id(sorties: Mapping[str, Sortie], sortie_id: str | None) -> Sortie | None:
    """Of the sorties by drone the one that has this id of its own."""
    return next((sortie for sortie in sorties.values() if sortie.id == sortie_id), None)
