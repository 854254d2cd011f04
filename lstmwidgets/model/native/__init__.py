"""LSTM and GRU in C as TensorFlow operations; tools/build_native.py compiles them with the package."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from lstmwidgets.model.backend import tf

LIBRARY = Path(__file__).with_name("walk.so")

NAMES = tuple(
    f"lstmwidgets_{name}" for name in ("forward", "backward", "gru_forward", "gru_backward", "by_inputs")
)
"""Every operation that ops.c makes."""

log = logging.getLogger(__name__)


@cache
def operations() -> Any:
    """``lstmwidgets_forward`` and the others that ops.c describes; None where there are none.

    Without a C compiler the package is built without them, and a library from another system or
    for another TensorFlow is not loaded: either is said once, and an LSTM then takes TensorFlow's own
    kernel, a GRU Keras' own way. So it is with one that was built of older sources than this package's.
    """
    try:
        library = tf.load_op_library(str(LIBRARY))
        missing = [name for name in NAMES if not hasattr(library, name)]
        if missing:
            raise RuntimeError(f"it was built of other sources, without {missing[0]}")
        return library
    except (tf.errors.OpError, OSError, RuntimeError) as error:
        log.warning(
            "lstmwidgets trains more slowly than it could, for its compiled cells are not there (%s): "
            "install a C compiler, then lstmwidgets again",
            "it was not built" if not LIBRARY.exists() else error,
        )
        return None
