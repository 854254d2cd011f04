"""Results as a worker sends them, without a training: for tests of what is done with them."""

from __future__ import annotations

import json
from typing import Any

from lstmwidgets.reports.batch.summary import Entry, read_forecast
from lstmwidgets.reports.batch.work import Outcome

FORECAST = b"unique_id,ds,yhat,yhat-lo-90,yhat-hi-90\n%s,2020-02-01,1.5,1.0,2.0\n%s,2020-02-02,2.5,2.0,3.0\n"


def metrics_of(key: str = "k", **changed: Any) -> dict[str, Any]:
    scores = {"MAE": 1.0, "RMSE": 2.0, "MAPE": None, "sMAPE": 0.1, "MASE": 0.8, "RMSSE": 0.9, "skill": 0.25}
    return {
        "model": "LSTM",
        "verdict": "Beats seasonal naive by 25 %; 90 % intervals cover 88 %.",
        "tone": "good",
        "skill": 0.25,
        "reference": "seasonal naive",
        "scores": {"LSTM": scores, "repeat last": {**scores, "MAE": 2.0}},
        "coverage": [
            {"level": 80, "nominal": 0.8, "coverage": 0.75, "width": 1.0, "points": 40},
            {"level": 90, "nominal": 0.9, "coverage": 0.88, "width": 2.0, "points": 40},
        ],
        "source": {"points": 31, "missing": 0, "freq": "D", "start": "2020-01-01", "end": "2020-01-31"},
        "audit": {"gaps": 0, "outliers": 1, "trouble": False},
        "training": {"epochs": 5, "best_epoch": 4, "parameters": 100},
        "config": {"units": 2},
        "by_step": {"LSTM": [1.0, None]},
        "diagnosis": {"findings": [{"name": "bias"}]},
        "notes": ["a note"],
        "seconds": 1.5,
        "key": key,
        **changed,
    }


def outcome_of(key: str = "k", name: str = "a", **changed: Any) -> Outcome:
    forecast = FORECAST.replace(b"%s", name.encode())
    metrics = json.dumps(metrics_of(key, **changed)).encode()
    return Outcome({"forecast.csv": forecast, "metrics.json": metrics, "model.safetensors": b"weights"})


def entry_of(unique_id: str, folder: str = "a", **changed: Any) -> Entry:
    forecast = read_forecast(unique_id, FORECAST.replace(b"%s", b"'=a"))
    return Entry(unique_id, "done", folder, metrics_of(**changed), forecast)


def failed(unique_id: str, reason: str, **more: str) -> Entry:
    return Entry(unique_id, "failed", "a", {}, reason=reason, **more)
