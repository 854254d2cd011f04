"""The explorer's side in the browser: one module of plain JavaScript, with no build step."""

from __future__ import annotations

import json
from pathlib import Path

import anywidget
import traitlets

from lstmwidgets.widgets.browser import source
from lstmwidgets.widgets.explorer.cell import CELLS

HERE = Path(__file__).parent
FILES = ("data.js", "series.js", "strips.js", "equations.js", "cell.js", "explorer.js")
DIAGRAMS = f"const CELLS = {json.dumps(CELLS, ensure_ascii=False)};"


class Module(anywidget.AnyWidget):
    """Draws a window's gates, scrubs and plays without the kernel, and asks it for other windows.

    Attributes
    ----------
    facts, other_facts : dict
        What `payload.pack` says of the window, and of the one beside it; empty where there is none.
    block, other_block : bytes
        Their numbers, float32, cut as the facts say.
    weights : bytes
        The layer's weights, which both windows share.
    known, other_known : bytes
        The forecast as known after each step, (timesteps, horizon) float32; sent after the rest, for it
        takes the longest.
    overview : bytes
        The whole series, thinned: positions, then as many values, float32.
    answered : int
        Counts the answers: the browser takes all of the above when it changes.
    t, unit, ahead : int
    order, layer : str
    threshold, speed : float
    playing : bool
    message : str
        Why something could not be done.

    Other windows the browser asks for in messages, ``{"ask": ..., "value": ...}``: "start" with a starting
    position; "ending" and "beside" with a date, "beside" with nothing to have one window alone.
    """

    _esm = source.script(HERE, FILES, before=DIAGRAMS)
    _css = source.style(HERE / "explorer.css")

    facts = traitlets.Dict().tag(sync=True)
    block = traitlets.Bytes().tag(sync=True)
    other_facts = traitlets.Dict().tag(sync=True)
    other_block = traitlets.Bytes().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    known = traitlets.Bytes().tag(sync=True)
    other_known = traitlets.Bytes().tag(sync=True)
    overview = traitlets.Bytes().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    t = traitlets.Int().tag(sync=True)
    unit = traitlets.Int().tag(sync=True)
    ahead = traitlets.Int(1).tag(sync=True)
    order = traitlets.Unicode().tag(sync=True)
    layer = traitlets.Unicode().tag(sync=True)
    threshold = traitlets.Float().tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
