"""What many views are made of."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

GeoJson = dict[str, Any]


class View(BaseModel):
    """Built from a domain value's attributes."""

    model_config = ConfigDict(from_attributes=True)


class PositionView(View):
    """A place, WGS-84."""

    longitude_deg: float = Field(examples=[120.9566])
    latitude_deg: float = Field(examples=[31.3886])


class ReasonView(View):
    """Why a drone is out, and what would change that."""

    code: str
    text: str
    change: str
    values: Mapping[str, float | str]
