"""Erlang's formulas and the hypercube, against published tables, closed forms and each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.city.theory import Hypercube, Queue, erlang_b, hypercube


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    # Traffic tables for blocked calls cleared, as in every handbook (ITU-T, Teletraffic Engineering, 2005).
    [
        *[(1, 0.0101, 0.01), (5, 1.361, 0.01), (10, 4.461, 0.01), (20, 12.03, 0.01), (100, 84.06, 0.01)],
        *[(10, 5.084, 0.02), (20, 13.18, 0.02), (10, 6.216, 0.05), (20, 15.25, 0.05)],
    ],
)
def test_erlang_b_is_that_of_the_tables(servers: int, load: float, blocked: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(blocked, rel=5e-3)


@given(servers=st.integers(1, 60), load=st.floats(0.01, 50))
def test_erlang_b_is_its_definition(servers: int, load: float) -> None:
    terms = [load**k / math.factorial(k) for k in range(servers + 1)]
    assert erlang_b(servers, load) == pytest.approx(terms[-1] / math.fsum(terms), rel=1e-9)


def test_erlang_b_is_stable_for_many_servers() -> None:
    # In heavy traffic B tends to 1 − c/a; at a = c, 1/B to √(πc/2) + 2/3 (Jagerman, Bell Syst. Tech. J., 1974).
    assert erlang_b(10_000, 20_000.0) == pytest.approx(0.5, abs=1e-3)
    assert 1 / erlang_b(10_000, 10_000.0) == pytest.approx(math.sqrt(math.pi * 10_000 / 2) + 2 / 3, rel=1e-4)
    assert erlang_b(0, 3.0) == 1.0


def test_one_server_is_the_textbook() -> None:
    queue = Queue(servers=1, rate_per_s=0.008, service_s=100.0)
    assert queue.waits_share == pytest.approx(0.8)
    assert queue.mean_wait_s == pytest.approx(400.0)  # ρ / (μ − λ)
    assert queue.waits_longer_share(500.0) == pytest.approx(0.8 * math.exp(-1))


def test_two_servers_are_the_closed_form() -> None:
    # C = 2ρ² / (1 + ρ) (Gross et al., section 2.3)
    queue = Queue(servers=2, rate_per_s=0.015, service_s=100.0)
    assert queue.waits_share == pytest.approx(2 * 0.75**2 / 1.75)


@given(servers=st.integers(1, 40), busy=st.floats(0.05, 0.98), share=st.floats(0, 0.999))
def test_a_quantile_of_the_wait_is_what_that_share_does_not_exceed(servers: int, busy: float, share: float) -> None:
    queue = Queue(servers=servers, rate_per_s=busy * servers / 600, service_s=600.0)
    wait_s = queue.wait_quantile_s(share)
    if wait_s > 0:
        assert queue.waits_longer_share(wait_s) == pytest.approx(1 - share)
    else:
        assert queue.waits_share <= 1 - share + 1e-12


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="grows without end"):
        Queue(servers=2, rate_per_s=0.02, service_s=100.0)
    with pytest.raises(ValueError, match="neither may be below 0"):
        erlang_b(3, -1.0)
    with pytest.raises(ValueError, match="has no quantile"):
        Queue(servers=2, rate_per_s=0.01, service_s=100.0).wait_quantile_s(1.0)


def test_one_drone_by_hand() -> None:
    rates, lists, service_s = np.array([0.001, 0.003]), np.array([[0], [0]]), np.array([100.0])
    lost = hypercube(rates, lists, service_s, waits=False)
    assert lost.workloads == pytest.approx([0.4 / 1.4])
    assert lost.lost_share == pytest.approx(0.4 / 1.4)
    waiting = hypercube(rates, lists, service_s, waits=True)
    assert waiting.workloads == pytest.approx([0.4])
    assert waiting.mean_wait_s == pytest.approx(0.4 / (0.01 - 0.004))
    assert waiting.dispatches == pytest.approx(np.array([[0.25, 0.75]]))


def test_two_drones_by_hand() -> None:
    """Each atom prefers its own drone; μ = 1. The balance of states 00, 01, 10, 11, solved with pencil.

    With a and b the atoms' rates and s = a + b: p01 (1 + s) = a + p11, p10 (1 + s) = b + p11, s = p01 + p10, and
    s (p01 + p10) = 2 p11 (all with p00 = 1), hence p11 = s²/2, p01 = (a + s²/2)/(1 + s), p10 = (b + s²/2)/(1 + s).
    """
    a, b = 0.5, 0.2
    s = a + b
    states = np.array([1, (a + s * s / 2) / (1 + s), (b + s * s / 2) / (1 + s), s * s / 2])
    states /= states.sum()
    solved = hypercube(np.array([a, b]), np.array([[0, 1], [1, 0]]), np.ones(2), waits=False)
    assert solved.states == pytest.approx(states)
    assert solved.workloads == pytest.approx([states[1] + states[3], states[2] + states[3]])
    # Drone 0 goes to atom 0 whenever it is free, to atom 1 only where drone 1 alone is busy.
    sent = np.array([[a * (states[0] + states[2]), b * states[2]], [a * states[1], b * (states[0] + states[1])]])
    assert solved.dispatches == pytest.approx(sent / sent.sum())
    travel_s = np.array([[60.0, 180.0], [200.0, 70.0]])
    assert solved.mean_travel_s(travel_s) == pytest.approx(float((sent * travel_s).sum() / sent.sum()))


@settings(max_examples=25)
@given(drones=st.integers(1, 8), busy=st.floats(0.05, 0.95), seed=st.integers(0, 2**32 - 1))
def test_drones_alike_are_erlangs_whatever_the_preferences(drones: int, busy: float, seed: int) -> None:
    """With equal service the number of busy drones is that of M/M/c; only who is busy hangs on the preferences."""
    solved_waiting, solved_lost, load = _any_city(drones, busy, seed)
    assert solved_lost.lost_share == pytest.approx(erlang_b(drones, load))
    queue = Queue(servers=drones, rate_per_s=load / 600, service_s=600.0)
    assert solved_waiting.waits_share == pytest.approx(queue.waits_share)
    assert solved_waiting.mean_wait_s == pytest.approx(queue.mean_wait_s)
    assert solved_waiting.workloads.sum() == pytest.approx(load)
    for solved in (solved_waiting, solved_lost):
        assert solved.states.sum() == pytest.approx(1.0)
        assert solved.states.min() >= 0
        assert solved.dispatches.sum() == pytest.approx(1.0)
        # What a drone does is what it is sent to: dispatches per second times service.
        sent = solved.dispatches.sum(axis=1) * load * (1 - solved.lost_share)
        assert solved.workloads == pytest.approx(sent)


def _any_city(drones: int, busy: float, seed: int) -> tuple[Hypercube, Hypercube, float]:
    chance = np.random.default_rng(seed)
    rates = chance.dirichlet(np.ones(5)) * busy * drones / 600
    lists = np.array([chance.permutation(drones) for _ in rates])
    service_s = np.full(drones, 600.0)
    waiting, lost = (hypercube(rates, lists, service_s, waits=waits) for waits in (True, False))
    return waiting, lost, busy * drones


def test_one_order_for_all_is_erlangs_ordered_hunt() -> None:
    """The k-th of a line of drones in one order carries a·(B(k−1) − B(k)) (overflow of the first k)."""
    load, drones = 4.0, 6
    lists = np.tile(np.arange(drones), (3, 1))
    solved = hypercube(np.array([0.5, 0.3, 0.2]) * load / 90, lists, np.full(drones, 90.0), waits=False)
    carried = [load * (erlang_b(k, load) - erlang_b(k + 1, load)) for k in range(drones)]
    assert solved.workloads == pytest.approx(carried)


def test_a_drone_that_never_goes_there_loses_the_call() -> None:
    """Each drone for its own atom alone: two cities that know nothing of each other."""
    rates, service_s = np.array([0.004, 0.001]), np.array([100.0, 300.0])
    solved = hypercube(rates, np.array([[0, -1], [1, -1]]), service_s, waits=False)
    blocked = [erlang_b(1, 0.4), erlang_b(1, 0.3)]
    assert solved.workloads == pytest.approx(blocked)  # of one server: the share of time that it is busy
    assert solved.lost_share == pytest.approx((0.004 * blocked[0] + 0.001 * blocked[1]) / 0.005)


@pytest.mark.parametrize(
    ("rates", "lists", "service_s", "waits", "message"),
    [
        ([0.1], [[0, 0]], [1.0, 1.0], False, "each drone once"),
        ([0.1], [[-1, 0]], [1.0, 1.0], False, "−1 only at the end"),
        ([0.1], [[0, 2]], [1.0, 1.0], False, "each drone once"),
        ([0.1], [[0, -1]], [1.0, 1.0], True, "every drone goes everywhere"),
        ([2.1], [[0, 1]], [1.0, 1.0], True, "grows without end"),
        ([0.1], [[0]], [1.0, 1.0], False, "have the shape"),
        ([0.0], [[0]], [1.0], False, "not all 0"),
        ([0.1], [[0]], [0.0], False, "above 0"),
        ([0.1], [list(range(13))], [1.0] * 13, False, "1 to 12"),
    ],
)
def test_a_hypercube_that_cannot_be_is_refused(
    rates: list[float], lists: list[list[int]], service_s: list[float], waits: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        hypercube(np.array(rates), np.array(lists), np.array(service_s), waits=waits)
