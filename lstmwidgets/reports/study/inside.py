"""What a report shows of the inside of its network, whatever the cell: gates, memory, attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmwidgets.analysis.inside.attention import looks_at
from lstmwidgets.analysis.inside.traces import AnyWindow
from lstmwidgets.analysis.inside.tracing import trace
from lstmwidgets.reports.page.display import Still
from lstmwidgets.reports.study import pictures, told
from lstmwidgets.reports.study.models import is_line
from lstmwidgets.reports.study.prose import Prose

if TYPE_CHECKING:
    from lstmwidgets.reports.study.study import Study

_LSTM = (
    "An LSTM reads one step after another and keeps a memory, the cell state, of many cells. At each step, "
    "gates decide for each cell how much of it is forgotten (f), how much of the new is written (i and g), "
    "and how much is shown (o)."
)
_WEIGHTS = (
    "gives each a weight, which says how much it counts; every one of its heads has weights of its own."
)
_CELLS = {
    "lstm": _LSTM,
    "gru": "A GRU reads one step after another and keeps a memory, its hidden state h, of many cells. At "
    "each step the update gate z decides for each cell how much of it is kept, and the rest becomes the "
    "candidate g; the reset gate r decides how much of what is remembered the candidate hears.",
    "rnn": "A simple recurrent network reads one step after another. Each step makes of the value read, "
    "and of the state h that the step before left, a new state; no gate keeps anything.",
    "bilstm": f"{_LSTM} Here two of them read the window, one from its beginning and one from its end; "
    "shown is the first, and both are under Layer in a notebook.",
    "lstm_attention": f"{_LSTM} Before it answers, it looks back at all steps: attention {_WEIGHTS} They "
    "stand below the gates.",
    "transformer": f"Attention looks at all steps at once and {_WEIGHTS} Shown is how the last step, from "
    "which the forecast is made, weighs every step in the last layer.",
}
_WHERE = {
    "rnn": "Here it is over the newest window of the test part, a row for each cell.",
    "transformer": "Here they are over the newest window of the test part, a row for each head.",
}
_HERE = "Here they are over the newest window of the test part, a row for each cell."
_LEDGER = (
    "The memory ledger takes the forecast apart: each step that was read left something in memory, and "
    "what is left of it at the end moves the forecast up or down. Step 0 is the last value read, −1 the "
    "one before it."
)
_NOT_REACHED = (
    "The cells below do not reach the forecast: no epoch of training improved the linear model that the "
    "network began as, so that it is kept, and what reaches the forecast is the line. "
)
_LINE = (
    "The line takes the forecast apart: each step that was read moves it up or down by its value times a "
    "weight, and no memory adds to that. Step 0 is the last value read, −1 the one before it."
)
_NO_LEDGER = {
    "rnn": "no gate tells what share of a state each step keeps",
    "bilstm": "one of its layers reads the window from its end, and what both find is mixed",
    "lstm_attention": "what attention finds is mixed with the last state",
    "transformer": "it keeps no memory from step to step",
}


def cell(study: Study) -> Prose:
    """How a network of this kind reads its window."""
    kind = study.config.cell
    begin = _NOT_REACHED if is_line(study.forecaster) else ""
    return Prose(f"{begin}{_CELLS[kind]} {_WHERE.get(kind, _HERE)}")


def caption(study: Study) -> str:
    """What there is to see in the explorer."""
    found = trace(study.forecaster)
    what = "Every gate" if found.gates else "The hidden state" if found.cell == "rnn" else "Attention"
    unheard = "; nothing of it reaches the forecast" if is_line(study.forecaster) else ""
    return f"{what} at each step of one window{unheard}."


def memory(study: Study) -> Prose:
    """What the picture that follows shows: what each step left in memory, or how attention weighs it."""
    found = trace(study.forecaster)
    if _taken_apart(found):
        return Prose(_LINE if is_line(study.forecaster) else _LEDGER)
    reason = _NO_LEDGER[study.config.cell]
    said = f"This forecast cannot be taken apart into what each step left in memory, because {reason}."
    weighed = " What can be told is how much attention makes of each step; step 0 is the last value read."
    return Prose(said + weighed * bool(found.attention))


def picture(study: Study) -> Still | None:
    """What each step moves the forecast by, or how much each head of attention weighs it; or nothing."""
    found = trace(study.forecaster)
    if _taken_apart(found):
        told_of_it = "What each step that was read moves the forecast by."
        return Still(study.memory_picture(), repr(rests(study)), caption=told_of_it)
    if found.attention:
        drawn = pictures.attention(found.attention[-1].a)
        return Still(
            drawn, repr(rests(study)), caption="The share of its weight that each head gives to each step."
        )
    return None


def rests(study: Study) -> Prose | None:
    """Which steps the forecast rests on, or attention looks at, in words; or nothing."""
    found = trace(study.forecaster)
    if _taken_apart(found):
        ledger, shares = study.ledger
        return told.memory(None if is_line(study.forecaster) else ledger, shares)
    return Prose(points=[("", said) for said in looks_at(found.attention[-1])]) if found.attention else None


def _taken_apart(found: AnyWindow) -> bool:
    return bool(found.gates) and found.head is not None
