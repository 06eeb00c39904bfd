"""Our own GeoJSON dialect for geozones: everything that a geozone can say, to be written by hand and read back.

A Polygon or MultiPolygon, or a Point with ``radius_m`` for a circle; the collection states its ``datum``. Properties:

- ``id``; ``name`` (the id if not given); ``note`` is not read;
- ``kind``: prohibited (if not given), authorisation, conditional, inclusion; ``conditions``: text;
- ``floor_m``, ``ceiling_m`` (null: unbounded), which demand ``floor_reference`` and ``ceiling_reference`` (AGL or
  AMSL), or ``height_reference`` for both;
- ``valid_from``, ``valid_until``: ISO 8601 *with* zone (null: always);
- ``hours``: a list of ``{"days": ["MON", ...], "start": "08:00", "end": "18:30", "time_zone": "Asia/Shanghai"}``, each
  with ``from`` and ``until`` in ISO 8601 if it is seasonal; without days every day; ``start`` and ``end`` may be what
  the sun does: BMCT, SR, SS, EECT; a time zone must be stated wherever there is a clock's time;
- ``margin_m``: by kind if not given (:data:`geo.airspace.DEFAULT_MARGIN_M`).
"""

from collections.abc import Iterable, Mapping
from typing import cast, get_args

from geo.airspace import DEFAULT_MARGIN_M, Area, Geozone, HeightReference, ZoneKind
from geo.datum import Datum
from geo.formats.times import instant_s, iso, time_of_day, time_of_day_s
from geo.geojson import Entry, GroundFeature, parse_grounds
from geo.position import Position
from geo.schedule import DAY_S, EVERY_DAY, Hours, SunEvent, Weekday

ZONE_KEYS = (
    "id", "name", "note", "kind", "conditions", "radius_m", "floor_m", "floor_reference", "ceiling_m",
    "ceiling_reference", "height_reference", "valid_from", "valid_until", "hours", "margin_m",
)  # fmt: skip
HOURS_KEYS = ("days", "start", "end", "time_zone", "from", "until")


def parse_zones(obj: object, where: str, near: Position | None = None) -> tuple[Geozone, ...]:
    """Geozones out of a decoded FeatureCollection, in file order.

    A MultiPolygon ``x`` of several parts becomes ``x/1``, ``x/2``... Raises :class:`geo.geojson.GeoJSONError`.
    """
    zones: dict[str, Geozone] = {}
    for feature in parse_grounds(obj, where, near):
        zone = _zone(feature)
        if zone.id in zones:
            raise feature.entry.fail(f"id {zone.id!r} is taken by another feature")
        zones[zone.id] = zone
    return tuple(zones.values())


def zones_to_geojson(zones: Iterable[Geozone]) -> dict[str, object]:
    """A FeatureCollection that :func:`parse_zones` reads back as the same zones; times are written in UTC."""
    return {
        "type": "FeatureCollection",
        "datum": Datum.WGS84.value,
        "features": [_feature_of(zone) for zone in zones],
    }


def _zone(feature: GroundFeature) -> Geozone:
    entry = feature.entry.allow(ZONE_KEYS)
    zone_id, kind = entry.text("id"), _kind(entry)
    floor_m, ceiling_m = entry.number_or_none("floor_m"), entry.number_or_none("ceiling_m")
    floor_reference = _reference(entry, "floor_reference", bounded=floor_m is not None)
    ceiling_reference = _reference(entry, "ceiling_reference", bounded=ceiling_m is not None)
    same = floor_reference == ceiling_reference
    if floor_m is not None and ceiling_m is not None and same and floor_m > ceiling_m:
        raise entry.fail(f"floor_m = {floor_m} lies above ceiling_m = {ceiling_m}")
    valid_from_s, valid_until_s = _instant_s(entry, "valid_from"), _instant_s(entry, "valid_until")
    if valid_from_s is not None and valid_until_s is not None and valid_from_s >= valid_until_s:
        raise entry.fail("valid_from must be before valid_until")
    return Geozone(
        id=zone_id if feature.parts == 1 else f"{zone_id}/{feature.part}",
        name=entry.text("name", zone_id),
        ground=feature.ground,
        kind=kind,
        conditions=entry.text("conditions") if entry.values.get("conditions") else "",
        floor_m=floor_m,
        floor_reference=floor_reference,
        ceiling_m=ceiling_m,
        ceiling_reference=ceiling_reference,
        valid_from_s=valid_from_s,
        valid_until_s=valid_until_s,
        hours=_hours(entry),
        margin_m=entry.number("margin_m", DEFAULT_MARGIN_M[kind], low=0.0),
    )


def _kind(entry: Entry) -> ZoneKind:
    stated = entry.values.get("kind", "prohibited")
    if stated not in get_args(ZoneKind):
        raise entry.fail(f"kind = {stated!r} must be one of {', '.join(get_args(ZoneKind))}")
    return cast("ZoneKind", stated)


def _reference(entry: Entry, key: str, *, bounded: bool) -> HeightReference:
    shared = entry.values.get("height_reference")
    stated = entry.values.get(key, shared)
    if stated == "AMSL":
        return "AMSL"
    if stated == "AGL" or (stated is None and not bounded):
        return "AGL"
    name = "height_reference" if entry.values.get(key) is None else key
    raise entry.fail(f"{name} = {stated!r} must say what heights are above: AGL or AMSL")


def _hours(entry: Entry) -> tuple[Hours, ...]:
    listed = entry.values.get("hours")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise entry.fail("hours must be a list")
    found = []
    for number, item in enumerate(listed, start=1):
        where = f"{entry.where}: hours {number}"
        one = Entry(where, item if isinstance(item, Mapping) else {}, entry.error).allow(HOURS_KEYS)
        start, end = _time(one, "start", 0.0), _time(one, "end", float(DAY_S))
        by_sun = isinstance(start, SunEvent) and isinstance(end, SunEvent)
        zone = one.text("time_zone", "UTC" if by_sun else None)
        try:
            hours = Hours(
                days=_days(one),
                start=start,
                end=end,
                time_zone=zone,
                from_s=_instant_s(one, "from"),
                until_s=_instant_s(one, "until"),
            )
        except ValueError as error:
            raise one.fail(str(error)) from error
        found.append(hours)
    return tuple(found)


def _days(entry: Entry) -> tuple[Weekday, ...]:
    listed = entry.values.get("days", list(EVERY_DAY))
    if not isinstance(listed, list) or not listed or not all(day in EVERY_DAY for day in listed):
        raise entry.fail(f"days = {listed!r} must be a list of {', '.join(EVERY_DAY)}")
    return tuple(day for day in EVERY_DAY if day in listed)


def _time(entry: Entry, key: str, default: float) -> float | SunEvent:
    if entry.values.get(key) is None:
        return default
    text = entry.text(key)
    if text in tuple(SunEvent):
        return SunEvent(text)
    try:
        return time_of_day_s(text)
    except ValueError as error:
        raise entry.fail(f"{key} = {text!r} {error}; or what the sun does: {', '.join(SunEvent)}") from error


def _instant_s(entry: Entry, key: str) -> float | None:
    if entry.values.get(key) is None:
        return None
    text = entry.text(key)
    try:
        return instant_s(text)
    except ValueError as error:
        raise entry.fail(f"{key} = {text!r} {error}") from error


def _feature_of(zone: Geozone) -> dict[str, object]:
    ground, geometry = zone.ground, dict[str, object]()
    properties: dict[str, object] = {
        "id": zone.id,
        "name": zone.name,
        "kind": zone.kind,
        "conditions": zone.conditions,
        "floor_m": zone.floor_m,
        "floor_reference": zone.floor_reference,
        "ceiling_m": zone.ceiling_m,
        "ceiling_reference": zone.ceiling_reference,
        "valid_from": iso(zone.valid_from_s),
        "valid_until": iso(zone.valid_until_s),
        "hours": [_hours_of(hours) for hours in zone.hours],
        "margin_m": zone.margin_m,
    }
    if isinstance(ground, Area):
        rings = [[list(corner) for corner in (*ring, ring[0])] for ring in (ground.outline, *ground.holes)]
        geometry = {"type": "Polygon", "coordinates": rings}
    else:
        properties["radius_m"] = ground.radius_m
        geometry = {"type": "Point", "coordinates": [ground.centre.longitude_deg, ground.centre.latitude_deg]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _hours_of(hours: Hours) -> dict[str, object]:
    def written(when: float | SunEvent) -> str:
        return when.value if isinstance(when, SunEvent) else time_of_day(when)

    return {
        "days": list(hours.days),
        "start": written(hours.start),
        "end": written(hours.end),
        "time_zone": hours.time_zone,
        "from": iso(hours.from_s),
        "until": iso(hours.until_s),
    }
