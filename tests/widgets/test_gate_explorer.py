"""The explorer's state, its numbers as the browser gets them, and its stills."""

import base64
import json
import re
import time
from functools import cache

import keras
import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.inside.ledger import forecast_shares, memory_ledger
from lstmwidgets.analysis.inside.units import ORDERS
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.build import build
from lstmwidgets.widgets.explorer.cell import result_of
from lstmwidgets.widgets.explorer.scales import Scale

CONFIG = lw.LSTMConfig(sequence_length=24, horizon=3, units=5, epochs=2)


@pytest.fixture(scope="module")
def forecaster():
    return lw.LSTMForecaster(CONFIG).fit(lw.load_dataset("nile"), progress_bar=False)


@pytest.fixture
def explorer(forecaster):
    return lw.GateExplorer(forecaster)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((12, 2)),
            keras.layers.LSTM(4, return_sequences=True, name="first"),
            keras.layers.Bidirectional(keras.layers.LSTM(3, name="second"), name="both"),
            keras.layers.Dense(1),
        ]
    )


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(12, 2))


def _arrays(explorer):
    module = explorer._module
    return {
        each["name"]: np.frombuffer(
            module.block, np.float32, int(np.prod(each["shape"])), each["offset"]
        ).reshape(each["shape"])
        for each in module.facts["arrays"]
    }


def test_it_opens_on_the_newest_test_window_at_its_last_step(explorer, forecaster):
    assert explorer.start == forecaster.windows_.test[-1]
    assert explorer.t == 23 and explorer.order == "half-life"
    assert explorer.unit == lw.order_units(explorer.trace, "half-life")[0]


def test_the_browser_gets_the_numbers_of_the_trace(explorer, forecaster):
    arrays = _arrays(explorer)
    for name in "ifgoch":
        np.testing.assert_allclose(arrays[name], getattr(explorer.trace, name), atol=1e-6)
    np.testing.assert_allclose(arrays["ledger"].sum(axis=0), explorer.trace.c[-1], atol=1e-5)
    shares = forecast_shares(memory_ledger(explorer.trace), explorer.trace)
    np.testing.assert_allclose(arrays["share"], shares, rtol=1e-5)
    np.testing.assert_allclose(arrays["values"], explorer.trace.values, rtol=1e-6)
    known = np.frombuffer(explorer._module.known, np.float32).reshape(24, 3)
    np.testing.assert_allclose(known[-1], forecaster.forecast_windows([explorer.start])[0], rtol=1e-5)
    for name in ORDERS:
        assert arrays[f"order {name}"].tolist() == lw.order_units(explorer.trace, name).tolist()


def test_what_came_is_unknown_after_the_newest_window_of_all(forecaster):
    newest = len(forecaster.series_) - CONFIG.sequence_length
    explorer = lw.GateExplorer(forecaster, newest)
    assert np.isnan(_arrays(explorer)["actual"]).all()
    json.dumps(explorer._module.facts, allow_nan=False)


def test_a_window_is_chosen_by_position_or_by_date(forecaster):
    by_date = lw.GateExplorer(forecaster, "1950-01-01")
    assert forecaster.series_.index[by_date.start + 23].year == 1950
    by_date.start = by_date.start - 1
    assert forecaster.series_.index[by_date.start + 23].year == 1949
    assert by_date._module.facts["date"] == "1949-01-01"


def ask(explorer, what, value):
    """What the browser sends."""
    explorer._module._handle_custom_msg({"ask": what, "value": value}, [])


def test_the_browser_asks_for_windows_by_place_and_by_date_and_is_always_answered(explorer):
    module = explorer._module
    answers = module.answered
    ask(explorer, "start", 10)
    assert explorer.start == 10 and module.facts["start"] == 10 and module.known == b""
    ask(explorer, "start", 10**6)  # beyond the end: the nearest there is
    assert explorer.start == explorer._windows.starts[-1]
    ask(explorer, "ending", "1920-06-30")
    assert module.facts["date"] == "1920-01-01" and module.message == ""
    ask(explorer, "ending", "1700-01-01")
    assert "no window ends on 1700-01-01: they end from 18" in module.message
    assert module.answered >= answers + 4
    answers = module.answered
    ask(explorer, "start", explorer.start)  # where it is already
    assert module.answered == answers + 1
    explorer.start = 5
    assert module.message == ""


def test_forecasts_of_every_step_follow_once_the_browser_rests_and_before_a_page_is_saved(explorer, tmp_path):
    module = explorer._module
    for start in (12, 11, 10):
        ask(explorer, "start", start)
    deadline = time.monotonic() + 20
    while not module.known:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    known = np.frombuffer(module.known, np.float32).reshape(24, 3)
    np.testing.assert_allclose(known, explorer._windows.known_at(10), rtol=1e-5)
    ask(explorer, "start", 20)
    explorer.save(tmp_path / "gates.html")
    known = np.frombuffer(module.known, np.float32).reshape(24, 3)
    np.testing.assert_allclose(known, explorer._windows.known_at(20), rtol=1e-5)


def test_two_windows_stand_side_by_side_until_one_is_sent_away(explorer):
    explorer.beside = 3
    assert explorer._module.other_facts["start"] == 3 and len(explorer._module.other_block) > 0
    ask(explorer, "beside", "1960-01-01")
    assert explorer._module.other_facts["date"] == "1960-01-01"
    ask(explorer, "beside", "")
    assert explorer.beside is None and explorer._module.other_facts == {}


def test_state_set_in_python_is_that_of_the_browser_and_back(explorer):
    explorer.t, explorer.order, explorer.threshold = 5, "similarity", 0.2
    module = explorer._module
    assert (module.t, module.order, module.threshold) == (5, "similarity", 0.2)
    module.t, module.unit = 7, 2
    assert (explorer.t, explorer.unit) == (7, 2)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("t", 24, "t=24 is not accepted: the layer's steps are 0 to 23"),
        ("unit", True, "unit=True is not accepted"),
        ("unit", -1, "unit=-1 is not accepted: the layer's units are 0 to 4"),
        ("order", "size", "order='size' is not accepted: order takes 'index' or"),
        ("ahead", 4, "ahead=4 is not accepted: the forecast has the steps 1 to 3"),
        ("layer", "lstm_9", "layer='lstm_9' is not accepted: layer takes 'lstm_1'"),
        ("threshold", 1.5, "threshold=1.5 is not accepted"),
        ("speed", 0, "speed=0.* is not accepted"),
        ("start", 77, "start=77 is no complete window: they start from 0 to 76"),
        ("start", None, "start=None is not accepted"),
        ("beside", -3, "beside=-3 is no complete window"),
    ],
)
def test_state_that_makes_no_sense_is_refused_and_leaves_all_as_it_was(explorer, name, value, message):
    before = getattr(explorer, name)
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


def test_any_keras_model_can_be_looked_into_layer_by_layer(model, x):
    explorer = lw.GateExplorer.from_model(model, x)
    names = [layer.name for layer in explorer.trace.layers]
    assert len(names) == 3 and explorer._module.facts["layers"] == names
    explorer.unit = 2
    with pytest.raises(lw.LSTMWidgetsError, match="the layer's units are 0 to 2"):
        explorer.unit = 3
    explorer.layer = names[0]
    explorer.unit = 3
    np.testing.assert_allclose(_arrays(explorer)["c"], explorer.trace.layers[0].c, atol=1e-6)
    explorer.layer = names[2]  # which has three units
    assert explorer.unit == 0 and explorer._module.facts["backwards"]
    assert not explorer._module.facts["movable"] and explorer.start is None
    with pytest.raises(lw.LSTMWidgetsError, match="this explorer has the one window it was made with"):
        explorer.start = 3


def test_gates_that_never_move_are_drawn_like_any_others(x):
    model = keras.Sequential([keras.Input((12, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    explorer = lw.GateExplorer.from_model(model, x)
    assert explorer._picture("png").startswith(b"\x89PNG")
    assert "4 of 4 units show nothing in this window" in " ".join(explorer._module.facts["notes"])


def test_the_page_holds_all_it_needs_and_nothing_that_could_end_its_script(forecaster, tmp_path):
    series = forecaster.series_.copy()
    series.attrs["title"] = "</script><b>Nile"
    twin = lw.LSTMForecaster.fitted(CONFIG, series, forecaster.windows_, forecaster.model_)
    explorer = lw.GateExplorer(twin)
    page = explorer.save(tmp_path / "gates.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="|https?://(?!www\.w3\.org)', page)
    assert page.count("</script>") == 3 and "</script><b>" not in page
    blocks = json.loads(re.search(r'id="lw-blocks">(.*?)</script>', page)[1])
    assert base64.b64decode(blocks["block"]) == explorer._module.block


def test_the_still_shows_itself_beside_the_widget_and_can_be_saved(explorer, tmp_path):
    bundle = explorer._repr_mimebundle_()
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert explorer.save(tmp_path / "gates.svg").read_text().startswith("<?xml")
    assert (
        "Unit" in explorer.summary()
        and "The forecast 1 step ahead, made at the window's end, rests on" in explorer.summary()
    )


def test_layers_of_different_lengths_are_each_walked_to_their_own_end():
    encoder = keras.layers.LSTM(3, return_sequences=True, name="encoder")
    model = keras.Sequential(
        [
            keras.Input((12, 1)),
            encoder,
            keras.layers.MaxPooling1D(3),
            keras.layers.LSTM(2),
            keras.layers.Dense(1),
        ]
    )
    explorer = lw.GateExplorer.from_model(model, np.ones((12, 1)))
    assert explorer.t == 3 and len(explorer._module.facts["labels"]) == 4
    explorer.layer = "encoder"
    explorer.t = 11
    assert "12 steps" in explorer.summary()
    explorer.layer = explorer.trace.layers[-1].name
    assert explorer.t == 3 and explorer._picture("png")


def test_a_moment_of_an_hourly_series_is_taken_to_the_hour_and_a_day_as_a_whole():
    series = lw.load_dataset("seattle_temperature").iloc[:400]
    config = lw.LSTMConfig(sequence_length=24, horizon=2, units=2, epochs=1)
    forecaster = lw.LSTMForecaster(config).fit(series, progress_bar=False)
    day = series.index[200].normalize()
    for moment, hour in ((day, 0), (str(day), 0), (f"{day:%Y-%m-%d}", 23), (day.replace(hour=7), 7)):
        explorer = lw.GateExplorer(forecaster, moment)
        assert series.index[explorer.start + 23] == day.replace(hour=hour)
    with pytest.raises(lw.LSTMWidgetsError, match="has a time zone"):
        lw.GateExplorer(forecaster, day.tz_localize("UTC"))


def test_a_series_read_with_a_mask_is_opened_wherever_something_is_known():
    gappy = lw.load_dataset("nile").copy()
    gappy.iloc[::3] = np.nan  # so that no window is without a gap
    gappy.iloc[40:52] = np.nan
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=2, epochs=1)
    forecaster = lw.LSTMForecaster(config).fit(lw.fill(gappy, mask=True), progress_bar=False)
    explorer = lw.GateExplorer(forecaster, window=10)
    assert explorer.start == 10 and explorer._page()  # whose JSON takes no NaN
    explorer.start = 37  # of which the first three years alone are known
    with pytest.raises(lw.LSTMWidgetsError, match="start=41 is no complete window"):
        explorer.start = 41


@cache
def forecaster_with(**changes):
    """Of a network with random weights: what is looked at is not how good they are."""
    series = lw.load_dataset("nile")
    config = lw.LSTMConfig(**{"sequence_length": 24, "horizon": 3, "units": 6, **changes})
    network = build(config)
    draw = np.random.default_rng(3)
    network.set_weights([draw.normal(scale=0.5, size=weight.shape) for weight in network.get_weights()])
    return lw.LSTMForecaster.fitted(config, series, make_windows(series, config), network)


def drawn(**changes):
    return lw.GateExplorer(forecaster_with(**changes))


def test_a_gru_is_shown_with_its_own_gates_its_ledger_and_its_forecasts():
    explorer = drawn(cell="gru")
    facts, arrays = explorer._module.facts, _arrays(explorer)
    assert (facts["cell"], facts["letters"], facts["reset_after"]) == ("gru", ["z", "r", "g", "h"], True)
    for letter in "zrgh":
        np.testing.assert_allclose(arrays[letter], getattr(explorer.trace, letter), atol=1e-6)
    np.testing.assert_allclose(arrays["ledger"].sum(axis=0), explorer.trace.h[-1], atol=1e-5)
    known = np.frombuffer(explorer._module.known, np.float32).reshape(24, 3)
    np.testing.assert_allclose(known[-1], explorer.trace.head.forecast(explorer.trace.h[-1]), rtol=1e-4)
    assert facts["orders"] == list(ORDERS) and explorer.order == "half-life" and not facts["whole_only"]
    assert re.search(r"Unit \d at .*: z 0.\d+, r 0.\d+, g .* h .*rests on the step", explorer.summary())
    weights = {each["name"]: each["shape"] for each in facts["weights"]}
    assert weights == {"kernel": [1, 18], "recurrent_kernel": [6, 18], "bias": [18], "recurrent_bias": [18]}
    assert explorer._picture("png").startswith(b"\x89PNG") and "1 −" in explorer._page()


def test_a_simple_recurrent_network_has_one_strip_and_the_orders_that_need_no_gate():
    explorer = drawn(cell="rnn")
    assert explorer.still().get_supxlabel().startswith("There is no ledger of what each step brings")
    facts = explorer._module.facts
    assert facts["letters"] == ["h"] and facts["orders"] == ["index", "similarity"] and not facts["rests"]
    assert "ledger" not in _arrays(explorer) and explorer._module.known
    with pytest.raises(
        lw.LSTMWidgetsError, match="order='half-life' is not accepted: order takes 'index' or"
    ):
        explorer.order = "half-life"
    assert explorer._picture("png")


@pytest.mark.parametrize(
    "changes",
    [{"cell": "bilstm"}, {"cell": "lstm_attention"}, {"cell": "transformer", "layers": 2}],
    ids=lambda changes: changes["cell"],
)
def test_a_network_that_reads_whole_windows_has_its_forecast_at_the_end_and_says_why(changes):
    explorer = drawn(**changes)
    facts = explorer._module.facts
    known = np.frombuffer(explorer._module.known, np.float32).reshape(24, 3)
    assert np.isnan(known[:-1]).all() and facts["whole_only"]
    forecast = explorer._source.forecast_windows(np.array([explorer.start]))[0]
    np.testing.assert_allclose(known[-1], forecast, rtol=1e-5)
    assert "There is no forecast as known at each step, because" in " ".join(facts["notes"])
    below = explorer.still().get_supxlabel().replace("\n", " ")
    assert below.startswith("There is no forecast as known at each step, because")
    json.dumps(facts, allow_nan=False)
    explorer.t = 4
    assert explorer._picture("png")


def test_attention_stands_below_the_gates_and_alone_where_there_are_none():
    beside = drawn(cell="lstm_attention")
    weights = beside.trace.attention[0].a
    np.testing.assert_allclose(_arrays(beside)["a"], weights, atol=1e-6)
    facts = beside._module.facts
    assert facts["heads"] == weights.shape[1] and facts["units"] == 6
    most = max(weights.max(), 2 / 24)  # so that even shares are no more than half-way
    assert facts["scales"]["a"] == {"signed": False, "most": pytest.approx(most), "bend": 0.0}
    alone = drawn(cell="transformer", layers=2)
    facts = alone._module.facts
    assert facts["layers"] == ["block_1_attention", "block_2_attention"] and facts["heads"] == 0
    alone.layer = "block_1_attention"
    np.testing.assert_allclose(_arrays(alone)["a"], alone.trace.layers[0].a, atol=1e-6)
    assert "Head 0 at " in alone.summary() and "Head 0 " in " ".join(alone._module.facts["notes"])
    with pytest.raises(lw.LSTMWidgetsError, match="the layer's units are 0 to"):
        alone.unit = 5


def test_going_to_a_layer_of_another_kind_takes_an_order_that_it_has(x):
    model = keras.Sequential(
        [
            keras.Input((12, 2)),
            keras.layers.SimpleRNN(4, return_sequences=True, name="plain"),
            keras.layers.GRU(3, reset_after=False, name="gated"),
            keras.layers.Dense(1),
        ]
    )
    explorer = lw.GateExplorer.from_model(model, x)
    assert explorer.order == "half-life" and not explorer._module.facts["reset_after"]
    explorer.layer = "plain"
    assert explorer.order == "index" and explorer._module.facts["letters"] == ["h"]
    assert explorer._module.facts["signs"]["squash"] == "tanh"


def test_states_that_explode_are_shaded_by_their_order_of_magnitude_and_it_is_said():
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.LSTM(2, activation="relu", name="up")])
    model.set_weights([np.full_like(weight, 0.7) for weight in model.get_weights()])
    explorer = lw.GateExplorer.from_model(model, np.ones((40, 1)))
    scale = explorer._module.facts["scales"]["c"]
    assert scale["most"] == pytest.approx(explorer.trace.c.max()) and 0 < scale["bend"] < scale["most"] / 100
    assert explorer._module.facts["scales"]["i"] == {"signed": False, "most": 1.0, "bend": 0.0}
    assert "go beyond 100, for nothing holds them with relu" in " ".join(explorer._module.facts["notes"])
    shown = np.maximum(explorer.trace.c, 0)
    np.testing.assert_allclose(_arrays(explorer)["shown"], shown, rtol=1e-6)
    assert "h = o·relu(c)" in result_of(explorer.present, 39, 0)
    explorer = lw.GateExplorer.from_model(model, np.ones((400, 1)))
    assert "Exploded: from step " in " ".join(explorer._module.facts["notes"])
    json.dumps(explorer._module.facts, allow_nan=False)
    assert explorer._picture("png") and explorer._page()


def test_shades_are_in_proportion_or_follow_the_order_of_magnitude():
    values = np.array([-200.0, -1.0, 0.0, 2.0, 100.0, np.inf])
    assert Scale(True, 100.0).shades(values).tolist() == [-1, -0.01, 0, 0.02, 1, 1]
    bent = Scale(False, 1e6, bend=1.0).shades(np.array([0.0, 1e3, 1e6]))
    assert bent[0] == 0 and bent[1] == pytest.approx(0.524, abs=0.001) and bent[2] == 1
