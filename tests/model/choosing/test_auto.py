"""Self-tuning: what it chooses, what it leaves alone, and what it tells."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import is_line
from lstmwidgets.model.choosing.decisions import MAY_CHOOSE, AuditTrail
from lstmwidgets.model.choosing.errors import errors_by_cutoff

BY_HAND = {"horizon": 7, "epochs": 4, "batch_size": 64}


def sales(days: int = 330) -> pd.Series:
    """Daily sales with a week, and noise that the last week repeats and a mean would not."""
    week = np.array([0.0, 20.0, 10.0, 6.0, 24.0, 60.0, 50.0])
    noise = np.random.default_rng(0).normal(0, 8, days)
    index = pd.date_range("2023-01-01", periods=days, freq="D")
    return pd.Series(100 + week[np.arange(days) % 7] + noise, index, name="sales")


def fitted(series: pd.Series, **options: Any) -> lw.LSTMForecaster:
    return lw.LSTMForecaster(lw.LSTMConfig(**BY_HAND), auto=True).fit(series, progress_bar=False, **options)


@pytest.fixture(scope="module")
def tuned() -> lw.LSTMForecaster:
    return fitted(sales())


def test_daily_sales_are_read_in_whole_weeks_and_beat_the_last_week_repeated(tuned):
    assert tuned.config.sequence_length % 7 == 0
    assert lw.score_table(tuned, "test").at["LSTM", "skill"] > 0


def test_every_setting_that_may_be_chosen_is_in_the_trail_once_with_the_value_in_the_config(tuned):
    assert [one.setting for one in tuned.decisions_] == list(MAY_CHOOSE)
    for decision in tuned.decisions_:
        assert getattr(tuned.config, decision.setting) == decision.value
        assert decision.reason
        assert decision.chosen == (decision.setting != "epochs")
        assert bool(decision.evidence) == decision.chosen, decision
        assert f"{decision.setting} = " in str(tuned.decisions_)
    assert (
        json.loads(json.dumps(tuned.decisions_.to_json(), allow_nan=False))[0]["setting"] == "sequence_length"
    )


def test_what_was_set_by_hand_stays_even_where_it_is_the_default(tuned):
    epochs = next(one for one in tuned.decisions_ if one.setting == "epochs")
    assert (epochs.value, epochs.reason) == (4, "set by you")
    assert {name: getattr(tuned.config, name) for name in BY_HAND} == BY_HAND


def test_only_the_settings_named_are_chosen():
    asked = lw.LSTMConfig(horizon=2, sequence_length=8, units=2, epochs=1)
    forecaster = lw.LSTMForecaster(asked, auto=["learning_rate"]).fit(
        lw.load_dataset("nile"), progress_bar=False
    )
    assert forecaster.decisions_.chosen == ("learning_rate",)
    reasons = {one.setting: one.reason for one in forecaster.decisions_}
    assert (reasons["units"], reasons["highway"]) == ("set by you", "left at its default")
    assert forecaster.config == asked.replace(learning_rate=forecaster.config.learning_rate)


def test_the_units_chosen_are_those_that_the_rule_gives_on_the_evidence(tuned):
    evidence = next(one for one in tuned.decisions_ if one.setting == "units").evidence
    errors = dict(zip(evidence["units"], evidence["validation_errors"], strict=True))
    assert tuned.config.units == min(size for size, error in errors.items() if error <= evidence["limit"])
    assert errors_by_cutoff(tuned).mean() == pytest.approx(errors[tuned.config.units], rel=1e-3)


def test_the_same_seed_decides_the_same_and_nothing_in_the_test_part_matters(tuned):
    spoilt = sales()
    spoilt.iloc[tuned.split_.validation_end :] = np.random.default_rng(1).normal(
        0, 1e6, tuned.split_.size("test")
    )
    again = fitted(spoilt)
    assert again.decisions_ == tuned.decisions_
    for ours, theirs in zip(again.model_.get_weights(), tuned.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_decisions_are_kept_in_the_file_and_in_copies(tuned, tmp_path):
    loaded = lw.LSTMForecaster.load(tuned.save(tmp_path / "tuned.safetensors"))
    assert (loaded.config, loaded.decisions_) == (tuned.config, tuned.decisions_)
    assert isinstance(loaded.decisions_, AuditTrail)
    for twin in (pickle.loads(pickle.dumps(tuned)), copy.deepcopy(tuned)):
        assert (twin.decisions_, repr(twin)) == (tuned.decisions_, repr(tuned))
    assert "auto=True), fitted" in repr(tuned)


def test_a_killed_self_tuning_goes_on_where_it_was(tuned, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    class Kill:
        def on_epoch(self, trainer: Any) -> None:
            if trainer.config.units == 16 and trainer.config.highway == tuned.config.highway:
                raise Killed

    with pytest.raises(Killed):
        fitted(sales(), folder=tmp_path, callbacks=[Kill()])
    begun = []

    class Count:
        def on_epoch(self, trainer: Any) -> None:
            begun.append((trainer.config.units, len(trainer.history)))

    again = fitted(sales(), folder=tmp_path, callbacks=[Count()])
    assert again.decisions_ == tuned.decisions_
    assert (8, 1) not in begun  # only its end is told, which the folder held


def test_an_optimizer_of_ones_own_is_refused():
    with pytest.raises(lw.LSTMWidgetsError, match="optimizer=SGD is not accepted with auto=True"):
        fitted(sales(), optimizer=keras.optimizers.SGD())


@pytest.mark.parametrize("auto", [[], "units", ["layers"], 1, None])
def test_auto_of_another_kind_is_refused_with_what_it_takes(auto):
    with pytest.raises(
        lw.LSTMWidgetsError, match="auto takes True, False or a list of any of sequence_length"
    ):
        lw.LSTMForecaster(auto=auto)


def test_a_series_too_short_for_anything_is_told_what_would_fit():
    with pytest.raises(lw.LSTMWidgetsError, match="horizon=7 does not fit: the validation part has 3 of"):
        fitted(sales(20))


def test_a_size_whose_training_fails_is_left_out_and_told(tuned):
    class Fail:
        def on_epoch(self, trainer: Any) -> None:
            if trainer.config.units == 8:
                raise lw.LSTMWidgetsError("the loss is no longer a finite number in epoch 1")

    forecaster = lw.LSTMForecaster(tuned.config, auto=["units"])
    forecaster.fit(sales(), callbacks=[Fail()], progress_bar=False)
    evidence = forecaster.decisions_[MAY_CHOOSE.index("units")].evidence
    assert 8 not in evidence["units"] and 16 in evidence["units"]
    assert evidence["failed"] == {"8": "the loss is no longer a finite number in epoch 1"}


def test_where_nothing_improves_on_the_line_the_reasons_say_so():
    asked = lw.LSTMConfig(horizon=7, sequence_length=14, epochs=1, learning_rate=0.9, highway="linear")
    forecaster = lw.LSTMForecaster(asked, auto=["units", "patience"]).fit(sales(), progress_bar=False)
    assert is_line(forecaster.model_)
    reasons = {one.setting: one.reason for one in forecaster.decisions_}
    assert reasons["units"] == "no size of 8, 16 improved on the line, so the smallest is taken"
    assert reasons["patience"].endswith(": no epoch was better than the line")
