"""What is read in a network: against Keras' own layers, and against windows cut off by hand."""

import gc
import weakref

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.inside.gates import gate_activations
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model import kernels, native
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.build import build
from lstmwidgets.model.inside import passes
from lstmwidgets.model.inside.output_layer import LinearOutput, linear_output
from lstmwidgets.model.inside.passes import as_known_at, cell_states, scaled_window
from lstmwidgets.model.inside.reading import read_layers, read_network
from lstmwidgets.model.layers import FusedLSTM

layers = keras.layers
T, F = 9, 2
X = np.random.default_rng(0).normal(size=(T, F)).astype(np.float32)


def randomised(model, seed=0):
    """Every weight drawn anew, biases too, so that nothing is zero by chance."""
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(scale=0.5, size=weight.shape) for weight in model.get_weights()])
    return model


def chain(*parts, shape=(T, F), **options):
    return randomised(keras.Sequential([keras.Input(shape, **options), *parts]))


def assert_walked(found, x, h, **states):
    """A reading is that of a layer which read x and put out h, and follows the equations."""
    np.testing.assert_allclose(found.inputs, x, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.gates.h, h, rtol=0, atol=1e-5)
    flip = slice(None, None, -1 if found.backwards else 1)
    by_equations = gate_activations(
        x[flip], found.kernel, found.recurrent_kernel, found.bias, **states
    )  # float64, written apart
    for name in "ifgoch":
        np.testing.assert_allclose(
            getattr(found.gates, name)[flip], getattr(by_equations, name), rtol=0, atol=1e-5, err_msg=name
        )
        assert getattr(found.gates, name).dtype == np.float32


@pytest.mark.parametrize("kind", [layers.LSTM, FusedLSTM])
def test_one_layer_reads_the_window_and_does_what_keras_layer_does(kind):
    model = chain(kind(4, name="memory"), layers.Dense(3))
    (found,) = read_layers(model, X)
    twin = layers.LSTM(4, return_sequences=True)
    twin.build((None, T, F))
    twin.set_weights(model.layers[0].get_weights())
    assert_walked(found, X, twin(X[None]).numpy()[0])
    assert (found.name, found.backwards, found.pair) == ("memory", False, None)
    assert not found.initial_h.any() and not found.initial_c.any()


def test_a_layer_above_others_reads_what_they_put_out():
    model = chain(
        layers.LSTM(4, return_sequences=True, name="first"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        FusedLSTM(3, return_sequences=True, name="second"),
        layers.Dense(1),
    )
    first, second = read_layers(model, X)
    assert [first.name, second.name] == ["first", "second"]
    outputs = keras.Model(model.inputs[0], [layer.output for layer in model.layers])(X[None])
    h_first, normal, _, h_second, _ = (output.numpy()[0] for output in outputs)
    assert_walked(first, X, h_first)
    assert_walked(second, normal, h_second)


def test_bidirectional_gives_the_forward_and_then_the_backward_half_both_in_the_order_of_time():
    model = chain(layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both"), layers.Dense(1))
    forward, backward = read_layers(model, X)
    assert (forward.backwards, backward.backwards) == (False, True)
    assert (forward.pair, backward.pair) == ("both", "both")
    h = model.layers[0](X[None]).numpy()[0]  # Keras, too, puts the backward half into the order of time
    assert_walked(forward, X, h[:, :4])
    assert_walked(backward, X, h[:, 4:])


def test_the_forward_half_comes_first_also_where_the_layer_given_walked_backwards():
    given = layers.LSTM(2, go_backwards=True, name="memory")
    model = chain(layers.Bidirectional(given, backward_layer=layers.LSTM(2, name="other")), layers.Dense(1))
    assert [found.backwards for found in read_layers(model, X)] == [False, True]


def test_a_layer_that_goes_backwards_has_its_last_state_at_the_first_step():
    model = chain(layers.LSTM(3, go_backwards=True))
    (found,) = read_layers(model, X)
    assert found.backwards
    np.testing.assert_allclose(found.gates.h[0], model(X[None]).numpy()[0], atol=1e-5)


def test_layers_of_models_within_models_are_read_under_both_names():
    inner_input = keras.Input((T, 4))
    inner = keras.Model(inner_input, layers.LSTM(3, name="memory")(inner_input), name="inner")
    outer_input = keras.Input((T, F))
    dense = layers.Dense(4, activation="relu")
    deep = keras.Sequential([keras.Input((T, 4)), inner], name="deep")
    model = randomised(keras.Model(outer_input, layers.Dense(1)(deep(dense(outer_input)))))
    (found,) = read_layers(model, X)
    assert found.name == "deep/inner/memory"
    np.testing.assert_allclose(found.inputs, dense(X[None]).numpy()[0], atol=1e-5)
    np.testing.assert_allclose(found.gates.h[-1], inner(dense(X[None])).numpy()[0], atol=1e-5)


def test_a_layer_called_twice_is_read_twice():
    window, memory = keras.Input((T, 3)), layers.LSTM(3, return_sequences=True, name="memory")
    once = memory(window)
    model = randomised(keras.Model(window, memory(once)))
    x = np.random.default_rng(1).normal(size=(T, 3)).astype(np.float32)
    first, second = read_layers(model, x)
    assert [first.name, second.name] == ["memory", "memory (call 2)"]
    h = memory(x[None])
    assert_walked(first, x, h.numpy()[0])
    assert_walked(second, h.numpy()[0], memory(h).numpy()[0])


def test_an_encoder_hands_its_states_to_the_decoder():
    window = keras.Input((T, F))
    code, h, c = layers.LSTM(3, return_state=True, name="encoder")(window)
    decoder = layers.LSTM(3, return_sequences=True, name="decoder")
    decoded = decoder(layers.RepeatVector(4)(code), initial_state=[h, c])
    model = randomised(keras.Model(window, layers.Dense(1)(decoded)))
    encoder, found = read_layers(model, X)
    np.testing.assert_allclose(found.initial_h, encoder.gates.h[-1], atol=1e-6)
    np.testing.assert_allclose(found.initial_c, encoder.gates.c[-1], atol=1e-6)
    states = {"initial_h": encoder.gates.h[-1], "initial_c": encoder.gates.c[-1]}
    x = np.repeat(encoder.gates.h[-1:], 4, axis=0)
    assert_walked(found, x, keras.Model(window, decoded)(X[None]).numpy()[0], **states)


def test_stateful_layers_go_on_from_their_states_and_are_put_back_to_them():
    model = chain(
        layers.LSTM(3, stateful=True, return_sequences=True),
        FusedLSTM(2, stateful=True),
        batch_size=1,
    )
    model(X[None])
    before = [np.asarray(state) for layer in model.layers for state in layer.states]
    first, second = read_layers(model, X)
    again = read_layers(model, X)[1]
    for state, kept in zip([s for layer in model.layers for s in layer.states], before, strict=True):
        np.testing.assert_array_equal(np.asarray(state), kept)
    np.testing.assert_array_equal(first.initial_h, before[0][0])
    np.testing.assert_array_equal(second.initial_c, before[3][0])
    np.testing.assert_array_equal(second.gates.h, again.gates.h)
    np.testing.assert_allclose(second.gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)


def test_a_model_built_for_a_fixed_batch_reads_the_window_in_every_row():
    model = chain(layers.LSTM(3, return_sequences=True), layers.LSTM(2), batch_size=4)
    found = read_layers(model, X)[1]
    np.testing.assert_allclose(found.gates.h[-1], model(np.repeat(X[None], 4, 0)).numpy()[2], atol=1e-5)


def test_a_layer_without_bias_has_one_of_zeros():
    model = chain(layers.LSTM(3, use_bias=False))
    (found,) = read_layers(model, X)
    assert found.bias.shape == (12,) and not found.bias.any()
    np.testing.assert_allclose(found.gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)


def test_a_sequential_built_by_its_first_call_or_added_to_later_is_read_as_it_is_now():
    model = keras.Sequential([layers.LSTM(3, return_sequences=True)])
    model(X[None])
    assert len(read_layers(model, X)) == 1
    model.add(layers.LSTM(2))
    found = read_layers(model, X)
    assert len(found) == 2
    np.testing.assert_allclose(found[1].gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)


def test_windows_of_any_length_fit_a_model_that_takes_them():
    model = chain(layers.LSTM(3), shape=(None, F))
    for length in (1, 5, 12):
        assert read_layers(model, np.ones((length, F)))[0].gates.c.shape == (length, 3)


def test_new_weights_are_read_anew():
    model = chain(layers.LSTM(3, return_sequences=True), layers.LSTM(2))
    before = read_layers(model, X)[1].gates.h
    randomised(model, seed=5)
    after = read_layers(model, X)[1]
    assert not np.allclose(before, after.gates.h)
    np.testing.assert_allclose(after.gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)


def test_a_mask_that_masks_nothing_changes_nothing_and_one_that_does_is_refused():
    model = chain(layers.Masking(0.0), layers.LSTM(3, return_sequences=True), layers.LSTM(2, name="top"))
    np.testing.assert_allclose(read_layers(model, X)[1].gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)
    padded = X.copy()
    padded[:4] = 0
    with pytest.raises(lw.LSTMWidgetsError, match="4 of the 9 steps that 'lstm.*' reads are masked"):
        read_layers(model, padded)


def test_a_batch_of_one_and_plain_lists_are_taken_too():
    model = chain(layers.LSTM(3))
    (plain,) = read_layers(model, X)
    for same in (X[None], X.tolist(), tf.constant(X)):
        np.testing.assert_array_equal(read_layers(model, same)[0].gates.c, plain.gates.c)


def test_a_model_read_can_be_collected():
    model = chain(layers.LSTM(3, return_sequences=True), layers.LSTM(2), layers.Dense(1))
    read_layers(model, X)
    there = weakref.ref(model)
    del model
    gc.collect()
    assert there() is None


def test_reading_leaves_the_graph_of_a_model_as_it_was():
    model = chain(layers.LSTM(3, return_sequences=True), layers.LSTM(2))
    before = [len(layer._inbound_nodes) for layer in model.layers]
    read_layers(model, X)
    assert [len(layer._inbound_nodes) for layer in model.layers] == before


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.memory = layers.LSTM(2)

    def call(self, x):
        return self.memory(x)


def two_inputs():
    one, other = keras.Input((T, F), name="load"), keras.Input((T, F), name="weather")
    return keras.Model([one, other], layers.LSTM(2)(layers.Add()([one, other])))


def with_a_subclassed_part():
    window = keras.Input((T, F))
    return keras.Model(window, Subclassed()(window))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: chain(layers.Flatten(name="flat"), layers.Dense(1, name="out")),
            r"no recurrent and no attention layer that its output rests on; its layers are 'flat' "
            r"\(Flatten\), 'out' \(Dense\). Pass a model with keras.layers.LSTM, GRU",
        ),
        (Subclassed, "is a Subclassed that calls its layers in its own code"),
        (with_a_subclassed_part, r"\(Subclassed\) holds 'lstm.*' \(LSTM\) and calls it in its own code"),
        (
            lambda: chain(
                layers.TimeDistributed(layers.LSTM(2, name="memory"), name="each"), shape=(T, 3, F)
            ),
            r"'each' \(TimeDistributed\) holds 'memory' \(LSTM\) and runs it once for each step",
        ),
        (
            lambda: chain(layers.RNN(layers.GRUCell(2))),
            r"\(RNN\) holds 'gru_cell.*' \(GRUCell\) and walks its cells itself: use keras.layers.GRU",
        ),
        (
            lambda: chain(layers.GRU(2, activation="mish", name="memory")),
            "the GRU layer 'memory' has the activation 'mish', with which it cannot be read: .* are tanh",
        ),
        (two_inputs, r"has 2 inputs \('load', 'weather'\) and x is one window"),
        (lambda: keras.Sequential([layers.LSTM(2)]), "not built yet: begin it with keras.Input"),
        (lambda: layers.LSTM(2), r"LSTM is no Keras model: .* \(of a layer, see"),
        (lambda: "model.keras", "str is no Keras model: pass a Sequential or functional keras.Model"),
    ],
)
def test_a_model_that_cannot_be_read_is_refused_with_the_reason(make, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        read_layers(make(), X)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(T), r"x has the shape \(9,\): this model reads \(timesteps=9, features=2\); for one series"),
        (np.ones((T, 3)), r"x has the shape \(9, 3\): this model reads \(timesteps=9, features=2\)"),
        (np.ones((5, F)), r"x has the shape \(5, 2\)"),
        (
            np.ones((4, T, F)),
            r"x has the shape \(4, 9, 2\), a batch of 4: pass one window, for example x\[0\]",
        ),
        (np.ones((1, 1, T, F)), r"x has the shape \(1, 1, 9, 2\)"),
        (np.ones((0, F)), r"x has the shape \(0, 2\)"),
        (np.where(X > 0.5, np.nan, X), r"3 of the 18 values of x are missing \(NaN\)"),
        (
            np.where(np.arange(18).reshape(T, F) == 3, np.nan, X),
            r"1 of the 18 values of x is missing \(NaN\)",
        ),
        (
            np.where(np.arange(18).reshape(T, F) == 3, 1e300, X.astype(float)),
            r"1 of the 18 values of x is infinite",
        ),
        ([["a", "b"]] * T, "x is not an array of numbers"),
    ],
)
def test_a_window_that_does_not_fit_is_refused_with_what_would(x, message):
    model = chain(layers.LSTM(2))
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        read_layers(model, x)


# Other cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        layers.GRU(3),
        layers.GRU(3, reset_after=False, go_backwards=True),
        layers.GRU(3, reset_after=False, use_bias=False, activation="relu"),
        layers.GRU(3, use_bias=False, activation="sigmoid", recurrent_activation="hard_sigmoid"),
        layers.SimpleRNN(3),
        layers.SimpleRNN(3, activation="relu", use_bias=False),
        layers.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid"),
        layers.LSTM(3, activation="sigmoid", recurrent_activation="tanh"),
        FusedLSTM(3, activation="softsign", recurrent_activation="softplus", go_backwards=True),
        layers.LSTM(3, activation="elu", recurrent_activation="linear"),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{layer.activation.__name__}",
)
def test_other_cells_and_activations_put_out_what_keras_layer_does(layer):
    model = chain(type(layer).from_config({**layer.get_config(), "return_sequences": True}))
    (found,) = read_layers(model, X)
    h = found.gates.h[:: -1 if found.backwards else 1]  # Keras answers in the order in which it walked
    np.testing.assert_allclose(h, model(X[None]).numpy()[0], rtol=1e-5, atol=1e-5)
    assert found.gates.h.dtype == np.float32
    assert found.activations[0] == layer.activation.__name__


def test_the_gates_of_a_gru_follow_its_equation_and_make_its_state():
    (found,) = read_layers(chain(layers.GRU(4, return_sequences=True)), X)
    z, r, g, h = found.gates
    before = np.concatenate([found.initial_h[None], h[:-1]])
    np.testing.assert_allclose(h, z * before + (1 - z) * g, atol=1e-6)
    heard = before @ found.recurrent_kernel + found.recurrent_bias
    sums = X @ found.kernel + found.bias
    np.testing.assert_allclose(g, np.tanh(sums[:, 8:] + r * heard[:, 8:]), atol=1e-5)
    np.testing.assert_allclose(r, 1 / (1 + np.exp(-(sums + heard)[:, 4:8])), atol=1e-5)
    assert ((z > 0) & (z < 1)).all()


def test_bidirectional_and_stacked_grus_are_read_like_lstms():
    model = chain(
        layers.GRU(4, return_sequences=True, name="below"),
        layers.Bidirectional(layers.GRU(3, return_sequences=True), name="both"),
    )
    below, forward, backward = read_layers(model, X)
    assert (forward.pair, backward.pair, backward.backwards) == ("both", "both", True)
    np.testing.assert_array_equal(forward.inputs, backward.inputs)
    np.testing.assert_allclose(forward.inputs, below.gates.h, atol=1e-6)
    h = model(X[None]).numpy()[0]
    np.testing.assert_allclose(np.hstack([forward.gates.h, backward.gates.h]), h, atol=1e-5)


def test_a_stateful_gru_goes_on_from_its_state_and_one_that_is_handed_a_state_from_that():
    model = chain(layers.GRU(3, stateful=True), batch_size=1)
    model(X[None])
    (found,) = read_layers(model, X)
    assert found.initial_h.any() and found.initial_c is None
    np.testing.assert_allclose(found.gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)
    window = keras.Input((T, F))
    code, state = layers.GRU(3, return_state=True)(window)
    decoder = layers.GRU(3)(layers.RepeatVector(4)(code), initial_state=state)
    model = randomised(keras.Model(window, decoder))
    encoder, found = read_layers(model, X)
    np.testing.assert_allclose(found.initial_h, encoder.gates.h[-1], atol=1e-6)
    np.testing.assert_allclose(found.gates.h[-1], model(X[None]).numpy()[0], atol=1e-5)


def test_a_state_that_explodes_is_read_as_infinite_and_nothing_warns():
    model = chain(layers.LSTM(2, activation="relu"), shape=(None, 1))
    model.set_weights([np.full_like(weight, 4.0) for weight in model.get_weights()])
    (found,) = read_layers(model, np.ones((60, 1)))
    assert np.isfinite(found.gates.h[:5]).all() and not np.isfinite(found.gates.h[-1]).all()


def test_attention_weights_are_those_that_keras_answers_for_the_last_query():
    window = keras.Input((T, F))
    h = layers.LSTM(4, return_sequences=True, name="memory")(window)
    attention = layers.MultiHeadAttention(2, 3, name="look")
    last = layers.Cropping1D((T - 1, 0))(h)
    model = randomised(keras.Model(window, layers.Dense(1)(layers.Flatten()(attention(last, h)))))
    found = read_network(model, X)
    (look,) = found.attention
    assert (look.name, look.weights.shape, len(found.layers)) == ("look", (2, T), 1)
    states = found.layers[0].gates.h[None]
    _, scores = attention(states[:, -1:], states, return_attention_scores=True)
    np.testing.assert_allclose(look.weights, scores.numpy()[0, :, 0], atol=1e-6)
    np.testing.assert_allclose(look.weights.sum(axis=1), 1, atol=1e-6)


def test_attention_within_models_keeps_its_masks_and_is_read_without_recurrent_layers():
    inside = keras.Input((T, F))
    causal = layers.MultiHeadAttention(1, 2, name="look")
    deep = keras.Model(inside, causal(inside, inside, use_causal_mask=True), name="deep")
    window = keras.Input((T, F))
    again = layers.MultiHeadAttention(2, 2, name="above")(deep(window), deep(window))
    found = read_network(randomised(keras.Model(window, layers.Dense(1)(again))), X)
    assert [each.name for each in found.attention] == ["deep/look", "deep (call 2)/look", "above"]
    _, scores = causal(X[None], X[None], use_causal_mask=True, return_attention_scores=True)
    np.testing.assert_allclose(found.attention[0].weights, scores.numpy()[0, :, -1], atol=1e-6)
    assert found.layers == []


# The output layer ---------------------------------------------------------------------------------


def test_a_linear_output_layer_is_found_through_dropout_and_nested_models():
    encoder = keras.Sequential([keras.Input((T, F)), layers.LSTM(3), layers.Dropout(0.3)])
    head = keras.Sequential([keras.Input((3,)), layers.Dropout(0.1), layers.Dense(2)])
    model = chain(encoder, head)
    found = linear_output(model)
    assert isinstance(found, LinearOutput)
    h = read_layers(model, X)[0].gates.h[-1]
    np.testing.assert_allclose(h @ found.kernel + found.bias, model(X[None]).numpy()[0], atol=1e-5)


def test_an_output_layer_without_bias_has_one_of_zeros():
    found = linear_output(chain(layers.LSTM(3), layers.Dense(2, use_bias=False)))
    assert found.bias.tolist() == [0, 0]


def several_outputs():
    window = keras.Input((T, F))
    h = layers.LSTM(2)(window)
    return keras.Model(window, [layers.Dense(1)(h), layers.Dense(1)(h)])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (several_outputs, "the model has 2 outputs"),
        (
            lambda: chain(layers.LSTM(2, name="memory")),
            "its last layer is 'memory' (LSTM), not a Dense layer",
        ),
        (
            lambda: chain(layers.LSTM(2), layers.Dense(1, activation="relu", name="out")),
            "its output layer 'out' has the activation 'relu', which is not linear",
        ),
        (
            lambda: chain(layers.LSTM(2), layers.Dense(4, name="mix"), layers.Dense(1, name="out")),
            "its output layer 'out' reads 'mix' (Dense), not a recurrent layer directly",
        ),
        (
            lambda: chain(layers.LSTM(2, return_sequences=True, name="memory"), layers.Dense(1, name="out")),
            "its output layer 'out' reads the hidden states after every step of 'memory', "
            "not its last hidden state",
        ),
    ],
)
def test_a_model_without_such_an_output_layer_says_why(make, reason):
    assert linear_output(make()) == reason


# A forecaster's windows ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:300]


def forecaster_of(series, **changes):
    """Untrained weights, all of them drawn: what is compared is arithmetic, not skill."""
    config = lw.LSTMConfig(**{"sequence_length": 13, "horizon": 4, "units": 5, **changes})
    return lw.LSTMForecaster.fitted(config, series, make_windows(series, config), randomised(build(config)))


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"centering": "none"},
        {"layers": 2},
        {"sequence_length": 1},
        {"sequence_length": 150},
        {"cell": "gru", "layers": 2},
        {"cell": "rnn", "activation": "relu"},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
    ],
    ids=str,
)
def forecaster(request, series):
    return forecaster_of(series, **request.param)


def test_what_is_known_at_the_end_is_the_forecast(forecaster):
    start = int(forecaster.windows_.test[-1])
    known = as_known_at(forecaster, start)
    assert known.shape == (forecaster.config.sequence_length, 4) and known.dtype == np.float64
    np.testing.assert_allclose(known[-1], forecaster.forecast_windows(np.array([start]))[0], rtol=1e-5)


def test_what_is_known_at_a_step_is_what_the_network_says_of_the_window_cut_there(forecaster):
    start, scaler = int(forecaster.windows_.train[3]), forecaster.scaler_
    network = keras.Sequential(
        [keras.Input((None, 1)), *(each for each in forecaster.model_.layers if each.weights)]
    )
    known = as_known_at(forecaster, start)
    length = forecaster.config.sequence_length
    for step in {0, length // 3, length - 1}:
        cut = forecaster.series_.to_numpy()[start : start + step + 1]
        level = cut[-1] if forecaster.config.centering == "last" else scaler.mean
        answer = network(((cut - level) / scaler.scale)[None, :, None].astype(np.float32)).numpy()[0]
        np.testing.assert_allclose(known[step], answer * scaler.scale + level, rtol=1e-4, atol=1e-5)


def test_new_weights_are_walked_with_and_a_network_can_be_collected(series):
    forecaster = forecaster_of(series)
    start = int(forecaster.windows_.test[0])
    before = as_known_at(forecaster, start)
    randomised(forecaster.model_, seed=9)
    after = as_known_at(forecaster, start)
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after[-1], forecaster.forecast_windows(np.array([start]))[0], rtol=1e-5)
    there = weakref.ref(forecaster.model_)
    del forecaster
    gc.collect()
    assert there() is None


def test_little_memory_makes_more_blocks_and_the_same_numbers(series, monkeypatch):
    forecaster = forecaster_of(series)
    whole = as_known_at(forecaster)
    starts = forecaster.windows_.train
    (states,) = cell_states(forecaster, starts, (2, 7))
    monkeypatch.setattr(passes, "FORECAST_BYTES", 5000)
    assert len(passes._row_blocks(13, 5)) > 1
    np.testing.assert_allclose(as_known_at(forecaster), whole, rtol=1e-6)
    pieces = list(cell_states(forecaster, starts, (2, 7)))
    assert len(pieces) > 10
    np.testing.assert_allclose(np.concatenate(pieces), states, rtol=0, atol=1e-6)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled walk", "TensorFlow's kernel"])
@pytest.mark.parametrize("changes", [{}, {"layers": 2, "centering": "none"}], ids=str)
def test_cell_states_of_many_windows_are_those_of_each(series, changes, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(native, "operations", lambda: None)
    monkeypatch.setattr(kernels, "PARTS", 2)
    forecaster = forecaster_of(series, **changes)
    starts = forecaster.windows_.train[::7]
    states = np.concatenate(list(cell_states(forecaster, starts, (3, 8), [4, 0])))
    assert states.shape == (len(starts), 6, 2)
    for number in (0, len(starts) - 1):
        window = forecaster.windows_.inputs(starts[number : number + 1])[0]
        alone = read_layers(forecaster.model_, window)[-1].gates.c
        np.testing.assert_allclose(states[number], alone[3:9][:, [4, 0]], rtol=0, atol=1e-5)


def test_a_forecaster_from_a_file_has_the_window_at_its_end(series, tmp_path):
    forecaster = lw.LSTMForecaster(lw.LSTMConfig(sequence_length=12, horizon=3, units=4, epochs=1)).fit(
        series, progress_bar=False
    )
    loaded = lw.LSTMForecaster.load(forecaster.save(tmp_path / "model.safetensors"))
    end = len(series) - 12
    np.testing.assert_array_equal(scaled_window(loaded), scaled_window(forecaster, end))
    np.testing.assert_allclose(as_known_at(loaded)[-1], forecaster.predict()["yhat"], rtol=1e-5)
    with pytest.raises(lw.LSTMWidgetsError, match="start=3 cannot be found: .* loaded from a file"):
        as_known_at(loaded, 3)
    with pytest.raises(lw.LSTMWidgetsError, match="loaded from a file"):
        next(cell_states(loaded, [0], (0, 1)))


@pytest.mark.parametrize("start", [-1, 288, 2.5, True, "4"])
def test_a_start_that_is_no_window_is_refused_with_the_range(series, start):
    with pytest.raises(lw.LSTMWidgetsError, match=r"start=.* sequence_length=13 .* from 0 to 287"):
        as_known_at(forecaster_of(series), start)


def test_a_window_with_missing_values_is_refused(series):
    broken = series.copy()
    broken.iloc[[50, 52]] = np.nan
    with pytest.raises(lw.LSTMWidgetsError, match="2 of the sequence_length=13 .* at start=45 are missing"):
        as_known_at(forecaster_of(broken), 45)


def test_a_network_of_other_layers_cannot_be_walked_step_by_step(series):
    forecaster = forecaster_of(series)
    forecaster.model_ = chain(layers.GRU(3), layers.Dense(4, activation="relu"), shape=(13, 1))
    with pytest.raises(lw.LSTMWidgetsError, match="because it is made of GRU, Dense. One of LSTM, GRU or"):
        as_known_at(forecaster)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("bilstm", "step by step, because a bidirectional layer reads the window from its end too"),
        ("lstm_attention", "because attention weighs all steps of a window"),
        ("transformer", "because attention weighs all steps of a window"),
    ],
)
def test_a_network_that_needs_the_whole_window_says_so(series, cell, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        as_known_at(forecaster_of(series, cell=cell, units=4))


@pytest.mark.parametrize(
    ("changes", "memory"),
    [({"cell": "gru", "layers": 2}, "h"), ({"activation": "relu"}, "c"), ({"cell": "rnn"}, "h")],
    ids=str,
)
def test_the_memory_of_many_windows_is_that_of_each_whatever_the_cell(series, changes, memory):
    forecaster = forecaster_of(series, **changes)
    starts = forecaster.windows_.train[::40]
    states = np.concatenate(list(cell_states(forecaster, starts, (3, 8), [4, 0])))
    window = forecaster.windows_.inputs(starts[1:2])[0]
    alone = getattr(read_layers(forecaster.model_, window)[-1].gates, memory)
    np.testing.assert_allclose(states[1], alone[3:9][:, [4, 0]], rtol=1e-4, atol=1e-5)
