"""Choose a learning rate by a range test: how the loss falls, and then rises, as the rate grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build, start_highway
from lstmwidgets.model.loop import Loop

RATES = tuple(float(f"{rate:.3g}") for rate in np.geomspace(1e-5, 0.03, 22))
"""Learning rates tried, ascending, six to a decade. Adam moves each weight by about the rate, and fresh
weights are about 0.1 large: a higher one wipes out in a few updates what there was."""

BATCHES = 3
"""Updates at each rate."""

PROBE = 128
"""Training windows, evenly spread, on which the loss is measured after each rate."""

FALLEN = 0.97
"""Share of the first loss below which the lowest one counts as a fall."""

RISEN = 1.1
"""Times the lowest loss from which on it counts as rising."""

MARGIN = 3.0
"""Where nothing falls, how far below the rate at which the loss rises the chosen one lies."""

DIVERGED = 2.0
"""Times the lowest loss at which the test ends."""


@dataclass(frozen=True)
class RangeTest:
    """A finished range test.

    Attributes
    ----------
    rates : tuple of float
        Those tried, ascending.
    losses : tuple of float
        Before the first update, then after each rate: one more than rates.
    rate : float
        The one chosen.
    reason : str
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    rate: float
    reason: str

    def evidence(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"rates": list(self.rates), "losses": [float(f"{loss:.4g}") for loss in self.losses]}


def range_test(config: LSTMConfig, windows: Windows) -> RangeTest:
    """Train a network of its own for a few batches at each of `RATES`, and choose by `rate_of`.

    At most 66 updates; no weight of it is kept. After Smith, L. N. (2017). Cyclical learning rates for
    training neural networks. IEEE WACV, section 3.3; here the loss is that of the same few training
    windows all along, so that it moves with the rate and not with the batch.

    Parameters
    ----------
    config : LSTMConfig
        Its own ``learning_rate`` is left aside.
    windows : Windows
        Of the training part, those alone are used.

    Raises
    ------
    LSTMWidgetsError
        When no rate leaves the loss a number.
    """
    network = build(config, features=windows.values.shape[1])
    optimizer = keras.optimizers.Adam(RATES[0], name="adam")
    optimizer.build(network.trainable_variables)
    loop = Loop(network, windows, optimizer, config.loss)
    if config.highway == "linear":
        start_highway(network, windows)
    places = np.linspace(0, len(windows.train) - 1, min(PROBE, len(windows.train)))
    probe = windows.train[places.round().astype(np.intp)]
    losses = [loop.mean_loss(probe)]
    tried = []
    for rate, starts in zip(
        RATES, _batches(windows.train, BATCHES * config.batch_size, config.seed), strict=False
    ):
        optimizer.learning_rate = rate
        loop.train_epoch(starts, config.batch_size)
        loss = loop.mean_loss(probe)
        if not np.isfinite(loss):
            break
        tried.append(rate)
        losses.append(loss)
        if loss > DIVERGED * min(losses):
            break
    if not tried:
        raise LSTMWidgetsError(
            f"the loss is no longer a finite number at the smallest learning rate tried, {RATES[0]:g}: set "
            "learning_rate yourself, or another activation"
        )
    rate, reason = rate_of(tried, losses)
    return RangeTest(tuple(tried), tuple(losses), rate, reason)


def rate_of(rates: Sequence[float], losses: Sequence[float]) -> tuple[float, str]:
    """The learning rate that a curve of losses speaks for, and why.

    Where the loss falls, the rate half-way on a log scale between the one at which it falls most steeply and
    the one at which it is lowest: quick, and not yet at the edge. Where it does not fall, as for a network
    that begins at its ridge regression, a third of the largest rate that leaves it as low as it was. Each
    loss counts with its neighbours, as their mean.

    Parameters
    ----------
    rates : sequence of float, ascending
    losses : sequence of float
        Before the first update, then after each rate.

    Returns
    -------
    float
        Three significant digits.
    str

    Examples
    --------
    >>> rate_of([0.001, 0.003, 0.01, 0.03, 0.1, 0.3], [1.0, 1.0, 0.9, 0.3, 0.2, 0.3, 2.0])[0]
    0.0173
    """
    curve = _smooth(np.asarray(losses, dtype=np.float64))
    lowest = int(curve.argmin())
    if curve[lowest] < FALLEN * curve[0]:
        steepest = int(np.argmax(-np.diff(curve[: lowest + 1])))
        rate = float(np.sqrt(rates[steepest] * rates[lowest - 1]))
        reason = (
            f"the loss falls most steeply at {rates[steepest]:.2g} and is lowest at {rates[lowest - 1]:.2g}; "
            "this lies half-way between"
        )
    else:
        risen = np.flatnonzero(curve[lowest:] > RISEN * curve[lowest])
        last = lowest + int(risen[0]) - 1 if len(risen) else len(curve) - 1
        edge = rates[max(0, last - 1)]
        rate = edge / MARGIN
        reason = f"the loss does not fall, and rises beyond {edge:.2g}; this is a third of it"
    return float(f"{rate:.3g}"), reason


def _smooth(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of three neighbours; the first and the last stand twice in theirs."""
    wider = np.concatenate([curve[:1], curve, curve[-1:]])
    return (wider[:-2] + wider[1:-1] + wider[2:]) / 3


def _batches(train: NDArray[np.int32], size: int, seed: int) -> Iterator[NDArray[np.int32]]:
    """So many starting positions at a time, without end; each shuffle is used up before the next."""
    random, left = np.random.default_rng([seed, 0]), train[:0]
    while True:
        while len(left) < size:
            left = np.concatenate([left, random.permutation(train)])
        yield left[:size]
        left = left[size:]
