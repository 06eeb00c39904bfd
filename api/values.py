"""Values as JSON can hold them, for results that programs read."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def settings(study: "DataclassInstance") -> dict[str, Any]:
    """All that was asked, as JSON values; paths by their names, and without what is none or empty."""
    return {key: value for key, value in _plain(dataclasses.asdict(study)).items() if value not in (None, [], {})}


def finite(number: float, digits: int = 6) -> float | None:
    """A number as JSON can hold it: null for what is not known or has no end."""
    return round(float(number), digits) if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case Path():
            return value.name
        case float():
            return finite(value)
        case _:
            return value
