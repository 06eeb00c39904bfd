"""What to do: who goes, by which way, arriving when, and why not the others.

What this package knows
-----------------------
- the words of the trade as frozen values: :mod:`dispatch.model`;
- the decision, a pure function of the situation: :mod:`dispatch.decide`;
- the life of an incident and a sortie, a pure function too: :mod:`dispatch.lifecycle`;
- a city (:mod:`dispatch.city`) as a folder of plain files (:mod:`dispatch.city_folder`);
- the shells around that kernel: :mod:`dispatch.operations` (the live loop: advance, store, then perform),
  :mod:`dispatch.fleet` (the one place that knows MAVSDK), :mod:`dispatch.store` (the one place that knows SQL).

What it must not know
---------------------
HTTP, browsers, command lines, how a vehicle is simulated. The kernel (model, decide, lifecycle) has no I/O, reads no
clock and draws no random number: the same situation gives the same decision, byte for byte.
"""
