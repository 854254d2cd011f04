"""metrics.json is strict JSON, follows the schema that is published, and says what the study says."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import lstmwidgets as lw
from lstmwidgets.reports.study.metrics import Metrics, Scores
from lstmwidgets.reports.study.study import Study

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "metrics.schema.json"


@pytest.fixture(scope="module")
def study() -> Study:
    """Of whole numbers, 0 among them, where MAPE is not defined; with gaps that are filled."""
    steps = np.arange(300)
    values = np.round(3 * np.sin(2 * np.pi * steps / 24) + np.random.default_rng(0).standard_normal(300))
    values[[50, 51, 90]] = np.nan
    series = pd.Series(values, pd.date_range("2024-01-01", periods=300, freq="h"), name="näme <b>")
    config = lw.LSTMConfig(sequence_length=12, horizon=3, units=3, epochs=2, highway="linear")
    return Study(series, config, fill="linear")


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_published_schema_is_that_of_the_model():
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == Metrics.model_json_schema(), "run tools/schema.py"
    jsonschema.Draft202012Validator.check_schema(published)


def test_real_metrics_follow_the_published_schema_and_are_read_back(study):
    written = strictly(study.metrics.to_json())
    jsonschema.validate(written, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert Metrics.model_validate_json(study.metrics.to_json()) == study.metrics


def test_every_name_has_a_meaning_in_the_schema():
    schema = Metrics.model_json_schema()
    for part in ("Source", "Repair", "Scores", "Coverage", "Training"):
        for name, field in schema["$defs"][part]["properties"].items():
            assert field.get("description"), f"{part}.{name} says nothing of itself"
    assert ">>>" not in json.dumps(schema)


def test_the_numbers_are_those_of_the_study(study):
    written = strictly(study.metrics.to_json())
    assert written["scores"]["LSTM"]["MAE"] == study.scores.loc["LSTM", "MAE"]
    assert written["skill"] == study.scores.loc["LSTM", "skill"] == written["scores"]["LSTM"]["skill"]
    assert written["scores"][written["reference"]]["skill"] == 0
    assert [row["coverage"] for row in written["coverage"]] == study.coverage["coverage"].to_list()
    assert written["by_step"]["ridge"] == study.by_step["ridge"].to_list()
    assert written["cutoffs"] == study.backtest["cutoff"].nunique() == 43  # of 45 test points, 3 steps ahead
    assert written["verdict"] == study.verdict and written["unique_id"] == "näme <b>"
    assert written["config"] == study.config.model_dump() and written["seed"] == study.config.seed
    assert (written["source"]["missing"], written["source"]["points"]) == (3, 300)
    assert written["repairs"] == [
        {"method": "linear", "points": 3, "gaps": 2, "left": 0, "looks_ahead": True}
    ]
    history, kept = study.forecaster.history_, written["training"]["best_epoch"]
    assert 0 <= kept <= 2 and (kept == 0 or written["training"]["val_loss"] == history["val_loss"][kept])
    assert datetime.fromisoformat(written["created"]).utcoffset().total_seconds() == 0
    assert (written["key"], written["command"], written["files"]) == (None, "", {})


def test_what_is_not_known_is_null(study):
    assert math.isnan(study.scores.loc["LSTM", "MAPE"])
    assert strictly(study.metrics.to_json())["scores"]["LSTM"]["MAPE"] is None
    assert any(note.startswith("MAPE is left out") for note in study.metrics.notes)
    scores = Scores(**dict.fromkeys(Scores.model_fields, np.float64("inf")))
    assert set(strictly(scores.model_dump_json()).values()) == {None}


@pytest.mark.parametrize(
    "change",
    [{"schema_version": 2}, {"more": 1}, {"levels": ["80"]}, {"config": {"units": 0}}, {"cutoffs": 0}],
)
def test_what_the_schema_refuses_the_model_refuses_too(study, change):
    altered = {**strictly(study.metrics.to_json()), **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(altered, Metrics.model_json_schema())
    with pytest.raises((ValidationError, lw.LSTMWidgetsError)):
        Metrics.model_validate_json(json.dumps(altered))
