"""Where the real data lie that are not part of the project."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("REACH180_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
"""The folder that ``REACH180_SHARED_DATA`` names, else ``shared/data`` beside the repository."""
