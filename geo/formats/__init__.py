"""Geozones out of the formats in which they are published, and back: one file per format, all pure.

Text or decoded JSON goes in, :class:`geo.airspace.Geozone` comes out; every refusal names the place and the reason.
"""
