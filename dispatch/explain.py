"""A decision made again: on the situation that is kept with it, by the code that there is now."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from dispatch import relief
from dispatch.codec import from_json, to_json
from dispatch.decide import assess, decide, ranked
from dispatch.handover import LINK_REGAINED
from dispatch.lateness import KEPT
from dispatch.model import Decision, Option, Situation
from dispatch.sorties import BY_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAgain:
    """A decision as it was kept, and as it is made now. ``differs`` names what is not the same; empty: they are equal,
    byte for byte."""

    kept: Decision
    now: Decision
    differs: tuple[str, ...]


def made_again(kept: Decision, inputs: str) -> MadeAgain:
    """``kept`` beside the decision that is made now on ``inputs``, the situation kept with it as JSON.

    What chose the drone instead of :func:`~dispatch.decide.decide` is taken for granted, and what is said of all drones
    is made again: an operator's choice, and how long a late drone's own rest would take. Raises ``CodecError`` for
    inputs that are none, ``TerrainError`` and ``CallsError`` for a city whose terrain or demand was not read.
    """
    on = from_json(Situation, inputs)
    relief.make_ready(on)
    now = replace(_decided(on, kept), inputs_hash=kept.inputs_hash)
    if all(option.price_ms is None for option in kept.options):  # written down before there were prices
        now = replace(now, options=tuple(replace(option, price_ms=None) for option in now.options))
    same = to_json(now) == to_json(kept)
    return MadeAgain(kept=kept, now=now, differs=() if same else tuple(_differences(kept, now)))


def _decided(on: Situation, kept: Decision) -> Decision:
    incident = on.incidents[kept.incident_id]
    if kept.policy in (BY_HAND, LINK_REGAINED):
        options = ranked(assess(on, incident, {}, by_hand=kept.drone_id))
        return replace(kept, at_s=on.now_s, options=options)
    if kept.policy == KEPT:
        itself = tuple(option for option in kept.options if option.drone_id == kept.drone_id)
        others = (option for option in assess(on, incident, {}) if option.drone_id != kept.drone_id)
        return replace(kept, at_s=on.now_s, options=ranked((*itself, *others)))
    made = next((decision for decision in decide(on) if decision.incident_id == kept.incident_id), None)
    return made or replace(kept, at_s=on.now_s, drone_id=None, options=(), policy="", why="nothing is to be decided")


def _differences(kept: Decision, now: Decision) -> Iterable[str]:
    for field in fields(Decision):
        if field.name != "options" and getattr(kept, field.name) != getattr(now, field.name):
            yield f"{field.name} was {getattr(kept, field.name)!r}, is {getattr(now, field.name)!r}"
    then, today = _by_drone(kept.options), _by_drone(now.options)
    for drone_id in sorted(then.keys() | today.keys()):
        before, after = then.get(drone_id), today.get(drone_id)
        if before != after:
            yield f"{drone_id}: {_said(before)}, now {_said(after)}"
    if list(then) != list(today):
        yield f"ranked {', '.join(then)}, now {', '.join(today)}"


def _by_drone(options: Iterable[Option]) -> dict[str, Option]:
    return {option.drone_id: option for option in options}


def _said(option: Option | None) -> str:
    if option is None:
        return "not told of"
    if option.out is not None:
        return f"out: {option.out.text}"
    return "able" if option.time is None else f"able in {option.time.total_s:.3f} s"
