"""The ways in: HTTP, the stream, the command line, the command room.

What this package knows
-----------------------
- the composition root, :mod:`api.engine`: the one place where city, store, clock, vehicles and loop are put together;
- the HTTP door: :mod:`api.app` with its thin routers (parse, authorise, call one domain function, shape the answer),
  :mod:`api.security` (who may call what), :mod:`api.problems` (every error as problem+json), :mod:`api.views` (the
  JSON that goes out), :mod:`api.intake` (what comes in, checked), :mod:`api.stream` (server-sent events);
- the command line ``reach180``: :mod:`api.cli`;
- the command room in the browser: ``api/web`` (TypeScript, built by Vite, served as files).

What it must not know
---------------------
How anything is decided, flown or stored. A rule that would hold without HTTP belongs in ``dispatch`` or ``geo``.
"""
