"""Leaks made on purpose: what each would have done for the score."""

import numpy as np
import pandas as pd
import pytest

from lstmwidgets.analysis.diagnosis.leakage import (
    HONEST,
    IN_SAMPLE,
    SCALED,
    SHUFFLED,
    leakage_tripwire,
    shuffled,
)
from lstmwidgets.analysis.scoring.baselines import SeasonalNaive
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import trend_and_season, white_noise
from lstmwidgets.data.windows import PARTS, make_windows
from lstmwidgets.errors import LSTMWidgetsError

CONFIG = LSTMConfig(sequence_length=8, horizon=4, units=16, epochs=12, centering="none")


@pytest.fixture(scope="module")
def climb():
    # The test part lies above all that training has seen.
    return trend_and_season(600, slope=0.05, amplitude=0.0, noise=1.0)


@pytest.fixture(scope="module")
def table(climb):
    return leakage_tripwire(climb, CONFIG, progress_bar=False)


def test_the_honest_row_is_what_fitting_and_scoring_give(climb, table):
    from lstmwidgets.model.forecaster import LSTMForecaster

    forecaster = LSTMForecaster(CONFIG).fit(climb, progress_bar=False)
    windows = forecaster.windows_
    error = np.abs(forecaster.forecast_windows(windows.test) - windows.observed(windows.test)).mean()
    naive = np.abs(SeasonalNaive(12).forecast(windows, windows.test) - windows.observed(windows.test)).mean()
    assert table.attrs["naive"] == "seasonal naive"
    assert table.loc[HONEST, "MAE"] == pytest.approx(error, rel=1e-6)
    assert table.loc[HONEST, "naive MAE"] == pytest.approx(naive)
    assert table.loc[HONEST, "flattery"] == 0.0


def test_flattery_is_the_share_of_the_honest_error_that_seems_gone(table):
    ratio = table["MAE"] / table["naive MAE"]
    np.testing.assert_allclose(table["skill"], 1 - ratio)
    np.testing.assert_allclose(table["flattery"], 1 - ratio / ratio[HONEST])


def test_shuffled_windows_flatter_a_model_that_cannot_leave_the_levels_it_saw(table):
    # Without centring, a climb leaves the network behind; mixed windows hide that.
    assert table.loc[SHUFFLED, "flattery"] > 0.3
    assert table.loc[IN_SAMPLE, "flattery"] > 0.3
    flattery = table.loc[SHUFFLED, "flattery"]
    assert f"the error seems {100 * flattery:.0f} % smaller than it is" in table.loc[SHUFFLED, "sentence"]
    assert table.loc[HONEST, "skill"] < table.loc[SHUFFLED, "skill"]


def test_a_scaler_leaks_without_centring_and_hardly_with_it(climb, table):
    assert abs(table.loc[SCALED, "flattery"]) > 0.02
    assert "centering='none'" in table.loc[SCALED, "sentence"]
    centred = leakage_tripwire(climb, CONFIG.replace(centering="last"), progress_bar=False)
    assert abs(centred.loc[SCALED, "flattery"]) < 0.02
    assert "next to nothing to tell" in centred.loc[SCALED, "sentence"]


def test_only_the_scaler_differs_where_the_scaler_leaks(climb):
    from lstmwidgets.analysis.diagnosis.leakage import _scaled_on_all

    honest = make_windows(climb, CONFIG)
    leaky = _scaled_on_all(climb, CONFIG, honest)
    assert leaky.scaler.mean == pytest.approx(climb.mean())
    assert leaky.scaler.scale == pytest.approx(climb.std(ddof=0))
    assert honest.scaler.mean == pytest.approx(climb.iloc[: honest.split.train_end].mean())
    for part in PARTS:
        np.testing.assert_array_equal(leaky.starts(part), honest.starts(part))


def test_shuffling_moves_windows_between_parts_and_loses_none(climb):
    honest = make_windows(climb, CONFIG)
    mixed = shuffled(honest, seed=3)
    for part in PARTS:
        assert len(mixed.starts(part)) == len(honest.starts(part))
    every = [np.sort(np.concatenate([one.starts(part) for part in PARTS])) for one in (honest, mixed)]
    np.testing.assert_array_equal(*every)
    ahead = mixed.horizon + np.arange(-mixed.horizon + 1, mixed.horizon)
    assert len(np.intersect1d(mixed.train[:, None] + ahead, mixed.test)) > 0.9 * len(mixed.test)


def test_one_seed_says_that_it_is_one_and_more_have_a_spread(table):
    assert table.attrs["notes"][0].startswith("One seed")
    assert table["spread"].isna().all()
    quick = CONFIG.replace(units=2, epochs=1)
    two = leakage_tripwire(white_noise(160), quick, seeds=2, progress_bar=False)
    assert two.attrs == {"naive": "window mean", "seeds": 2, "notes": []}
    assert two.loc[HONEST, "spread"] == 0.0
    assert two.loc[SHUFFLED, "spread"] > 0
    assert "from seed to seed" in two.loc[SHUFFLED, "sentence"]


@pytest.mark.parametrize("seeds", [0, -1, 1.5, True])
def test_seeds_that_are_no_count_are_refused(seeds):
    with pytest.raises(LSTMWidgetsError, match=f"seeds={seeds!r} is not accepted"):
        leakage_tripwire(white_noise(100), CONFIG, seeds=seeds)


def test_a_config_that_does_not_fit_the_series_is_refused_before_any_training():
    short = pd.Series(np.arange(10.0), index=pd.date_range("2020-01-01", periods=10, freq="D"), name="short")
    with pytest.raises(LSTMWidgetsError, match="does not fit"):
        leakage_tripwire(short, LSTMConfig())
