"""The camera of a drone on scene: told where to look, seen to look there, and let go of afterwards.

Nothing here touches the flight: what a gimbal does or does not do delays no order, ends no watch and withdraws no
drone. A drone without a gimbal is told nothing.
"""

import math
from dataclasses import replace

import numpy as np

from dispatch.circling import has_arrived
from dispatch.draft import Draft
from dispatch.events import PointCamera, RestCamera
from dispatch.model import Body, Drone, DroneState, Incident, Pointing, Reason, Sortie, SortieState
from dispatch.orbit import scene_of
from dispatch.planning import home_amsl_m
from dispatch.reasons import reason
from dispatch.relief import ground_amsl_m
from dispatch.sorties import ON_GROUND_AFTER

POINTS_DEG, STRAYS_DEG = 10.0, 25.0
"""A camera points at its scene that looks no farther off than the first, until it looks farther off than the second.
What a gimbal tells may be half a second old, in which a drone on its circle turns by 6°."""

TURN_S = 5.0
"""A gimbal may take so long to turn, beside the time in which commands are obeyed."""

TRIES = 3


def tend(draft: Draft, sortie: Sortie) -> None:
    """What is due for the camera of one sortie now."""
    state = draft.states.get(sortie.drone_id)
    if sortie.state in ON_GROUND_AFTER or state is None:
        if sortie.pointing is not None:  # it was lost over its scene
            draft.put(replace(sortie, pointing=None))
        return
    sortie = _with_stream(draft, sortie, state)
    on_scene = sortie.state is SortieState.ON_SCENE
    incident = draft.incidents.get(sortie.incident_id or "") if on_scene else None
    if incident is None:
        if sortie.pointing is not None:
            draft.put(replace(sortie, pointing=None))
            draft.order(RestCamera(drone_id=sortie.drone_id, sortie_id=sortie.id))
    elif state.position is None or not state.connected:
        return
    elif sortie.pointing is not None:
        _look(draft, sortie, sortie.pointing, state)
    elif _steerable(state) and (not incident.route or has_arrived(draft, sortie, state, incident)):
        _begin(draft, sortie, incident)


def _steerable(state: DroneState) -> bool:
    return state.body is not None and state.body.gimbal


def video_url_of(drone: Drone, state: DroneState) -> str:
    """Where a drone's pictures are: what the vehicle tells counts, else what the city says; empty if neither does."""
    return (state.body or Body()).video_url or drone.video_url


def _with_stream(draft: Draft, sortie: Sortie, state: DroneState) -> Sortie:
    url = video_url_of(draft.drone(sortie.drone_id), state)
    if url and url != sortie.video_url:
        sortie = replace(sortie, video_url=url)
        draft.put(sortie)
    return sortie


def _begin(draft: Draft, sortie: Sortie, incident: Incident) -> None:
    scene = scene_of(incident)
    pointing = Pointing(at=scene, amsl_m=ground_amsl_m(draft.situation, scene))
    _order(draft, replace(sortie, unpointed=None), pointing)


def _order(draft: Draft, sortie: Sortie, pointing: Pointing) -> None:
    pointing = replace(pointing, tries=pointing.tries + 1, deadline_at_s=_due_at_s(draft))
    draft.put(replace(sortie, pointing=pointing))
    draft.order(PointCamera(drone_id=sortie.drone_id, sortie_id=sortie.id, at=pointing.at, amsl_m=pointing.amsl_m))


def _due_at_s(draft: Draft) -> float:
    return draft.now_s + TURN_S + draft.rules.command_deadline_s


def _look(draft: Draft, sortie: Sortie, pointing: Pointing, state: DroneState) -> None:
    """What its gimbal tells moves it on; if that is not enough in time it is told again, and at last remarked on."""
    off_deg = _off_deg(draft, pointing, state)
    seen = pointing.seen if off_deg is None else off_deg <= (STRAYS_DEG if pointing.seen else POINTS_DEG)
    if seen != pointing.seen:
        pointing = replace(pointing, seen=seen, deadline_at_s=None if seen else _due_at_s(draft))
        draft.put(replace(sortie, pointing=pointing, unpointed=None if seen else sortie.unpointed))
    elif pointing.deadline_at_s is not None and draft.now_s >= pointing.deadline_at_s:
        if pointing.tries < TRIES:
            _order(draft, sortie, pointing)
        else:
            draft.put(replace(sortie, pointing=replace(pointing, deadline_at_s=None), unpointed=_not_pointing()))


def _off_deg(draft: Draft, pointing: Pointing, state: DroneState) -> float | None:
    """The angle between where the camera looks and its scene; None where that is not told."""
    if state.sight is None or state.position is None:
        return None
    east_m, north_m = draft.frame.xy(pointing.at) - draft.frame.xy(state.position)
    up_m = pointing.amsl_m - home_amsl_m(draft.situation, state) - state.height_m
    bearing, pitch = math.radians(state.sight.bearing_deg), math.radians(state.sight.pitch_deg)
    looks = (math.sin(bearing) * math.cos(pitch), math.cos(bearing) * math.cos(pitch), math.sin(pitch))
    scene = np.array((east_m, north_m, up_m))
    cosine = float(np.dot(looks, scene)) / max(float(np.linalg.norm(scene)), 1e-9)
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))


def _not_pointing() -> Reason:
    return reason(
        "camera_not_pointing",
        f"its camera does not point at the scene, though told {TRIES} times",
        "its gimbal is looked at",
        tries=TRIES,
    )
