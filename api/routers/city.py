"""What does not move: the city, its bases, its airframes."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from api.problems import RESPONSES
from api.routers.common import Running
from api.security import Viewer
from api.views.city import AirframeView, BaseView, TypeView, airframe_view, type_view
from api.views.parts import GeoJson, PositionView
from geo.position import Position

router = APIRouter(tags=["city"], responses=RESPONSES)


class BasemapView(BaseModel):
    """Where map tiles come from; null: the city's own data only."""

    pmtiles: str | None
    raster: str | None


class CityView(BaseModel):
    """The city as the map draws it."""

    id: str
    name: str
    name_zh: str
    promise_s: float
    centre: PositionView
    bounds: tuple[float, float, float, float]
    boundary: GeoJson
    places: GeoJson
    airports: GeoJson
    candidates: GeoJson
    bases: list[BaseView]
    airframes: list[AirframeView]
    types: list[TypeView]
    basemap: BasemapView
    demo: bool


@router.get("/city", summary="The city")
def city(engine: Running, _: Viewer) -> CityView:
    """Boundary, places, bases, airframes and incident types."""
    town = engine.city
    rings = [[list(point) for point in (*ring, ring[0])] for ring in town.boundary]
    longitudes = [point[0] for ring in rings for point in ring]
    latitudes = [point[1] for ring in rings for point in ring]
    return CityView(
        id=town.id,
        name=town.name,
        name_zh=town.name_zh,
        promise_s=town.rules.promise_s,
        centre=PositionView.model_validate(town.centre),
        bounds=(min(longitudes), min(latitudes), max(longitudes), max(latitudes)),
        boundary={"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]},
        places=_points([(p.position, {"name": p.name, "name_zh": p.name_zh}) for p in town.places]),
        airports=_points([(a.position, {"name": a.name}) for a in town.airports]),
        candidates=_points([(c.position, {"name": c.name, "name_zh": c.name_zh}) for c in town.candidates]),
        bases=bases(engine, _),
        airframes=airframes(engine, _),
        types=[type_view(kind) for kind in town.types.values()],
        basemap=BasemapView(
            pmtiles="/basemap.pmtiles" if engine.settings.basemap_path.exists() else None,
            raster=engine.settings.raster_tiles or None,
        ),
        demo=engine.embedded is not None,
    )


@router.get("/bases", summary="Bases")
def bases(engine: Running, _: Viewer) -> list[BaseView]:
    """Sites with docks."""
    return [BaseView.model_validate(base) for base in engine.city.bases.values()]


@router.get("/airframes", summary="Airframes")
def airframes(engine: Running, _: Viewer) -> list[AirframeView]:
    """Types of aircraft, with speeds that can be commanded."""
    return [airframe_view(airframe) for airframe in engine.city.airframes.values()]


def _points(points: list[tuple[Position, dict[str, Any]]]) -> GeoJson:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [position.longitude_deg, position.latitude_deg]},
            "properties": properties,
        }
        for position, properties in points
    ]
    return {"type": "FeatureCollection", "features": features}
