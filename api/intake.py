"""What comes in, checked at the door: nothing half-made gets past it."""

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem
from dispatch.codec import to_json
from dispatch.decide import never_reachable
from dispatch.model import LEAST_URGENT, MOST_URGENT, Clocks, Incident, Situation
from dispatch.sky import closed_zone
from geo.airspace import Fence, Restriction
from geo.datum import DatumError, parse_datum, position_of
from geo.frame import inverse
from geo.position import Position, PositionError

AREA_RADIUS_M = 60_000.0
"""The metric plane of a city is true within this distance; farther places are not of this city."""


class Strict(BaseModel):
    """A request body: unknown fields, infinities, and words or truths where numbers belong are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


Word = Annotated[str, Field(max_length=40)]
DatumIn = Annotated[
    Word,
    Field(description="WGS-84, GCJ-02 or BD-09. It must be stated: between them lie up to 700 m.", examples=["WGS-84"]),
]


class PlaceIn(Strict):
    """A place in a stated datum."""

    longitude_deg: float = Field(examples=[120.9566])
    latitude_deg: float = Field(examples=[31.3886])
    datum: DatumIn


class NeedIn(PlaceIn):
    """What is needed where."""

    type: Word = Field(description="the code of an incident type of this city", examples=["fire"])
    priority: int | None = Field(
        None, ge=MOST_URGENT, le=LEAST_URGENT, description="1 (most urgent) to 5; the type's own if left out"
    )
    needs: list[Word] | None = Field(None, max_length=10, description="sensors; the type's own if left out")


class IncidentIn(NeedIn):
    """A report of an incident."""

    watch_s: float | None = Field(None, ge=0, le=4 * 3600, description="how long to stay; the type's own if left out")
    note: str = Field("", max_length=2000)


class PointIn(Strict):
    """A place in the datum that the request states."""

    longitude_deg: float = Field(examples=[120.9566])
    latitude_deg: float = Field(examples=[31.3886])


class PatrolIn(Strict):
    """Fly these points in order and hold over the last."""

    points: list[PointIn] = Field(min_length=1, max_length=50)
    datum: DatumIn
    hold_s: float = Field(60.0, ge=0, le=4 * 3600)
    priority: int | None = Field(None, ge=MOST_URGENT, le=LEAST_URGENT)
    note: str = Field("", max_length=2000)


def content_hash(body: BaseModel) -> str:
    """A fingerprint of a request, to tell a repeat from a reuse of its key."""
    return hashlib.sha256(to_json(body.model_dump(mode="json")).encode()).hexdigest()


def read_position(longitude_deg: float, latitude_deg: float, datum: str, situation: Situation) -> Position:
    """The WGS-84 position, which must lie in the city's surroundings."""
    try:
        position = position_of(longitude_deg, latitude_deg, parse_datum(datum))
    except DatumError as error:
        raise Problem(422, "invalid_datum", str(error)) from error
    except PositionError as error:
        hint = _hint(longitude_deg, latitude_deg, situation)
        raise Problem(422, "invalid_position", f"{error}{hint}") from error
    distance_m = inverse(situation.centre, position)[1]
    if distance_m > AREA_RADIUS_M:
        hint = _hint(longitude_deg, latitude_deg, situation)
        raise Problem(422, "outside_area", f"the place is {distance_m / 1000:,.0f} km from the city{hint}")
    return position


def _hint(longitude_deg: float, latitude_deg: float, situation: Situation) -> str:
    """What may be wrong with a pair that is no place of the city."""
    try:
        swapped = Position(latitude_deg, longitude_deg)
    except PositionError:
        return ""
    near = inverse(situation.centre, swapped)[1] <= AREA_RADIUS_M
    return ": are longitude and latitude swapped?" if near else ""


def new_incident(
    body: IncidentIn | NeedIn,
    situation: Situation,
    *,
    at_s: float,
    position: Position,
    incident_id: str = "",
    route: tuple[Position, ...] = (),
    source: str = "operator",
    reported_by: str = "",
) -> Incident:
    """The incident that a request asks for; raises :class:`Problem` (422) for one that cannot be served at all.

    A new incident has no id until it is accepted (:meth:`api.engine.Engine.accept`).
    """
    kind = situation.types.get(body.type)
    if kind is None:
        known = ", ".join(situation.types)
        raise Problem(422, "unknown_type", f"there is no incident type {body.type!r}; there are: {known}")
    known_sensors = {sensor for airframe in situation.airframes.values() for sensor in airframe.sensors}
    unknown = sorted(set(body.needs or ()) - known_sensors)
    if unknown:
        raise Problem(422, "unknown_need", f"no airframe has {', '.join(unknown)}; there are: {sorted(known_sensors)}")
    for point in (position, *route):
        zone = closed_zone(situation, point)
        if zone is not None:
            raise Problem(
                422,
                "inside_geozone",
                f"({point.longitude_deg:.6f}, {point.latitude_deg:.6f}) {_forbidden(zone)}",
            )
    watch_s = body.watch_s if isinstance(body, IncidentIn) else None
    incident = Incident(
        id=incident_id,
        position=position,
        type=kind.code,
        priority=kind.priority if body.priority is None else body.priority,
        needs=tuple(sorted(kind.needs if body.needs is None else set(body.needs))),
        watch_s=kind.watch_s if watch_s is None else watch_s,
        clocks=Clocks(reported_at_s=at_s),
        route=route,
        note=body.note if isinstance(body, IncidentIn) else "",
        source=source,
        reported_by=reported_by,
    )
    why = never_reachable(situation, incident)
    if why is not None:
        raise Problem(422, "outside_reach", why)
    return incident


def incident_of(body: IncidentIn, situation: Situation, *, at_s: float, source: str, incident_id: str = "") -> Incident:
    """The incident that a report makes; raises :class:`Problem` (422) where its place or the rest cannot be served."""
    position = read_position(body.longitude_deg, body.latitude_deg, body.datum, situation)
    return new_incident(body, situation, at_s=at_s, position=position, incident_id=incident_id, source=source)


def _forbidden(rule: Restriction) -> str:
    """Why no drone may hover in ``rule``'s closed ground, and what would open it."""
    if isinstance(rule, Fence):
        return f"lies {rule.name}, or within {rule.margin_m:.0f} m of the edge: drones stay inside"
    opened = "" if rule.kind == "prohibited" else f" without a grant (it is {rule.kind})"
    where = f"lies in geozone {rule.id} ({rule.name}) or its margin of {rule.margin_m:.0f} m"
    return f"{where}: no drone may hover there{opened}"
