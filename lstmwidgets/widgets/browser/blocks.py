"""Arrays as the browser takes them: float32 numbers one after another, and where each lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def joined(arrays: dict[str, ArrayLike]) -> tuple[list[dict[str, Any]], bytes]:
    """Name, shape and byte offset of each array, and all of them, float32 in C order.

    Examples
    --------
    >>> joined({"a": [1, 2], "b": [[3]]})[0][1]
    {'name': 'b', 'shape': [1, 1], 'offset': 8}
    """
    cut: list[dict[str, Any]] = []
    parts, offset = [], 0
    for name, array in arrays.items():
        with np.errstate(over="ignore"):  # a state that explodes is infinite there
            numbers = np.ascontiguousarray(array, np.float32)
        cut.append({"name": name, "shape": list(np.shape(array)), "offset": offset})
        parts.append(numbers.tobytes())
        offset += numbers.nbytes
    return cut, b"".join(parts)
