"""The arrays that the loops know."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sites = NDArray[np.int32]
"""Numbers of sites: the longest arrays of all."""
Bools = NDArray[np.bool_]
