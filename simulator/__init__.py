"""The same decisions under another world.

What this package knows
-----------------------
- a small PX4-like autopilot that flies a whole fleet behind a real MAVLink link: :mod:`simulator.mavlink`;
- the fleet of a city as such vehicles: :mod:`simulator.embedded`;
- calls: generated from a city's model (:mod:`simulator.calls`) or read from real records
  (:mod:`simulator.records`), and whole cities made from data (:mod:`simulator.city_from_data`);
- the built-in cities: ``simulator/cities/``.

What it must not know
---------------------
HTTP, browsers, command lines. It decides nothing: decisions are ``dispatch``'s, flown here as they are flown live. The
vehicles know nothing of ``dispatch`` either: what passes between them is MAVLink.
"""
