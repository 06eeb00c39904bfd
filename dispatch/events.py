"""What may happen to a situation, and what the kernel may order: two closed unions.

Every event carries the instant at which it happened; the kernel knows no other time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dispatch.geofence import Geofence
from dispatch.mission import Mission
from dispatch.model import Decision, DroneState, Incident, Orbit, Situation, Sortie
from geo.airspace import Geozone, Grant
from geo.position import Position
from geo.wind import Wind


class OrderError(ValueError):
    """An order that cannot be carried out as things stand; ``code`` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time has passed; deadlines may have."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A new incident (or patrol request)."""

    at_s: float
    incident: Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Telemetry: the latest of each vehicle that was heard."""

    at_s: float
    states: tuple[DroneState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A vehicle refused the order given for this sortie, or did not answer it (``answered``)."""

    at_s: float
    drone_id: str
    sortie_id: str
    order: str
    why: str
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The drone is no longer needed there: it comes home."""

    at_s: float
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """The incident is none: it is struck off, its drone comes home."""

    at_s: float
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """An operator chooses the drone for an incident himself, also one that is busy elsewhere."""

    at_s: float
    incident_id: str
    drone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """This sortie comes home; its incident is decided again without that drone."""

    at_s: float
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldHere:
    """The drone stops where it is."""

    at_s: float
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """The held drone goes on with what it was doing."""

    at_s: float
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """A drone is taken out of service."""

    at_s: float
    drone_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """A drone is back in service."""

    at_s: float
    drone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRaised:
    """A geozone is new or has changed, and so have ``more`` in the same instant."""

    at_s: float
    zone: Geozone
    more: tuple[Geozone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLifted:
    """A geozone is gone."""

    at_s: float
    zone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRecorded:
    """Leave to fly in a zone that needs it."""

    at_s: float
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRevoked:
    """A grant holds no longer."""

    at_s: float
    grant_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherChanged:
    """Wind and rain are otherwise than before."""

    at_s: float
    wind: Wind
    rain_mm_h: float


Order = Release | Cancel | Assign | Recall | HoldHere | Resume | Withdraw | Restore
Asked = Reported | Order | ZoneRaised | ZoneLifted | GrantRecorded | GrantRevoked | WeatherChanged
"""What a person or a program asks for: the log names who."""
Happened = Ticked | Observed | Refused
"""What the clock and the vehicles tell."""
Event = Asked | Happened


# ---------------------------------------------------------------- commands to vehicles


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Take this on board and change nothing in what is flown: a fence, and before take-off the mission."""

    drone_id: str
    sortie_id: str
    geofence: Geofence
    mission: Mission | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Take mission and fence on board, arm and climb to ``height_m`` above home."""

    drone_id: str
    sortie_id: str
    height_m: float
    mission: Mission
    geofence: Geofence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fly:
    """Fly this mission, and hold over the last of its points; keep this fence."""

    drone_id: str
    sortie_id: str
    mission: Mission
    geofence: Geofence

    @property
    def points(self) -> tuple[Position, ...]:
        """Where it flies through, in order."""
        return tuple(waypoint.position for waypoint in self.mission.points)

    @property
    def height_m(self) -> float:
        """The height at which it holds."""
        return self.mission.points[-1].height_m


@dataclass(frozen=True, slots=True, kw_only=True)
class FlyOrbit:
    """Circle over the scene, camera inwards, until told otherwise. Keep this fence, and this mission to go home by."""

    drone_id: str
    sortie_id: str
    orbit: Orbit
    mission: Mission
    geofence: Geofence


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Stop and hover."""

    drone_id: str
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """Land where it is."""

    drone_id: str
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandDown:
    """Stay on the ground: disarm if armed."""

    drone_id: str
    sortie_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCamera:
    """Keep the camera on a place, ``amsl_m`` above mean sea level. Nothing that is flown waits for it."""

    drone_id: str
    sortie_id: str
    at: Position
    amsl_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCamera:
    """The camera back to neutral, and its gimbal let go of. Nothing that is flown waits for it."""

    drone_id: str
    sortie_id: str


Command = Upload | Launch | Fly | FlyOrbit | Hold | Land | StandDown | PointCamera | RestCamera


# ---------------------------------------------------------------- what advancing gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A drone out of service, and why; ``why`` is empty once it is restored."""

    drone_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Wind and rain as they were told."""

    wind: Wind
    rain_mm_h: float


Record = Incident | Sortie | Decision | Geozone | Grant | Withdrawal | Weather
"""A new version of something worth remembering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The situation after an event, what must be stored, and then what must be ordered: in that order, always."""

    situation: Situation
    records: tuple[Record, ...] = ()
    lifted_zones: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    decided_on: Mapping[str, Situation] = field(default_factory=lambda: MappingProxyType({}))
    """The situation that each decision among the records was made on, by decision id."""
