"""The compiled event loop: calls, drones and one clock, deciding as :func:`dispatch.decide.decide` does.

What a drone is asked, what it costs and who is chosen is the same as there: every drone that may be asked, its response
time in whole milliseconds, then its place in the alphabet; the battery must hold for the way out, the watch (or a
relay's least stint) and the way to some base; the most urgent class of incidents first, within a class as many as
possible in the least total time; a drone under way may be taken for a more urgent incident for a price. What differs is
where times come from: they are looked up (:mod:`simulator.city.world`), and a drone in the air stands at the nearest
node of a lattice. ``tests/simulator/city/test_same_decisions.py`` asks both the same 100,000 questions.

:mod:`.events` has the clock, :mod:`.choose` who goes, :mod:`.sorties` what a drone does from its launch until it is
down, :mod:`.incidents` those that want a drone and the rows of those that have ended, :mod:`.drones` where drones are,
what is left in their batteries and what they cover, :mod:`.state` the records that all work on.
"""
