"""The loop: telemetry and orders in, ``advance``, commands out. Simulated time passes as fast as it is computed.

What :class:`dispatch.operations.Operations` does with a clock, a store and a fleet, with none of them: the same events
bring the same outcomes. Nothing is left to chance, so a run repeats itself to the byte.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from dispatch import relief
from dispatch.events import Event, Observed, Outcome, Refused, Ticked
from dispatch.lifecycle import advance, next_deadline_s
from dispatch.model import Drone, Situation
from dispatch.operations import TICK_PERIOD_S
from dispatch.sky import frame_of
from dispatch.sorties import AT_REST
from geo.wind import Wind
from simulator.kinematic.vehicle import Vehicle

RESTING_S, IDLE_S = 2.0, 10.0
"""How often every vehicle is heard; and as long as none flies and nothing waits."""


Hear = Callable[[Outcome], None]
"""Told of every outcome."""


class Room:
    """A situation and its vehicles under a simulated clock, which begins at ``situation.now_s``."""

    def __init__(self, situation: Situation) -> None:
        relief.make_ready(situation)
        self.situation = situation
        self._listeners: list[Hear] = []
        self._refusals: list[Refused] = []
        self._ticks_at_s = self._heard_all_s = -math.inf
        self.vehicles: Mapping[str, Vehicle] = MappingProxyType(
            {id_: self._vehicle(situation.drones[id_]) for id_ in sorted(situation.drones)}
        )
        self._observe(situation.now_s, self.vehicles.values())

    @property
    def now_s(self) -> float:
        """The simulated instant."""
        return self.situation.now_s

    @property
    def quiet(self) -> bool:
        """Whether nothing flies, and nobody waits for a drone."""
        return (
            not self.situation.incidents
            and all(vehicle.rests for vehicle in self.vehicles.values())
            and all(sortie.state in AT_REST for sortie in self.situation.sorties.values())
        )

    def listen(self, listener: Hear) -> None:
        """Tell ``listener`` of every outcome from now on."""
        self._listeners.append(listener)

    def submit(self, event: Event) -> Outcome:
        """Advance by one event and have the vehicles perform what came of it.

        Raises :class:`dispatch.events.OrderError` for an order that cannot be carried out; nothing has happened then.
        """
        outcome = advance(self.situation, event)
        self.situation = outcome.situation
        for listener in self._listeners:
            listener(outcome)
        for command in outcome.commands:
            why = self.vehicles[command.drone_id].obey(command)
            if why is not None:
                order = type(command).__name__.lower()
                refusal = Refused(
                    at_s=self.now_s, drone_id=command.drone_id, sortie_id=command.sortie_id, order=order, why=why
                )
                self._refusals.append(refusal)
        return outcome

    def blow(self, wind: Wind) -> None:
        """The wind that blows, whatever the engine was told of it."""
        for vehicle in self.vehicles.values():
            vehicle.blow(wind)

    def run_until(self, at_s: float) -> None:
        """Let time pass until ``at_s``; then every vehicle has been heard at that instant."""
        while self.now_s < at_s:
            self.step(at_s)

    def step(self, not_after_s: float = math.inf) -> None:
        """Let time pass until something happens, or the next telemetry is due."""
        now_s, due_s = self.now_s, next_deadline_s(self.situation)
        vehicles = self.vehicles.values()
        period_s = IDLE_S if self.quiet else min(RESTING_S, *(vehicle.period_s for vehicle in vehicles))
        changes = (vehicle.next_at_s for vehicle in vehicles)
        next_s = min(not_after_s, now_s + period_s, due_s if due_s > now_s else math.inf, *changes)
        everybody = next_s == not_after_s or next_s >= self._heard_all_s + RESTING_S
        heard = [vehicle for vehicle in vehicles if everybody or not vehicle.rests]
        for vehicle in vehicles:
            vehicle.move(next_s)
        self._observe(next_s, vehicles if everybody else heard)
        refusals, self._refusals = self._refusals, []
        for refused in refusals:
            self.submit(replace(refused, at_s=next_s))
        if next_s >= min(self._ticks_at_s, next_deadline_s(self.situation)):
            self._ticks_at_s = next_s + TICK_PERIOD_S
            self.submit(Ticked(at_s=next_s))

    def _observe(self, at_s: float, heard: Collection[Vehicle]) -> None:
        if len(heard) == len(self.vehicles):
            self._heard_all_s = at_s
        self.submit(Observed(at_s=at_s, states=tuple(vehicle.state() for vehicle in heard)))

    def _vehicle(self, drone: Drone) -> Vehicle:
        situation, frame = self.situation, frame_of(self.situation)
        airframe = situation.airframes[drone.airframe]
        return Vehicle(
            drone_id=drone.id,
            airframe=airframe,
            frame=frame,
            home=frame.xy(situation.bases[drone.base_id].position),
            docks=frame.xy_of([base.position for base in situation.bases.values()]),
            full_wh=airframe.battery_wh * airframe.capacity_share(situation.temperature_c),
            now_s=situation.now_s,
            uplink_s=situation.rules.uplink_s,
            wind=situation.wind,
        )
