"""The independent reference: what the engine says of ways and times, checked by code that is not the engine's.

Nothing here but :mod:`tests.reference.engine` imports ``geo``. The rest has its own projection (transverse Mercator
where the engine's plane is azimuthal equidistant), its own wind triangle, its own closed ground with round margins, and
two witnesses of the fastest time: :mod:`tests.reference.bound`, below which no legal way can be, and
:mod:`tests.reference.grid`, which finds a legal way without knowing any corner. ``docs/flight-truth.md`` tells what is
proven and how to run the long hunts.
"""
