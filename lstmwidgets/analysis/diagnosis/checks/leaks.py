"""Checks of the split: whether a score comes from values that training, or a window, had already seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.fills import read_ahead
from lstmwidgets.analysis.diagnosis.checks.finding import Finding, number, percent
from lstmwidgets.data.windows import PARTS, Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError

NAME = "split leaks"

SAME_SCALE = 1e-4
"""Difference of two scalers, in scales, below which they are the same but for rounding."""

GAP_WINDOWS = 0.05
"""Share of test windows that may end on a value filled with knowledge of the future, before it is a
weakness: a fill further back tells less."""

_ADVICE = "Split in time order before anything is fitted: make_windows and LSTMForecaster.fit do so."


def check_frame(frame: pd.DataFrame) -> Iterator[Finding]:
    """Forecasts of times that training had seen, as the frame's attrs tell."""
    end = frame.attrs.get("train_end")
    if end is None or frame.attrs.get("refit") or frame.empty:
        return
    seen = (frame["ds"] <= pd.Timestamp(end)).to_numpy()
    if not seen.any():
        return
    share = float(seen.mean())
    yield Finding(
        NAME,
        "error",
        "scored on the training part" if seen.all() else "the split leaks",
        f"{percent(share)} of the forecasts ({int(seen.sum()):,} of {len(seen):,}) are of times up to "
        f"{end}, the end of the training part: their errors are those of answers already seen.",
        {"seen": int(seen.sum()), "forecasts": len(seen), "train end": str(end)},
        "Backtest on part='test', give cutoffs from the end of the training part on, or use refit=True.",
    )


def check_windows(forecaster: Any) -> Iterator[Finding]:
    """Parts that share targets, a scaler that saw more than training, gaps filled from after a cutoff."""
    windows: Windows = forecaster.windows_
    yield from _shared_targets(windows)
    yield from _scaler(forecaster)
    yield from _filled(forecaster.series_, windows)


def _targets(windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which time steps are targets of some windows."""
    ahead = windows.origins(np.asarray(starts))[:, None] + 1 + np.arange(windows.horizon)
    hit = np.zeros(len(windows.read), dtype=bool)
    hit[ahead.ravel()] = True
    return hit


def _shared_targets(windows: Windows) -> Iterator[Finding]:
    targets = {part: _targets(windows, windows.starts(part)) for part in PARTS}
    scored = int(targets["test"].sum())
    for part in PARTS[:2]:
        shared = int(np.count_nonzero(targets[part] & targets["test"]))
        if shared:
            yield Finding(
                NAME,
                "error",
                "the split leaks",
                f"{shared:,} of the {scored:,} values that the test windows forecast are targets of {part} "
                f"windows too ({percent(shared / scored)}): training has seen these answers.",
                {"part": part, "shared targets": shared, "test targets": scored},
                _ADVICE,
            )
            return
    last = int(np.flatnonzero(targets["train"]).max(initial=-1))
    first = int(np.flatnonzero(targets["test"]).min(initial=len(windows.read)))
    if last > first:
        yield Finding(
            NAME,
            "error",
            "the split leaks",
            f"Training windows reach {last - first:,} steps past the first test value: the model has seen "
            "what came after the times it is tested on.",
            {"last training target": last, "first test target": first},
            _ADVICE,
        )


def _scaler(forecaster: Any) -> Iterator[Finding]:
    windows = forecaster.windows_
    try:
        own = make_windows(
            forecaster.series_,
            forecaster.config,
            covariates=getattr(forecaster, "covariates_", None),
            split=windows.split,
        ).scaler
    except LSTMWidgetsError:  # windows of a way of their own, which these settings do not cut
        return
    used, slack = forecaster.scaler_, SAME_SCALE * own.scale
    if abs(used.mean - own.mean) <= slack and abs(used.scale - own.scale) <= slack:
        return
    everything = abs(used.mean - float(windows.read[windows.known].mean())) <= slack
    unit = str(forecaster.series_.attrs.get("unit", "")).replace("none", "")
    numbers = (
        f"(mean {number(used.mean)} and scale {number(used.scale, unit)}, where the training part alone "
        f"has {number(own.mean)} and {number(own.scale, unit)})"
    )
    if everything:
        headline, said = (
            "scaled on all the data",
            f"The scaler was fitted on the whole series, test part included {numbers}.",
        )
    else:
        headline = "scaled on other data than the training part"
        said = (
            f"The scaler was not fitted on this series' training part {numbers}: if it has seen the test "
            "part, the score is flattered."
        )
    yield Finding(
        NAME,
        "error" if everything else "warning",
        headline,
        said,
        {"mean": used.mean, "scale": used.scale, "own mean": own.mean, "own scale": own.scale},
        "Fit the scaler on the training part alone, as make_windows does; leakage_tripwire tells how much "
        "it flatters.",
    )


def _filled(series: pd.Series, windows: Windows) -> Iterator[Finding]:
    early, at_end = read_ahead(series, windows, windows.test)
    count, ends = int(np.count_nonzero(early)), int(np.count_nonzero(at_end))
    if not count:
        return
    yield Finding(
        NAME,
        "warning" if ends >= GAP_WINDOWS * len(early) else "quiet",
        "gaps filled from the future",
        f"{count:,} of the {len(early):,} test windows ({percent(count / len(early))}) read filled values "
        f"that may rest on what came after them, {ends:,} as their last value: these forecasts may have "
        "known a little of their future.",
        {"windows": count, "ending on one": ends, "test windows": len(early)},
        "Fill with method='forward', or keep the gaps with mask=True, and compare.",
    )
