"""TensorFlow's six seconds of import, begun before anybody waits for them."""

from __future__ import annotations

import sys
import threading
from importlib import import_module

_TRAINING = "lstmwidgets.model.training"


def training_module():  # type: ignore[no-untyped-def]  # a module's type would import it
    """`lstmwidgets.model.training`, imported unless it is there already."""
    return import_module(_TRAINING)


def loads() -> bool:
    """Whether TensorFlow is still to be imported, or is being: a module is listed before it is run."""
    return not hasattr(sys.modules.get(_TRAINING), "Trainer")


def preload() -> threading.Thread:
    """Import TensorFlow in the background, so that the first training does not wait for it."""
    thread = threading.Thread(target=training_module, name="lstmwidgets-preload", daemon=True)
    thread.start()
    return thread
