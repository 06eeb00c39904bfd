"""The JSON that goes out. All times are seconds since 1970 (UTC) of *engine* time and end in ``_at_s``.

A view is built from a domain value and decides nothing. ``situation`` is made of all the others, which know ``parts``
only; an incident tells when its sortie arrives.
"""
