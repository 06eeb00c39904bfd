"""The same demand and sites in every format that a planner may bring."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio.raw
import rasterio
import shapely
from rasterio.transform import from_origin

CENTRE = (7.42, 43.74)
STEP_DEG = 0.005

PLACES = np.array([(CENTRE[0] + i * STEP_DEG, CENTRE[1] + j * STEP_DEG) for i in range(4) for j in range(3)])
WEIGHTS = np.arange(1.0, len(PLACES) + 1)


def table(folder: Path, name: str = "demand.csv", rows: list[str] | None = None, head: str = "lon,lat,weight") -> Path:
    """A CSV file; without ``rows`` the demand."""
    made = [f"{lon},{lat},{w:g}" for (lon, lat), w in zip(PLACES.tolist(), WEIGHTS.tolist(), strict=True)]
    path = folder / name
    path.write_text("\n".join([head, *(made if rows is None else rows)]) + "\n", encoding="utf-8")
    return path


def geojson(
    folder: Path, name: str, shapes: list[object], properties: list[dict[str, object]], **members: object
) -> Path:
    """A FeatureCollection; its datum is one of ``members``."""
    features = [
        {"type": "Feature", "properties": told, "geometry": json.loads(shapely.to_geojson(shape))}
        for shape, told in zip(shapes, properties, strict=True)
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": features}), encoding="utf-8")
    return path


def cells() -> list[shapely.Polygon]:
    """A square about every place."""
    half = STEP_DEG / 2
    return [shapely.box(x - half, y - half, x + half, y + half) for x, y in PLACES.tolist()]


def parquet(folder: Path) -> Path:
    """A table with a datum in its metadata, as call records have it."""
    columns = {"lon": PLACES[:, 0], "lat": PLACES[:, 1], "weight": WEIGHTS}
    whole = pa.table(columns).replace_schema_metadata({"crs": "EPSG:4326"})
    pq.write_table(whole, folder / "demand.parquet")
    return folder / "demand.parquet"


def geoparquet(folder: Path, crs: object = "default") -> Path:
    """Points as WKB with GeoParquet's metadata."""
    column: dict[str, object] = {"encoding": "WKB", "geometry_types": ["Point"]}
    if crs != "default":
        column["crs"] = crs
    told = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    whole = pa.table({"weight": WEIGHTS, "geometry": pa.array(shapely.to_wkb(shapely.points(PLACES)).tolist())})
    pq.write_table(whole.replace_schema_metadata({"geo": json.dumps(told)}), folder / "geo.parquet")
    return folder / "geo.parquet"


def geopackage(folder: Path, crs: str | None = "EPSG:4326", xy: np.ndarray = PLACES) -> Path:
    """Points in a GeoPackage."""
    path = folder / "demand.gpkg"
    wkb = np.array(shapely.to_wkb(shapely.points(xy)), dtype=object)
    pyogrio.raw.write(
        path, geometry=wkb, field_data=[WEIGHTS], fields=["weight"], geometry_type="Point", crs=crs, layer="demand"
    )
    return path


def raster(folder: Path, counts: np.ndarray | None = None, crs: str | None = "EPSG:4326") -> Path:
    """People in cells about the places, row by row from the north-west; nobody in a further row."""
    half = STEP_DEG / 2
    if counts is None:
        counts = np.vstack([WEIGHTS.reshape(4, 3).T[::-1], np.zeros((1, 4))])
    path = folder / "people.tif"
    north = PLACES[:, 1].max() + half
    with rasterio.open(
        path, "w", driver="GTiff", width=counts.shape[1], height=counts.shape[0], count=1, dtype="float32", crs=crs,
        transform=from_origin(CENTRE[0] - half, north, STEP_DEG, STEP_DEG), nodata=-9999.0,
    ) as file:  # fmt: skip
        file.write(counts.astype(np.float32), 1)
    return path
