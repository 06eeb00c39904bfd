"""Geozones, and leave to fly in them."""

from api.views.parts import GeoJson, View
from dispatch.model import Situation
from geo.airspace import Grant, granted_until_s
from geo.formats.own import zones_to_geojson


class GrantView(View):
    """Leave to fly in a zone."""

    id: str
    zone_id: str
    authority: str
    reference: str
    from_at_s: float
    until_at_s: float
    recorded_by: str
    note: str


def grant_view(grant: Grant) -> GrantView:
    """A grant."""
    return GrantView(
        id=grant.id,
        zone_id=grant.zone_id,
        authority=grant.authority,
        reference=grant.reference,
        from_at_s=grant.from_s,
        until_at_s=grant.until_s,
        recorded_by=grant.recorded_by,
        note=grant.note,
    )


def zones_view(situation: Situation) -> GeoJson:
    """Every geozone as GeoJSON, with whether it is in force, and until when grants open it (null: none does now)."""
    collection: GeoJson = dict(zones_to_geojson(situation.zones.values()))
    for feature in collection["features"]:
        zone = situation.zones[feature["properties"]["id"]]
        feature["properties"] |= {
            "in_force": zone.holds_at(situation.now_s),
            "granted_until_s": granted_until_s(zone, situation.now_s, situation.grants.values()),
            "valid_from_s": zone.valid_from_s,
            "valid_until_s": zone.valid_until_s,
        }
    return collection
