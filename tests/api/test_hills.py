"""A sortie over hills, flown: the vehicle's own track against the raster that the city folder names."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from dispatch.store import Role
from geo.position import Position
from tests.api.site import Site, serving, settings_for, until
from tests.cities import CENTRE, FRAME, place, write_city

STEP_DEG, POINTS = 0.0005, 240
PLAIN_M, TOP_M, CLEARANCE_M = 300.0, 410.0, 30.0
"""The bases' ground, the ridge's, and what the rules keep above it."""

RIDGE_M, HALF_WIDTH_M = -900.0, 150.0
"""It stands so far east of the base B1, from south to north."""

BEHIND_M = (-1800.0, 300.0)


def ground_amsl_m(east_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """The height of the ground so far east of the centre."""
    return PLAIN_M + (TOP_M - PLAIN_M) * np.exp(-(((east_m - RIDGE_M) / HALF_WIDTH_M) ** 2))


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = write_city(tmp_path_factory.mktemp("hills") / "hills", highest_above_base_m=200.0)
    toml = folder / "city.toml"
    table = '[terrain]\nfile = "dem.tif"\nheight_reference = "AMSL"\n'
    toml.write_text(toml.read_text(encoding="utf-8").replace("[[types]]", f"{table}[[types]]", 1), encoding="utf-8")
    west, north = CENTRE.longitude_deg - POINTS / 2 * STEP_DEG, CENTRE.latitude_deg + POINTS / 2 * STEP_DEG
    columns_deg = west + (np.arange(POINTS) + 0.5) * STEP_DEG
    east_m = FRAME.to_xy(columns_deg, np.full(POINTS, CENTRE.latitude_deg))[:, 0]
    heights = np.tile(ground_amsl_m(east_m), (POINTS, 1)).astype(np.float32)
    how = {"crs": "EPSG:4326", "transform": from_origin(west, north, STEP_DEG, STEP_DEG), "dtype": "float32"}
    with rasterio.open(folder / "dem.tif", "w", driver="GTiff", width=POINTS, height=POINTS, count=1, **how) as file:
        file.write(heights, 1)
    with serving(settings_for(tmp_path_factory.mktemp("hills-data"), folder)) as running:
        yield running


def test_a_sortie_keeps_its_clearance_above_the_ridge_out_and_home(hills: Site) -> None:
    hills.wait_for_rest(40)
    operator, engine = hills.client(Role.OPERATOR), hills.engine
    assert engine.embedded is not None
    made: dict[str, Any] = operator.post("/incidents", json=place(*BEHIND_M) | {"type": "fire", "watch_s": 10}).json()
    system_id = engine.city.drones[made["drone_id"]].system_id
    track: list[tuple[float, float]] = []
    """How far east it was, and how high above the sea."""

    def home_again() -> bool:
        assert engine.embedded is not None
        true = next(t for t in hills.run(engine.embedded.state()) if t["system_id"] == system_id)
        if not true["landed"]:
            track.append(
                (float(FRAME.xy(Position(true["longitude_deg"], true["latitude_deg"]))[0]), true["altitude_m"])
            )
        sortie = engine.operations.situation.sorties[made["drone_id"]]
        return sortie.id == made["sortie_id"] and sortie.state.value in ("charging", "done")

    until(home_again, "it is home again", 60, hills.unrest)
    east_m, amsl_m = np.array(track).T
    away = np.abs(east_m) > 100.0  # of its base it climbs and lands
    assert np.ptp(east_m) > 1600.0
    assert (np.abs(east_m - RIDGE_M) < 50.0).sum() > 4, "it was seen over the ridge"
    print(
        f"{(amsl_m - ground_amsl_m(east_m))[away].min():.1f} m above ground at least, {amsl_m.max():.1f} m AMSL at most"
    )
    assert (amsl_m - ground_amsl_m(east_m))[away].min() > CLEARANCE_M - 1.0
    assert amsl_m.max() < TOP_M + CLEARANCE_M + 15.0, "no higher than it must"
