"""The validation curve: what is tried, what is chosen, and why."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.choosing.curve import ValidationCurve, curve_jobs, validation_curve
from lstmwidgets.analysis.choosing.outcome import Run
from lstmwidgets.analysis.choosing.reasons import saved
from lstmwidgets.analysis.choosing.values import default_values
from lstmwidgets.errors import LSTMWidgetsError

SMALL = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)


@pytest.fixture(scope="module")
def nile() -> pd.Series:
    return lw.load_dataset("nile")


@pytest.fixture(scope="module")
def trained(nile: pd.Series) -> tuple[ValidationCurve, list[Run]]:
    told: list[Run] = []
    curve = validation_curve(nile, SMALL, "units", [4, 2], seeds=2, progress_bar=False, on_run=told.append)
    return curve, told


def curve_of(runs: tuple[Run, ...], errors: dict[int, list[float]]) -> ValidationCurve:
    """The curve with these errors by value and seed; NaN for a training that failed."""
    made = [
        replace(
            runs[0],
            config=SMALL.replace(units=units, seed=seed),
            seed=seed,
            val_error=error,
            seconds=units + seed / 10,
            parameters=10 * units,
            failure="the loss is no longer a number" if math.isnan(error) else "",
        )
        for units, found in errors.items()
        for seed, error in enumerate(found)
    ]
    return ValidationCurve.of("units", made[::-1], unit="ppm")


def test_every_value_is_trained_with_one_seed_before_the_next(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve, told = trained
    assert [(run.name, run.seed) for run in told] == [
        ("units=2", 0),
        ("units=4", 0),
        ("units=2", 1),
        ("units=4", 1),
    ]
    assert curve.values == [2, 4] and curve.table.index.name == "units"
    assert curve.table["parameters"].tolist() == [38, 106] and curve.table["runs"].tolist() == [2, 2]


def test_the_band_goes_from_the_luckiest_seed_to_the_unluckiest(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve, told = trained
    errors = [run.val_error for run in told if run.config.units == 2]
    row = curve.table.loc[2]
    assert (row["low"], row["mean"], row["high"]) == pytest.approx(
        (min(errors), np.mean(errors), max(errors))
    )
    assert np.isnan([run.test_error for run in told]).all()


def test_the_smallest_value_within_one_standard_error_is_chosen(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve = curve_of(trained[0].outcomes, {4: [2.0, 2.2], 8: [1.05, 1.07], 16: [1.0, 1.1], 32: [1.2, 1.3]})
    assert (curve.best, curve.chosen) == (16, 8)
    assert curve.limit == pytest.approx(1.05 + 0.05)
    assert curve.reason == (
        "8 units: the smallest value whose error, 1.06 ppm, lies within one standard error of the best, 1.05 "
        "ppm ± 0.0500 with 16 units. A training takes 8.1 s instead of 16 s, and the network has 80 "
        "parameters instead of 160."
    )


def test_what_the_smaller_value_does_not_spare_is_not_told() -> None:
    cheap, dear = (pd.Series({"seconds": one, "parameters": 1339.0}) for one in (0.5, 2.0))
    assert saved(cheap, dear) == " A training takes 0.5 s instead of 2 s."
    assert saved(dear, cheap) == saved(cheap, cheap) == ""


def test_a_naive_rule_unbeaten_and_epochs_ended_too_early_are_told(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve = trained[0]
    assert curve.rule in ("repeat last", "window mean") and curve.rule_error > 0
    late = [replace(run, best_epoch=2) for run in curve.outcomes]
    told = ValidationCurve.of("units", late, "ppm", ("repeat last", 0.5)).reason
    assert "Repeat last errs no more than any of them on the validation part, 0.500 ppm: mend" in told
    assert told.endswith(
        "Networks with 2 and 4 units were still getting better when the epochs ended (4 of 4 trainings): "
        "with more epochs the choice may change."
    )
    early = [replace(run, best_epoch=1) for run in curve.outcomes]
    assert ValidationCurve.of("units", early, "ppm", ("repeat last", 1e9)).cautions == []


def test_a_best_that_nothing_smaller_comes_near_is_chosen_itself(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve = curve_of(trained[0].outcomes, {4: [2.0, 2.2], 8: [1.0, 1.1]})
    assert curve.best == curve.chosen == 8
    assert "No smaller value comes within one standard error of it, 0.0500 over 2 seeds." in curve.reason
    assert curve.reason.endswith("The best is the largest value tried: more units may do better yet.")


def test_with_one_seed_the_best_is_chosen_and_it_is_said_why(
    trained: tuple[ValidationCurve, list[Run]],
) -> None:
    curve = curve_of(trained[0].outcomes, {4: [1.001], 8: [1.0], 16: [1.1]})
    assert curve.chosen == 8 and curve.limit == 1.0
    assert "With one seed nothing is known of its noise" in curve.reason


def test_a_curve_is_made_of_whatever_has_ended(trained: tuple[ValidationCurve, list[Run]]) -> None:
    curve = curve_of(trained[0].outcomes, {4: [1.0, 1.2], 8: [0.9], 16: [math.nan, math.nan]})
    assert curve.table["runs"].tolist() == [2, 1, 0] and curve.best == 8
    assert np.isnan(curve.table.loc[16, ["mean", "low", "high"]].to_numpy(float)).all()
    assert curve.runs.loc[curve.runs["units"] == 16, "failure"].ne("").all()
    failed = curve_of(trained[0].outcomes, {4: [math.nan]})
    assert failed.best is None and failed.chosen is None and math.isnan(failed.limit)
    assert failed.reason == (
        "No value can be chosen, for every training failed: the loss is no longer a number."
    )
    with pytest.raises(LSTMWidgetsError, match="none has ended"):
        ValidationCurve.of("units", [])


def test_default_units_are_doublings_that_the_series_can_feed(nile: pd.Series) -> None:
    assert default_values(nile, SMALL, "units") == [4, 8, 16]
    assert default_values(lw.load_dataset("co2"), SMALL, "units") == [4, 8, 16, 32, 64]


def test_default_lengths_follow_the_seasons(nile: pd.Series) -> None:
    assert default_values(lw.load_dataset("seattle_temperature"), SMALL, "sequence_length") == [
        12,
        24,
        48,
        96,
    ]
    assert default_values(lw.load_dataset("sunspots"), SMALL, "sequence_length") == [5, 11, 22, 44]
    assert default_values(nile, SMALL, "sequence_length") == [8, 16, 32]


def test_a_curve_over_the_sequence_length_keeps_all_else(nile: pd.Series) -> None:
    jobs = curve_jobs(nile, SMALL, "sequence_length", [16, 8], seeds=[7])
    assert jobs == [
        ("sequence_length=8", SMALL.replace(seed=7)),
        ("sequence_length=16", SMALL.replace(sequence_length=16, seed=7)),
    ]


@pytest.mark.parametrize(
    ("parameter", "values", "message"),
    [
        ("units", [], "values is empty: pass one value of units or more"),
        ("units", 8, "values=8 is not accepted: pass a list"),
        ("units", "8", "values='8' is not accepted: pass a list"),
        ("units", [4, 4], r"values=\[4, 4\] has 4 twice"),
        ("units", [0, 4], "units=0 is not accepted: units takes a whole number from 1 to 512"),
        ("units", [4, 1024], "units=1024 is not accepted"),
        ("units", [4.5], "units=4.5 is not accepted"),
        (
            "layers",
            [1, 2],
            "parameter='layers' is not accepted: a curve goes over 'units' or 'sequence_length'",
        ),
        (
            "sequence_length",
            [8, 90],
            "^sequence_length=90 with horizon=2 does not",
        ),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_trains(
    nile: pd.Series, parameter: str, values: Any, message: str
) -> None:
    told: list[Run] = []
    with pytest.raises(LSTMWidgetsError, match=message):
        validation_curve(nile, SMALL, parameter, values, on_run=told.append)
    assert told == []
