"""spopt's San Francisco set: 205 tracts, 16 stores, network distances. The answers are spopt 0.7's, solved by HiGHS."""

import csv
from pathlib import Path

import numpy as np
import pytest

from dispatch.coverage import Center, Cover, MaxCover, Median, Problem, Travel, place


@pytest.fixture
def network(shared: Path) -> tuple[np.ndarray, Travel]:
    with (shared / "SF_network_distance_candidateStore_16_censusTract_205_new.csv").open() as lines:
        pairs = list(csv.DictReader(lines))
    with (shared / "SF_demand_205_centroid_uniform_weight.csv").open() as lines:
        people = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(lines)}
    tracts, stores = sorted(people), sorted({row["name"] for row in pairs})
    travel = Travel.of_pairs(
        [tracts.index(row["DestinationName"]) for row in pairs],
        [stores.index(row["name"]) for row in pairs],
        [float(row["distance"]) for row in pairs],
        demand_count=len(tracts),
        site_count=len(stores),
    )
    return np.array([people[tract] for tract in tracts]), travel


@pytest.mark.shared_data("mclp_spopt")
def test_spopts_answers(network: tuple[np.ndarray, Travel]) -> None:
    weights, travel = network
    fewest = place(Problem.of(weights, travel), Cover(within_s=5000))
    assert (fewest.value, fewest.status) == (8, "optimal")
    four = Problem.of(weights, travel, p=4)
    most = place(four, MaxCover(within_s=5000))
    assert (most.value, most.status) == (875_247, "optimal")
    mean = place(four, Median())
    assert mean.value * weights.sum() == pytest.approx(2848268129.7145104, rel=1e-9)
    assert mean.status == "optimal"
    worst = place(four, Center())
    assert (worst.value, worst.status) == (pytest.approx(7403.063810849859), "optimal")
