"""The files of a plan: GeoJSON, CSV, KML and JSON; the report is :mod:`api.planning.page`."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import shapely
from shapely.geometry import mapping

from api.maps import save
from api.planning.page import page
from api.planning.pictures import map_of
from api.planning.report import base_figures, figures, uncovered_figures
from api.planning.study import Done
from geo.formats.own import zones_to_geojson

KML_PLACES = 500


def write_all(folder: Path, done: Done, command: str) -> tuple[Path, ...]:
    """Write every file of a plan into ``folder``, made if need be; which they are. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "plan.html": page(done, command),
        "plan.json": _json({**figures(done), "command": command}),
        "layout.geojson": _json(layout_geojson(done)),
        "layout.kml": kml(done),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    save(map_of(done), folder / "map.png")
    tables = {"bases.csv": base_figures(done), "uncovered.csv": uncovered_figures(done)}
    if done.frontier is not None:
        steps = [
            {"p": int(s.means), "value": s.value, "bound": s.bound, "status": s.status} for s in done.frontier.steps
        ]
        tables["frontier.csv"] = steps
    for name, rows in tables.items():
        _csv(folder / name, rows)
    return tuple(folder / name for name in (*texts, "map.png", *tables))


def layout_geojson(done: Done) -> dict[str, Any]:
    """The bases as points, with what a certificate needs to judge them in the member ``plan``."""
    prepared, ground = done.prepared, done.planned.posed.ground
    situation, frame = ground.situation, prepared.city.frame
    outline = shapely.transform(prepared.area.simplify(1.0), frame.to_lonlat)
    features = []
    for base in base_figures(done):
        properties = {key: value for key, value in base.items() if key not in ("longitude", "latitude")}
        point = {"type": "Point", "coordinates": [base["longitude"], base["latitude"]]}
        features.append({"type": "Feature", "properties": properties, "geometry": point})
    zones = [zone for id_, zone in prepared.city.zones.items() if id_ in prepared.more_zones]
    return {
        "type": "FeatureCollection",
        "datum": "WGS-84",
        "plan": {
            "city": prepared.study.city,
            "centre": [prepared.city.centre.longitude_deg, prepared.city.centre.latitude_deg],
            "airframe": ground.airframe.name,
            "within_s": done.planned.ask.promise.within_s,
            "wind": f"{situation.wind.speed_mps:g}@{situation.wind.from_deg:g}",
            "at_s": situation.now_s,
            "area": json.loads(json.dumps(mapping(shapely.set_precision(outline, 1e-7)))),
            "zones": zones_to_geojson(zones),
        },
        "features": features,
    }


def kml(done: Done) -> str:
    """Bases and the heaviest uncovered places for map viewers."""
    bases = "".join(_placemark(f"{base['id']} {base['name']}".strip(), base, "base") for base in base_figures(done))
    missed = "".join(_placemark("", place, "uncovered") for place in uncovered_figures(done, KML_PLACES))
    styles = "".join(
        f"<Style id={quoteattr(name)}><IconStyle><color>{colour}</color><scale>{scale}</scale></IconStyle></Style>"
        for name, colour, scale in (("base", "ff8a3c00", 1.1), ("uncovered", "ff2626b3", 0.5))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>reach180 plan</name>{styles}<Folder><name>bases</name>{bases}</Folder>"
        f"<Folder><name>uncovered places</name>{missed}</Folder></Document></kml>\n"
    )


def _placemark(name: str, values: Mapping[str, Any], style: str) -> str:
    place = f"{values['longitude']},{values['latitude']}"
    data = "".join(
        f"<Data name={quoteattr(key)}><value>{escape(str(value))}</value></Data>"
        for key, value in values.items()
        if key not in ("longitude", "latitude") and value is not None
    )
    return (
        f"<Placemark><name>{escape(name)}</name><styleUrl>#{style}</styleUrl><ExtendedData>{data}</ExtendedData>"
        f"<Point><coordinates>{place}</coordinates></Point></Placemark>"
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, list(rows[0]) if rows else ["longitude", "latitude", "weight", "seconds", "in_zone"]
        )
        writer.writeheader()
        writer.writerows(rows)
