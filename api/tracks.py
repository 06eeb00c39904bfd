"""Tracks of the whole fleet out of an engine's own telemetry, for an audit of how near its drones came."""

from collections import defaultdict

from api.engine import Engine
from dispatch.events import Outcome
from dispatch.sky import frame_of
from geo.separation import Track


class Tracks:
    """Listens to an engine from now on and keeps every sample of every drone that is in the air.

    Heights are above each vehicle's home, which is taken to lie as high as the base that its sortie began at (else its
    own base).
    """

    def __init__(self, engine: Engine) -> None:
        self._rows: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        self._frame = frame_of(engine.operations.situation)
        engine.operations.listen(self._hear)

    def _hear(self, outcome: Outcome, _seq: int) -> None:
        situation = outcome.situation
        for drone_id, state in situation.states.items():
            if not state.in_air or state.position is None:
                continue
            rows, sortie = self._rows[drone_id], situation.sorties.get(drone_id)
            if rows and rows[-1][0] >= state.seen_at_s:
                continue
            base_id = sortie.from_base_id if sortie and sortie.from_base_id else situation.drones[drone_id].base_id
            east_m, north_m = self._frame.xy(state.position)
            amsl_m = situation.bases[base_id].ground_amsl_m + state.height_m
            rows.append((state.seen_at_s, float(east_m), float(north_m), amsl_m))

    def all(self) -> list[Track]:
        """What was heard so far, by drone."""
        return [Track.of(drone_id, rows) for drone_id, rows in sorted(self._rows.items())]
