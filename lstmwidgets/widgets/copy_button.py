"""The button that copies a panel's settings, in the browser alone."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class CopyButton(anywidget.AnyWidget):
    """A "Copy settings" button.

    Attributes
    ----------
    text : str
        What the button copies.
    copies : int
        How often it was pressed.
    """

    _esm = Path(__file__).with_name("copy_button.js").read_text(encoding="utf-8")

    text = traitlets.Unicode().tag(sync=True)
    copies = traitlets.Int().tag(sync=True)
