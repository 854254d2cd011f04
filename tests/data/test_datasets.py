"""The bundled series: their facts as checked against the packages that carry them, and the generators."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import co2

from lstmwidgets.data.datasets import (
    DATASETS,
    list_datasets,
    load_dataset,
    random_walk,
    sine_mix,
    trend_and_season,
    white_noise,
)
from lstmwidgets.data.series import data_hash, read_series, season_length
from lstmwidgets.errors import LSTMWidgetsError

FACTS = {
    "co2": ("W-SAT", 2284, 59, "1958-03-29", "2001-12-29", 316.1, 371.5, 52),
    "sunspots": ("YS-JAN", 309, 0, "1700-01-01", "2008-01-01", 5.0, 2.9, 11),
    "nile": ("YS-JAN", 100, 0, "1871-01-01", "1970-01-01", 1120.0, 740.0, 1),
    "seattle_temperature": ("h", 8760, 1, "2010-01-01", "2010-12-31 23:00", 39.4, 39.6, 24),
    "seattle_weather": ("D", 1461, 0, "2012-01-01", "2015-12-31", 12.8, 5.6, 365),
    "stock": ("MS", 123, 0, "2000-01-01", "2010-03-01", 100.52, 125.55, 1),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_bundled_series_has_the_facts_it_declares(name):
    freq, points, missing, first, last, first_value, last_value, season = FACTS[name]
    series = load_dataset(name)
    assert series.index.freqstr == freq
    assert len(series) == points
    assert series.isna().sum() == series.attrs["missing"] == missing
    assert series.index[0] == pd.Timestamp(first)
    assert series.index[-1] == pd.Timestamp(last)
    assert series.iloc[0] == first_value
    assert series.iloc[-1] == last_value
    assert season_length(series) == season


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_declares_where_it_comes_from_and_what_it_teaches(name):
    attrs = load_dataset(name).attrs
    assert attrs["dataset"] == name
    for key in ("title", "unit", "source", "licence", "teaches"):
        assert attrs[key].strip() == attrs[key] != ""
    assert attrs["teaches"].endswith(".")
    assert json.loads(json.dumps(attrs)) == attrs


def test_co2_equals_what_statsmodels_loads():
    theirs = co2.load_pandas().data["co2"]
    np.testing.assert_array_equal(load_dataset("co2").to_numpy(), theirs.to_numpy())


def test_the_hour_that_clocks_skipped_stays_a_gap():
    series = load_dataset("seattle_temperature")
    assert series.attrs["gaps"] == [["2010-03-14T03:00:00", "2010-03-14T03:00:00", 1]]
    assert np.isnan(series["2010-03-14 03:00"])


def test_the_list_has_a_row_for_each_dataset():
    table = list_datasets()
    assert table.index.name == "name"
    assert list(table.columns) == [
        *("title", "frequency", "points", "missing", "unit", "source", "licence", "teaches"),
    ]
    assert list(table.index) == list(DATASETS)
    assert table.loc["co2", ["frequency", "points", "missing"]].tolist() == ["W-SAT", 2284, 59]


def test_an_unknown_name_is_answered_with_the_closest_first():
    with pytest.raises(LSTMWidgetsError, match="there is no dataset 'sunspot': the names are sunspots, "):
        load_dataset("sunspot")
    with pytest.raises(LSTMWidgetsError, match="read_series"):
        load_dataset("my.csv")


def test_changing_a_loaded_series_does_not_reach_the_next_caller():
    first = load_dataset("nile")
    first.iloc[0] = -1.0
    first.attrs["notes"].append("mine")
    second = load_dataset("nile")
    assert second.iloc[0] == 1120.0
    assert "mine" not in second.attrs["notes"]


def test_reading_a_loaded_series_again_keeps_all_it_says():
    for name in ("co2", "seattle_temperature", "sine_mix"):
        series = load_dataset(name)
        again = read_series(series)
        assert again.attrs == series.attrs
        assert data_hash(again) == data_hash(series)


def test_loading_imports_neither_tensorflow_nor_the_packages_that_carry_the_data():
    script = (
        "import sys; from lstmwidgets.data.datasets import list_datasets; list_datasets();"
        "unwanted = ['tensorflow', 'keras', 'statsmodels', 'vega_datasets', 'matplotlib'];"
        "print([name for name in unwanted if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


GENERATORS = [sine_mix, trend_and_season, random_walk, white_noise]


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_repeats_with_its_seed_and_differs_with_another(generator):
    assert data_hash(generator(seed=3)) == data_hash(generator(seed=3))
    assert data_hash(generator(seed=3)) != data_hash(generator(seed=4))
    assert data_hash(generator()) == data_hash(load_dataset(generator.__name__))


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_gives_a_series_like_a_bundled_one(generator):
    series = generator(length=30)
    assert len(series) == 30
    assert series.index.freq is not None
    assert series.attrs["dataset"] == generator.__name__
    assert series.attrs["season"] == season_length(series)


def test_sine_mix_without_noise_is_the_sum_of_its_waves():
    steps = np.arange(50)
    expected = np.sin(2 * np.pi * steps / 10) + np.sin(2 * np.pi * steps / 15)
    series = sine_mix(length=50, periods=(10, 15), noise=0.0)
    np.testing.assert_allclose(series, expected, atol=1e-12)
    assert series.attrs["season"] == 30


def test_a_random_walk_has_white_steps():
    steps = np.diff(random_walk(length=20_000, step=2.0, seed=1))
    assert steps.std() == pytest.approx(2.0, rel=0.03)
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 0.03


def test_trend_and_season_has_the_slope_and_height_it_is_given():
    values = trend_and_season(length=240, slope=0.5, amplitude=4.0, season=12, noise=0.0).to_numpy()
    np.testing.assert_allclose(values[12:] - values[:-12], 6.0)
    assert (values - 0.5 * np.arange(240)).max() == pytest.approx(14.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sine_mix(length=1), "length=1 is not accepted: length takes a whole number from 2 up"),
        (lambda: sine_mix(periods=()), "periods=()"),
        (lambda: sine_mix(periods=(1,)), "periods=1"),
        (
            lambda: white_noise(scale=-1.0),
            "scale=-1.0 is not accepted: scale takes a finite number from 0 up",
        ),
        (lambda: white_noise(seed=-1), "seed=-1"),
        (lambda: random_walk(length=2.5), "length=2.5"),
        (lambda: random_walk(step=float("nan")), "step=nan"),
        (
            lambda: trend_and_season(slope=float("inf")),
            "slope=inf is not accepted: slope takes a finite number",
        ),
        (lambda: trend_and_season(season=True), "season=True"),
    ],
)
def test_a_generator_refuses_what_it_cannot_use(call, said):
    with pytest.raises(LSTMWidgetsError) as caught:
        call()
    assert said in str(caught.value)
