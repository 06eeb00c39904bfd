"""Ctrl-C, really sent: heard soon wherever the work is, and the best so far is the answer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from dispatch.coverage.interrupt import listening

CHILD = """
import signal, sys, time
import numpy as np
from dispatch.coverage import Cover, MaxCover, Median, Problem, Travel, WorstFirst, place

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

def tell(progress):
    print(progress.stage, flush=True)

numbers = np.random.default_rng(0)
kind, points, sites, reach_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
places, candidates = numbers.uniform(0, 30_000, (points, 2)), numbers.uniform(0, 30_000, (sites, 2))
times = np.hypot(*(places[:, None] - candidates[None]).transpose(2, 0, 1)) / 20
times[np.arange(points), numbers.integers(0, sites, points)] = 0.0
model, p = {
    "backup": (Cover(within_s=reach_s, times=2), None),
    "median": (Median(), 25),
    "worst": (WorstFirst(of=MaxCover(within_s=reach_s), over="districts"), 12),
}[kind]
districts = [f"{x // 6000:.0f}" for x in places[:, 0]]
problem = Problem.of(numbers.integers(1, 99, points).astype(float), Travel.of_matrix(times), p=p, districts=districts)
answer = place(problem, model, tell=tell)
told = (answer.status, answer.interrupted, len(answer.open_sites), answer.value, time.process_time())
print("answer", *told, flush=True)
"""


@pytest.fixture(autouse=True)
def as_in_the_foreground() -> Iterator[None]:
    """As Python has it where nobody told it to ignore Ctrl-C, which shells tell their background jobs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("kind", "points", "sites", "reach_s", "stage", "wait_s"),
    [
        ("backup", 2_500, 300, 300.0, "first", 1.5),  # OR-Tools has it, for 30 s
        ("worst", 500, 100, 200.0, "bound", 1.0),
        ("median", 2_000, 500, 1.0, "proof", 0.5),  # a compiled loop has it
    ],
)
def test_it_is_heard_within_two_seconds_of_work(
    kind: str, points: int, sites: int, reach_s: float, stage: str, wait_s: float
) -> None:
    words = [kind, str(points), str(sites), str(reach_s)]
    child = subprocess.Popen([sys.executable, "-c", CHILD, *words], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        while child.stdout.readline().strip() != stage:
            assert child.poll() is None
        time.sleep(wait_s)
        with open(f"/proc/{child.pid}/stat") as stat:
            used = stat.read().rpartition(")")[2].split()[11:13]
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=120)
    finally:
        child.kill()
    assert child.returncode == 0
    told = next(line for line in out.splitlines() if line.startswith("answer"))
    _, status, interrupted, opened, value, process_s = told.split()
    assert (status, interrupted) == ("stopped", "True")
    assert int(opened) > 0
    assert float(value) < float("inf")
    assert float(process_s) - sum(map(int, used)) / os.sysconf("SC_CLK_TCK") < 2.0


def test_a_second_one_is_no_longer_withheld() -> None:
    with listening() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.heard
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_listens_already_goes_on_listening() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    with listening() as interrupt:
        signal.raise_signal(signal.SIGINT)
    assert (interrupt.heard, heard) == (False, [signal.SIGINT])


def test_another_thread_leaves_signals_alone() -> None:
    seen = []

    def job() -> None:
        with listening() as interrupt:
            seen.append((interrupt.listening, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    assert seen == [(False, signal.default_int_handler)]
