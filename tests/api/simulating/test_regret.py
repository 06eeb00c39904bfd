"""How far a policy stays behind who knew all calls, asked for by ``reach180 simulate --regret``."""

import json
from pathlib import Path

import pytest

from tests.api.simulating.test_simulate import QUICK, said
from tests.cities import write_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_city(tmp_path_factory.mktemp("regret") / "probe")


def test_every_policy_is_held_against_the_bound(city: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    policies = ("--policy", "first-come", "--policy", "coverage-preserving:60")
    printed = said(city, *QUICK, "--cell", "1km", *policies, "--regret", "--out", out)
    told = json.loads((out / "simulation.json").read_text())
    nearest, kept = (arm["regret"] for arm in told["arms"])
    for regret in (nearest, kept):
        assert regret["wait_s"]["mean"] > -0.01
        assert regret["within_share"]["mean"] > -1e-9
        assert 0 <= regret["outside_share"]["mean"] < 1
    assert kept["wait_s"]["mean"] > nearest["wait_s"]["mean"]  # it sends the farther one on purpose
    words = "first-come: who knew all calls beforehand could have been "
    assert words in printed
    assert words.removeprefix("first-come: ") in (out / "simulation.html").read_text()


def test_who_does_not_ask_hears_nothing_of_it(city: Path) -> None:
    told = json.loads(said(city, *QUICK, "--cell", "1km", "--json"))
    assert [arm["regret"] for arm in told["arms"]] == [None]
