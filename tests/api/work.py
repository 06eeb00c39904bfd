"""What the children of the tests' jobs do: real placement, and ways to fail."""

import json
import os
import time

from api.jobs.job import JobError, Stopped
from api.jobs.worker import Errand


def cover(errand: Errand) -> None:
    """The most demand with ``p`` of ``sites`` bases over ``points`` random places, until proven or cancelled."""
    import numpy as np  # the others start without

    from dispatch.coverage import Cancelled, Candidates, MaxCover, Problem, Progress, Travel, place

    asked = json.loads(errand.request)
    rng = np.random.default_rng(7)
    points, sites = rng.random((asked["points"], 2)), rng.random((asked["sites"], 2))
    times_s = np.hypot(*(points[:, None, :] - sites[None, :, :]).transpose(2, 0, 1)) * 1000
    problem = Problem.of(
        rng.integers(1, 9, len(points)), Travel.of_matrix(times_s), Candidates.of(len(sites)), p=asked["p"]
    )

    def tell(now: Progress) -> None:
        errand.tell(now.stage, value=now.value, bound=now.bound)
        while asked.get("linger") and now.gap > 0 and not errand.cancelled():
            time.sleep(0.02)  # so that a small question is one that takes long

    answer = place(problem, MaxCover(within_s=asked["within_s"]), Cancelled(errand.cancelled), tell)
    print("a library prints to the standard output")
    told = {"open_sites": answer.open_sites, "value": answer.value, "bound": answer.bound, "status": answer.status}
    (errand.results / "layout.json").write_text(json.dumps(told))


def wait(errand: Errand) -> None:
    """Nothing, until cancelled; there is nothing to keep."""
    errand.tell("waiting")
    (errand.results / "half.txt").write_text("written while it worked")
    (errand.folder / "pid").write_text(str(os.getpid()))
    while not errand.cancelled():
        time.sleep(0.02)
    raise Stopped


def wrong(errand: Errand) -> None:
    """Cannot be done as asked."""
    raise JobError("invalid_demand", f"{next(errand.inputs.iterdir()).name}: row 7: no weight", "demand")


def broken(errand: Errand) -> None:
    """A defect of ours."""
    secret = "told to nobody"
    raise RuntimeError(f"a defect with a {secret}")
