"""What the speed claims stand on: each prints a table; speed is told as a ratio against a peer in the same run.

``python -m benchmarks`` lists them, ``python -m benchmarks NAME`` runs one (or ``make bench ARGS=NAME``).
"""
