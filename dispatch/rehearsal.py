"""One incident gone through that nobody hears of, before the first real one.

Compiled loops are read from disk, and airways prepared, when they are first asked for: seen 2.4 s in which the engine
looked at nothing else. At the start there is time for that.
"""

from dataclasses import replace

from dispatch.events import Observed, Reported, Ticked
from dispatch.idle import idle
from dispatch.lifecycle import advance
from dispatch.model import Clocks, Incident, Situation

ALOFT_MPS = 10.0


def rehearse(situation: Situation) -> None:
    """Report an incident over the base of one drone to another's, have the chosen drone fly, and forget it all.

    Pure: nothing of ``situation`` changes. All drones are taken to stand ready on their bases.
    """
    if not situation.drones:
        return
    now_s = situation.now_s
    ready = idle(situation)
    goal = max(situation.bases.values(), key=lambda base: base.id).position
    incident = Incident(
        id="rehearsal", position=goal, type="", priority=1, needs=(), watch_s=60.0, clocks=Clocks(reported_at_s=now_s)
    )
    outcome = advance(ready, Reported(at_s=now_s, incident=incident))
    flying = [
        replace(state, in_air=True, armed=True, height_m=situation.rules.cruise_height_m, ground_speed_mps=ALOFT_MPS,
                course_deg=0.0, heading_deg=0.0, mode="MISSION", seen_at_s=now_s + 1.0)
        for state in ready.states.values()
        if state.drone_id in outcome.situation.sorties
    ]  # fmt: skip
    outcome = advance(outcome.situation, Observed(at_s=now_s + 1.0, states=tuple(flying)))
    advance(outcome.situation, Ticked(at_s=now_s + 2.0))
