"""One equation of the LSTM cell at a time: sliders for its weights, and what they do to a short sequence."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import traitlets

from lstmwidgets.analysis.inside.equations import (
    EQUATIONS,
    SEQUENCES,
    input_sequence,
    meaning,
    worked_equation,
)
from lstmwidgets.analysis.inside.tiny_cell import DEFAULT_WEIGHTS, WEIGHT_NAMES, tiny_trace
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.gate import CurveChart, OverTime
from lstmwidgets.widgets.figures import Picture, quiet_axes
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.sliders import Slider
from lstmwidgets.widgets.theme import gate_colour
from lstmwidgets.widgets.view import View

LARGEST_WEIGHT = 8.0


class GateView(View):
    """One gate or state of an LSTM cell with a single unit: its equation, its course over time, its curve.

    Sliders set the weights of that gate, and choose the step whose numbers stand in the equation.

    Parameters
    ----------
    gate : str
        One of "input", "forget", "candidate", "output", "cell" and "hidden".
    sequence : str
        One of `SEQUENCES`: what the cell reads.
    step : int
        From 0 to timesteps - 1.
    **weights : float
        Any of the cell's twelve, for example ``bias_f=3.0``, each from -8 to 8; the others stay at
        `lstmwidgets.analysis.inside.tiny_cell.DEFAULT_WEIGHTS`.

    Attributes
    ----------
    gate, sequence, step
        As above; ``sequence`` and ``step`` can be set.
    weights : dict
        All twelve by name. Assign a new dict: a change inside it goes unnoticed.
    trace : GateTrace
        What the cell does, arrays of shape (timesteps, 1).

    Raises
    ------
    TypeError
        For a keyword that is no weight.
    LSTMWidgetsError
        For a value that is not accepted; another cell than the LSTM is looked into with `GateExplorer`.
    """

    sequence = traitlets.Unicode()
    step = traitlets.Int()
    weights = traitlets.Dict()

    def __init__(
        self, gate: str = "forget", *, sequence: str = "pulse", step: int = 4, **weights: float
    ) -> None:
        if gate not in EQUATIONS:
            raise LSTMWidgetsError(
                f"gate={gate!r} is not accepted: gate takes {' or '.join(map(repr, EQUATIONS))}, those of an "
                "LSTM; of a GRU and every other cell, lw.GateExplorer shows the equations with their numbers"
            )
        if unknown := sorted(set(weights) - set(WEIGHT_NAMES)):
            raise TypeError(f"GateView has no weight {unknown[0]!r}: the cell has {', '.join(WEIGHT_NAMES)}")
        self.gate, self.equation = gate, EQUATIONS[gate]
        self.x = input_sequence(sequence)
        self.trace = tiny_trace(self.x)
        self._over_time, self._curve = OverTime(self), CurveChart(self)
        self._words, self._names = ipywidgets.HTML(), Names()
        self._following = False
        self._picker = ipywidgets.Dropdown(
            options=SEQUENCES,
            value=sequence,
            tooltip="Input sequence: what the cell reads",
            layout={"width": "100%"},
        )
        self._step = Slider(
            "Step", step, 0, len(self.x) - 1, help="The step whose numbers stand in the equation."
        )
        start = {**DEFAULT_WEIGHTS, **{name: _number(name, value) for name, value in weights.items()}}
        self._knobs = {
            knob: Slider(knob, start[knob], -LARGEST_WEIGHT, LARGEST_WEIGHT, 0.1, help=_knob_help(knob))
            for knob in self.equation.knobs
        }
        super().__init__(self._layout(), sequence=sequence, step=step, weights=start)
        self.add_class("lw-panel")
        self._picker.observe(lambda change: self._ask(sequence=change["new"]), "value")
        self._step.observe(lambda change: self._ask(step=change["new"]), "value")
        for knob, slider in self._knobs.items():
            slider.observe(self._on_knob(knob), "value")
        self.observe(self._refresh, ["sequence", "step", "weights"])
        self._refresh()

    @traitlets.validate("sequence")
    def _known_sequence(self, proposal: dict[str, Any]) -> str:
        input_sequence(proposal["value"])
        return str(proposal["value"])

    @traitlets.validate("step")
    def _step_exists(self, proposal: dict[str, Any]) -> int:
        last = len(input_sequence(self.sequence)) - 1
        if not 0 <= proposal["value"] <= last:
            raise LSTMWidgetsError(
                f"step={proposal['value']} is not accepted: {self.sequence!r} has the steps 0 to {last}"
            )
        return int(proposal["value"])

    @traitlets.validate("weights")
    def _usable_weights(self, proposal: dict[str, Any]) -> dict[str, float]:
        weights = {name: _number(name, value) for name, value in proposal["value"].items()}
        tiny_trace([0.0], weights)
        return weights

    def summary(self) -> str:
        """The equation with its numbers and its meaning at the present step."""
        lines = worked_equation(self.gate, self.x, self.trace, self.weights, self.step)
        return f"{' '.join(line.strip() for line in lines)}. {meaning(self.gate, self.trace, self.step)}"

    def still(self) -> Picture:
        """Draw the sequence, the gate over time and its curve as a Matplotlib figure, on white."""
        picture = Picture(height=4.0)
        grid = picture.add_gridspec(2, 2, width_ratios=(5, 3), height_ratios=(1, 2))
        above = quiet_axes(
            picture.add_subplot(grid[0, 0]), y="x", title=f"{self.sequence} through the {self.equation.name}"
        )
        below = quiet_axes(picture.add_subplot(grid[1, 0], sharex=above), x="step", y=self.equation.letter)
        self._over_time.draw_still(above, below)
        self._curve.draw_still(quiet_axes(picture.add_subplot(grid[:, 1])))
        lines = worked_equation(self.gate, self.x, self.trace, self.weights, self.step)
        words = "\n".join([*lines, meaning(self.gate, self.trace, self.step)])
        picture.supxlabel(words, x=0.01, ha="left", fontsize=8, family="monospace", color="#212121")
        return picture

    def __repr__(self) -> str:
        turned = [
            f"{name}={value:g}" for name, value in self.weights.items() if value != DEFAULT_WEIGHTS[name]
        ]
        settings = ", ".join([f"{self.gate!r}", f"sequence={self.sequence!r}", f"step={self.step}", *turned])
        return f"GateView({settings})"

    def _layout(self) -> list[ipywidgets.Widget]:
        label = ipywidgets.HTML("Input sequence").add_class("lw-field-label")
        row = ipywidgets.HBox([self._picker.add_class("lw-choice")]).add_class("lw-field-row")
        picker = ipywidgets.VBox([label, row]).add_class("lw-field").add_class("lw-field-sequence")
        over_time = ipywidgets.VBox(self._over_time.figures, layout={"flex": "5 1 340px", "min_width": "0"})
        curve = ipywidgets.VBox([self._curve.figure], layout={"flex": "3 1 240px", "min_width": "0"})
        return [
            ipywidgets.Box([picker, self._step], layout={"margin": "0 0 6px"}).add_class("lw-fields"),
            ipywidgets.Box(list(self._knobs.values())).add_class("lw-fields"),
            ipywidgets.HBox([over_time, curve], layout={"flex_flow": "row wrap", "width": "100%"}),
            self._words,
            self._names,
        ]

    def _on_knob(self, knob: str) -> Callable[[dict[str, Any]], None]:
        return lambda change: self._ask(weights={**self.weights, knob: change["new"]})

    def _ask(self, **state: Any) -> None:
        """Take what a control says, unless it only follows the state."""
        if not self._following:
            for name, value in state.items():
                self.set_trait(name, value)

    def _refresh(self, change: Any = None) -> None:
        self.x = input_sequence(self.sequence)
        self.trace = tiny_trace(self.x, self.weights)
        if self.step >= len(self.x):
            self.step = len(self.x) - 1  # comes back here
            return
        self._follow()
        self._over_time.redraw()
        self._curve.redraw()
        self._words.value = self._explained()
        self._name()

    def _name(self) -> None:
        names = {".lw-field-sequence select": {"aria-label": "Input sequence"}, **self._step.names()}
        for slider in self._knobs.values():
            names |= slider.names()
        for chart, shows in (
            ("input", f"Input sequence {self.sequence}"),
            ("course", f"The {self.equation.name} at every step"),
            ("curve", f"Each step on the curve of the {self.equation.name}"),
        ):
            names[f".lw-chart-{chart} .svg-figure"] = {
                "role": "img",
                "aria-label": f"{shows}. {self.summary()}",
            }
        self._names.attributes = names

    def _follow(self) -> None:
        """Put every control where the state is."""
        self._following = True
        try:
            self._picker.value = self.sequence
            self._step.narrow(0, len(self.x) - 1, self.step)
            for knob, slider in self._knobs.items():
                slider.value = self.weights[knob]
        finally:
            self._following = False

    def _explained(self) -> str:
        lines = [
            html.escape(line)
            for line in worked_equation(self.gate, self.x, self.trace, self.weights, self.step)
        ]
        hue = gate_colour(self.equation.letter).css
        lines[0] = f'<strong style="color: {hue}">{self.equation.letter}</strong>{lines[0][1:]}'
        code = "font-family: var(--jp-code-font-family, monospace); margin: 4px 0; white-space: pre-wrap"
        sentence = html.escape(meaning(self.gate, self.trace, self.step))
        equation = "<br>".join(lines)
        return f'<pre style="{code}; color: inherit">{equation}</pre><div role="status">{sentence}</div>'


def _number(name: str, value: Any) -> float:
    numeric = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not numeric or not abs(float(value)) <= LARGEST_WEIGHT:  # so that NaN is refused too
        raise LSTMWidgetsError(
            f"{name}={value!r} is not accepted: {name} takes a number from {-LARGEST_WEIGHT:g} "
            f"to {LARGEST_WEIGHT:g}"
        )
    return float(value)


def _knob_help(knob: str) -> str:
    kind, letter = knob.rsplit("_", 1)
    role = {
        "kernel": "weighs the input x",
        "recurrent_kernel": "weighs the hidden state h of the step before",
        "bias": "is added whatever comes in",
    }[kind]
    name = next(equation.name for equation in EQUATIONS.values() if equation.letter == letter)
    return f"In the {name}, it {role}."
