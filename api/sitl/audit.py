"""Whether anybody flew where nobody may: tracks against the zones' own edges, on the ellipsoid, by shapely alone.

Nothing of the planner is asked. The edges of zones are geodesics with a point every 100 m, set down in the azimuthal
equidistant plane of the city (true within 0.002 %); between two samples a drone is taken to fly straight.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Geod

from api.sitl.record import Record, ZoneSpan
from api.tracks import Sample, tracks_of
from geo.airspace import Circle, Geozone
from geo.frame import LocalFrame
from geo.separation import Approach, closest_approaches

EDGE_M = 100.0
CIRCLE_SIDES = 360
GAP_S = 5.0
"""Over a longer gap in a track nothing is claimed of it (engine time)."""

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFinding:
    """How near drones came to one zone while it was in force; ``nearest_m`` is to its own edge, None: nobody flew.

    A drone that a zone is raised over may leave it: from ``inside_when_raised`` on it counts once it has been outside.
    """

    zone_id: str
    name: str
    kind: str
    margin_m: float
    nearest_m: float | None
    nearest_drone: str
    nearest_at_s: float | None
    breaches: tuple[str, ...]
    inside_when_raised: tuple[str, ...]


def zone_findings(record: Record) -> tuple[ZoneFinding, ...]:
    """Every zone of the run, breached or not, by id."""
    frame = record.city.frame
    found = [_finding(frame, span, record) for span in record.zones]
    return tuple(sorted(found, key=lambda finding: finding.zone_id))


def approaches(record: Record) -> list[Approach]:
    """The nearest moment of every pair of drones that was in the air at once, the nearest pair first."""
    return closest_approaches(tracks_of(record.samples, record.city.frame))


def ground_of(frame: LocalFrame, zone: Geozone) -> shapely.Polygon:
    """The zone's own ground in the frame's metres, without its margin; an inclusion zone's is what lies inside."""
    if isinstance(zone.ground, Circle):
        full = np.ones(CIRCLE_SIDES)
        courses = np.linspace(0.0, 360.0, CIRCLE_SIDES, endpoint=False)
        centre = zone.ground.centre
        lon, lat, _ = _GEOD.fwd(
            full * centre.longitude_deg, full * centre.latitude_deg, courses, full * zone.ground.radius_m
        )
        return shapely.Polygon(frame.to_xy(lon, lat))
    return shapely.Polygon(
        frame.to_xy(*_densified(zone.ground.outline)), [frame.to_xy(*_densified(hole)) for hole in zone.ground.holes]
    )


def _densified(ring: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    closed = [*ring, ring[0]] if ring[0] != ring[-1] else list(ring)
    places: list[tuple[float, float]] = []
    for (west, south), (east, north) in itertools.pairwise(closed):
        length_m = _GEOD.inv(west, south, east, north)[2]
        between = _GEOD.npts(west, south, east, north, int(length_m // EDGE_M)) if length_m > EDGE_M else []
        places += [(west, south), *between]
    return [place[0] for place in places], [place[1] for place in places]


def _finding(frame: LocalFrame, span: ZoneSpan, record: Record) -> ZoneFinding:
    zone, city = span.zone, record.city
    ground = ground_of(frame, zone)
    shapely.prepare(ground)
    nearest_m, nearest_drone, nearest_at_s = np.inf, "", None
    breaches, leaving = [], []
    for drone_id, samples in sorted(record.samples.items()):
        flown = [s for s in samples if _meets(span, s, city.ground_amsl_m)]
        if not flown:
            continue
        xy = frame.to_xy([s.longitude_deg for s in flown], [s.latitude_deg for s in flown])
        places = [shapely.Point(place) for place in xy]
        shut = np.atleast_1d(shapely.covers(ground, places) != (zone.kind == "inclusion"))
        first = 0
        if shut[0] and flown[0].at_s - span.from_s < GAP_S and span.from_s > record.began_at_s:
            leaving.append(drone_id)
            first = int(np.argmin(shut)) if not shut.all() else len(shut)
        away = np.atleast_1d(shapely.distance(ground.exterior if zone.kind == "inclusion" else ground, places))
        for k in range(first, len(flown)):
            crossed = bool(shut[k])
            if k > first and flown[k].at_s - flown[k - 1].at_s <= GAP_S:
                path = shapely.LineString(xy[k - 1 : k + 1])
                crossed = crossed or (not ground.covers(path) if zone.kind == "inclusion" else ground.intersects(path))
            if crossed:
                at_s = flown[k].at_s - record.began_at_s
                breaches.append(f"{drone_id} at {at_s:.1f} s, {flown[k].height_m:.0f} m up")
                break
        if first < len(flown):
            k = first + int(np.argmin(away[first:]))
            if away[k] < nearest_m:
                nearest_m, nearest_drone, nearest_at_s = float(away[k]), drone_id, flown[k].at_s - record.began_at_s
    return ZoneFinding(
        zone_id=zone.id,
        name=zone.name,
        kind=zone.kind,
        margin_m=zone.margin_m,
        nearest_m=nearest_m if np.isfinite(nearest_m) else None,
        nearest_drone=nearest_drone,
        nearest_at_s=nearest_at_s,
        breaches=tuple(breaches),
        inside_when_raised=tuple(leaving),
    )


def _meets(span: ZoneSpan, sample: Sample, ground_amsl_m: float) -> bool:
    """Whether the zone was in force then, at that height, for a drone in the air."""
    if not sample.in_air or not span.from_s <= sample.at_s <= (np.inf if span.until_s is None else span.until_s):
        return False
    agl_m = sample.home_amsl_m + sample.height_m - ground_amsl_m
    return span.zone.holds_at(sample.at_s) and span.zone.holds_between(agl_m, agl_m, ground_amsl_m)


def armed_s(samples: Iterable[Sample]) -> list[float]:
    """How long it was armed, each time; a flight that was armed at the begin or at the end of the track is left out."""
    spans, since_s, before = [], None, None
    for sample in samples:
        if before is not None and sample.armed and not before.armed:
            since_s = sample.at_s
        elif before is not None and before.armed and not sample.armed and since_s is not None:
            spans.append(sample.at_s - since_s)
            since_s = None
        before = sample
    return spans


def samples_hz(samples: Iterable[Sample]) -> float | None:
    """Samples a second (engine time) while in the air; None where it never was."""
    instants = [s.at_s for s in samples if s.in_air]
    gaps = [after - before for before, after in itertools.pairwise(instants) if after - before <= GAP_S]
    return len(gaps) / sum(gaps) if gaps and sum(gaps) > 0 else None
