"""The folder in which a backtest keeps what is done, and what tells it from other backtests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmwidgets.analysis.backtests.cutoffs import Starts
from lstmwidgets.analysis.backtests.rolling import Ground
from lstmwidgets.analysis.scoring.baselines import Baseline
from lstmwidgets.data.series import data_hash

if TYPE_CHECKING:
    from lstmwidgets.model.parts import Parts

PART_FORECASTS = 2**20
"""Forecasts made, and kept, in one go: 10,922 cutoffs of 96 steps, 8 MiB for each model."""


def kept_parts(
    folder: str | Path,
    forecaster: Any,
    ground: Ground,
    starts: Starts,
    steps: int,
    every: int,
    rivals: Sequence[Baseline],
) -> Parts:
    """The folder of this backtest's parts: all that its numbers rest on tells it from others."""
    from lstmwidgets.model.parts import Parts

    times = ground.index[ground.windows.origins(starts)]
    network = "fitted at cutoffs"
    if not every:
        weights = b"".join(weight.tobytes() for weight in forecaster.model_.get_weights())
        network = _short_hash(weights + repr(forecaster.scaler_).encode())
    repairs = [ground.series.attrs.get(key) for key in ("repairs", "mask")]
    about = {
        "horizon": steps,
        "cutoffs": f"{len(starts)} from {times[0].isoformat()} to {times[-1].isoformat()}, "
        + _short_hash(starts.astype("<i8").tobytes()),
        "refit": every,
        "network": network,
        "models": [forecaster.config.network, *(_described(baseline) for baseline in rivals)],
        "repairs": _short_hash(json.dumps(repairs).encode()),
        "part size": PART_FORECASTS,
    }
    return Parts(folder, "backtest", forecaster.config, data_hash(ground.series, ground.covariates), about)


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _described(baseline: Baseline) -> str:
    """A baseline's name and settings, as far as they are plain."""
    plain = {
        name: setting
        for name, setting in sorted(vars(baseline).items())
        if not name.startswith("_") and not name.endswith("_") and isinstance(setting, (int, float, str))
    }
    return baseline.name + (f" {plain}" if plain else "")
