"""The network a config describes."""

import numpy as np
import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.scaling import Scaler
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build, with_units
from lstmwidgets.model.shapes import count_parameters, weight_shapes

SMALL = LSTMConfig(sequence_length=5, horizon=3, units=4)


@pytest.mark.parametrize("changes", [{}, {"layers": 3}, {"units": 1, "horizon": 1}, {"dropout": 0.5}])
def test_weights_have_the_names_and_shapes_announced_before_building(changes):
    config = SMALL.replace(**changes)
    network = build(config)
    assert [tuple(weight.shape) for weight in network.weights] == list(weight_shapes(config).values())
    assert [weight.path for weight in network.weights] == [
        path.replace("/", "/lstm_cell/") if path.startswith("lstm") else path
        for path in weight_shapes(config)
    ]
    assert network.count_params() == count_parameters(config)


def test_the_seed_decides_every_initial_weight_and_touches_no_global_generator():
    np.random.seed(7)
    keras.utils.set_random_seed(7)
    first = build(SMALL).get_weights()
    np.random.seed(8)
    keras.utils.set_random_seed(8)
    expected = np.random.random()
    np.random.seed(8)
    again = build(SMALL).get_weights()
    assert np.random.random() == expected
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    other = build(SMALL.replace(seed=1)).get_weights()
    assert not np.array_equal(first[0], other[0])


def test_layers_of_one_network_start_from_different_weights():
    weights = build(SMALL.replace(layers=2)).get_weights()
    assert not np.array_equal(weights[1], weights[4])


@pytest.mark.parametrize("centering", ["last", "none"])
def test_a_network_with_units_answers_as_scaling_by_hand_does(centering):
    config = SMALL.replace(centering=centering)
    network, scaler = build(config), Scaler(mean=300.0, scale=4.0)
    raw = 300 + np.random.default_rng(0).normal(size=(6, 5, 1))
    scaled = scaler.transform(raw)
    level = scaled[:, -1:, :] if centering == "last" else np.zeros((6, 1, 1), np.float32)
    by_hand = (network(scaled - level).numpy() + level[:, 0]) * 4.0 + 300.0
    np.testing.assert_allclose(with_units(network, config, scaler)(raw).numpy(), by_hand, rtol=1e-5)
