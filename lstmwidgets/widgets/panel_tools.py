"""The panel's one JavaScript module: copies the settings, and names what has no name for a screen reader."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class PanelTools(anywidget.AnyWidget):
    """A "Copy settings" button that works in the browser alone, and attributes for elements around it.

    Attributes
    ----------
    text : str
        What the button copies.
    copies : int
        How often it was pressed.
    attributes : dict
        CSS selector, within the panel, to the attributes that its elements are to have.
    """

    _esm = Path(__file__).with_name("panel_tools.js").read_text(encoding="utf-8")

    text = traitlets.Unicode().tag(sync=True)
    copies = traitlets.Int().tag(sync=True)
    attributes = traitlets.Dict().tag(sync=True)
