"""One gate at a time: numbers, sliders, and both renderings."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lstmwidgets.analysis.inside.equations import EQUATIONS
from lstmwidgets.analysis.inside.tiny_cell import DEFAULT_WEIGHTS, tiny_trace
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.gate import apart
from lstmwidgets.widgets.gate_view import GateView

GATES = list(EQUATIONS)


@pytest.mark.parametrize("gate", GATES)
def test_a_slider_changes_its_weight_alone_and_the_trace_with_it(gate):
    view = GateView(gate)
    knob = EQUATIONS[gate].knobs[0]
    view._knobs[knob].slider.value = -2.5
    assert view.weights == {**DEFAULT_WEIGHTS, knob: -2.5}
    np.testing.assert_array_equal(view.trace.c, tiny_trace(view.x, view.weights).c)
    assert f"{knob}=-2.5" in repr(view)


def test_the_live_chart_shows_the_gate_over_time():
    view = GateView("forget", sequence="sine")
    assert view._over_time._gate.y.tolist() == view.trace.f[:, 0].tolist()
    assert view._over_time._input.y.tolist() == view.x.tolist()
    view.step = 7
    assert view._over_time._marks[0].x.tolist() == [6.5, 7.5]


@pytest.mark.parametrize("gate", ["input", "forget", "candidate", "output", "hidden"])
def test_every_dot_lies_on_the_curve(gate):
    view = GateView(gate, sequence="sine")
    across, up = view._curve.dots()
    curve = np.tanh(across) if EQUATIONS[gate].curve == "tanh" else 1 / (1 + np.exp(-across))
    np.testing.assert_allclose(up, curve, atol=1e-12)
    letter = EQUATIONS[gate].letter
    if letter != "h":
        np.testing.assert_allclose(up, getattr(view.trace, letter)[:, 0], atol=1e-12)


def test_the_line_of_the_cell_state_goes_through_the_present_step():
    view = GateView("cell", sequence="step", step=12)
    (x0, x1), (y0, y1) = view._curve.line()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(view.trace.f[12, 0])
    before, after = (values[12] for values in view._curve.dots())
    assert np.interp(before, [x0, x1], [y0, y1]) == pytest.approx(after)


def test_the_words_hold_the_numbers_of_the_chosen_step():
    view = GateView("forget", step=4)
    assert "sigmoid(2.50) = 0.924" in view._words.value
    assert "keeps 92% of the cell state" in view._words.value
    view._step.slider.value = 5
    assert view.step == 5
    assert "sigmoid(2.50)" not in view._words.value


def test_another_sequence_brings_its_own_steps():
    view = GateView("input", sequence="temperature", step=150)
    assert len(view.x) == 168
    assert abs(view.x.mean()) < 1e-12
    view._picker.value = "pulse"
    assert view.step == view._step.slider.max == 29
    assert len(view._over_time._gate.y) == 30


def test_assigning_weights_moves_the_sliders():
    view = GateView("output")
    view.weights = {**DEFAULT_WEIGHTS, "bias_o": 4.0}
    assert view._knobs["bias_o"].slider.value == view._knobs["bias_o"].text.value == 4.0


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="GateView has no weight 'bias_z'"):
        GateView("forget", bias_z=1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gate": "carry"}, "gate='carry' is not accepted: gate takes 'input' or 'forget'"),
        ({"gate": "update"}, "those of an LSTM; of a GRU and every other cell, lw.GateExplorer shows"),
        ({"sequence": "ramp"}, "sequence='ramp' is not accepted: sequence takes 'pulse' or"),
        ({"step": 30}, "step=30 is not accepted: 'pulse' has the steps 0 to 29"),
        ({"step": -1}, "step=-1 is not accepted"),
        ({"bias_f": 9.0}, "bias_f=9.0 is not accepted: bias_f takes a number from -8 to 8"),
        ({"bias_f": float("nan")}, "bias_f=nan is not accepted"),
        ({"bias_f": "1"}, "bias_f='1' is not accepted"),
    ],
)
def test_what_is_not_accepted_is_said_in_words(arguments, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        GateView(**arguments)


def test_a_refused_assignment_leaves_the_view_as_it_was():
    view = GateView("forget")
    with pytest.raises(LSTMWidgetsError, match="'bias_f' is missing"):
        view.weights = {name: value for name, value in DEFAULT_WEIGHTS.items() if name != "bias_f"}
    with pytest.raises(LSTMWidgetsError):
        view.step = 99
    assert (view.weights, view.step) == (dict(DEFAULT_WEIGHTS), 4)


@pytest.mark.parametrize("gate", GATES)
def test_the_still_is_a_picture_beside_the_live_view(gate):
    bundle = GateView(gate)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_it_saves_the_same_svg_twice(tmp_path):
    view = GateView("cell")
    assert view.save(tmp_path / "a.svg").stat().st_size == view.save(tmp_path / "b.svg").stat().st_size


def test_every_control_and_chart_has_a_name_for_a_screen_reader():
    view = GateView("forget")
    names = view._names.attributes
    assert names[".lw-field-bias_f .noUi-handle"]["aria-label"] == "bias_f, \N{MINUS SIGN}8 to 8"
    assert names[".lw-field-sequence select"] == {"aria-label": "Input sequence"}
    assert "keeps 92% of the cell state" in names[".lw-chart-course .svg-figure"]["aria-label"]


def test_labels_are_moved_apart_and_keep_their_order():
    moved = apart(np.array([0.5, 0.51, 0.5]), 0.1)
    assert np.diff(np.sort(moved)).min() == pytest.approx(0.1, rel=0.2)
    assert moved.argsort().tolist() == [0, 2, 1]
    assert apart(np.array([0.0, 1.0]), 0.1).tolist() == [0.0, 1.0]
