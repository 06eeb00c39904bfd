"""A city's fleet at its best: what could be done, whatever it is doing now."""

from dataclasses import replace

from dispatch.model import DroneState, Situation


def idle(situation: Situation) -> Situation:
    """The same with every drone charged and idle on its own base's dock, in service, and nothing open."""
    states = {
        drone.id: DroneState(
            drone_id=drone.id,
            connected=True,
            healthy=True,
            position=situation.bases[drone.base_id].position,
            battery_share=1.0,
            seen_at_s=situation.now_s,
        )
        for drone in situation.drones.values()
    }
    return replace(situation, states=states, incidents={}, sorties={}, withdrawn={})
