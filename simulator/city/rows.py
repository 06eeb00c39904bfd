"""What goes into a simulated city and what comes out of it, a row for each: calls, places, outcomes.

Rows are records of numpy: a year of a nation's calls is read and told in blocks, and no block is kept.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Calls = NDArray[np.void]
"""Rows of :data:`CALL`, in order of time."""

Outcomes = NDArray[np.void]
"""Rows of :data:`OUTCOME`, in the order in which their incidents ended."""

CALL = np.dtype(
    [
        ("at_s", np.float64),  # when it was reported, in seconds since 1970 (UTC)
        ("place", np.int32),  # where, a number of Places
        ("type", np.int16),  # a number of the city's incident types, in the order of their codes
        ("priority", np.int8),  # 1 before 5
        ("source", np.int16),  # who told: a number of the model's sources; 0 where nobody says
        ("false_alarm", np.bool_),  # there is nothing there; nobody knows that before a drone has looked
        ("merged", np.bool_),  # one more report of an incident that is known: counted, and no drone is sent
        ("watch_s", np.float32),  # how long it is to be watched from the first arrival on
        ("ground_s", np.float32),  # when the first unit on the ground arrives, after the report; nan: not known
        ("chance", np.float64),  # uniform in [0, 1): whatever else of this call is left to chance is drawn from it
    ]
)


class Fate(IntEnum):
    """What became of a call."""

    SERVED = 0  # a drone was over it
    LOST = 1  # it was given up: nobody came while it lasted, or none could wait
    REFUSED = 2  # no drone of this fleet could ever serve it; refused at the door
    MERGED = 3  # one more report of a known incident
    OPEN = 4  # the run ended before it did


OUTCOME = np.dtype(
    [
        ("call", np.int64),  # the number of its call in the run, from 0
        ("at_s", np.float64),
        ("place", np.int32),
        ("type", np.int16),
        ("priority", np.int8),
        ("source", np.int16),
        ("false_alarm", np.bool_),
        ("fate", np.int8),  # a Fate
        ("queued", np.bool_),  # no drone was able when it was reported
        ("drone", np.int32),  # who was first on scene, by the world's order; -1: nobody
        ("base", np.int32),  # where that drone belongs; -1: nobody
        ("node", np.int32),  # where it set out for it, a number of the world's nodes (the bases first); -1: nobody
        ("home", np.int32),  # the base that it, or who relieved it last, then flew home to; -1: none
        # Clocks, in seconds after the report; nan where they did not happen.
        ("decided_s", np.float32),  # when the drone that came was decided
        ("launched_s", np.float32),  # when it was off the ground; that of its sortie where it was in the air already
        ("on_scene_s", np.float32),
        ("cleared_s", np.float32),  # when the last drone left
        ("returned_s", np.float32),  # when the last drone was down
        ("ended_s", np.float32),  # when it was cleared, given up, refused or known already; nan: it is still open
        ("ground_s", np.float32),
        ("reliefs", np.int16),  # how often one drone took over from another
        ("gap_s", np.float32),  # for how long nobody watched since somebody first did
        ("robbed", np.int16),  # how often its drone was taken for a more urgent incident
        ("people_s", np.float32),  # how long its drones flew over inhabited ground, out and home
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where calls can be. All calls of a run lie on one of these: flight times are looked up.

    ``xy_m`` [n, 2] are metres in the city's frame; ``weights`` [n] are shares of the demand (they sum to 1);
    ``district`` [n] numbers ``districts``; ``people`` [n] lives there, 0 where that is not known.
    """

    xy_m: NDArray[np.float64]
    weights: NDArray[np.float64]
    district: NDArray[np.int32]
    districts: tuple[str, ...]
    people: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.xy_m)
