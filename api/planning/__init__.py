"""Planning with files: demand, sites, winds and zones in, a layout with its proof out, as files and as a report.

``study`` says what is to be read and does it; what a plan is lies in :mod:`dispatch.placement`.
"""
