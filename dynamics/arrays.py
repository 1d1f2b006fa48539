"""The kinds of array that the program passes: what they hold, not their shapes, which docstrings give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]
Steps = NDArray[np.int64]
