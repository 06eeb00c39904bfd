"""Simulating with files: layouts, records of calls and weather in; figures with intervals out, as files and a report.

``study`` says what is to be read and does it; what a simulation is lies in :mod:`simulator.city`.
"""
