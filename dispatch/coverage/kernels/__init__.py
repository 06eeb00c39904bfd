"""Compiled inner loops of placement (numba): arrays and numbers in, arrays out, chance as a generator that is given.

As in ``geo.kernels`` no compiled function calls one of another file: what is kept on disk is renewed when a function's
own file changes, and never for another file's sake.
"""
