"""One network for many series: each on its own scale, none reaching into the next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.data.datasets import random_walk, sine_mix
from lstmwidgets.data.pooling import pool, read_panel
from lstmwidgets.data.windows import Split, make_windows
from lstmwidgets.model.pooled import GlobalForecaster

CONFIG = lw.LSTMConfig(sequence_length=24, horizon=3, units=6, epochs=15, batch_size=64, learning_rate=0.02)


def waves() -> dict[str, pd.Series]:
    """The same wave on three very different scales and levels."""
    return {
        name: 10.0**power * (sine_mix(300, (12,), 0.05, seed=power + 2) + 5.0)
        for power, name in enumerate(("small", "middle", "large"), start=-2)
    }


@pytest.fixture(scope="module")
def forecaster() -> GlobalForecaster:
    return GlobalForecaster(CONFIG).fit(waves(), progress_bar=False)


def test_no_window_reaches_from_one_series_into_the_next():
    members = tuple(make_windows(each, CONFIG) for each in waves().values())
    windows = pool(members)
    for part in ("train", "validation", "test"):
        starts = windows.starts(part).astype(np.int64)
        owner = starts // 300
        assert ((starts + CONFIG.sequence_length + CONFIG.horizon - 1) // 300 == owner).all()
        np.testing.assert_array_equal(starts[owner == 1] - 300, members[1].starts(part))


def test_each_window_is_restored_to_the_unit_of_its_own_series():
    members = tuple(make_windows(each, CONFIG) for each in waves().values())
    windows = pool(members)
    for part in ("train", "test"):
        starts = windows.starts(part)
        restored = windows.restore(windows.targets(starts), starts)
        np.testing.assert_allclose(restored, windows.observed(starts), rtol=1e-4)


def test_one_network_beats_repeat_last_on_every_scale(forecaster):
    for name in waves():
        scores = lw.score_table(forecaster.forecaster(name), "test")
        assert scores.loc["LSTM", "MAE"] < 0.7 * scores.loc["repeat last", "MAE"], name


def test_the_forecasts_of_all_are_those_of_each(forecaster):
    everything = forecaster.predict(2)
    assert everything["unique_id"].tolist() == ["small"] * 2 + ["middle"] * 2 + ["large"] * 2
    one = forecaster.forecaster("middle").predict(2)
    pd.testing.assert_frame_equal(everything[2:4].reset_index(drop=True), one)
    assert one["ds"].iloc[0] == waves()["middle"].index[-1] + pd.Timedelta(hours=1)


def test_the_same_seed_gives_the_same_numbers(forecaster):
    again = GlobalForecaster(CONFIG).fit(waves(), progress_bar=False)
    pd.testing.assert_frame_equal(again.predict(), forecaster.predict())


def test_a_long_frame_and_a_mapping_are_the_same_panel():
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": each.index, "y": each.to_numpy()})
        for name, each in waves().items()
    )
    read = read_panel(frame)
    assert list(read) == ["small", "middle", "large"]
    pd.testing.assert_series_equal(read["large"], waves()["large"], check_names=False)


def test_every_series_may_have_a_split_of_its_own():
    fitted = GlobalForecaster(CONFIG.replace(epochs=1)).fit(
        waves(), split=lambda length: Split(length - 20, length - 10, length), progress_bar=False
    )
    assert [member.split.train_end for member in fitted.windows_.members] == [280] * 3


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({}, "holds no series"),
        ([1, 2], "list holds no series"),
        (pd.DataFrame({"ds": [1], "y": [2]}), "no column 'unique_id'"),
        ({1: waves()["small"], "1": waves()["large"]}, "two series are called '1'"),
        (
            pd.DataFrame({"unique_id": ["a", None], "ds": [1, 2], "y": [1, 2]}),
            "1 of the frame's 2 rows have no",
        ),
        ({"a": waves()["small"], "b": random_walk(100)}, "different frequencies, 'h' .*'a'.*'D' .*'b'"),
        ({"a": waves()["small"], "b": waves()["small"] * np.nan}, "series 'b': every value"),
        (
            {"a": waves()["small"], "b": waves()["small"].iloc[:20]},
            r"1 of 2 series cannot be trained on \('b'\); 'b': sequence_length=24|horizon=3 does not fit",
        ),
    ],
)
def test_series_that_cannot_share_a_network_are_named(panel, said):
    with pytest.raises(lw.LSTMWidgetsError, match=said):
        GlobalForecaster(CONFIG).fit(panel, progress_bar=False)


def test_an_unknown_series_and_an_unfitted_forecaster_are_told(forecaster):
    with pytest.raises(lw.LSTMWidgetsError, match="no series 'tiny'.*'small', 'middle', 'large'"):
        forecaster.forecaster("tiny")
    with pytest.raises(lw.LSTMWidgetsError, match="not fitted"):
        GlobalForecaster(CONFIG).predict()
