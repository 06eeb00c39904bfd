"""A world of bare tables: no city, no weather, batteries without end. What queueing theory can say something about."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.model import Rules
from simulator.city.loop.state import AIR, BACK, CHANGE, KIND, LEVEL, NODE, PLACE, SHIFT, WAY, Tables
from simulator.city.rows import Places
from simulator.city.world import World, nearest, records

Floats = NDArray[np.float64]


def bare_world(
    out_s: Floats, drones_at: Sequence[int], *, home_s: Floats | float = 0.0, weights: Floats | None = None
) -> World:
    """Drones at the bases ``drones_at`` [d], ``out_s`` [p, b] seconds from a base until on scene at a place, ``home_s``
    [p, b] (or one number) back. A drone on its way home can be sent on as from its base.

    One type of incident, "call". Times out count to the millisecond.
    """
    out_s = np.asarray(out_s, np.float64)
    places, bases = out_s.shape
    ms = np.rint(out_s * 1000).astype(np.int32)
    back_s = np.broadcast_to(home_s, out_s.shape)
    shares = np.full(places, 1 / places) if weights is None else np.asarray(weights, np.float64)
    at = np.asarray(drones_at, np.int64)
    tables = Tables(
        ways=records(WAY, (1, 1, places, bases), ms=ms),
        nearest=nearest(ms[None, None]),
        homes=records(BACK, (1, 1, 1, places, bases), s=back_s),
        levels=records(LEVEL, (1, 1, 1)),
        air=records(AIR, (1, 1, places, bases), ms=ms),
        shift=records(SHIFT, (1, 1, bases, bases)),
        kinds=records(KIND, (1, 1), flies=True, fits=1, p90=1.0, battery_wh=1.0, capacity=1.0, hover_w=1e-12),
        served=np.ones((1, places), np.bool_),
        places=records(PLACE, places, weight=shares),
        nodes=records(NODE, bases, x=np.arange(bases, dtype=np.float64)),
        near=np.arange(bases, dtype=np.int32)[None, :],
        raster=np.array([-0.5, -0.5, 1.0]),
        docks=np.bincount(at, minlength=bases),
        cover=np.empty(0, np.int32),
        cover_at=np.zeros((1, 1, bases + 1), np.int64),
        changes=records(CHANGE, 1, at_s=-np.inf),
    )
    return World(
        places=Places(
            xy_m=np.zeros((places, 2)),
            weights=shares,
            district=np.zeros(places, np.int32),
            districts=("all",),
            people=np.zeros(places),
        ),
        tables=tables,
        drone_base=at,
        drone_kind=np.zeros(len(at), np.int64),
        situations=(),
        bases=tuple(f"base-{k}" for k in range(bases)),
        drones=tuple(f"drone-{k}" for k in range(len(at))),
        airframes=("any",),
        types=("call",),
        rules=Rules(),
        layer_s=0.0,
        node_positions=(),
        place_positions=(),
    )
