"""Geozones and grants, weather, and what is in reach."""

import asyncio
import json
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field

from api.engine import Engine
from api.intake import Strict
from api.problems import RESPONSES, Problem
from api.reach import reach_now
from api.routers.common import Running, ask
from api.security import Operator, Planner, Viewer
from api.views.airspace import GrantView, grant_view, zones_view
from api.views.parts import GeoJson, View
from api.views.situation import WeatherView, WindView
from dispatch.events import GrantRecorded, GrantRevoked, WeatherChanged, ZoneLifted, ZoneRaised
from dispatch.store import Account
from geo.airspace import Geozone, Grant
from geo.datum import DatumError, parse_datum
from geo.formats.own import parse_zones
from geo.formats.read import read_zones
from geo.formats.zone_file import ZoneFileError
from geo.geojson import GeoJSONError
from geo.wind import Wind

router = APIRouter(tags=["airspace"], responses=RESPONSES)

_ANY_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/json", "application/vnd.google-earth.kml+xml", "application/octet-stream")
        },
    }
}


class WeatherIn(Strict):
    """Wind as the meteorologist says it, and rain."""

    speed_mps: float = Field(ge=0, le=80, examples=[6.0])
    from_deg: float = Field(description="where the wind comes from", ge=-360, le=360, examples=[300.0])
    gust_mps: float = Field(0.0, description="wind speed in gusts, if they are stronger", ge=0, le=120)
    rain_mm_h: float = Field(0.0, ge=0, le=500)


class GrantIn(Strict):
    """Leave of an authority, or word that conditions are met."""

    zone_id: str = Field(description="a zone, or `x` for all parts `x/1`, `x/2`...", min_length=1, max_length=200)
    authority: str = Field(description="who gave it", min_length=1, max_length=200, examples=["Kunshan tower"])
    reference: str = Field(description="its number there", min_length=1, max_length=200, examples=["KS-2027-118"])
    from_at_s: float | None = Field(None, description="seconds since 1970 (UTC); now if not given")
    until_at_s: float = Field(description="seconds since 1970 (UTC)")
    note: str = Field("", max_length=2000)


class ImportView(View):
    """What a file of zones gave."""

    format: str = Field(examples=["ED-318"])
    raised: list[str] = Field(description="the ids of the zones, in file order")
    notes: list[str] = Field(description="what was left out of the file, or read with care")


@router.get("/zones", summary="Geozones")
def zones(engine: Running, _: Viewer) -> GeoJson:
    """All geozones as GeoJSON (WGS-84; a circle is a Point with `radius_m`), with whether each is in force now and
    until when a grant opens it."""
    return zones_view(engine.operations.situation)


@router.post("/zones", status_code=201, summary="Raise geozones")
async def raise_zones(engine: Running, account: Planner, body: Annotated[dict[str, Any], Body()]) -> GeoJson:
    """GeoJSON whose collection states its ``datum``. Drones in the air are sent round them at once."""
    try:
        raised = parse_zones(body, "body", near=engine.city.centre)
    except GeoJSONError as error:
        raise Problem(422, "invalid_zone", str(error)) from error
    if not raised:
        raise Problem(422, "invalid_zone", "body: there is no feature in the collection")
    await _raise(engine, raised, account)
    return zones_view(engine.operations.situation)


@router.post("/zones/import", status_code=201, summary="Raise geozones from a file", openapi_extra=_ANY_FILE)
async def import_zones(
    engine: Running,
    account: Planner,
    request: Request,
    datum: Annotated[str | None, Query(description="of a file that states none: WGS-84, GCJ-02 or BD-09")] = None,
    name: Annotated[str, Query(description="the file's name, for errors and for zones without one")] = "body",
) -> ImportView:
    """A file as the body, in any format that we read: ED-318, ED-269, GeoJSON, KML, a QGroundControl plan, or a DJI
    custom flight area; its content says which. All its zones are raised at once, or none."""
    content = await request.body()
    try:
        stated = None if datum is None else parse_datum(datum)
        read = await asyncio.to_thread(read_zones, content, name, engine.city.centre, stated)
    except (ZoneFileError, DatumError) as error:
        raise Problem(422, "invalid_zone", str(error)) from error
    if not read.zones:
        raise Problem(
            422, "invalid_zone", f"{name}: there is no zone in the file{''.join(f'; {n}' for n in read.notes)}"
        )
    await _raise(engine, read.zones, account)
    return ImportView(format=read.format, raised=[zone.id for zone in read.zones], notes=list(read.notes))


async def _raise(engine: Engine, zones: tuple[Geozone, ...], by: Account) -> None:
    event = ZoneRaised(at_s=engine.clock.now_s(), zone=zones[0], more=zones[1:])
    await ask(engine, event, by)


@router.delete("/zones/{zone_id:path}", summary="Lift a geozone")  # the parts of a zone are called "x/1", "x/2"
async def lift_zone(zone_id: str, engine: Running, account: Planner) -> GeoJson:
    """It holds no longer."""
    await ask(engine, ZoneLifted(at_s=engine.clock.now_s(), zone_id=zone_id), account)
    return zones_view(engine.operations.situation)


@router.get("/grants", summary="Grants")
def grants(engine: Running, _: Viewer) -> list[GrantView]:
    """The grants that hold now or will; those that are over are in the log."""
    return [grant_view(grant) for grant in engine.operations.situation.grants.values()]


@router.post("/grants", status_code=201, summary="Record a grant")
async def record_grant(body: GrantIn, engine: Running, account: Planner) -> GrantView:
    """Leave to fly in a zone that needs authorisation, or word that a zone's conditions are met. The zone is open for
    its duration; drones are out of it before it ends."""
    now_s = engine.clock.now_s()
    grant = Grant(
        id=f"G-{secrets.token_hex(4)}",
        zone_id=body.zone_id,
        authority=body.authority,
        reference=body.reference,
        from_s=now_s if body.from_at_s is None else body.from_at_s,
        until_s=body.until_at_s,
        recorded_by=account.username,
        note=body.note,
    )
    await ask(engine, GrantRecorded(at_s=now_s, grant=grant), account)
    return grant_view(grant)


@router.delete("/grants/{grant_id}", summary="Revoke a grant")
async def revoke_grant(grant_id: str, engine: Running, account: Planner) -> GeoJson:
    """It holds no longer: drones in the zone leave it, and ways through it are planned anew. Answers with the zones."""
    await engine.operations.ask(
        GrantRevoked(at_s=engine.clock.now_s(), grant_id=grant_id, by=account.username), by=account.username
    )
    return zones_view(engine.operations.situation)


@router.put("/weather", summary="Tell the weather")
async def tell_weather(body: WeatherIn, engine: Running, account: Operator) -> WeatherView:
    """Wind and rain from now on; embedded vehicles feel it too."""
    wind = Wind(body.speed_mps, body.from_deg % 360.0, body.gust_mps)
    await engine.operations.ask(
        WeatherChanged(at_s=engine.clock.now_s(), wind=wind, rain_mm_h=body.rain_mm_h), by=account.username
    )
    if engine.embedded is not None:
        await engine.embedded.wind(wind.speed_mps, wind.from_deg)
    return WeatherView(wind=WindView.model_validate(wind), rain_mm_h=body.rain_mm_h)


@router.get("/reach", summary="What is in reach")
def reach(
    engine: Running,
    _: Viewer,
    seconds: Annotated[float, Query(gt=0, le=3600)] = 180.0,
    all: Annotated[bool, Query(description="as if every drone were home, charged and free")] = False,  # noqa: A002
) -> GeoJson:
    """GeoJSON polygons that the free fleet reaches within ``seconds`` of a decision now, one per base or drone."""
    collection: GeoJson = json.loads(reach_now(engine.operations.situation, seconds, all_home=all))
    return collection
