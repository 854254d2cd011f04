"""The units of a layer: in which order to show them, which are saturated and which are dead."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.cells import CellTrace, checked_trace
from lstmwidgets.analysis.inside.ledger import memory_ledger, output_weights
from lstmwidgets.errors import LSTMWidgetsError

Order = Literal["index", "half-life", "similarity", "contribution"]
ORDERS: tuple[Order, ...] = get_args(Order)

SHUT = 0.05
"""A gate so close to what its values cannot leave stands at its end."""


def orders_of(trace: CellTrace) -> tuple[Order, ...]:
    """The orders that a trace has: without gates there is no half-life and no ledger to go by."""
    return ORDERS if trace.gates else ("index", "similarity")


def order_units(trace: CellTrace, by: str = "index") -> NDArray[np.intp]:
    """An order of a layer's units in which a picture of them says more.

    Parameters
    ----------
    trace : GateTrace, GRUTrace or another
        Usually what `lstmwidgets.trace` answers.
    by : {"index", "half-life", "similarity", "contribution"}
        "index": as they are. "half-life": those that remember longest first. "similarity": units
        whose states (of an LSTM the cell states) move together side by side, by average linkage of the
        distance 1 - correlation with the leaves ordered for the least distance between neighbours
        (Bar-Joseph et al., 2001); units that never move come last. "contribution": those that move the
        forecast most first, or, where it has no shares, those that hold most of what the window wrote.

    Returns
    -------
    integer array, shape (units,)
        A permutation: ``trace.h[:, order_units(trace, by)]``. Equal units keep their order.

    Raises
    ------
    LSTMWidgetsError
        For another ``by``, and for one that asks for the gates of a cell that has none.

    References
    ----------
    Bar-Joseph, Z., Gifford, D. K. and Jaakkola, T. S. (2001). Fast optimal leaf ordering for
    hierarchical clustering. Bioinformatics 17.
    """
    if by not in ORDERS:
        raise LSTMWidgetsError(f"by={by!r} is not accepted: by takes {' or '.join(map(repr, ORDERS))}")
    if by == "similarity":
        return _by_similarity(trace.state)
    if by == "half-life":
        return np.argsort(-memory_ledger(trace).half_life, kind="stable")
    if by == "contribution":
        return np.argsort(-_moved(trace), kind="stable")
    return np.arange(trace.state.shape[1])


def _moved(trace: CellTrace) -> NDArray[np.float64]:
    """Size of all that each unit moves: of the forecast where it has shares, else of its own state."""
    written = np.abs(memory_ledger(trace).contributions).sum(axis=0)
    if getattr(trace, "head", None) is None:
        return written
    return written * np.abs(output_weights(trace)).sum(axis=1)


def _by_similarity(c: NDArray[np.float64]) -> NDArray[np.intp]:
    from scipy.cluster.hierarchy import leaves_list, linkage  # type: ignore[import-untyped]

    with np.errstate(invalid="ignore", over="ignore"):
        moves = np.ptp(c, axis=0) > 1e-6 * np.abs(c).max(axis=0)  # float32 tells no smaller move from none
    moves &= np.isfinite(c).all(axis=0)  # a state that left all numbers is like no other
    moving, still = np.flatnonzero(moves), np.flatnonzero(~moves)
    if len(moving) > 2:
        correlation = np.asarray(np.corrcoef(c[:, moving], rowvar=False))
        pairs = np.triu_indices(len(moving), k=1)
        distances = np.maximum(1.0 - correlation[pairs], 0.0)
        moving = moving[leaves_list(linkage(distances, "average", optimal_ordering=True))]
        if moving[0] > moving[-1]:  # as good from either end
            moving = moving[::-1]
    return np.concatenate([moving, still])


def saturation(trace: CellTrace, per_unit: bool = False) -> pd.DataFrame:
    """How much of the time each gate stands at one of its ends.

    Parameters
    ----------
    trace : GateTrace or GRUTrace
    per_unit : bool
        One row for each gate and unit instead of one for each gate.

    Returns
    -------
    pandas.DataFrame
        Index ``gate``, with the rows i, f, g and o of an LSTM, z, r and g of a GRU and none of a cell
        without gates; or ``gate, unit``. Columns ``low`` and ``high``: the share of steps (and units) below
        0.05 and above 0.95; of what goes from -1 to 1, as the candidate g, below -0.95 and above 0.95.
        Where an activation has no such end, as ``relu`` has none above, the share is 0.

    Examples
    --------
    >>> from lstmwidgets.analysis.inside.gates import gate_activations
    >>> weights = np.zeros((1, 4)), np.zeros((1, 4)), np.array([-9.0, 9.0, -9.0, 0.0])
    >>> saturation(gate_activations(np.ones((4, 1)), *weights))
          low  high
    gate
    i     1.0   0.0
    f     0.0   1.0
    g     1.0   0.0
    o     0.0   0.0
    """
    checked_trace(trace)
    shares: dict[str, list[NDArray[np.float64]]] = {"low": [], "high": []}
    for letter in trace.gates:
        array, (low, high) = getattr(trace, letter), trace.limits(letter)
        shares["low"].append((array < low + SHUT).mean(axis=0))
        shares["high"].append((array > high - SHUT).mean(axis=0))
    units = trace.state.shape[1]
    each = {name: np.reshape(share, (len(trace.gates), units)) for name, share in shares.items()}
    if per_unit:
        index = pd.MultiIndex.from_product([list(trace.gates), range(units)], names=["gate", "unit"])
        return pd.DataFrame({name: share.ravel() for name, share in each.items()}, index)
    names = pd.Index(list(trace.gates), name="gate")
    return pd.DataFrame({name: share.mean(axis=1) for name, share in each.items()}, names)


def dead_units(trace: CellTrace, tolerance: float = 1e-3) -> NDArray[np.intp]:
    """Units whose hidden state stays where it is over the whole window.

    Parameters
    ----------
    trace : GateTrace
    tolerance : float
        How far, between its lowest and highest value, a dead unit may still move; from 0 up.

    Returns
    -------
    integer array
        Their indices, ascending.

    Raises
    ------
    LSTMWidgetsError
        For a ``tolerance`` below 0 or not a number.
    """
    checked_trace(trace)
    if not isinstance(tolerance, (int, float, np.number)) or not tolerance >= 0:
        raise LSTMWidgetsError(f"tolerance={tolerance!r} is not accepted: tolerance takes a number from 0 up")
    shown = trace.arrays.get("h", trace.state)
    return np.flatnonzero(np.ptp(shown, axis=0) <= tolerance)
