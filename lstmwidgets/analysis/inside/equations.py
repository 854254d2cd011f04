"""The six equations of the cell, one at a time, and the same with the numbers of one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.gates import GateTrace
from lstmwidgets.analysis.inside.tiny_cell import gate_input, one_step_before
from lstmwidgets.errors import LSTMWidgetsError

Curve = Literal["sigmoid", "tanh", "line"]


@dataclass(frozen=True)
class Equation:
    """What `GateView` shows of one gate or state.

    Attributes
    ----------
    letter : str
        Its name in the code: i, f, g, o, c or h.
    formula : str
        The equation in the names of the code; ``h`` and ``c`` on the right are those of the step
        before.
    curve : str
        What is drawn beside it: the sigmoid, the tanh, or for the cell state the line from the
        state before to the state after.
    knobs : tuple of str
        The weights that have a slider.
    limits : (float, float) or None
        What its values cannot leave.
    beside : tuple of str
        What else is drawn over time, by name in `courses`.
    """

    name: str
    letter: str
    formula: str
    curve: Curve
    knobs: tuple[str, ...]
    limits: tuple[float, float] | None
    beside: tuple[str, ...] = ()


def _gate(name: str, letter: str, curve: Curve, low: float) -> Equation:
    formula = f"{letter} = {curve}(kernel_{letter} * x + recurrent_kernel_{letter} * h + bias_{letter})"
    knobs = (f"kernel_{letter}", f"recurrent_kernel_{letter}", f"bias_{letter}")
    return Equation(name, letter, formula, curve, knobs, (low, 1.0))


EQUATIONS: Mapping[str, Equation] = MappingProxyType(
    {
        "input": _gate("input gate", "i", "sigmoid", 0.0),
        "forget": _gate("forget gate", "f", "sigmoid", 0.0),
        "candidate": _gate("candidate", "g", "tanh", -1.0),
        "output": _gate("output gate", "o", "sigmoid", 0.0),
        "cell": Equation(
            "cell state",
            "c",
            "c = f * c + i * g",
            "line",
            ("bias_f", "bias_i", "kernel_g"),
            None,
            ("f * c", "i * g"),
        ),
        "hidden": Equation(
            "hidden state",
            "h",
            "h = o * tanh(c)",
            "tanh",
            ("bias_o", "bias_f", "kernel_g"),
            (-1.0, 1.0),
            ("tanh(c)", "o"),
        ),
    }
)
"""The six equations by the name that `GateView` takes."""

SEQUENCES = ("pulse", "step", "sine", "temperature")
"""Names of the input sequences; see `input_sequence`."""


@lru_cache(maxsize=len(SEQUENCES))
def input_sequence(name: str) -> NDArray[np.float64]:
    """A short input sequence, shape (timesteps,).

    ``"pulse"`` is 1 at two steps and 0 elsewhere, ``"step"`` 0 and then 1, ``"sine"`` two cycles;
    ``"temperature"`` is the first week of July of the hourly Seattle series, less its mean and
    over its standard deviation.

    Raises
    ------
    LSTMWidgetsError
        For any other name.
    """
    if name not in SEQUENCES:
        raise LSTMWidgetsError(
            f"sequence={name!r} is not accepted: sequence takes {' or '.join(map(repr, SEQUENCES))}"
        )
    steps = np.arange(30)
    if name == "temperature":
        from lstmwidgets.data.datasets import load_dataset  # read only when asked for

        week = load_dataset("seattle_temperature").loc["2010-07-01":"2010-07-07"].to_numpy()
        values = (week - week.mean()) / week.std()
    elif name == "pulse":
        values = np.isin(steps, (4, 18)).astype(np.float64)
    elif name == "step":
        values = (steps >= 8).astype(np.float64)
    else:
        values = np.sin(2 * np.pi * steps / 15)
    values.setflags(write=False)
    return values


def worked_equation(
    gate: str, x: NDArray[np.float64], trace: GateTrace, weights: Mapping[str, float], step: int
) -> list[str]:
    """The equation of a gate, the same with the numbers of one step, and the result.

    Examples
    --------
    >>> from lstmwidgets.analysis.inside.tiny_cell import DEFAULT_WEIGHTS, tiny_trace
    >>> x = input_sequence("pulse")
    >>> print(*worked_equation("forget", x, tiny_trace(x), DEFAULT_WEIGHTS, step=4), sep="\\n")
    f = sigmoid(kernel_f * x + recurrent_kernel_f * h + bias_f)
      = sigmoid(1.00 * 1.00 + 0.50 * 0.00 + 1.50)
      = sigmoid(2.50) = 0.924
    """
    equation = EQUATIONS[gate]
    now = {name: float(getattr(trace, name)[step, 0]) for name in "ifgoch"}
    c, h = (float(one_step_before(getattr(trace, name))[step, 0]) for name in "ch")
    result = _signed(now[equation.letter], 3)
    if gate == "cell":
        kept, added = now["f"] * c, now["i"] * now["g"]
        parts = f"{_signed(now['f'])} * {_signed(c)} + {_signed(now['i'])} * {_signed(now['g'])}"
        return [
            equation.formula,
            f"  = {parts}",
            f"  = {_signed(kept)} + {_signed(added)} = {result}".replace("+ -", "- "),
        ]
    if gate == "hidden":
        squeezed = float(np.tanh(now["c"]))
        return [
            equation.formula,
            f"  = {_signed(now['o'])} * tanh({_signed(now['c'])})",
            f"  = {_signed(now['o'])} * {_signed(squeezed)} = {result}",
        ]
    kernel, recurrent_kernel, bias = (_signed(weights[knob]) for knob in equation.knobs)
    inside = f"{kernel} * {_signed(float(x[step]))} + {recurrent_kernel} * {_signed(h)} + {bias}".replace(
        "+ -", "- "
    )
    z = float(gate_input(x, trace, equation.letter, weights)[step])
    return [
        equation.formula,
        f"  = {equation.curve}({inside})",
        f"  = {equation.curve}({_signed(z)}) = {result}",
    ]


def meaning(gate: str, trace: GateTrace, step: int) -> str:
    """What the gate does at one step, in a sentence."""
    i, f, g, o, c, h = (float(getattr(trace, name)[step, 0]) for name in "ifgoch")
    before = float(one_step_before(trace.c)[step, 0])
    return {
        "input": f"At step {step} the input gate lets in {i:.0%} of the candidate.",
        "forget": f"At step {step} the forget gate keeps {f:.0%} of the cell state.",
        "candidate": f"At step {step} the cell would add {_signed(g)} if the input gate stood fully open; "
        f"it stands {i:.0%} open.",
        "output": f"At step {step} the output gate shows {o:.0%} of tanh(c).",
        "cell": f"At step {step} the cell keeps {_signed(f * before)} of its state {_signed(before)} "
        f"and adds {_signed(i * g)}.",
        "hidden": f"At step {step} the cell holds {_signed(c)} and shows {_signed(h)}.",
    }[gate]


def _signed(number: float, digits: int = 2) -> str:
    text = f"{number:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def courses(trace: GateTrace) -> dict[str, NDArray[np.float64]]:
    """Everything that can be drawn over time, each of shape (timesteps,)."""
    courses = {name: getattr(trace, name)[:, 0] for name in "ifgoch"}
    kept = courses["f"] * one_step_before(courses["c"])
    return {**courses, "f * c": kept, "i * g": courses["i"] * courses["g"], "tanh(c)": np.tanh(courses["c"])}
