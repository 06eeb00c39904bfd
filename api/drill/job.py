"""A drill played here as a job: kinematic vehicles in the child, and its score."""

import math

from api.drill.form import load_drill, shipped
from api.drill.here import play
from api.drill.leaving import leave_drill
from api.drill.request import HereIn
from api.drill.score import score_of
from api.jobs.worker import Errand


def work(errand: Errand) -> None:
    """Play it as asked. Cancelled, it is scored as not finished."""
    asked = HereIn.model_validate_json(errand.request)
    drill = load_drill(shipped()[asked.name])
    speed = math.inf if asked.speed is None else asked.speed

    def watch(now_s: float) -> bool:
        errand.tell("playing", share=min(1.0, max(0.0, now_s / drill.last_at_s)))
        return errand.cancelled()

    record = play(drill, answers=asked.answers, speed=speed, watch=watch)
    errand.tell("scoring")
    leave_drill(errand.results, record, score_of(drill, record), "POST /api/v1/drills/here")
