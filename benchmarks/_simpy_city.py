"""The city of ``city_year`` as a SimPy model: what is compared with the compiled loop, and imported by nothing else."""

from typing import Any

import numpy as np
import simpy
from scipy.optimize import linear_sum_assignment

from simulator.city.loop.state import NO_MS
from simulator.city.rows import Calls
from simulator.city.world import World

RETRY_S, PATIENCE_S = 5.0, 3600.0
NOBODY_MS = 1e9


class City:
    """Drones as arrays, sorties as processes."""

    def __init__(self, world: World, calls: Calls, from_s: float) -> None:
        self.tables, self.calls, self.stint_s = world.tables, calls, world.rules.relay_stint_s
        self.env = simpy.Environment(initial_time=from_s)
        count = len(world.drones)
        self.own = world.drone_base
        self.kind = self.tables.kinds[0, 0]
        self.idle = np.ones(count, np.bool_)
        self.share, self.since, self.rate = np.ones(count), np.full(count, from_s), np.zeros(count)
        self.homeward: dict[int, tuple[Any, np.ndarray, np.ndarray, float, float]] = {}
        self.waiting: list[int] = []
        self.on_scene_s, self.queued = np.full(len(calls), np.nan), np.zeros(len(calls), np.bool_)
        self.ticking = False
        changes = self.tables.changes
        self.begins, self.scenes = changes["at_s"], changes["which"]
        self.places = np.stack([self.tables.places["x"], self.tables.places["y"]], axis=1)
        self.nodes = np.stack([self.tables.nodes["x"], self.tables.nodes["y"]], axis=1)
        self.env.process(self.source())

    def scene(self) -> int:
        return int(self.scenes[max(0, np.searchsorted(self.begins, self.env.now, side="right") - 1)])

    def left(self, drone: int) -> float:
        return min(1.0, self.share[drone] - self.rate[drone] * (self.env.now - self.since[drone]))

    def spend(self, drone: int, rate: float) -> None:
        self.share[drone], self.since[drone], self.rate[drone] = self.left(drone), self.env.now, rate

    def per_s(self, wh: float, in_s: float) -> float:
        return wh / max(in_s, 1e-3) / float(self.kind["battery_wh"])

    def source(self) -> Any:
        for number, call in enumerate(self.calls):
            yield self.env.timeout(call["at_s"] - self.env.now)
            if not self.tables.served[self.scene(), call["place"]]:
                continue
            self.waiting.append(number)
            self.decide()
            if number in self.waiting:
                self.queued[number] = True

    def tick(self) -> Any:
        yield self.env.timeout(RETRY_S)
        self.ticking = False
        self.decide()

    def decide_then(self) -> Any:
        """Not within a sortie, which cannot interrupt itself."""
        yield self.env.timeout(0)
        self.decide()

    def decide(self) -> None:
        """The most urgent class first; within it as many as possible in the least time."""
        scene = self.scene()
        for priority in sorted({int(self.calls["priority"][number]) for number in self.waiting}):
            asked = [number for number in self.waiting if self.calls["priority"][number] == priority]
            offers_ms = np.stack([self.offers_ms(scene, number) for number in asked])
            rows, drones = linear_sum_assignment(offers_ms) if len(asked) > 1 else ([0], [int(offers_ms[0].argmin())])
            for row, drone in zip(rows, drones, strict=True):
                if offers_ms[row, drone] < NOBODY_MS:
                    self.waiting.remove(asked[row])
                    self.send(scene, int(drone), asked[row])
        now_s = self.env.now
        self.waiting = [number for number in self.waiting if now_s - self.calls["at_s"][number] < PATIENCE_S]
        if self.waiting and not self.ticking:
            self.ticking = True
            self.env.process(self.tick())

    def offers_ms(self, scene: int, number: int) -> np.ndarray:
        """How soon each drone would be there; :data:`NOBODY_MS` where it is not able."""
        call, kind = self.calls[number], self.kind
        place = call["place"]
        ways, air = self.tables.ways[scene, 0, place], self.tables.air[scene, 0, place]
        ms, wh = ways["ms"][self.own].astype(np.float64), ways["wh"][self.own]
        level, free = ways["level"][self.own], self.idle.copy()
        for drone in self.homeward:
            node = air[self.node(drone)]
            ms[drone], wh[drone], level[drone], free[drone] = node["ms"], node["wh"], 0, True
        share = np.minimum(1.0, self.share - self.rate * (self.env.now - self.since))
        usable_wh = (share - kind["reserve"]) * kind["battery_wh"]
        stint_wh = kind["hover_w"] * min(float(call["watch_s"]), self.stint_s) / 3600
        back_wh = self.tables.homes["wh"][scene, 0, level, place, self.own]
        landing_wh = self.tables.levels["landing_wh"][scene, 0, level]
        able = free & (ms < NO_MS) & (wh + stint_wh + landing_wh + back_wh <= usable_wh)
        return np.where(able, ms, NOBODY_MS)

    def node(self, drone: int) -> int:
        _, begin, end, from_s, until_s = self.homeward[drone]
        along = min(1.0, (self.env.now - from_s) / max(until_s - from_s, 1e-9))
        west, south, cell = self.tables.raster
        x, y = begin + along * (end - begin)
        near = self.tables.near
        row = min(max(int((y - south) / cell), 0), near.shape[0] - 1)
        column = min(max(int((x - west) / cell), 0), near.shape[1] - 1)
        return int(near[row, column])

    def send(self, scene: int, drone: int, number: int) -> None:
        if drone in self.homeward:
            node = self.node(drone)
            air = self.tables.air[scene, 0, self.calls["place"][number], node]
            process = self.homeward.pop(drone)[0]
            process.interrupt()
            flies_s = float(air["ms"]) / 1000
            self.spend(drone, self.per_s(float(air["wh"]), flies_s))
            self.env.process(self.sortie(drone, number, 0.0, flies_s, 0))
            return
        self.idle[drone] = False
        way = self.tables.ways[scene, 0, self.calls["place"][number], self.own[drone]]
        launch_s = float(self.kind["launch_s"])
        flies_s = float(way["ms"]) / 1000 - launch_s
        self.spend(drone, 0.0)
        self.env.process(self.sortie(drone, number, launch_s, flies_s, int(way["level"]), float(way["wh"])))

    def sortie(
        self, drone: int, number: int, launch_s: float, flies_s: float, level: int, wh: float | None = None
    ) -> Any:
        call = self.calls[number]
        if wh is not None:
            yield self.env.timeout(launch_s)
            self.spend(drone, self.per_s(wh, flies_s))
        yield self.env.timeout(flies_s)
        self.on_scene_s[number] = self.env.now - call["at_s"]
        self.spend(drone, float(self.kind["hover_w"]) / 3600 / float(self.kind["battery_wh"]))
        yield self.env.timeout(float(call["watch_s"]))
        yield from self.home(drone, int(call["place"]), level)

    def home(self, drone: int, place: int, level: int) -> Any:
        scene = self.scene()
        way = self.tables.homes[scene, 0, level, place, self.own[drone]]
        seconds = float(way["s"])
        self.spend(drone, self.per_s(float(way["wh"]), seconds))
        begin, end = self.places[place], self.nodes[self.own[drone]]
        process = self.env.active_process
        self.homeward[drone] = (process, begin, end, self.env.now, self.env.now + seconds)
        if self.waiting:
            self.env.process(self.decide_then())
        try:
            yield self.env.timeout(seconds)
        except simpy.Interrupt:
            return
        del self.homeward[drone]
        landing = self.tables.levels[scene, 0, level]
        self.spend(drone, self.per_s(float(landing["landing_wh"]), float(landing["landing_s"])))
        yield self.env.timeout(float(landing["landing_s"]))
        self.spend(drone, -float(self.kind["charge"]))
        self.idle[drone] = True
        if self.waiting:
            self.env.process(self.decide_then())


def simulated(world: World, calls: Calls, from_s: float) -> np.ndarray:
    """``on_scene_s`` and ``queued`` of every call."""
    city = City(world, calls, from_s)
    city.env.run(until=float(calls["at_s"][-1]) + 6 * 3600)
    rows = np.zeros(len(calls), [("on_scene_s", np.float64), ("queued", np.bool_)])
    rows["on_scene_s"], rows["queued"] = city.on_scene_s, city.queued
    return rows
