"""Sixty vehicles, a hundred incidents in five minutes: every one decided, none served twice, no drone given two."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.rush import INCIDENTS, check, city_of_sixty, rush


@pytest.mark.xdist_group("engine")
def test_every_incident_is_decided_once_and_no_drone_is_given_two(tmp_path: Path) -> None:
    engine, incident_ids, _ = asyncio.run(rush(city_of_sixty(), 10.0, tmp_path))
    assert len(incident_ids) == len(set(incident_ids)) == INCIDENTS
    incidents = [engine.store.incident(incident_id) for incident_id in incident_ids]
    assert all(incident is not None and incident.clocks.decided_at_s is not None for incident in incidents)
    assert check(engine) == []
    assert engine.operations.failures == 0
