"""What there is to be drawn of a search: plain arrays and rows, for the live chart and the still alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.diagnosis.checks.finding import percent
from lstmwidgets.config import LSTMConfig
from lstmwidgets.widgets.charts.axes import padded

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.search.result import Search

Floats = NDArray[np.float64]

DONE, PRUNED, LEAST, CHOSEN = "trained to the end", "broken off early", "least so far", "chosen"
HUES = {DONE: "forecast", PRUNED: "quiet", LEAST: "validation", CHOSEN: "good"}
_EDGE = 0.03
_NOTHING = 0.005  # shown as 0 %
_HIGH = 3.0  # what lies so many times higher above the best than the middle trial does would squash the rest


@dataclass(frozen=True)
class Setting:
    """One setting that was searched, in words.

    Attributes
    ----------
    name, label : str
    chosen, begun : str
        Its value in the best trial, and in the config that the search began with.
    tried : str
        Its range, or list.
    share : float
        Of the trials' ranking, how much it alone explains; NaN where nothing is known of it.
    sure : bool
        Whether that is more than chance would give.
    """

    name: str
    label: str
    chosen: str
    begun: str
    tried: str
    share: float
    sure: bool

    @property
    def share_in_words(self) -> str:
        """Per cent; empty where unknown."""
        if not math.isfinite(self.share):
            return ""
        doubt = "" if self.sure or self.share < _NOTHING else ", may be chance"
        return f"{percent(self.share)}{doubt}"


@dataclass(frozen=True, eq=False)
class Scene:
    """What a search view shows.

    Attributes
    ----------
    points : dict of (numbers, errors)
        The trials trained to the end, and those broken off; what lies above the axis is put at its top.
    least : (numbers, errors)
        The least error so far, as steps.
    chosen : (numbers, errors)
        The best trial; empty where there is none.
    limits : (float, float)
        Of the error axis.
    above : int
        How many lie above it.
    last : int
        The last trial's number.
    settings : tuple of Setting
        Those that alone explain most first.
    """

    points: dict[str, tuple[Floats, Floats]]
    least: tuple[Floats, Floats]
    chosen: tuple[Floats, Floats]
    limits: tuple[float, float]
    above: int
    last: int
    settings: tuple[Setting, ...]


def scene_of(search: Search | None) -> Scene:
    """Of a search, or of none yet."""
    nothing = np.empty(0), np.empty(0)
    if search is None or not search.trials["error"].notna().any():
        return Scene({DONE: nothing, PRUNED: nothing}, nothing, nothing, (0.0, 1.0), 0, 1, _settings(search))
    errors = search.trials["error"].dropna()
    low, high = _limits(errors, search.trials)
    edge = high - _EDGE * (high - low)
    points = {}
    for name, state in ((DONE, "done"), (PRUNED, "pruned")):
        some = errors[search.trials.loc[errors.index, "state"] == state]
        points[name] = some.index.to_numpy(np.float64), np.minimum(some.to_numpy(np.float64), edge)
    chosen = nothing
    if len(search.done):
        chosen = np.array([float(search.best_trial)]), np.array([search.best_error])
    return Scene(
        points=points,
        least=_steps(search.history.dropna()),
        chosen=chosen,
        limits=(low, high),
        above=int((errors > edge).sum()),
        last=max(1, int(search.trials.index[-1])),
        settings=_settings(search),
    )


def _limits(errors: pd.Series, trials: pd.DataFrame) -> tuple[float, float]:
    done = errors[trials.loc[errors.index, "state"] == "done"]
    shown = errors if not len(done) else errors[errors <= done.min() + _HIGH * (done.median() - done.min())]
    return padded([*shown, *done[:1]], 0.08, above=0.12)


def _steps(least: pd.Series) -> tuple[Floats, Floats]:
    """Corners of a line that falls only where a better trial ended."""
    numbers, errors = least.index.to_numpy(np.float64), least.to_numpy(np.float64)
    return np.repeat(numbers, 2)[1:], np.repeat(errors, 2)[:-1]


def _settings(search: Search | None) -> tuple[Setting, ...]:
    if search is None:
        return ()
    chosen = search.best.model_dump() if len(search.done) else {}
    begun, shares, declared = search.config.model_dump(), search.importance, LSTMConfig.parameters()
    order, sure = list(declared), search.beyond_chance
    settings = [
        Setting(
            name=dial.name,
            label=declared[dial.name].label,
            chosen=value_in_words(chosen.get(dial.name)),
            begun=value_in_words(begun[dial.name]),
            tried=str(dial),
            share=float(shares.get(dial.name, math.nan)),
            sure=dial.name in sure,
        )
        for dial in search.space
    ]
    by_share = {each.name: -each.share if math.isfinite(each.share) else 0.0 for each in settings}
    return tuple(sorted(settings, key=lambda each: (by_share[each.name], order.index(each.name))))


def value_in_words(value: object) -> str:
    """A setting's value: numbers with four digits.

    Examples
    --------
    >>> value_in_words(0.0123456), value_in_words("linear"), value_in_words(None)
    ('0.01235', 'linear', '–')
    """
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
