"""The dispatcher is killed with drones in the air: a standby takes over, and nothing is lost or launched twice."""

import asyncio
from pathlib import Path

import pytest

from api.engine import running
from benchmarks.failover import drill, near
from dispatch.city_folder import load_city
from tests.api.site import settings_for


def test_a_standby_takes_over_with_drones_in_the_air(tmp_path: Path, postgresql_url: str, city_folder: Path) -> None:
    city = load_city(city_folder)
    bodies = [near(city, base_id, away_m=250.0) for base_id in ("B1", "B2", "B2")]
    late = near(city, "B3", away_m=250.0)
    told = asyncio.run(
        drill(str(city_folder), tmp_path / "data", postgresql_url, bodies, late, ("on_scene", "cleared", "closed"))
    )
    assert (told.lost, told.launched_twice, told.broken) == (0, 0, "")
    assert told.answers_s < 30  # on any machine; benchmarks/failover.py tells how long it takes on a good one


def test_a_second_engine_is_not_begun_on_a_store_that_one_dispatches_from(tmp_path: Path, city_folder: Path) -> None:
    settings = settings_for(tmp_path / "data", city_folder)

    async def both() -> None:
        async with running(settings):
            with pytest.raises(ValueError, match="another engine dispatches from it; with --standby"):
                async with running(settings):
                    raise AssertionError("it runs")

    asyncio.run(both())
