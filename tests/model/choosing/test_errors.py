"""How far forecasts lie off at each cutoff."""

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.model.choosing.errors import errors_by_cutoff

CONFIG = lw.LSTMConfig(sequence_length=8, horizon=2, units=2, epochs=1)


@pytest.fixture(scope="module")
def forecaster():
    return lw.LSTMForecaster(CONFIG).fit(lw.load_dataset("nile"), progress_bar=False)


def test_they_are_those_of_a_backtest_from_every_cutoff(forecaster):
    frame = lw.backtest(forecaster, part="validation", step=1, progress_bar=False)
    by_hand = (frame["LSTM"] - frame["y"]).abs().groupby(frame["cutoff"]).mean()
    errors = errors_by_cutoff(forecaster)
    assert errors.index.equals(by_hand.index)
    np.testing.assert_allclose(errors, by_hand)


def test_steps_that_were_not_observed_count_for_nothing():
    series = lw.load_dataset("nile")
    series.iloc[75] = np.nan  # in the validation part
    gappy = lw.LSTMForecaster(CONFIG).fit(series, progress_bar=False)
    assert np.isfinite(errors_by_cutoff(gappy)).all()


def test_the_cutoffs_of_a_part_do_not_depend_on_what_is_read(forecaster):
    longer = lw.LSTMForecaster(CONFIG.replace(sequence_length=12)).fit(
        lw.load_dataset("nile"), progress_bar=False
    )
    for part in ("validation", "test"):
        assert errors_by_cutoff(longer, part).index.equals(errors_by_cutoff(forecaster, part).index)


def test_another_part_and_a_forecaster_without_a_series_are_refused(forecaster, tmp_path):
    with pytest.raises(lw.LSTMWidgetsError, match="part='dev' is not accepted"):
        errors_by_cutoff(forecaster, "dev")
    loaded = lw.LSTMForecaster.load(forecaster.save(tmp_path / "nile.safetensors"))
    for unfit in (lw.LSTMForecaster(CONFIG), loaded):
        with pytest.raises(lw.LSTMWidgetsError, match="not fitted, or was loaded"):
            errors_by_cutoff(unfit)
