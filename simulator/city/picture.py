"""A simulated city at one instant as the :class:`~dispatch.model.Situation` that the engine would decide on.

Its times are shifted to when the zones of the scene are in force; a drone in the air stands at its node of the lattice.
"""

from dataclasses import replace

import numpy as np

from dispatch.model import (
    Clocks,
    DroneState,
    Gap,
    Incident,
    IncidentStatus,
    Relay,
    Situation,
    Sortie,
    SortieState,
)
from geo.flight import timed_plan
from geo.position import Position
from simulator.city.loop import state as words
from simulator.city.loop.drones import node_of
from simulator.city.loop.state import State
from simulator.city.world import World

STATES = {
    words.COMMANDED: SortieState.DECIDED,  # it may still choose another height
    words.OUT: SortieState.EN_ROUTE,
    words.HOME: SortieState.RETURNING,
    words.SCENE: SortieState.ON_SCENE,
    words.LANDING: SortieState.LANDING,
}


def incident_id(call: int) -> str:
    """The id of a call as an incident: in the alphabet they stand as they came."""
    return f"I-{call:09d}"


def picture(world: World, state: State) -> Situation:
    """All that the engine would see."""
    g = state.g[0]
    base, now_s = world.situations[int(g["scene"])], float(g["now_s"])

    def at(instant_s: float) -> float:
        return float(float(instant_s) - now_s + base.now_s)

    incidents = {}
    for slot in np.flatnonzero(state.incidents["state"] != words.FREE).tolist():
        one = state.incidents[slot]
        waits, watched = one["state"] == words.WAITS, one["state"] == words.WATCHED
        gaps: tuple[Gap, ...] = ()
        scene_s = None if one["scene_s"] != one["scene_s"] else at(one["scene_s"])
        if one["gap_s"] > 0 and scene_s is not None:
            gaps += (Gap(from_at_s=scene_s, until_at_s=scene_s + float(one["gap_s"])),)
        if one["gap_at_s"] == one["gap_at_s"]:
            gaps += (Gap(from_at_s=at(one["gap_at_s"])),)
        kind = base.types[world.types[one["type"]]]
        refused = state.refused[slot][: min(words.REFUSALS, int(one["refusals"]))]
        incidents[incident_id(one["call"])] = Incident(
            id=incident_id(one["call"]),
            position=world.place_positions[one["place"]],
            type=kind.code,
            priority=int(one["priority"]),
            needs=kind.needs,
            watch_s=float(one["watch_s"]),
            clocks=Clocks(reported_at_s=at(one["at_s"]), on_scene_at_s=scene_s),
            status=IncidentStatus.OPEN if waits else IncidentStatus.ON_SCENE if watched else IncidentStatus.ASSIGNED,
            sortie_id=None if waits else f"S-{world.drones[one['drone']]}",
            refused_drones=tuple(world.drones[k] for k in refused if k >= 0),
            relay=Relay(leaves_at_s=base.now_s, call_at_s=base.now_s, drone_id=None) if one["due"] else None,
            relief_id=None if one["relief"] < 0 else f"S-{world.drones[one['relief']]}",
            gaps=gaps,
        )
    states, sorties, withdrawn = {}, {}, {}
    for number, one in enumerate(state.drones):
        id_ = world.drones[number]
        states[id_], sortie = _drone(world, state, number)
        if sortie is None or (one["state"] == words.DOCKED and one["out_until_s"] > now_s):
            withdrawn[id_] = "out of service"
        if sortie is not None:
            sorties[id_] = sortie
    return replace(base, states=states, sorties=sorties, incidents=incidents, withdrawn=withdrawn)


def seen_alone(world: World, state: State, number: int) -> Situation:
    """The same with one drone in it, which is all that a question about its way alone needs."""
    base, id_ = world.situations[int(state.g[0]["scene"])], world.drones[number]
    seen, sortie = _drone(world, state, number)
    return replace(base, states={id_: seen}, sorties={} if sortie is None else {id_: sortie}, incidents={})


def _drone(world: World, state: State, number: int) -> tuple[DroneState, Sortie | None]:
    """One drone, and what it flies; no sortie where it is broken."""
    base, now_s, one = world.situations[int(state.g[0]["scene"])], float(state.g[0]["now_s"]), state.drones[number]
    id_, doing = world.drones[number], int(one["state"])
    in_air, height_m = doing in (words.OUT, words.HOME, words.SCENE, words.LANDING), base.rules.cruise_height_m
    seen = DroneState(
        drone_id=id_,
        connected=True,
        healthy=True,
        position=_where(world, state, number),
        height_m=height_m if in_air else 0.0,
        battery_share=min(1.0, float(one["share"] - one["share_per_s"] * (now_s - one["share_at_s"]))),
        in_air=in_air,
        seen_at_s=base.now_s,
    )
    if doing == words.BROKEN:
        return seen, None
    at_base = world.bases[one["at"] if one["at"] >= 0 else one["own"]]
    airframe = base.airframes[base.drones[id_].airframe]
    return seen, Sortie(
        id=f"S-{id_}",
        drone_id=id_,
        incident_id=incident_id(int(state.incidents["call"][one["inc"]])) if one["inc"] >= 0 else None,
        decision_id="",
        state=STATES.get(doing, SortieState.DONE),
        out=timed_plan((), airframe, height_m=height_m, climb_from_m=None),
        planned_at_s=base.now_s,
        home_base_id=at_base,
        from_base_id=at_base,
    )


def _where(world: World, state: State, number: int) -> Position:
    one, tables = state.drones[number], world.tables
    doing = int(one["state"])
    if doing in (words.OUT, words.HOME):
        return world.node_positions[int(node_of(tables.near, tables.raster, one, float(state.g[0]["now_s"])))]
    if doing == words.SCENE:
        return world.place_positions[int(state.incidents["place"][one["inc"]])]
    return world.node_positions[int(one["at"])]
