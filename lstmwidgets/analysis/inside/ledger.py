"""What each step left in memory: the cell state as a sum over the steps, and the forecast likewise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.gates import GateTrace, checked_trace
from lstmwidgets.analysis.inside.tracing import WindowTrace
from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True, eq=False)
class Ledger:
    """Where the last cell state comes from; see `memory_ledger`.

    Attributes
    ----------
    contributions : float64 array, shape (timesteps, units)
        What is left, after the last step, of what each step wrote; with ``start`` they add up to the
        last cell state.
    start : float64 array, shape (units,)
        What is left of the cell state from before the first step.
    kept : float64 array, shape (timesteps, units), in [0, 1]
        The share of what each step wrote that the steps after it let pass.
    half_life : float64 array, shape (units,), in steps
        How long the unit takes to forget half, at its mean pace over the window; inf where nothing
        is forgotten, 0 where all is forgotten at some step.
    """

    contributions: NDArray[np.float64]
    start: NDArray[np.float64]
    kept: NDArray[np.float64]
    half_life: NDArray[np.float64]


def memory_ledger(trace: GateTrace, initial_c: ArrayLike | None = None) -> Ledger:
    """Write the last cell state as a sum of what is left of every step's entry.

    Each step adds ``i * g`` to the cell state and each later one keeps the share ``f`` of it, so
    that of the entry of step ``s`` there is left, with ``k`` over the steps walked after ``s``::

        contributions[s] = prod(f[k] for k after s) * i[s] * g[s]

    which is exact: nothing else enters the cell state. (The gates themselves depend on earlier
    steps through the hidden state; that is not taken apart.)

    Parameters
    ----------
    trace : GateTrace
        Also one of a layer that walked backwards: its arrays are in the order of time, and the
        steps walked after ``s`` are then those before it.
    initial_c : array, shape (units,), optional
        Cell state before the first step walked; by default the trace's own ``initial_c``, or zeros.

    Returns
    -------
    Ledger

    Raises
    ------
    LSTMWidgetsError
        When ``initial_c`` has another shape.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long Short-Term Memory. Neural Computation 9(8).
    Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to Forget: Continual Prediction
    with LSTM. Neural Computation 12(10).

    Examples
    --------
    A cell that keeps half at each step has a half-life of one:

    >>> from lstmwidgets.analysis.inside.gates import gate_activations
    >>> weights = np.zeros((1, 4)), np.zeros((1, 4)), np.array([0.0, 0.0, 9.0, 0.0])
    >>> ledger = memory_ledger(gate_activations(np.ones((4, 1)), *weights))
    >>> ledger.contributions.ravel().round(4).tolist()
    [0.0625, 0.125, 0.25, 0.5]
    >>> ledger.half_life.tolist()
    [1.0]
    """
    checked_trace(trace)
    units = trace.c.shape[1]
    if initial_c is None:
        initial_c = getattr(trace, "initial_c", np.zeros(units))
    before = np.asarray(initial_c, dtype=np.float64)
    if before.shape != (units,):
        raise LSTMWidgetsError(f"initial_c has the shape {before.shape}: expected (units,) = {(units,)}")
    walked = slice(None, None, -1 if _backwards(trace) else 1)
    f = trace.f[walked]
    from_here = np.cumprod(f[::-1], axis=0)[::-1]  # of step s and all after it
    kept = np.concatenate([from_here[1:], np.ones((1, units))])[walked]
    with np.errstate(divide="ignore"):  # a gate fully shut, or never shut at all
        pace = np.log(f).mean(axis=0)
        half_life = np.where(pace == 0, np.inf, np.log(0.5) / pace)
    return Ledger(
        contributions=kept * trace.i * trace.g,
        start=from_here[0] * before,
        kept=kept,
        half_life=half_life,
    )


def forecast_shares(ledger: Ledger, trace: WindowTrace) -> NDArray[np.float64]:
    """What each step's entry in memory moves the forecast by.

    The forecast is linear in the last hidden state, ``h = o * tanh(c)``, and ``tanh(c)`` is ``c``
    times the factor ``tanh(c) / c``, so that each contribution to ``c`` has its share::

        forecast = level + scale * bias + shares.sum(axis=0)

    This is exact, as long as the layer began with an empty memory; else ``scale`` times the output
    of what is left of it, `start_share`, is to be added. What a step adds through a linear highway,
    past the memory, counts among its shares.

    Parameters
    ----------
    ledger : Ledger
        That of ``trace``.
    trace : WindowTrace
        With a ``head``.

    Returns
    -------
    float64 array, shape (timesteps, horizon)
        In the unit of the forecast.

    Raises
    ------
    LSTMWidgetsError
        When the trace has no ``head``; the message says why.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> trace = lw.trace(forecaster)
    >>> shares = lw.forecast_shares(lw.memory_ledger(trace), trace)
    >>> head = trace.head
    >>> total = head.level + head.scale * head.bias + shares.sum(axis=0)
    >>> bool(np.allclose(total, head.forecast(trace.h[-1])))
    True
    """
    if not isinstance(ledger, Ledger):
        kind = type(ledger).__name__
        raise LSTMWidgetsError(f"{kind} is no ledger: pass memory_ledger(trace), and then the trace")
    checked_trace(trace)
    weights = output_weights(trace)
    assert trace.head is not None  # or there were no weights
    return ledger.contributions @ weights + trace.head.scale * trace.head.straight


def start_share(ledger: Ledger, trace: WindowTrace) -> NDArray[np.float64]:
    """What the memory from before the window moves the forecast by, shape (horizon,); zeros mostly."""
    return ledger.start @ output_weights(trace)


def output_weights(trace: WindowTrace) -> NDArray[np.float64]:
    """What one unit of cell state moves the forecast by at the last step walked, shape (units, horizon).

    Raises
    ------
    LSTMWidgetsError
        When the trace has no ``head``; the message says why.
    """
    head = getattr(trace, "head", None)
    if head is None:
        reason = getattr(trace, "no_head", "") or f"a {type(trace).__name__} holds no output layer"
        raise LSTMWidgetsError(
            f"the forecast has no shares, because {reason}: they are known where a linear Dense layer reads "
            "the last hidden state of the last LSTM layer, as in every LSTMForecaster"
        )
    last = 0 if _backwards(trace) else -1
    weights: NDArray[np.float64] = (
        head.scale * (trace.o[last] * _tanh_over(trace.c[last]))[:, None] * head.kernel
    )
    return weights


def rests_on(shares: NDArray[np.float64] | Ledger, most: int = 3) -> str:
    """In words, which steps matter most.

    Steps are counted back from the end of the window: 0 is the last value read, −1 the one before
    it. The strongest comes first.

    Parameters
    ----------
    shares : array, shape (timesteps,) or (timesteps, horizon or units), or Ledger
        What each step moves, as `forecast_shares` or `memory_ledger` tells; sizes are added up over
        all columns, whatever their sign.
    most : int
        How many steps are named at most, from 1 up.

    Raises
    ------
    LSTMWidgetsError
        For another ``most``.

    Examples
    --------
    >>> rests_on(np.array([0.0, 6.0, -3.0, 1.0]), most=2)
    'rests on the steps −2 and −1 (90 % of what moves it)'
    """
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise LSTMWidgetsError(f"most={most!r} is not accepted: most takes a whole number from 1 up")
    moved = np.abs(shares.contributions if isinstance(shares, Ledger) else np.asarray(shares, np.float64))
    sizes = moved.reshape(len(moved), -1).sum(axis=1)
    strongest = [step for step in np.argsort(-sizes, kind="stable")[:most] if sizes[step] > 0]
    if not strongest:
        return "rests on no step: nothing in the window moves it"
    names = [f"−{back}" if (back := len(sizes) - 1 - step) else "0" for step in strongest]
    listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    share = sizes[strongest].sum() / sizes.sum()
    return f"rests on the step{'s' * (len(names) > 1)} {listed} ({100 * share:.0f} % of what moves it)"


def _backwards(trace: GateTrace) -> bool:
    return bool(getattr(trace, "backwards", False))


def _tanh_over(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """``tanh(c) / c``, and its limit 1 where ``c`` is 0."""
    small = np.abs(c) < 1e-4  # there the series' next term, 2/15 c**4, is below rounding
    safe = np.where(small, 1.0, c)
    return np.where(small, 1.0 - c**2 / 3.0, np.tanh(safe) / safe)
