"""Dispatch policies by name: what a drone's departure costs beyond its time, and what else is done.

A policy's price is a compiled function of numbers; :mod:`dispatch.decide` and the simulator's event loop call the same
one for every able drone. No price can buy what is not able. Others' policies plug in through the entry point group
``reach180.policies``: each is a :class:`Policy`, or a function without arguments that returns one.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import numpy as np
from numba import njit, types

from dispatch.model import Rules

PRICE = types.float64(types.float64[::1], types.int64, types.int64, types.float64)
"""(parameters, priority, milliseconds until it is on scene, loss) -> milliseconds that it is chosen by. The loss is the
expected coverage that its departure costs, a share of demand; 0 for a drone in the air."""

GROUP = "reach180.policies"

LATE_MS = 1e8
"""More than any flight takes."""


class PolicyError(ValueError):
    """A policy that is not known or cannot be used; the message names it."""


@njit(PRICE, cache=True)
def by_time(_parameters: Any, _priority: int, ms: int, _loss: float) -> float:
    """The nearest able drone."""
    return float(ms)


@njit(PRICE, cache=True)
def by_time_and_loss(parameters: Any, _priority: int, ms: int, loss: float) -> float:
    """Who comes within ``parameters[1]`` seconds before who does not. Of those: ``parameters[0]`` is how many seconds
    later this caller may be served to keep a hundredth of expected coverage for the next; of the others the nearest
    (after Jagtenberg, Bhulai and van der Mei, European Journal of Operational Research 258, 2017: there the dial is
    infinite)."""
    if ms > 1000.0 * parameters[1]:
        return ms + LATE_MS
    return float(ms + 1000.0 * parameters[0] * 100.0 * loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How drones are given to incidents. What is None is the city's rule."""

    name: str
    price: Any = by_time
    parameters: tuple[float, ...] = ()
    weighs: bool = False
    """Whether the price looks at the loss of coverage, which takes time to work out."""
    dearer: bool = True
    """Whether the price is never below the time, so that who is farther than the cheapest need not be asked."""
    busy: float = 0.3
    """The busy fraction that expected coverage counts with."""
    preempt_gain_s: float | None = None
    """What taking a drone from a less urgent incident must save; infinite: none is taken."""
    batch_s: float = 0.0
    batch_from: int = 3
    """Incidents of this priority and less urgent ones are decided together, so often."""
    move_up_s: float = 0.0
    """Idle drones are moved to where they cover more so often; 0: never."""
    move_up_gain: float = 0.01
    """The least gain in expected coverage for which a drone is moved."""
    about_en: str = ""
    """What it does, for who chooses; for people only."""
    about_zh: str = ""

    @property
    def dial(self) -> float | None:
        """Where its dial stands; None: it has none."""
        return self.parameters[0] if self.parameters else None

    def price_ms(self, priority: int, ms: int, loss: float) -> int:
        """What a drone is chosen by that takes ``ms`` and leaves ``loss``, in whole milliseconds."""
        if self.price is by_time:  # nearly always; the call would take longer than all the rest
            return ms
        return round(float(self.price(np.array(self.parameters, np.float64), priority, ms, loss)))

    def gain_s(self, rules: Rules) -> float:
        """What taking a drone from a less urgent incident must save; infinite: none is taken."""
        return rules.preempt_gain_s if self.preempt_gain_s is None else self.preempt_gain_s


BUILT_IN: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        Policy(
            name="nearest-able",
            about_en="The nearest able drone.",
            about_zh="最近可派的无人机。",
        ),
        Policy(
            name="first-come",
            preempt_gain_s=float("inf"),
            about_en="As that, but nobody is taken for a more urgent call.",
            about_zh="同上，但不因更紧急的警情抽调途中的无人机。",
        ),
        Policy(
            name="preemptive",
            preempt_gain_s=0.0,
            about_en="As that, but a more urgent call takes a drone for any gain.",
            about_zh="同上，但只要更快，更紧急的警情即可抽调。",
        ),
        Policy(
            name="coverage-preserving",
            price=by_time_and_loss,
            parameters=(5.0, 180.0),
            weighs=True,
            about_en="Keeps coverage for the next call. Its dial: the seconds this caller may wait to keep 1 % of it.",
            about_zh="为下一起警情保留覆盖。刻度：为保留 1% 的覆盖，本次来电者可多等的秒数。",
        ),
        Policy(
            name="batch",
            batch_s=20.0,
            about_en="Less urgent calls are decided together, every 20 s.",
            about_zh="较不紧急的警情每 20 秒一并决策。",
        ),
        Policy(
            name="move-up",
            move_up_s=60.0,
            about_en="Idle drones are moved to where they cover more.",
            about_zh="空闲无人机移至覆盖更多的机场。",
        ),
    )
}


def policies() -> dict[str, Policy]:
    """Every policy by its name. A plug-in that cannot be loaded is left out: who names it hears why."""
    found = {}
    for name in policy_names():
        with contextlib.suppress(PolicyError):
            found[name] = policy_of(name)
    return found


@cache
def _plugged_in() -> Mapping[str, Any]:
    return {point.name: point for point in entry_points(group=GROUP)}


def policy_names() -> tuple[str, ...]:
    """The policies that can be named, the built-in ones first."""
    return (*BUILT_IN, *sorted(set(_plugged_in()) - set(BUILT_IN)))


@cache
def policy_of(spec: str) -> Policy:
    """The policy of that name; ``coverage-preserving:8`` sets its first parameter, the dial.

    Raises :class:`PolicyError`.
    """
    name, _, dial = spec.partition(":")
    policy = BUILT_IN.get(name)
    if policy is None:
        point = _plugged_in().get(name)
        if point is None:
            raise PolicyError(f"no policy {name!r}; there are {', '.join(policy_names())}")
        try:
            found = point.load()
            policy = found if isinstance(found, Policy) else found()
        except Exception as error:  # whatever somebody else's module raises
            raise PolicyError(f"policy {name!r} ({point.value}): {error}") from error
        if not isinstance(policy, Policy):
            raise PolicyError(f"policy {name!r} ({point.value}) is no Policy but {type(policy).__name__}")
    if not dial:
        return policy
    if not policy.parameters:
        raise PolicyError(f"policy {name!r} has no dial to set to {dial!r}")
    try:
        value = float(dial)
    except ValueError:
        raise PolicyError(f"policy {spec!r}: {dial!r} is no number") from None
    if not np.isfinite(value):
        raise PolicyError(f"policy {spec!r}: the dial must be finite")
    return replace(policy, name=spec, parameters=(value, *policy.parameters[1:]))


def live_policy_of(spec: str) -> Policy:
    """The same for an engine, which decides at once and leaves idle drones where they are. Raises :class:`PolicyError`
    for who asks for more."""
    policy = policy_of(spec)
    if policy.batch_s > 0 or policy.move_up_s > 0:
        more = "lets incidents wait for others" if policy.batch_s > 0 else "moves idle drones"
        raise PolicyError(f"policy {spec!r} {more}, which so far a simulation does and no engine")
    return policy
