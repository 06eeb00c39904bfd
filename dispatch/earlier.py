"""Values as earlier versions wrote them, brought into today's form: the log is append-only and is never rewritten.

A stored decision's inputs keep the text, and so the hash, that they were written with.
"""

import json
from typing import Any


def brought_up_to_date(text: str | bytes) -> str | None:
    """The JSON ``text`` with all that it holds in an older form in today's; ``None`` where nothing is to be changed."""
    try:
        before = json.loads(text)
    except ValueError:
        return None
    after = _today(before)
    return None if after == before else json.dumps(after)


def _today(value: Any) -> Any:
    if isinstance(value, list):
        return [_today(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "outline" in value and "height_reference" in value and "ground" not in value:
        return _zone_of_0_1(value)
    return {key: _today(item) for key, item in value.items()}


def _zone_of_0_1(zone: dict[str, Any]) -> dict[str, Any]:
    """A geozone of 0.1: always a polygon, always prohibited, with one reference for both heights."""
    same = {key: item for key, item in zone.items() if key not in ("outline", "holes", "height_reference")}
    return same | {
        "ground": {"outline": zone["outline"], "holes": zone.get("holes", [])},
        "floor_reference": zone["height_reference"],
        "ceiling_reference": zone["height_reference"],
    }
