"""How numbers become shades: fixed ends where the cell holds its values, else what the window reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.attention import EVENLY
from lstmwidgets.analysis.inside.cells import CellTrace

LEDGER = "ledger"
ATTENTION = "a"
FAR = 100.0
"""A value so large, and so many times the usual one, that shades in proportion would show it alone."""


@dataclass(frozen=True)
class Scale:
    """The shades of one strip.

    Attributes
    ----------
    signed : bool
        Whether they go from ``-most`` through nothing to ``most``, or from nothing.
    most : float
        The number at their end.
    bend : float
        Above 0, shades follow the order of magnitude beyond this number, ``asinh(value / bend)``.
    """

    signed: bool
    most: float
    bend: float = 0.0

    def shades(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """From -1 to 1; what is no number has no shade."""
        if not self.bend:
            return np.clip(values / self.most, -1.0, 1.0)
        return np.clip(np.arcsinh(values / self.bend) / np.arcsinh(self.most / self.bend), -1.0, 1.0)

    def facts(self) -> dict[str, Any]:
        """For the browser."""
        return {"signed": self.signed, "most": self.most, "bend": self.bend}


def scales_of(layer: CellTrace) -> dict[str, Scale]:
    """The scale of each of a layer's arrays, by its letter."""
    return {
        letter: attention_scale(array) if letter == ATTENTION else _scale(array, *layer.limits(letter))
        for letter, array in layer.arrays.items()
    }


def ledger_scale(contributions: NDArray[np.float64]) -> Scale:
    """In proportion always, for the entries are parts of a sum."""
    return Scale(True, _largest(contributions))


def attention_scale(weights: NDArray[np.float64]) -> Scale:
    """From nothing to the largest weight, for over many steps none is near 1; even shares are half-way."""
    return Scale(False, max(_largest(weights), EVENLY / len(weights)))


def _scale(array: NDArray[np.float64], low: float, high: float) -> Scale:
    if np.isfinite([low, high]).all():
        return Scale(low < 0.0, max(-low, high))
    most, bend = _largest(array), 0.0
    if most > FAR:
        usual = float(np.median(np.abs(array[np.isfinite(array) & (array != 0.0)])))
        bend = usual if most > FAR * usual else 0.0
    return Scale(low < 0.0, most, bend)


def _largest(array: NDArray[np.float64]) -> float:
    finite = array[np.isfinite(array)]
    return float(np.abs(finite).max(initial=0.0)) or 1.0
