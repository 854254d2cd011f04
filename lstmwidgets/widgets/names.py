"""Names for screen readers: ipywidgets' sliders and bqplot's charts give none themselves."""

from __future__ import annotations

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
