"""Compiled inner loops (numba): arrays and numbers in, arrays out; the modules beside this package give them meaning.

Compiled without ``fastmath``, so that the same inputs give the same bits on every run. Compiled code is kept on disk
and renewed when *its own* file changes; so no compiled function here calls one of another file (a test holds this).
"""
