"""Geozones, weather, and what is in reach."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from api.intake import Strict
from api.problems import RESPONSES, Problem
from api.reach import reach_now
from api.routers.common import Running
from api.security import Operator, Planner, Viewer
from api.views import GeoJson, WeatherView, WindView, zones_view
from dispatch.events import WeatherChanged, ZoneLifted, ZoneRaised
from geo.formats.own import parse_zones
from geo.geojson import GeoJSONError
from geo.wind import Wind

router = APIRouter(tags=["airspace"], responses=RESPONSES)


class WeatherIn(Strict):
    """Wind as the meteorologist says it, and rain."""

    speed_mps: float = Field(ge=0, le=80, examples=[6.0])
    from_deg: float = Field(description="where the wind comes from", ge=-360, le=360, examples=[300.0])
    rain_mm_h: float = Field(0.0, ge=0, le=500)


@router.get("/zones", summary="Geozones")
def zones(engine: Running, _: Viewer) -> GeoJson:
    """All geozones as GeoJSON (WGS-84), with whether each is in force now."""
    return zones_view(engine.operations.situation)


@router.post("/zones", status_code=201, summary="Raise geozones")
async def raise_zones(engine: Running, _: Planner, body: Annotated[dict[str, Any], Body()]) -> GeoJson:
    """GeoJSON whose collection states its ``datum``. Drones in the air are sent round them at once."""
    try:
        raised = parse_zones(body, "body", near=engine.city.centre)
    except GeoJSONError as error:
        raise Problem(422, "invalid_zone", str(error)) from error
    if not raised:
        raise Problem(422, "invalid_zone", "body: there is no feature in the collection")
    for zone in raised:
        await engine.operations.submit(ZoneRaised(at_s=engine.clock.now_s(), zone=zone))
    return zones_view(engine.operations.situation)


@router.delete("/zones/{zone_id:path}", summary="Lift a geozone")  # the parts of a zone are called "x/1", "x/2"
async def lift_zone(zone_id: str, engine: Running, _: Planner) -> GeoJson:
    """It holds no longer."""
    await engine.operations.submit(ZoneLifted(at_s=engine.clock.now_s(), zone_id=zone_id))
    return zones_view(engine.operations.situation)


@router.put("/weather", summary="Tell the weather")
async def tell_weather(body: WeatherIn, engine: Running, _: Operator) -> WeatherView:
    """Wind and rain from now on; embedded vehicles feel it too."""
    wind = Wind(body.speed_mps, body.from_deg % 360.0)
    await engine.operations.submit(WeatherChanged(at_s=engine.clock.now_s(), wind=wind, rain_mm_h=body.rain_mm_h))
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
