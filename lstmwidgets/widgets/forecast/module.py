"""The forecast plot's side in the browser: one module of plain JavaScript, with no build step."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from lstmwidgets.widgets.browser import source

HERE = Path(__file__).parent
FILES = ("data.js", "moment.js", "strip.js", "panels.js", "forecast.js")


class Module(anywidget.AnyWidget):
    """Draws a backtest, and walks and plays through its cutoffs without the kernel.

    Attributes
    ----------
    facts : dict
        What `payload.pack` says of the backtest.
    block : bytes
        Its numbers, float32, cut as the facts say.
    times : bytes
        The time of each value, float64.
    cutoff : int
    step : int or None
    models : tuple of str
    same_scale, playing : bool
    speed : float
    """

    _esm = source.script(HERE, FILES)
    _css = source.style(HERE / "forecast.css")

    facts = traitlets.Dict().tag(sync=True)
    block = traitlets.Bytes().tag(sync=True)
    times = traitlets.Bytes().tag(sync=True)
    cutoff = traitlets.Int().tag(sync=True)
    step = traitlets.Int(None, allow_none=True).tag(sync=True)
    models = traitlets.Tuple().tag(sync=True)
    same_scale = traitlets.Bool(True).tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
