"""The look of every view: one palette, safe for colour-blind eyes, and one style sheet for light and dark."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.config import NETWORKS, LSTMConfig


@dataclass(frozen=True)
class Colour:
    """One hue in two shades: ``light`` for light pages and stills, ``dark`` for dark pages."""

    name: str
    light: str
    dark: str

    @property
    def css(self) -> str:
        """For HTML, SVG and bqplot: follows the page's theme wherever the style sheet is present."""
        return f"var(--lw-{self.name}, {self.light})"


# The hues of Okabe & Ito (2008), https://jfly.uni-koeln.de/color/, darkened for light pages and lightened for
# dark ones until each stands out from its page, and from its neighbours to colour-blind eyes: test_theme.py.
PALETTE = {
    colour.name: colour
    for colour in (
        Colour("actual", "#3b3b3b", "#dcdcdc"),
        Colour("forecast", "#0072b2", "#4db1f2"),
        Colour("repeat-last", "#c17f00", "#f0b429"),
        Colour("seasonal-naive", "#009670", "#2fc79b"),
        Colour("drift", "#641a5a", "#c77fb0"),
        Colour("window-mean", "#b070e0", "#9a6cf5"),
        Colour("ridge", "#a03c1e", "#e0603c"),
        Colour("train", "#707070", "#939393"),
        Colour("validation", "#bf6fa4", "#e7a3d2"),
        Colour("test", "#857100", "#e0c93a"),
        Colour("gate-i", "#009670", "#2bc79a"),
        Colour("gate-f", "#b03c00", "#f99956"),
        Colour("gate-g", "#b3528b", "#df7abf"),
        Colour("gate-o", "#a49103", "#e0c93a"),
        Colour("gate-c", "#0168ae", "#4a90e2"),
        Colour("gate-h", "#3a97d6", "#8fd3ff"),
        Colour("gate-z", "#6236d8", "#8266ff"),
        Colour("gate-r", "#7a1f1f", "#b8503f"),
        Colour("gate-a", "#7d2a86", "#b23fb0"),
        Colour("config-e", "#6f42e8", "#9d7bff"),
        Colour("config-f", "#c4569a", "#ff4d6d"),
        Colour("good", "#00745a", "#2fc79b"),
        Colour("warning", "#8a5a00", "#f0b429"),
        Colour("quiet", "#5f5f5f", "#b0b0b0"),
        Colour("error", "#b3261e", "#ff8a80"),
    )
}
"""Every colour by name. One hue for one meaning: a part, a model or a gate looks the same in every view."""

NETWORK = LSTMConfig().network
"""Stands for the network in `MODELS` and `IN_SIGHT`, whatever its cell: see `models_in`."""

MODELS = {
    NETWORK: "forecast",
    "repeat last": "repeat-last",
    "seasonal naive": "seasonal-naive",
    "drift": "drift",
    "window mean": "window-mean",
    "ridge": "ridge",
}
"""Name in `PALETTE` of each model that charts and score tables know, in their order."""

IN_SIGHT = (NETWORK, "repeat last", "seasonal naive")
"""The models that a chart shows at first. The others wait in the legend; a still leaves them out."""

CONFIGS = ("forecast", "gate-f", "drift", "gate-h", "config-e", "config-f")
"""Names in `PALETTE` for configs set beside each other, and beside what came and the naive rules."""

GATES = ("i", "f", "g", "o", "c", "h")
"""Input gate, forget gate, candidate, output gate, cell state, hidden state: ``gate-i`` to ``gate-h``.

A GRU has ``gate-z``, its update gate, and ``gate-r``, its reset gate; ``gate-a`` are attention weights.
"""

PART_OPACITY = 0.10
"""How strongly the train, validation and test parts are shaded behind a series."""


def colour(name: str) -> str:
    """The hue to use on white: stills and reports.

    Examples
    --------
    >>> colour("forecast")
    '#0072b2'
    """
    return PALETTE[name].light


def model_colour(model: str) -> Colour:
    """The hue of a model by its name in a score table; that of every network is the forecast's."""
    return PALETTE["forecast" if model in NETWORKS.values() else MODELS[model]]


def models_in(names: Collection[str], order: Iterable[str] = MODELS) -> list[str]:
    """Those of some names that are models with a hue, in the order given; the network by its own name.

    Examples
    --------
    >>> models_in(["y", "repeat last", "GRU"], IN_SIGHT)
    ['GRU', 'repeat last']
    """
    called = {NETWORK: network_in(names)}
    return [name for name in (called.get(model, model) for model in order) if name in names]


def gate_colour(gate: str) -> Colour:
    """The hue of a gate or state by its letter: i, f, g, o, c, h, z, r or a."""
    return PALETTE[f"gate-{gate}"]


def _variables(shade: str) -> str:
    return "\n".join(f"  --lw-{each.name}: {getattr(each, shade)};" for each in PALETTE.values())


STYLE_SHEET = "".join(
    [
        f".lw-view {{\n{_variables('light')}\n}}\n",
        f"[data-jp-theme-light='false'] .lw-view {{\n{_variables('dark')}\n}}\n",
        *(f".lw-view .lw-swatch-{name} {{ --lw-swatch: var(--lw-{name}); }}\n" for name in PALETTE),
        Path(__file__).with_name("theme.css").read_text(encoding="utf-8"),
    ]
)
"""The palette as CSS variables, and ``theme.css``."""
