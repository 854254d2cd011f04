"""A comparison as it is drawn: each config with its hue, its runs, and the lines made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.choosing.compare import Comparison
from lstmwidgets.analysis.choosing.words import basis, failures
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets import theme

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.outcome import Run

Part = Literal["validation", "test"]
DASHES = ("solid", "dashed", "dotted")
"""How lines are drawn when all hues are in use once, twice, three times."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A config among those compared.

    Attributes
    ----------
    name : str
    hue : str
        In `lstmwidgets.widgets.theme.PALETTE`.
    dashes : str
        One of `DASHES`.
    runs : tuple of Run
        One for each seed, failed ones included.
    """

    name: str
    hue: str
    dashes: str
    runs: tuple[Run, ...]

    @cached_property
    def finished(self) -> tuple[Run, ...]:
        """The runs that gave a result."""
        return tuple(run for run in self.runs if not run.failure)

    def errors(self, part: Part) -> NDArray[np.float64]:
        """Mean absolute error of each seed, shape (seeds,)."""
        name = "val_error" if part == "validation" else "test_error"
        return np.array([getattr(run, name) for run in self.finished], np.float64)

    @cached_property
    def curves(self) -> list[NDArray[np.float64]]:
        """Validation loss by epoch of each seed; seeds may stop at different epochs."""
        return [run.history["val_loss"].to_numpy(np.float64) for run in self.runs if len(run.history)]

    @cached_property
    def curve(self) -> NDArray[np.float64]:
        """Their mean, for as long as all of them train."""
        last = min(map(len, self.curves), default=0)
        return np.mean([curve[:last] for curve in self.curves], axis=0) if last else np.array([])

    @cached_property
    def typical(self) -> Run | None:
        """The run whose validation error is the median one: neither luck nor mishap."""
        ordered = sorted(self.finished, key=lambda run: run.val_error)
        return ordered[(len(ordered) - 1) // 2] if ordered else None

    @cached_property
    def forecasts(self) -> NDArray[np.float64]:
        """From the newest cutoff, shape (seeds, horizon)."""
        return np.array([run.forecast.to_numpy(np.float64) for run in self.finished])


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn.

    Attributes
    ----------
    title, unit : str
    candidates : tuple of Candidate
    table : pandas.DataFrame
        See `lstmwidgets.analysis.choosing.compare.Comparison.table`.
    came : pandas.Series
        The series from some way before the newest cutoff to the end of the horizon after it.
    cutoff : pandas.Timestamp
    rule : str
        The better naive rule; "" where there is none.
    rule_errors : dict from part to float
        Its errors, NaN where unknown.
    rule_forecast : pandas.Series
        From that cutoff.
    verdicts : tuple of str
        First what the configs are compared with.
    cautions, failures, notes : tuple of str
    """

    title: str
    unit: str
    candidates: tuple[Candidate, ...]
    table: pd.DataFrame
    came: pd.Series
    cutoff: pd.Timestamp
    rule: str
    rule_errors: dict[Part, float]
    rule_forecast: pd.Series
    verdicts: tuple[str, ...]
    cautions: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]

    @cached_property
    def top(self) -> float:
        """The greatest error to be drawn: of a run, or of the naive rule; 1 where nothing is known."""
        found = [error for each in self.candidates for part in PARTS for error in each.errors(part)]
        known = [error for error in [*found, *self.rule_errors.values()] if np.isfinite(error)]
        return max(known, default=0.0) or 1.0

    @cached_property
    def same_losses(self) -> bool:
        """Whether the losses of all configs mean the same, and may be compared."""
        kinds = {(run.config.loss, run.config.centering) for each in self.candidates for run in each.runs}
        return len(kinds) == 1


PARTS: tuple[Part, Part] = ("validation", "test")


def candidates_of(runs: list[Run]) -> tuple[Candidate, ...]:
    """The configs of some runs in the order of their first, each with a hue of its own as far as they go."""
    names = list(dict.fromkeys(run.name for run in runs))
    return tuple(
        Candidate(
            name,
            theme.CONFIGS[number % len(theme.CONFIGS)],
            DASHES[number // len(theme.CONFIGS) % len(DASHES)],
            tuple(run for run in runs if run.name == name),
        )
        for number, name in enumerate(names)
    )


def scene_of(comparison: Any) -> Scene:
    """What there is to draw of a comparison.

    Raises
    ------
    LSTMWidgetsError
        When it is none.
    """
    if not isinstance(comparison, Comparison):
        raise LSTMWidgetsError(
            f"comparison is a {type(comparison).__name__}: pass what lstmwidgets.compare returned"
        )
    series, rule, horizon = comparison.series, comparison.naive, comparison.horizon
    cutoff = comparison.outcomes[0].test_errors.index[-1]
    at = int(pd.DatetimeIndex(series.index).searchsorted(cutoff))
    before = max(2 * horizon, 24, min(comparison.season, 3 * horizon))
    return Scene(
        title=str(series.attrs.get("title", series.name or "series")),
        unit=comparison.unit,
        candidates=candidates_of(list(comparison.outcomes)),
        table=comparison.table,
        came=series.iloc[max(0, at - before) : at + horizon + 1],
        cutoff=cutoff,
        rule="" if rule is None else rule.name,
        rule_errors={} if rule is None else {"validation": rule.val_error, "test": rule.test_error},
        rule_forecast=pd.Series(dtype="float64") if rule is None else rule.forecast,
        verdicts=(*basis(comparison), *comparison.verdicts),
        cautions=tuple(comparison.cautions),
        failures=tuple(failures(comparison)),
        notes=comparison.notes,
    )
