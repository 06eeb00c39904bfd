"""Who goes: a pure function of the situation.

Every drone is either able (an exact time, part by part, and energy to spare after watching and coming home) or out
(with the reason, and what would change it). Open incidents are then given drones class by class: the most urgent
priority first, as many of its incidents as possible, at the least total price (a minimum-cost maximum flow,
OR-Tools; arcs that break a hard constraint do not exist in the model, so no price can buy them). What counts for a
drone is the price that the city's policy gives it (:mod:`dispatch.policies`): its response time, as a rule, and perhaps
what it leaves uncovered. A drone that is still on its way to a less urgent incident may be taken for a more urgent one
where that saves ``preempt_gain_s`` or more; the robbed incident is decided again in the same call.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from dispatch import preflight, reasons, watch
from dispatch.contingency import lacking
from dispatch.covering import losses
from dispatch.idle import idle
from dispatch.model import (
    MOST_URGENT,
    Decision,
    DroneState,
    Incident,
    IncidentStatus,
    Option,
    Reason,
    Situation,
    SortieState,
)
from dispatch.outbound import flights_out
from dispatch.planning import errand, home_amsl_m, home_for, usable_wh
from dispatch.policies import Policy, policy_of
from geo.flight import landing_energy, landing_energy_wh
from geo.wind import CALM

DOCKED = "docked"

ON_THE_WAY = frozenset({SortieState.DECIDED, SortieState.COMMANDED, SortieState.AIRBORNE, SortieState.EN_ROUTE})
COMING_HOME = frozenset({SortieState.RELEASED, SortieState.RETURNING})
IN_THE_AIR = COMING_HOME | {SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE}
AT_HOME = frozenset({SortieState.LANDED, SortieState.CHARGING, SortieState.DONE, SortieState.FAILED})


def decide(situation: Situation) -> tuple[Decision, ...]:
    """One decision for every open incident, for every one whose drone on scene needs its relief sent, and for every
    incident robbed of its drone by a more urgent one.

    In order of priority, then of report. Incidents that no drone can serve get a decision without a drone.
    """
    waiting = {i.id: i for i in situation.incidents.values() if watch.waits(i, situation.now_s)}
    taken: dict[str, str] = {}
    robbed_by: dict[str, str] = {}
    decisions: list[Decision] = []
    while waiting:
        urgency = min(incident.priority for incident in waiting.values())
        batch = sorted(
            (i for i in waiting.values() if i.priority == urgency),
            key=lambda i: (i.clocks.reported_at_s, i.id),
        )
        options = {incident.id: assess(situation, incident, taken) for incident in batch}
        chosen = _chosen(situation, options)
        for incident in batch:
            del waiting[incident.id]
            drone_id = chosen.get(incident.id)
            pick = next((o for o in options[incident.id] if o.drone_id == drone_id), None)
            if pick is not None:
                taken[pick.drone_id] = incident.id
                if pick.preempts is not None:
                    robbed_by[pick.preempts] = incident.id
                    waiting[pick.preempts] = situation.incidents[pick.preempts]
            decisions.append(
                Decision(
                    id=decision_id(incident),
                    incident_id=incident.id,
                    at_s=situation.now_s,
                    drone_id=drone_id,
                    options=ranked(options[incident.id]),
                    policy=situation.rules.policy,
                    why=reasons.sentence(
                        incident,
                        pick,
                        options[incident.id],
                        robbed_by.get(incident.id),
                        relieves=watched_by(situation, incident),
                        policy=situation.rules.policy,
                    ),
                )
            )
    return tuple(decisions)


def decision_id(incident: Incident) -> str:
    """The id of the next decision on ``incident``."""
    return f"{incident.id}.{incident.decisions + 1}"


def watched_by(situation: Situation, incident: Incident) -> str | None:
    """The drone on scene there, which a relief comes for; None where there is none."""
    if incident.status is not IncidentStatus.ON_SCENE:
        return None
    sortie = situation.sortie(incident.sortie_id)
    return None if sortie is None else sortie.drone_id


def _relieved_s(situation: Situation, incident: Incident) -> float | None:
    """How much there is left to watch for a relief; None where nobody is on scene, and the quickest is wanted."""
    there = incident.status is IncidentStatus.ON_SCENE
    return watch.left_s(incident, situation.now_s) if there else None


def ranked(options: Iterable[Option]) -> tuple[Option, ...]:
    """Able drones by their price, then those that are out, each group in a fixed order."""
    return tuple(sorted(options, key=lambda o: (o.out is not None, _price_ms(o), o.drone_id)))


def _price_ms(option: Option) -> float:
    """The time of a drone that nobody gave a price, as of a late one that keeps its incident."""
    if option.price_ms is not None:
        return option.price_ms
    return float("inf") if option.time is None else round(1000 * option.time.total_s)


def _relief_ms(total_ms: int, stay_s: float, left_s: float) -> int:
    """What a relief is chosen by: how long it can stay of the rest of the watch, ``left_s``.

    A relief is foreseen, so its flight may take longer: the share of the rest that it leaves to others counts a second
    in all, and so never costs an open incident of the same priority more than that.
    """
    return round(1000 * (1.0 - min(1.0, stay_s / max(left_s, 1.0)))) + total_ms // 1000


def assess(
    situation: Situation, incident: Incident, taken: Mapping[str, str], by_hand: str | None = None
) -> list[Option]:
    """Every drone of the fleet as an option for ``incident``; ``taken`` tells which are given away already.

    The drone ``by_hand`` may also be taken from what it is doing; no hard constraint is waived for it.
    """
    policy = policy_of(situation.rules.policy)
    robs, loses = np.isfinite(policy.gain_s(situation.rules)), _losses(situation, incident, taken, policy)
    options: list[Option] = []
    able: dict[str, list[tuple[DroneState, Option]]] = {}
    for drone_id in sorted(situation.drones):
        option = _standing(situation, incident, drone_id, taken, robs=robs, by_hand=drone_id == by_hand)
        if drone_id in loses:
            option = replace(option, loss=loses[drone_id])
        if option.out is not None:
            options.append(option)
        else:
            airframe_name = situation.drones[drone_id].airframe
            able.setdefault(airframe_name, []).append((situation.states[drone_id], option))
    for airframe_name in sorted(able):
        options += _timed(situation, incident, airframe_name, able[airframe_name], policy)
    return options


def _losses(situation: Situation, incident: Incident, taken: Mapping[str, str], policy: Policy) -> dict[str, float]:
    """What each drone that stands ready, for whatever may come, takes of expected coverage when it leaves."""
    if not policy.weighs:
        return {}
    whatever = replace(incident, needs=(), refused_drones=())
    standing = (_standing(situation, whatever, id_, taken, robs=False) for id_ in sorted(situation.drones))
    idle_ids = [option.drone_id for option in standing if option.out is None and option.from_state == DOCKED]
    return losses(situation, idle_ids, policy.busy)


def _standing(
    situation: Situation,
    incident: Incident,
    drone_id: str,
    taken: Mapping[str, str],
    *,
    robs: bool,
    by_hand: bool = False,
) -> Option:
    """Whether the drone may be asked at all: service, link, health, weather, payload, what it is doing; ``robs``:
    whether it may be taken from a less urgent incident."""
    drone, state = situation.drones[drone_id], situation.states.get(drone_id)
    airframe = situation.airframes[drone.airframe]
    sortie = situation.sorties.get(drone_id)
    doing = sortie.state.value if sortie and sortie.state not in AT_HOME else DOCKED
    option = Option(drone_id=drone_id, from_state=doing)

    def out(reason: Reason) -> Option:
        return replace(option, out=reason)

    if drone_id in situation.withdrawn:
        return out(reasons.withdrawn(situation.withdrawn[drone_id]))
    if state is None or state.position is None:
        return out(reasons.never_seen())
    if not state.connected or situation.now_s - state.seen_at_s > situation.rules.link_lost_s:
        return out(reasons.no_link(situation.now_s - state.seen_at_s))
    if drone_id in incident.refused_drones and not by_hand:
        return out(reasons.failed_before())
    missing = sorted(set(incident.needs) - set(airframe.sensors))
    if missing:
        return out(reasons.payload(missing))
    weather = reasons.weather(situation.wind, situation.rain_mm_h, airframe)
    if weather is not None:
        return out(weather)
    if drone_id in taken:
        return out(reasons.given_away(taken[drone_id]))
    if sortie is None or sortie.state in AT_HOME:
        if state.in_air:
            return out(reasons.busy("in the air without a sortie"))
        blocked = preflight.blocked(situation, state)
        return option if blocked is None else out(blocked)
    if sortie.state in IN_THE_AIR and not state.in_air:
        return out(reasons.busy(f"on the ground while {sortie.state.value}"))
    if by_hand and sortie.state in ON_THE_WAY | COMING_HOME | {SortieState.ON_SCENE}:
        return replace(option, preempts=sortie.incident_id)
    if sortie.held:
        return out(reasons.held(sortie.incident_id or ""))
    if sortie.state in COMING_HOME and sortie.incident_id is None:
        return option
    other = situation.incidents.get(sortie.incident_id or "")
    if sortie.state not in ON_THE_WAY or other is None:
        return out(reasons.busy(sortie.state.value, sortie.incident_id or ""))
    if robs and other.priority > incident.priority:
        return replace(option, preempts=other.id)
    return out(reasons.busy(sortie.state.value, other.id, its_priority=other.priority if robs else MOST_URGENT))


def _timed(
    situation: Situation,
    incident: Incident,
    airframe_name: str,
    able: list[tuple[DroneState, Option]],
    policy: Policy,
) -> list[Option]:
    """Time, energy and price of drones of one airframe that may be asked."""
    airframe = situation.airframes[airframe_name]
    flights = flights_out(situation, airframe, [state for state, _ in able], incident.position)
    stint_s, left_s = watch.stint_s(incident, situation.now_s, situation.rules), _relieved_s(situation, incident)
    able_to = np.isfinite(flights.rows["seen_s"]).tolist()
    above_m = [home_amsl_m(situation, state) for state, _ in able]
    flown_at = list(zip(flights.rows["height_m"].tolist(), above_m, strict=True))
    tasks = {at: errand(situation, airframe, incident, *at) for at in set(itertools.compress(flown_at, able_to))}
    landings_wh = {height_m: landing_energy_wh(height_m, airframe) for height_m, _ in tasks}
    rows = zip(
        flights.rows["height_m"].tolist(), flights.rows["distance_m"].tolist(), flights.energy_wh.tolist(), strict=True
    )
    options: list[Option] = []
    for k, ((state, option), (height_m, distance_m, out_wh)) in enumerate(zip(able, rows, strict=True)):
        task = tasks[flown_at[k]] if able_to[k] else None
        if task is None:
            options.append(replace(option, out=reasons.no_way(situation.wind.speed_mps)))
            continue
        there_wh = out_wh + task.on_scene_wh(stint_s, airframe)
        spare_wh = usable_wh(state, airframe, situation.temperature_c) - there_wh
        landing_wh = landings_wh[height_m]
        home = home_for(situation, option.drone_id, task.homes, spare_wh - landing_wh)
        if home is None:
            options.append(replace(option, out=reasons.no_way_home()))
            continue
        home_wh = task.homes[home].energy_wh + landing_wh
        time, stay_s = flights.time(k), max(0.0, stint_s + 3600 * (spare_wh - home_wh) / airframe.hover_w)
        total_ms = round(1000 * time.total_s)
        timed = replace(
            option,
            time=time,
            distance_m=distance_m,
            energy_wh=there_wh + home_wh,
            energy=flights.energy(k)
            + task.on_scene(stint_s, airframe)
            + task.homes[home].energy
            + landing_energy(height_m, airframe),
            spare_wh=spare_wh - home_wh,
            stay_s=stay_s,
            price_ms=policy.price_ms(incident.priority, total_ms, option.loss)
            if left_s is None
            else _relief_ms(total_ms, stay_s, left_s),
        )
        if home_wh > spare_wh:
            watch_wh = task.on_scene_wh(stint_s, airframe) - task.on_scene_wh(0.0, airframe)
            timed = replace(timed, out=reasons.energy(there_wh + home_wh, watch_wh, state.battery_share, airframe))
        options.append(timed)
    return options


def _chosen(situation: Situation, options: dict[str, list[Option]]) -> dict[str, str]:
    """The assignment in which every drone also has a contingency all along its way; ``options`` learns which have not.

    Contingencies are asked for of those that would go, and the rest is assigned anew where one has none: asking them of
    a whole fleet would cost more than ranking it, and most of it stays at home.
    """
    while True:
        chosen = _assign(situation, options)
        unfit = {
            (incident_id, drone_id): why
            for incident_id, drone_id in chosen.items()
            if (why := lacking(situation, drone_id, situation.incidents[incident_id].position)) is not None
        }
        if not unfit:
            return chosen
        for incident_id, drone_id in unfit:
            options[incident_id] = [
                replace(o, out=unfit[incident_id, drone_id]) if o.drone_id == drone_id else o
                for o in options[incident_id]
            ]


def _assign(situation: Situation, options: Mapping[str, list[Option]]) -> dict[str, str]:
    """Drones for incidents of one priority: as many as possible, then least total price. By incident id."""
    incident_ids = list(options)
    drone_ids = sorted(situation.drones)
    incident_node = {id_: 1 + k for k, id_ in enumerate(incident_ids)}
    drone_node = {id_: 1 + len(incident_ids) + k for k, id_ in enumerate(drone_ids)}
    source, sink = 0, 1 + len(incident_ids) + len(drone_ids)
    flow = SimpleMinCostFlow()
    offers: dict[int, tuple[str, str]] = {}
    place = {id_: k for k, id_ in enumerate(drone_ids)}
    gain_s = policy_of(situation.rules.policy).gain_s(situation.rules)
    for rank, incident_id in enumerate(incident_ids):
        flow.add_arc_with_capacity_and_unit_cost(source, incident_node[incident_id], 1, 0)
        for option in options[incident_id]:
            if option.out is None and option.price_ms is not None:
                gain_ms = round(1000 * gain_s) if option.preempts else 0
                cost = assignment_cost(option.price_ms + gain_ms, rank, place[option.drone_id])
                arc = flow.add_arc_with_capacity_and_unit_cost(
                    incident_node[incident_id], drone_node[option.drone_id], 1, cost
                )
                offers[int(arc)] = (incident_id, option.drone_id)
    for drone_id in drone_ids:
        flow.add_arc_with_capacity_and_unit_cost(drone_node[drone_id], sink, 1, 0)
    if not offers:
        return {}
    flow.set_node_supply(source, len(incident_ids))
    flow.set_node_supply(sink, -len(incident_ids))
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"assignment of {len(incident_ids)} incidents ended with status {status}")
    return {incident_id: drone for arc, (incident_id, drone) in offers.items() if flow.flow(arc)}


def assignment_cost(price_ms: int, rank: int, place: int) -> int:
    """What an offer costs in the assignment: milliseconds first; of equal times who called first (``rank`` in the order
    of reports) is served, and by the drone that is first in the alphabet (``place``), so that equal times have one
    answer."""
    rank = min(rank, 63)
    return (price_ms << 24) + (rank << 16) + (64 - rank) * (place % 1024)


def never_reachable(situation: Situation, incident: Incident) -> str | None:
    """Why no drone of this fleet could serve ``incident`` even at home, charged and idle; None if one could."""
    at_best = replace(idle(situation), wind=CALM, rain_mm_h=0.0)
    options = assess(at_best, incident, {})
    if any(option.out is None for option in options):
        return None
    told = ", ".join(sorted({o.out.text for o in options if o.out is not None})[:3])
    return f"no drone of the fleet can serve this place, even charged, idle and in calm air: {told or 'no drones'}"
