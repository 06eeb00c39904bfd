"""What the compiled event loop works on: the tables of a world, and all that changes in a run, as records of arrays."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.city.rows import Fate
from simulator.city.totals import Count

Array = NDArray[Any]

# States of a drone.
DOCKED, COMMANDED, OUT, HOME, SCENE, LANDING, BROKEN = range(7)  # from SCENE on it cannot be asked
# Where an incident stands.
FREE, WAITS, ASSIGNED, WATCHED = range(4)
# Why a drone on scene is looked at next; FAILS: on its way out it will not arrive.
END, RELIEF_DUE, LEAVE, HANDOVER, FAILS = range(5)
# What go() asks for.
CALLS, ROOM, DECIDE, DONE, FULL, CHECK = range(6)

NEVER = np.inf
NO_MS = np.iinfo(np.int32).max
"""There is no way."""
NUMBERS = 1024
"""A cost is milliseconds times this plus the drone's number."""
DEAR = 1 << 60
"""No drone costs so much: it is not able."""
IN_VAIN_S = 43_200.0
"""Who still waits so long after the last that happened waits in vain: no battery charges longer."""

TOGETHER = 64
"""So many incidents are assigned together."""

REFUSALS = 4
"""So many drones that failed an incident are remembered for it; who fails after that may be asked again."""

SERVED, LOST, REFUSED, MERGED, OPEN = (int(fate) for fate in Fate)
DECISIONS, LAUNCHES, REFUSED_LAUNCHES, FAILURES, DIVERTED, PREEMPTED, RELIEFS, MOVED_UP = (int(one) for one in Count)


WAY = np.dtype(
    [
        ("ms", np.int32),  # from the dock until the camera sees the place; NO_MS where there is no way
        ("people_s", np.float32),  # of the way, over inhabited ground
        ("level", np.int64),  # the height that it is flown at
        ("wh", np.float64),  # until it hovers there
    ]
)
BACK = np.dtype([("s", np.float64), ("wh", np.float64)])
"""From over a place until over a base; infinite where there is no way."""

LEVEL = np.dtype(
    [
        ("climb_s", np.float64),  # from the ground until it flies on
        ("landing_s", np.float64),
        ("landing_wh", np.float64),
    ]
)
AIR = np.dtype([("ms", np.int32), ("wh", np.float32)])
"""As of a way out, for a drone in the air that stands over a node."""

SHIFT = np.dtype([("s", np.float64), ("wh", np.float64)])
"""From a dock until over another base."""

KIND = np.dtype(
    [
        ("flies", np.bool_),  # whether the weather lets it
        ("fits", np.int64),  # a bit for each incident type: whether it carries what that asks for
        ("launch_s", np.float64),  # from the decision until off the ground
        ("sure", np.float64),  # who has so many times the energy of a way can turn back anywhere on it
        ("p90", np.float64),  # P90 of a response time, as a share of it
        ("battery_wh", np.float64),
        ("capacity", np.float64),  # the share of it that it has at this temperature
        ("reserve", np.float64),
        ("hover_w", np.float64),
        ("charge", np.float64),  # share of the battery a second
    ]
)
PLACE = np.dtype([("x", np.float64), ("y", np.float64), ("weight", np.float64)])
NODE = np.dtype([("x", np.float64), ("y", np.float64), ("near_place", np.int64)])
CHANGE = np.dtype([("at_s", np.float64), ("what", np.int8), ("which", np.int64), ("until_s", np.float64)])
NEW_SCENE, OUT_OF_SERVICE, BACK_IN_SERVICE = range(3)
"""What changes: scene ``which`` begins; drone ``which`` is taken out of service ``until_s``; it is given back."""


class Tables(NamedTuple):
    """What a world knows. s: scene, a: airframe, l: height, the usual one first, p: place, b: base, n: node (the first
    are the bases)."""

    ways: Array  # WAY [s, a, p, b]
    nearest: Array  # [s, a, p, b] the bases, in the order of their ms
    homes: Array  # BACK [s, a, l, p, b]
    levels: Array  # LEVEL [s, a, l]
    air: Array  # AIR [s, a, p, n], at the usual height
    shift: Array  # SHIFT [s, a, b, b]
    kinds: Array  # KIND [s, a]
    served: Array  # [s, p] whether an incident there is taken on: hovering is legal, and some drone could serve it
    places: Array  # PLACE [p]
    nodes: Array  # NODE [n]
    near: Array  # [ny, nx] the nearest node of every cell of a raster
    raster: Array  # [3] west, south, size of a cell
    docks: Array  # [b]
    cover: Array  # the places within the promise, of one scene, airframe and base after the other
    cover_at: Array  # [s, a, b + 1] where those of a base begin
    changes: Array  # CHANGE, in order of time


DRONE = np.dtype(
    [
        ("state", np.int8),
        ("why", np.int8),  # what it is looked at for next
        ("idle", np.bool_),  # counts as idle at its base
        ("own", np.int64),  # its base
        ("kind", np.int64),  # its airframe
        ("level", np.int64),  # the height that it flies at
        ("at", np.int64),  # the base where it stands, or that it goes home to; -1: neither
        ("inc", np.int64),  # what it is given to: its drone or its relief; -1: nothing
        ("beside", np.int64),  # the next of those docked at its base; -1: it is the last
        ("spot", np.int64),  # its place in ``about``
        ("node", np.int64),  # where it set out for that
        ("sortie", np.int64),  # how many it has begun
        ("from_x", np.float64),
        ("from_y", np.float64),
        ("from_s", np.float64),
        ("to_x", np.float64),
        ("to_y", np.float64),
        ("until_s", np.float64),
        ("share", np.float64),  # of its battery
        ("share_at_s", np.float64),  # at that instant
        ("share_per_s", np.float64),  # and so much less every second since
        ("launch_s", np.float64),
        ("leaves_s", np.float64),  # when its battery sends it home from the scene
        ("out_until_s", np.float64),  # out of service until then
        ("busy_s", np.float64),  # so far; what lasts still counts from minus the instant at which it began
        ("away_s", np.float64),
    ]
)
INCIDENT = np.dtype(
    [
        ("state", np.int8),
        ("priority", np.int8),
        ("type", np.int16),
        ("source", np.int16),
        ("false", np.bool_),
        ("due", np.bool_),  # a relief is to be sent
        ("queued", np.bool_),
        ("call", np.int64),
        ("place", np.int64),
        ("drone", np.int64),  # on its way, or on scene
        ("relief", np.int64),  # who takes over from it
        ("first", np.int64),  # who was there first
        ("node", np.int64),  # and where it had set out
        ("home", np.int64),  # where the last flew home to; -1: none yet
        ("refusals", np.int64),
        ("reliefs", np.int64),
        ("robbed", np.int64),
        ("at_s", np.float64),
        ("none_before_s", np.float64),  # while it waits: no drone that stands on a dock is able before
        ("watch_s", np.float64),
        ("ground_s", np.float64),
        ("chance", np.float64),
        ("decided_s", np.float64),
        ("launched_s", np.float64),
        ("scene_s", np.float64),
        ("gap_s", np.float64),
        ("gap_at_s", np.float64),  # since when nobody is there; nan: somebody is
        ("people_s", np.float64),
    ]
)
RUN = np.dtype(
    [
        # When something comes next.
        ("now_s", np.float64),
        ("tick_s", np.float64),
        ("batch_at_s", np.float64),
        ("move_at_s", np.float64),
        ("measured_from_s", np.float64),
        ("last_s", np.float64),  # when something last happened but for another try
        # Where it stands.
        ("calls", np.int64),  # that have come
        ("block_at", np.int64),  # the call that the block begins with
        ("wanting", np.int64),  # incidents that want a drone, or a relief
        ("waiting", np.int64),  # of these, that have none
        ("about", np.int64),  # drones that may be sent on
        ("open", np.int64),
        ("in_air", np.int64),
        ("spare_docks", np.bool_),  # whether there are more docks than drones that call them their own
        ("free_docks", np.int64),  # docks that no drone calls its own, stands on or is on its way to
        ("scene", np.int64),
        ("change", np.int64),  # the next
        ("paused", np.bool_),  # before a decision that is due
        ("free", np.int64),
        ("rows", np.int64),  # of outcomes that are to be taken
        ("told", np.int64),  # decisions of the last instant
        ("checked", np.int64),  # pairs that were looked at closer
        ("checks", np.bool_),  # whether they are to be
        # What adds up.
        ("seconds", np.float64),
        ("in_system_s", np.float64),
        ("sojourn_s", np.float64),
        ("waiting_s", np.float64),
        ("covered_1_s", np.float64),
        ("covered_2_s", np.float64),
        # Rules.
        ("preempt_ms", np.int64),  # -1: no drone is taken from an incident
        ("stint_s", np.float64),
        ("overlap_s", np.float64),
        ("layer_s", np.float64),
        ("promise_s", np.float64),
        ("retry_s", np.float64),  # who waits is decided again so often, for batteries charge without an event
        ("refuse", np.float64),  # share of launches that are refused
        ("fail_per_s", np.float64),  # rate at which a drone on its way out is lost
        ("repair_s", np.float64),
        ("most_in_air", np.int64),
        ("batch_s", np.float64),
        ("batch_from", np.int64),
        ("move_s", np.float64),
        ("move_gain", np.float64),
        ("patience_s", np.float64),
        ("weighs", np.bool_),
        ("dearer", np.bool_),  # no price is below the time
    ]
)
COLUMN = np.dtype([("v", np.float64), ("least", np.float64), ("row", np.int64), ("way", np.int64), ("used", np.bool_)])
TOLD = np.dtype([("slot", np.int64), ("drone", np.int64)])
CHECKED = np.dtype([("slot", np.int64), ("drone", np.int64), ("said", np.int8)])
UNKNOWN, FIT, UNFIT = range(3)
"""What is known of a drone for an incident, in one decision: whether it has a way out of every leg of its way."""

MOST_CHECKED = 4096
SLACK_WH = 1.0
"""So much is left to what corners and braking cost."""


class State(NamedTuple):
    """All that changes, so that a run can stop and go on."""

    g: Array  # RUN [1]
    drones: Array  # DRONE [d], in the order of their ids
    taken: Array  # [b] drones that call a base their own, stand there or are on their way
    docked: Array  # [b] the first of the drones on its docks, the others beside it; -1: none
    about: Array  # [d] the drones that may be sent on: commanded, on their way out, or home
    tree: Array  # a tournament of the drones' next instants
    incidents: Array  # INCIDENT [m], of which those that are not open are free
    refused: Array  # [m, REFUSALS] drones that failed an incident
    wanting: Array  # slots of incidents that want a drone, in the order of their calls
    free: Array  # slots that are free
    covered_by: Array  # [p] idle drones that cover a place
    covered: Array  # [d + 2] share of demand that so many cover, or more; what 0 cover is not kept
    adds: Array  # [d + 2] what the k-th drone that covers a place adds to its expected coverage
    told: Array  # TOLD, what was decided last
    checked: Array  # CHECKED, of this decision
    asked: Array  # scratch: incidents of one class
    chosen: Array  # scratch: their drones
    nothing: Array  # of no length
    costs: Array  # scratch of an assignment: [TOGETHER, d]
    potential: Array  # [TOGETHER + 1]
    columns: Array  # COLUMN [d + TOGETHER + 1]
    found: Array  # [TOGETHER]
    able: Array  # [d]
    happened: Array  # by Count
