"""A sky that keeps the track of every vehicle, and what came of it."""

from collections import defaultdict
from collections.abc import Iterable

from dispatch.model import Incident, Situation
from geo.separation import Approach, Track, closest_approaches
from tests.dispatch.sky import Sky
from tests.dispatch.worlds import FRAME


class Crowd(Sky):
    """Vehicles whose bases may stand at different heights, and their tracks."""

    def __init__(self, situation: Situation, cases: Iterable[Incident] = (), step_s: float = 0.5) -> None:
        super().__init__(situation, step_s=step_s)
        self.rows: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        self.report(*cases)

    def step(self) -> None:
        super().step()
        for drone_id, vehicle in self.vehicles.items():
            state = vehicle.state
            if state.in_air and state.position is not None:
                x, y = FRAME.xy(state.position)
                sortie = self.situation.sorties.get(drone_id)
                base_id = (sortie.from_base_id if sortie else None) or self.situation.drones[drone_id].base_id
                ground_m = self.situation.bases[base_id].ground_amsl_m
                self.rows[drone_id].append((self.now_s, float(x), float(y), ground_m + state.height_m))

    def approaches(self) -> list[Approach]:
        """How near every pair came, the nearest first."""
        return closest_approaches([Track.of(drone_id, rows) for drone_id, rows in sorted(self.rows.items())])

    def too_near(self) -> list[str]:
        """Pairs that came too near, in words."""
        return [str(approach) for approach in self.approaches() if approach.too_near]
