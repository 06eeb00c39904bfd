"""What the vehicles of a fleet told of themselves, sample by sample, and their tracks for an audit of how near drones
came to each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.model import Situation
from dispatch.operations import Operations
from dispatch.sky import frame_of
from geo.frame import LocalFrame
from geo.separation import Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one vehicle told of itself. ``height_m`` is above its home, ``home_amsl_m`` that home's own height: that of
    the base that its sortie began at, else of its own."""

    at_s: float
    longitude_deg: float
    latitude_deg: float
    height_m: float
    home_amsl_m: float
    ground_speed_mps: float
    battery_share: float
    mode: str
    armed: bool
    in_air: bool


def keep(samples: dict[str, list[Sample]], situation: Situation) -> None:
    """Add what each drone has told since its last sample; of one whose place is not known there is none."""
    for drone_id, state in situation.states.items():
        kept = samples[drone_id]
        if state.position is None or (kept and kept[-1].at_s >= state.seen_at_s):
            continue
        sortie = situation.sorties.get(drone_id)
        base_id = sortie.from_base_id if sortie and sortie.from_base_id else situation.drones[drone_id].base_id
        kept.append(
            Sample(
                at_s=state.seen_at_s,
                longitude_deg=state.position.longitude_deg,
                latitude_deg=state.position.latitude_deg,
                height_m=state.height_m,
                home_amsl_m=situation.bases[base_id].ground_amsl_m,
                ground_speed_mps=state.ground_speed_mps,
                battery_share=state.battery_share,
                mode=state.mode,
                armed=state.armed,
                in_air=state.in_air,
            )
        )


def tracks_of(samples: Mapping[str, Sequence[Sample]], frame: LocalFrame) -> list[Track]:
    """Where each drone that was in the air was then, by drone."""
    tracks = []
    for drone_id, told in sorted(samples.items()):
        flown = [s for s in told if s.in_air]
        if flown:
            xy = frame.to_xy([s.longitude_deg for s in flown], [s.latitude_deg for s in flown])
            rest = [(s.at_s, s.home_amsl_m + s.height_m) for s in flown]
            tracks.append(Track.of(drone_id, np.insert(rest, [1], xy, axis=1)))
    return tracks


class Tracks:
    """Listens from now on and keeps every sample of every drone."""

    def __init__(self, operations: Operations) -> None:
        self._samples: dict[str, list[Sample]] = defaultdict(list)
        self._frame = frame_of(operations.situation)
        operations.listen(lambda outcome, _seq: keep(self._samples, outcome.situation))

    def all(self) -> list[Track]:
        """What was heard so far, by drone."""
        return tracks_of(self._samples, self._frame)
