"""One series at a time: what is refused where a forecaster of many is passed."""

from __future__ import annotations

from typing import Any

from lstmwidgets.errors import LSTMWidgetsError


def check_single(forecaster: Any) -> None:
    """Refuse a forecaster of many series, whose errors are not alike."""
    series = getattr(forecaster, "series_", None)
    if isinstance(series, dict):
        raise LSTMWidgetsError(
            f"this {type(forecaster).__name__} holds {len(series):,} series, and one is looked at at a time: "
            f"pass forecaster.forecaster(unique_id), such as forecaster.forecaster({next(iter(series))!r})"
        )
