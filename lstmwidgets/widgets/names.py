"""Names for screen readers, which ipywidgets' sliders and bqplot's charts lack; and keys for fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets


class Names(anywidget.AnyWidget):
    """An invisible child of a view that sets attributes on the elements around it, and keeps them set.

    Attributes
    ----------
    attributes : dict
        CSS selector, within the view, to the attributes that its elements are to have.
    """

    _esm = Path(__file__).with_name("names.js").read_text(encoding="utf-8")

    attributes = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(layout={"display": "none"})

    def on_shown(self, call: Callable[[], None]) -> None:
        """Have something called when a browser shows the view; papermill and its like never do."""
        self.on_msg(lambda _, content, __: call() if content == "shown" else None)
