"""One run of a city: blocks of calls in, rows of outcomes out, and what adds up over time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import typeof, types
from numpy.typing import NDArray

from dispatch.contingency import lacking
from dispatch.policies import PRICE, Policy
from dispatch.relay import RECONSIDER_S
from simulator.city.loop import events
from simulator.city.loop import state as words
from simulator.city.loop.incidents import write
from simulator.city.picture import seen_alone
from simulator.city.rows import CALL, OUTCOME, Calls, Fate, Outcomes
from simulator.city.totals import Count, Totals
from simulator.city.world import World

Sink = Callable[[Outcomes], None]

ROWS_AT_ONCE = 1 << 16
MOST_OPEN = 1 << 14
"""Incidents that may be open at once; where more are, the run ends with an error and not with a wrong figure."""

MOST_TOLD = 4096


class RunError(RuntimeError):
    """A run that cannot go on; the message says when and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong, and what limits the crew. Rates are per drone."""

    refused_share: float = 0.0
    """Share of launches that are refused."""
    lost_per_hour: float = 0.0
    """How often a drone on its way out is lost, per hour of such flight."""
    repair_s: float = 3600.0
    most_in_air: int = 1 << 30
    """Pilots times the drones that one may fly at once."""
    patience_s: float = float("inf")
    """Who has waited longer is lost; 0: who finds no able drone is lost at once."""


NO_TROUBLE = Trouble()


class Run:
    """A run that goes on as calls come. ``sink`` is given outcomes in blocks, in the order in which they ended."""

    def __init__(
        self,
        world: World,
        policy: Policy,
        sink: Sink,
        *,
        from_s: float,
        measured_from_s: float | None = None,
        trouble: Trouble = NO_TROUBLE,
    ) -> None:
        self.world, self.policy, self._sink = world, policy, sink
        self.state = _begun(world, policy, trouble, from_s)
        self._params = np.array(policy.parameters, np.float64)
        self._out = np.zeros(ROWS_AT_ONCE + MOST_OPEN + 8, OUTCOME)
        self._calls = np.zeros(0, CALL)
        self._last = False
        self._measured_from_s = measured_from_s

    def give(self, calls: Calls, *, last: bool = False) -> None:
        """The calls that come next. Raises ``ValueError`` where they are not in order, or not of this world."""
        _check(self.world, calls, float(self._g["now_s"]))
        self._g["block_at"] += len(self._calls)
        self._calls, self._last = np.ascontiguousarray(calls), last

    def go(self, until_s: float = np.inf, *, pause: bool = False) -> int:
        """Goes on until calls are needed (``CALLS``), a decision is due (``DECIDE``, with ``pause``), or the
        end (``DONE``). Raises :class:`RunError`."""
        while True:
            begins_s = self._measured_from_s
            stop_s = until_s if begins_s is None else min(begins_s, until_s)
            code: int = _go(
                self.policy.price, self._params, self.world.tables, self.state, self._calls, self._out,
                float(stop_s), self._last, pause,
            )  # fmt: skip
            if code == words.ROOM:
                self._tell()
            elif code == words.CHECK:
                self._look_closer()
            elif code == words.FULL:
                raise RunError(
                    f"{MOST_OPEN:,} incidents are open at {self._g['now_s']:.0f} s: more calls come than "
                    "this fleet can ever serve; give calls a patience, or more drones"
                )
            elif code == words.DONE and begins_s is not None and begins_s < until_s:
                events.measure(self.state)
                self._measured_from_s = None
            else:
                return code

    def end(self) -> Totals:
        """What is still open is told as such; the sums of the run."""
        incidents = self.state.incidents
        open_slots = np.flatnonzero(incidents["state"] != words.FREE)
        for slot in open_slots[np.argsort(incidents["call"][open_slots])].tolist():
            if self._g["rows"] >= len(self._out):
                self._tell()
            write(self.state, slot, int(Fate.OPEN), np.nan, self._out)
        self._tell()
        return _totals(self.state)

    @property
    def _g(self) -> Any:
        return self.state.g[0]

    def _look_closer(self) -> None:
        """Whether drones that the loop is not sure of have a way out of every leg: the engine's own answer."""
        for one in self.state.checked[: self._g["checked"]]:
            if one["said"] == words.UNKNOWN:
                place = self.world.place_positions[self.state.incidents["place"][one["slot"]]]
                lacks = lacking(
                    seen_alone(self.world, self.state, int(one["drone"])), self.world.drones[one["drone"]], place
                )
                one["said"] = words.FIT if lacks is None else words.UNFIT

    def _tell(self) -> None:
        told = int(self._g["rows"])
        if told:
            rows = self._out[:told].copy()
            rows["base"] = np.where(rows["drone"] < 0, -1, self.world.drone_base[rows["drone"]])
            self._sink(rows)
        self._g["rows"] = 0


def _go(price: Any, *others: Any) -> int:
    """:func:`events.go`, compiled once for all prices: it calls them through a pointer, so that a policy of somebody
    else needs no compilation of the loop."""
    if not events.go.signatures:
        events.go.compile((types.FunctionType(PRICE), *map(typeof, others)))
        events.go.disable_compile()
    return int(events.go(price, *others))


def simulate(
    world: World,
    blocks: Iterable[Calls],
    policy: Policy,
    sink: Sink,
    *,
    from_s: float,
    until_s: float = np.inf,
    measured_from_s: float | None = None,
    trouble: Trouble = NO_TROUBLE,
) -> Totals:
    """Runs ``blocks`` of calls (in order of time, from ``from_s`` on) through ``world``; ``sink`` gets their outcomes.

    Where ``until_s`` is not given the run ends when the last incident has. Seconds and counts are those from
    ``measured_from_s`` on, rows are told of all. Raises ``ValueError`` for calls that are not
    of this world, and :class:`RunError`.
    """
    run = Run(world, policy, sink, from_s=from_s, measured_from_s=measured_from_s, trouble=trouble)
    for block, last in _with_last(blocks):
        run.give(block, last=last)
        if run.go(until_s) == words.DONE:
            break
    return run.end()


def _with_last(blocks: Iterable[Calls]) -> Iterator[tuple[Calls, bool]]:
    """Each block with whether it is the last; one empty block where there is none."""
    before: Calls | None = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    yield (np.zeros(0, CALL) if before is None else before), True


def _check(world: World, calls: Calls, now_s: float) -> None:
    if calls.dtype != CALL:
        raise ValueError("calls are no rows of CALL")
    if not len(calls):
        return
    at_s = calls["at_s"]
    if not np.isfinite(at_s).all() or (np.diff(at_s) < 0).any() or at_s[0] < now_s:
        raise ValueError("calls are not in order of time, or begin before the run does")
    for name, count in (("place", len(world.places)), ("type", len(world.types))):
        wrong = np.flatnonzero((calls[name] < 0) | (calls[name] >= count))
        if len(wrong):
            raise ValueError(
                f"call {wrong[0]} of the block: {name} {calls[name][wrong[0]]} is none of 0 to {count - 1}"
            )
    if not (calls["watch_s"] >= 0).all():
        raise ValueError("a call's watch_s is negative or no number")


def _begun(world: World, policy: Policy, trouble: Trouble, from_s: float) -> words.State:
    """Every drone charged and idle on its dock, nothing open."""
    tables, rules, count = world.tables, world.rules, len(world.drones)
    gain_s = policy.gain_s(rules)
    own = np.bincount(world.drone_base, minlength=len(world.bases))
    g = np.zeros(1, words.RUN)
    for name, value in {
        "now_s": from_s,
        "tick_s": np.inf,
        "batch_at_s": np.inf,
        "move_at_s": from_s + policy.move_up_s if policy.move_up_s > 0 else np.inf,
        "measured_from_s": from_s,
        "last_s": from_s,
        "free": MOST_OPEN,
        "spare_docks": (own < tables.docks).any(),
        "free_docks": np.maximum(0, tables.docks - own).sum(),
        "preempt_ms": round(1000 * gain_s) if np.isfinite(gain_s) else -1,
        "stint_s": rules.relay_stint_s,
        "overlap_s": rules.relay_overlap_s,
        "layer_s": world.layer_s,
        "promise_s": rules.promise_s,
        "retry_s": RECONSIDER_S,
        "refuse": trouble.refused_share,
        "fail_per_s": trouble.lost_per_hour / 3600,
        "repair_s": trouble.repair_s,
        "most_in_air": trouble.most_in_air,
        "batch_s": policy.batch_s,
        "batch_from": policy.batch_from,
        "move_s": policy.move_up_s,
        "move_gain": policy.move_up_gain,
        "patience_s": trouble.patience_s,
        "weighs": policy.weighs,
        "dearer": policy.dearer,
        "checks": bool(world.situations),
    }.items():
        g[name] = value
    docked, beside = _lines(world.drone_base, len(world.bases))
    drones = np.zeros(count, words.DRONE)
    for name, values in {
        "own": world.drone_base,
        "at": world.drone_base,
        "beside": beside,
        "kind": world.drone_kind,
        "inc": -1,
        "share": 1.0,
        "share_at_s": from_s,
        "launch_s": np.nan,
        "leaves_s": np.inf,
        "out_until_s": -np.inf,
    }.items():
        drones[name] = values
    state = words.State(
        g=g,
        drones=drones,
        taken=own,
        docked=docked,
        about=np.zeros(count, np.int64),
        tree=np.full(2 << (max(1, count) - 1).bit_length(), np.inf),
        incidents=np.zeros(MOST_OPEN, words.INCIDENT),
        refused=np.full((MOST_OPEN, words.REFUSALS), -1, np.int64),
        wanting=np.zeros(MOST_OPEN, np.int64),
        free=np.arange(MOST_OPEN - 1, -1, -1, dtype=np.int64),
        covered_by=np.zeros(len(world.places), np.int64),
        covered=np.zeros(count + 2),
        adds=np.append(0.0, (1.0 - policy.busy) * policy.busy ** np.arange(count + 1)),
        told=np.zeros(MOST_TOLD, words.TOLD),
        checked=np.zeros(words.MOST_CHECKED, words.CHECKED),
        asked=np.zeros(MOST_OPEN, np.int64),
        chosen=np.zeros(MOST_OPEN, np.int64),
        nothing=np.zeros(0, np.int64),
        costs=np.zeros((words.TOGETHER, count), np.int64),
        potential=np.zeros(words.TOGETHER + 1),
        columns=np.zeros(count + words.TOGETHER + 1, words.COLUMN),
        found=np.zeros(words.TOGETHER, np.int64),
        able=np.zeros(count, np.int64),
        happened=np.zeros(len(Count), np.int64),
    )
    past = int(np.searchsorted(tables.changes["at_s"], from_s, side="right"))
    begun = np.flatnonzero(tables.changes["what"][:past] == words.NEW_SCENE)
    g["change"] = past
    for change in tables.changes[:past][tables.changes["what"][:past] == words.OUT_OF_SERVICE]:
        drones["out_until_s"][change["which"]] = max(drones["out_until_s"][change["which"]], change["until_s"])
    events.set_scene(tables, state, int(tables.changes["which"][begun[-1]]) if len(begun) else 0)
    return state


def _lines(drone_base: NDArray[np.int64], bases: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first drone at each base [b] and who stands beside each drone [d], -1 where there is none."""
    first, beside = np.full(bases, -1), np.full(len(drone_base), -1)
    for number, base in enumerate(drone_base):
        first[base], beside[number] = number, first[base]
    return first, beside


def _totals(state: words.State) -> Totals:
    g, drones = state.g[0], state.drones
    away = ~np.isin(drones["state"], (words.DOCKED, words.BROKEN))
    return Totals(
        measured_s=float(g["seconds"]),
        in_system_s=float(g["in_system_s"]),
        sojourn_s=float(g["sojourn_s"]),
        waiting_s=float(g["waiting_s"]),
        covered_s=np.array([g["seconds"], g["covered_1_s"], g["covered_2_s"]]),
        busy_s=np.maximum(0.0, drones["busy_s"] + np.where(drones["inc"] >= 0, g["now_s"], 0.0)),
        away_s=np.maximum(0.0, drones["away_s"] + np.where(away, g["now_s"], 0.0)),
        counts=state.happened.copy(),
    )
