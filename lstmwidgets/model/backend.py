"""Import TensorFlow and Keras once, quietly, and refuse a Keras that runs on another backend."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lstmwidgets.errors import LSTMWidgetsError


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Silence file descriptor 2: TensorFlow's C++ start-up lines ignore its own log level."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _without_stderr():
    import keras
    import tensorflow as tf

    tf.constant(0.0)  # brings up the devices, whose lines would otherwise come with the first training


def _is_news(record: logging.LogRecord) -> bool:
    """Drop TensorFlow's retracing advice: what is compiled for one network alone is so on purpose."""
    return "triggered tf.function retracing" not in record.getMessage()


logging.getLogger("tensorflow").addFilter(_is_news)

if keras.backend.backend() != "tensorflow":
    raise LSTMWidgetsError(
        f"Keras runs on the {keras.backend.backend()!r} backend here, and lstmwidgets trains on TensorFlow: "
        "set KERAS_BACKEND=tensorflow before Python imports keras"
    )

__all__ = ["keras", "tf"]
