"""QGroundControl ``.plan`` files: the geofence, version 2, of polygons and circles; and back.

Coordinates are ``[latitude, longitude]``, WGS-84, and rings are not closed. An exclusion is a prohibited zone. A plan
knows no heights, times or kinds: writing one keeps the ground only, and refuses what a plan cannot say.
"""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field

from geo.airspace import DEFAULT_MARGIN_M, Area, Circle, Geozone, ZoneKind
from geo.datum import Datum
from geo.formats.zone_file import Open, ZoneFile, ZoneFileError, entry, validated
from geo.geojson import area_of, place_of
from geo.position import Position

Pair = Annotated[list[float], Field(min_length=2, max_length=3)]


class Disc(Open):
    """Centre and radius."""

    center: Pair
    radius: Annotated[float, Field(gt=0)]


class PlanCircle(Open):
    """A circle to stay in or out of."""

    circle: Disc
    inclusion: bool
    version: Literal[1] = 1


class PlanPolygon(Open):
    """A polygon to stay in or out of."""

    polygon: Annotated[list[Pair], Field(min_length=3)]
    inclusion: bool
    version: Literal[1] = 1


class GeoFence(Open):
    """All of them."""

    version: Literal[2]
    polygons: list[PlanPolygon] = Field(default_factory=list)
    circles: list[PlanCircle] = Field(default_factory=list)


class Document(Open):
    """The file; its mission and rally points are not read."""

    file_type: Literal["Plan"]
    geo_fence: GeoFence


def parse(obj: object, where: str, near: Position | None = None, datum: Datum = Datum.WGS84) -> ZoneFile:
    """The fence of a decoded plan; raises :class:`geo.formats.zone_file.ZoneFileError`.

    A fence has no names: a zone is called after its file and its place in it, as ``site-polygon-1``.
    """
    fence = validated(Document, obj, where).geo_fence
    stem = PurePath(where).stem
    zones = []
    for number, one in enumerate(fence.polygons):
        here = entry(where, f"$.geoFence.polygons[{number}]")
        ring = [_swapped(pair) for pair in one.polygon]
        area = area_of(here, [[*ring, ring[0]]], datum, near)
        zones.append(_zone(f"{stem}-polygon-{number + 1}", area, one.inclusion))
    for number, round_ in enumerate(fence.circles):
        here = entry(where, f"$.geoFence.circles[{number}]")
        centre = place_of(here, _swapped(round_.circle.center), datum, near)
        circle = Circle(centre=centre, radius_m=round_.circle.radius)
        zones.append(_zone(f"{stem}-circle-{number + 1}", circle, round_.inclusion))
    return ZoneFile(format="QGroundControl plan", zones=tuple(zones))


def zones_to_plan(zones: Iterable[Geozone]) -> dict[str, Any]:
    """A plan whose fence is these zones' ground; raises :class:`ZoneFileError` for a polygon with holes.

    A plan's fence holds at every height and time and needs no leave, so it may close more than the zones do.
    """
    polygons, circles = [], []
    for zone in zones:
        ground, inclusion = zone.ground, zone.kind == "inclusion"
        if isinstance(ground, Circle):
            centre = [ground.centre.latitude_deg, ground.centre.longitude_deg]
            disc = {"center": centre, "radius": ground.radius_m}
            circles.append({"circle": disc, "inclusion": inclusion, "version": 1})
            continue
        if ground.holes:
            raise ZoneFileError(f"zone {zone.id!r} has a hole: a plan's fence has none")
        corners = [[lat, lon] for lon, lat in ground.outline]
        polygons.append({"polygon": corners, "inclusion": inclusion, "version": 1})
    return {
        "fileType": "Plan",
        "geoFence": {"circles": circles, "polygons": polygons, "version": 2},
        "groundStation": "reach180",
        "mission": {
            "cruiseSpeed": 15,
            "firmwareType": 12,
            "globalPlanAltitudeMode": 1,
            "hoverSpeed": 5,
            "items": [],
            "plannedHomePosition": None,
            "vehicleType": 2,
            "version": 2,
        },
        "rallyPoints": {"points": [], "version": 2},
        "version": 1,
    }


def _zone(id_: str, ground: Area | Circle, inclusion: bool) -> Geozone:
    kind: ZoneKind = "inclusion" if inclusion else "prohibited"
    return Geozone(id=id_, name=id_, ground=ground, kind=kind, margin_m=DEFAULT_MARGIN_M[kind])


def _swapped(pair: list[float]) -> list[float]:
    latitude, longitude = pair[:2]
    return [longitude, latitude]
