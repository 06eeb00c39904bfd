"""The sky of a recorded run: its wind and zones from hour to hour, and all else that says which way a drone flew."""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.model import Situation
from geo.wind import Wind
from simulator.city.loop.state import NEW_SCENE
from simulator.city.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScene:
    """A wind, and an instant at which the zones of the scene are closed."""

    wind: Wind
    now_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From this instant (seconds since 1970) on, scene number ``scene`` holds."""

    at_s: float
    scene: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSky:
    """What a run's flights were planned in: with it a way can be found again, years later and without the city."""

    situation: Situation
    """Of the first scene, with nobody in it: bases, drones, airframes, rules, zones with their schedules."""
    scenes: tuple[RecordedScene, ...]
    changes: tuple[Change, ...]
    """In order of time; the first holds before it, too."""

    def situations(self) -> tuple[Situation, ...]:
        """One for each scene, as the run had them. To be asked once: airways are remembered by situation."""
        return tuple(replace(self.situation, wind=scene.wind, now_s=scene.now_s) for scene in self.scenes)

    def at(self, at_s: float) -> Situation:
        """The situation at an instant: its wind, and the zones that are in force then."""
        return replace(self.situation, wind=self.scenes[self.scene_at(at_s)].wind, now_s=at_s)

    def scene_at(self, at_s: float) -> int:
        """The number of the scene that holds at an instant."""
        begun = [change.scene for change in self.changes if change.at_s <= at_s]
        return begun[-1] if begun else self.changes[0].scene


def sky_of(world: World) -> RecordedSky | None:
    """A world's sky; None for a world of bare tables."""
    if not world.situations:
        return None
    changes = world.tables.changes[world.tables.changes["what"] == NEW_SCENE]
    begins_s = np.maximum(changes["at_s"], 0.0)  # the only scene of a run holds for ever
    return RecordedSky(
        situation=replace(world.situations[0], states={}),
        scenes=tuple(RecordedScene(wind=one.wind, now_s=one.now_s) for one in world.situations),
        changes=tuple(
            Change(at_s=at_s, scene=scene)
            for at_s, scene in zip(begins_s.tolist(), changes["which"].tolist(), strict=True)
        ),
    )
