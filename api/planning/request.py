"""A plan asked for over HTTP: what the request may say, and what of it can be judged before anything is read."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from api.intake import Strict
from dispatch.placement import Ask, Goal, Promise
from geo.geojson import parse_points, parse_polygons
from geo.position import Position

DEMAND, CANDIDATES, AREA, POINTS = "demand", "candidates", "area", "points"
"""The inputs of a plan: two files that are uploaded, and two that the request itself holds. Also where a fault lies."""

Column = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=100)]
GeoJsonIn = Annotated[dict[str, Any] | None, Field(description="a FeatureCollection that states its `datum`")]


class PlanIn(Strict):
    """What a planner asks. Flat, so that one form, one JSON body and one part of a multipart body can hold it."""

    name: str = Field("", description="for the list of jobs", max_length=200)
    model: Goal = Field("maxcover", description="what is to be best")
    within_s: float = Field(180.0, description="the promised time", gt=0, le=3600)
    share: float | None = Field(None, description="for `cover`: the share of demand that is promised", gt=0, le=1)
    times: int = Field(1, description="by so many different bases", ge=1, le=5)
    p: int | None = Field(None, description="new bases at most (drones, for `expected`)", ge=0, le=5000)
    budget: float | None = Field(None, description="what new bases may cost at most", ge=0)
    busy: float = Field(0.3, description="for `expected`: the share of time that a drone is busy", ge=0, lt=1)
    bases: bool = Field(True, description="the city's bases stand already")
    candidates: bool = Field(False, description="the city's candidate sites")
    grid_m: float | None = Field(None, description="a grid of sites so far apart over the area", ge=50, le=50_000)
    points: GeoJsonIn = None
    sites_datum: str | None = Field(None, description="of an uploaded file of sites that states none", max_length=40)
    forced: list[Id] = Field([], description="ids of sites that must have a base", max_length=5000)
    forbidden: list[Id] = Field([], description="ids of sites that must have none", max_length=5000)
    area: GeoJsonIn = None
    demand_datum: str | None = Field(None, description="of an uploaded file of demand that states none", max_length=40)
    demand_weight: list[Column] = Field([], description="columns of weights", max_length=20)
    demand_district: Column | None = Field(None, description="column of districts, for `worst-district`")
    demand_skip_wrong: bool = Field(False, description="leave wrong rows out and count them")
    airframe: str | None = Field(None, description="what every base has; the city's first if not given", max_length=100)
    wind: str | None = Field(None, description="m/s@degrees that it blows from; the city's if not given", max_length=40)
    frontier_to: int | None = Field(None, description="also the best layouts of 1 to so many new bases", ge=1, le=200)
    limit_s: float = Field(60.0, description="for the layout; as much again for the frontier", ge=0, le=3600)


def ask_of(asked: PlanIn) -> Ask:
    """The question. Raises :class:`~dispatch.placement.AskError` for what cannot be meant."""
    return Ask(
        goal=asked.model,
        promise=Promise(within_s=asked.within_s, share=asked.share, times=asked.times),
        p=asked.p,
        budget=asked.budget,
        busy=asked.busy,
    )


def drawn(asked: PlanIn, centre: Position) -> dict[str, bytes]:
    """What the request holds of inputs, by name, checked: area and points. Raises ``GeoJSONError``."""
    inputs = {}
    if asked.area is not None:
        parse_polygons(asked.area, f"body.{AREA}", centre)
        inputs[f"{AREA}/area.geojson"] = json.dumps(asked.area).encode()
    if asked.points is not None:
        parse_points(asked.points, f"body.{POINTS}", centre)
        inputs[f"{POINTS}/points.geojson"] = json.dumps(asked.points).encode()
    return inputs


def uploaded(which: str, filename: str | None, content: bytes) -> dict[str, bytes]:
    """An uploaded file as an input; of its name only what is safe on every disk is kept."""
    safe = re.sub(r"[^\w.\- ]", "_", Path((filename or "").replace("\\", "/")).name).strip(" .") or which
    return {f"{which}/{safe[-100:]}": content}
