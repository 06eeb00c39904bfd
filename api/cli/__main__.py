"""``python -m api.cli``: the same as ``reach180``."""

from api.cli import main

main()
