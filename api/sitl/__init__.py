"""A fleet in simulation, flown through a timetable by the live engine, and the report on what it did.

:mod:`api.sitl.scenario` is the file that says what happens when, :mod:`api.sitl.run` flies it on real PX4 or on
embedded vehicles, :mod:`api.sitl.record` keeps what was seen, :mod:`api.sitl.findings` and :mod:`api.sitl.audit` make
figures of it, :mod:`api.sitl.report` writes them down and :mod:`api.sitl.page` shows them.
"""
