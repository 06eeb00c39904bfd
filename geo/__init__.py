"""Pure geometry and flight physics.

What this package knows
-----------------------
- where things are: :mod:`geo.position` (WGS-84 inside), :mod:`geo.datum` (GCJ-02 and BD-09 converted at the
  door), :mod:`geo.frame` (a local metric plane for one city, several at once);
- what flies: :mod:`geo.airframe` (commandable speeds, energy, limits), :mod:`geo.wind`;
- how high it must fly: :mod:`geo.terrain` (the highest surface along a leg);
- where it may fly: :mod:`geo.airspace` (geozones and grants), :mod:`geo.schedule` and :mod:`geo.sun` (their hours; the
  rules of time zones come through :mod:`zoneinfo`), :mod:`geo.formats` (zones out of files), :mod:`geo.closed` and
  :mod:`geo.margin` (what they take out of the plane);
- which way and how long: :mod:`geo.route` (fastest way round zones in wind), :mod:`geo.flight` (time and energy
  with every part named), :mod:`geo.reach` (what a base covers in T seconds), :mod:`geo.field` (which base sees each
  cell first, and when), :mod:`geo.certify` and :mod:`geo.missing` (what of a claim of reach is true, what is
  missing).

What it must not know
---------------------
Incidents, sorties, people, files, clocks, networks. No function here reads a file, the time or a random number:
text goes in, values come out. It imports nothing of ``dispatch``, ``simulator`` or ``api``.

Conventions: units stand in names (``_m``, ``_s``, ``_mps``, ``_deg``, ``_wh``); angles are degrees clockwise from
north; positions are (longitude, latitude) in that order wherever two bare numbers stand side by side; local
coordinates are (east, north) in metres.
"""
