"""Fill the gaps of a series by an LSTM that reads what lies on both sides of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.filling import fill_gaps, filled, record_repair
from lstmwidgets.data.punching import (
    USUAL_LENGTHS,
    Gap,
    draw_lengths,
    gaps_of,
    longest_punch,
    positions,
    punch,
    punched,
)
from lstmwidgets.data.series import season_length
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import tf
from lstmwidgets.model.bridging import READINGS, Bridge, bridge, bridging_network, feature_table
from lstmwidgets.model.progress import open_bar
from lstmwidgets.model.training import whole_turn

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

MIN_KNOWN = 50
"""Fewer known values than this teach nothing."""

# Chosen on gaps punched into Beijing's PM2.5 and CO2, drawn with other seeds than the figures shown. On PM2.5
# a window of 168 hours left 3 % more error than one of 336, and one of 504 no less; 8 or 32 units, twice the
# epochs, dropout and an average of three networks changed less than the draws do.
_CONTEXT = 96  # points read on each side of the longest gap, where the series has them
_WIDEST = 768  # of the windows chosen where none is given
_GAPS = 512  # punched in an epoch, all at once if that is at most this share of the known values
_SHARE = 0.15
_ROUNDS = 64  # at most, of punching in an epoch
_READ = 1_000_000  # points at most of the tables that they take, where that leaves 8 of them
_HELD_OUT = 0.1  # share of the known values, at most, that choose the weights
_KEPT = 0.7  # of the average of weights, at the end of each epoch


class LSTMImputer:
    """Fills the gaps of a series from both sides, by what it learned from gaps punched into the same series.

    In each epoch new gaps, of the lengths of the real ones, are punched wherever the series is known,
    and the network learns to close them. Where all real gaps are too long for that, shorter ones are
    punched, and a note says so. A bidirectional LSTM reads a window around a gap: a straight
    line over each gap, what the seasonal rule of `fill_gaps` would put there instead, which values
    are known and how far the nearest of them is on each side, the calendar, and the window's mean and
    spread. Its answer is the line, plus a learned share of the way to the seasonal value, plus a
    correction; it begins as the line. The loss is the absolute error of punched points in units of their
    window's spread, and a gap of ``n`` points weighs as much as ``sqrt(n)`` single ones.

    Some punched gaps are held out of it all: no epoch reads or learns from their values. The weights
    kept, averages over the epochs before, are those with the lowest mean absolute error on them.

    Values that were filled earlier are read as missing. A series that is never negative and skewed to the
    right (skewness above 1) is read and answered as square roots, between which the lines are drawn.

    Parameters
    ----------
    units : int
        Memory cells for each direction.
    sequence_length : int, optional
        Points in a window, which must hold a gap and a known value on each side. By default what the
        longest gap of the series fitted on takes and 96 on each side of it, up to 768.
    epochs, batch_size, learning_rate, seed
        As in `LSTMConfig`, within its bounds. The learning rate falls to nothing over the epochs.
    season : int, optional
        Points in a cycle, for the seasonal value; by default `season_length` of the series. 1 does without.

    Attributes
    ----------
    error_, line_error_ : float
        Mean absolute error on the held-out points, in the unit of the series: of the weights kept, and
        of straight lines. The first is a little too good, for it has chosen the weights; see
        `lstmwidgets.compare_fills` for a test.
    history_ : pandas.DataFrame
        One row an epoch: ``loss``, without unit, as trained on, and ``held_out``, the mean absolute
        error on the held-out points in the unit of the series.
    sequence_length_ : int
        Points in a window.

    Raises
    ------
    LSTMWidgetsError
        For a setting out of bounds.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> series = lw.load_dataset("co2")
    >>> full = LSTMImputer(units=4, epochs=2).fit(series, progress_bar=False).fill(series)
    >>> full.attrs["repairs"][0]["method"], full.attrs["repairs"][0]["points"]
    ('lstm', 59)
    """

    error_: float
    line_error_: float
    history_: pd.DataFrame
    sequence_length_: int

    def __init__(
        self,
        units: int = 16,
        sequence_length: int | None = None,
        epochs: int = 25,
        batch_size: int = 16,
        learning_rate: float = 0.006,
        seed: int = 0,
        season: int | None = None,
    ) -> None:
        self.config = LSTMConfig(
            units=units, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed
        )
        if sequence_length is not None:
            self.config = self.config.replace(sequence_length=sequence_length)
        self.sequence_length, self.season = sequence_length, season

    def fit(self, series: pd.Series, *, progress_bar: bool = True) -> Self:
        """Learn to close gaps of the lengths that this series has, or `USUAL_LENGTHS` where it has
        none. Trainings that run or wait in this process, such as a panel's, come first.

        Parameters
        ----------
        series : pandas.Series
            Numbers on a DatetimeIndex with a ``freq``, as `read_series` gives it.
        progress_bar : bool
            Show a bar while training, in a terminal or a notebook.

        Raises
        ------
        LSTMWidgetsError
            For fewer than `MIN_KNOWN` known values, a series that never changes, a window longer than the
            series or shorter than every gap, known stretches too short for any gap, or a loss that is no
            number.
        """
        values = _known_values(series, self.season)
        self._freq = pd.DatetimeIndex(series.index).freq
        known = np.isfinite(values)
        _check_teachable(values)
        lengths = np.array([length for _, length in gaps_of(known)] or USUAL_LENGTHS)
        self.sequence_length_ = self._window(len(values), lengths)
        if lengths.min() > self.sequence_length_ - 2:
            raise LSTMWidgetsError(
                f"the shortest gap has {lengths.min()} points, and a window holds "
                f"{self.sequence_length_ - 2}: pass a longer sequence_length, or use method='linear'"
            )
        lengths = lengths[lengths <= self.sequence_length_ - 2]
        rng = np.random.default_rng([self.config.seed, 0])
        most = int(_HELD_OUT * known.sum()) + 1
        held_out = punch(known, draw_lengths(_teachable(lengths, known, most), _GAPS, most, rng), rng)
        train = punched(values, held_out)
        left = np.isfinite(train)
        fits = _teachable(lengths, left, int(_SHARE * left.sum()) + 1)
        self._longest = int(fits.max())
        self._rooted = _is_skewed(train)
        level = _rooted(train) if self._rooted else train
        self._mean, self._scale = float(np.nanmean(level)), float(np.nanstd(level))
        table = self._table(series, train)
        places = positions(held_out)
        lines = np.interp(places, np.flatnonzero(np.isfinite(train)), train[np.isfinite(train)])
        self.line_error_ = float(np.abs(lines - values[places]).mean())
        with whole_turn():
            self._weights = bridging_network(self.sequence_length_, table.shape[1], self.config).get_weights()
            self._train(series, train, fits, held_out, values[places], progress_bar)
        return self

    def fill(self, series: pd.Series) -> pd.Series:
        """Fill the gaps of a series, the one fitted on or another of its kind.

        Nothing is drawn on before the first or after the last known value, and a gap that does not fit
        into a window stays; the record tells both.

        Returns
        -------
        pandas.Series
            As `fill_gaps` gives it; the record in ``attrs["repairs"]`` also holds ``sequence_length``,
            ``units``, ``epochs``, ``seed``, ``held_out_error`` and ``line_error``, and where the first
            is not the lower, ``attrs["notes"]`` says so.

        Raises
        ------
        LSTMWidgetsError
            When not fitted, or for a series that is shorter than a window or has another frequency.
        """
        if not hasattr(self, "error_"):
            raise LSTMWidgetsError("this imputer is not fitted: call fit(series) first")
        values = _known_values(series, self.season)
        if (freq := pd.DatetimeIndex(series.index).freq) != self._freq:
            raise LSTMWidgetsError(
                f"the series has another frequency ({freq}) than the one fitted on ({self._freq}): fit an "
                "imputer on this one"
            )
        if len(values) < self.sequence_length_:
            raise LSTMWidgetsError(
                f"the series has {len(values):,} points, fewer than a window of {self.sequence_length_}: fit "
                "with a shorter sequence_length"
            )
        room = self.sequence_length_ - 2
        every_gap = gaps_of(np.isfinite(values))
        gaps = [gap for gap in every_gap if gap[1] <= room]
        estimates = np.full(len(values), np.nan)
        if gaps:
            estimates[positions(gaps)] = self._fill(self._table(series, values), gaps)
        reasons = [
            "they lie before the first or after the last known value" * bool(np.isnan(values[[0, -1]]).any()),
            f"their gap is longer than the {room:,} points that a window holds"
            * (len(gaps) < len(every_gap)),
        ]
        result = record_repair(
            series,
            estimates,
            "lstm",
            why=", or ".join(filter(None, reasons)),
            settings={
                "sequence_length": self.sequence_length_,
                "units": self.config.units,
                "epochs": self.config.epochs,
                "seed": self.config.seed,
                "held_out_error": self.error_,
                "line_error": self.line_error_,
            },
        )
        if gaps and (longest := max(points for _, points in gaps)) > self._longest:
            result.attrs["notes"] += [
                f"The LSTM learned from gaps of up to {self._longest:,} points, and filled one of "
                f"{longest:,}: nothing tells how well."
            ]
        if gaps and self.error_ >= self.line_error_:
            result.attrs["notes"] += [
                f"On gaps held out, the LSTM was no better than straight lines (mean absolute error "
                f"{self.error_:.4g} against {self.line_error_:.4g}): 'linear' will do.",
            ]
        return result

    def _window(self, length: int, lengths: NDArray[np.integer]) -> int:
        if self.sequence_length is None:
            return min(length, int(lengths.max()) + 2 * _CONTEXT, _WIDEST)
        if not 3 <= self.sequence_length <= length:
            raise LSTMWidgetsError(
                f"sequence_length={self.sequence_length} is not accepted: a window takes from 3 points, a "
                f"gap and a known value on each side, to the {length:,} of the series"
            )
        return self.sequence_length

    def _table(
        self, series: pd.Series, values: Floats, calendar: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """What is read at each step, shape (timesteps, features); only ``values`` are known."""
        season = season_length(series) if self.season is None else self.season
        return feature_table(self._scaled(values), pd.DatetimeIndex(series.index), season, calendar)

    def _scaled(self, values: Floats) -> Floats:
        scaled: Floats = ((_rooted(values) if self._rooted else values) - self._mean) / self._scale
        return scaled

    def _restored(self, scaled: NDArray[np.floating]) -> Floats:
        values: Floats = scaled.astype(np.float64) * self._scale + self._mean
        return np.sign(values) * values**2 if self._rooted else values

    def _starts(self, gaps: list[Gap], length: int, shifts: Floats | float = 0.0) -> NDArray[np.int32]:
        """Where the window of each gap begins: the gap in its middle, or moved by a share of its room."""
        begin, points = np.array(gaps).T
        room = (self.sequence_length_ - points) // 2
        starts = begin - room + np.round(shifts * np.maximum(room - 1, 0)).astype(np.int64)
        return np.clip(starts, 0, length - self.sequence_length_).astype(np.int32)

    def _bridge(self, table: NDArray[np.float32]) -> Bridge:
        """What answers, and trains while it is this imputer's turn."""
        return bridge(self.sequence_length_, table.shape[1], self.config.units)

    def _fill(self, table: NDArray[np.float32], gaps: list[Gap]) -> Floats:
        """Estimates of all points of some gaps, gap by gap, in the unit of the series."""
        starts, filled_in = self._starts(gaps, len(table)), []
        reads = np.arange(self.sequence_length_)
        bridging = self._bridge(table)
        for first in range(0, len(gaps), 256):
            some = slice(first, first + 256)
            answers = bridging.answer(self._weights, table[starts[some, None] + reads]).numpy()
            filled_in += [
                answer[begin - start : begin - start + points]
                for answer, start, (begin, points) in zip(answers, starts[some], gaps[some], strict=True)
            ]
        return self._restored(np.concatenate(filled_in))

    def _train(
        self,
        series: pd.Series,
        train: Floats,
        lengths: NDArray[np.integer],
        held_out: list[Gap],
        truth: Floats,
        progress_bar: bool,
    ) -> None:
        config, known = self.config, np.isfinite(train)
        targets = np.where(known, self._scaled(train), 0.0).astype(np.float32)
        table = self._table(series, train)
        trained = self._bridge(table)
        trained.begin(self._weights)
        average = best = self._weights
        rows: list[tuple[float, float]] = []
        form = "imputer, epoch {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}"
        with open_bar(config.epochs, form, progress_bar) as bar:
            for epoch in range(config.epochs):
                rng = np.random.default_rng([config.seed, 1, epoch])
                trained.optimizer.learning_rate = (
                    config.learning_rate * (1 + np.cos(np.pi * epoch / config.epochs)) / 2
                )
                losses: list[float] = []
                for gaps in _punchings(known, lengths, rng):
                    read = tf.constant(self._table(series, punched(train, gaps), table[:, READINGS:]))
                    weights = np.zeros(len(train), np.float32)
                    for begin, points in gaps:
                        weights[begin : begin + points] = points**-0.5
                    starts = self._starts(gaps, len(train), rng.uniform(-1.0, 1.0, len(gaps)))
                    whole = max(1, len(starts) // config.batch_size)
                    for batch in np.array_split(rng.permutation(starts), whole):
                        losses.append(float(trained.step(read, targets, weights, batch)))
                live = trained.network.get_weights()
                average = [_KEPT * old + (1 - _KEPT) * new for old, new in zip(average, live, strict=True)]
                self._weights = average
                error = float(np.abs(self._fill(table, held_out) - truth).mean())
                if not np.isfinite([*losses, error]).all():
                    raise LSTMWidgetsError(
                        f"the error is no longer a finite number in epoch {epoch + 1}: lower learning_rate="
                        f"{config.learning_rate:g}, for example to {config.learning_rate / 10:g}"
                    )
                if error < min((earlier for _, earlier in rows), default=np.inf):
                    best = average
                rows.append((float(np.mean(losses)), error))
                log.debug("imputer, epoch %d: loss %.4g, held-out error %.4g", epoch + 1, *rows[-1])
                bar.set_postfix_str(
                    f"held-out error {error:.4g}, of lines {self.line_error_:.4g}", refresh=False
                )
                bar.update()
        self._weights = best
        self.history_ = pd.DataFrame(
            rows, pd.RangeIndex(1, len(rows) + 1, name="epoch"), ["loss", "held_out"]
        )
        self.error_ = float(self.history_["held_out"].min())


def _punchings(
    known: NDArray[np.bool_], lengths: NDArray[np.integer], rng: np.random.Generator
) -> Iterator[list[Gap]]:
    """The gaps of one epoch: in one punching of a long series, in several of a short one."""
    most = int(_SHARE * known.sum()) + 1
    done = 0
    for _ in range(max(8, min(_ROUNDS, _READ // len(known)))):
        gaps = punch(known, draw_lengths(lengths, _GAPS, most, rng), rng)
        yield gaps
        done += len(gaps)
        if done >= 0.8 * _GAPS:  # a long series' one punching may lack a few
            return


def _teachable(lengths: NDArray[np.integer], known: NDArray[np.bool_], most: int) -> NDArray[np.integer]:
    """The lengths that can be punched, of at most so many points; where none can, the longest that does."""
    longest = min(longest_punch(known), most)
    if longest < 1:
        raise LSTMWidgetsError(
            f"no gap can be punched into {int(known.sum()):,} known values: it takes three in a row, "
            "and there is nothing to learn from. Use method='linear', or fill(series, mask=True)"
        )
    fits = lengths[lengths <= longest]
    return fits if len(fits) else np.array([longest])


def _known_values(series: Any, season: int | None) -> Floats:
    """The values of a series that were really observed, NaN elsewhere."""
    fill_gaps(series, "linear" if season in (None, 1) else "seasonal", None if season == 1 else season)
    values: Floats = np.where(filled(series), np.nan, series.to_numpy(dtype=np.float64, na_value=np.nan))
    return values


def _is_skewed(values: Floats) -> bool:
    """Whether no value is negative and a few are very large, as in counts and concentrations."""
    known = values[np.isfinite(values)]
    return bool(known.min() >= 0 and np.mean((known - known.mean()) ** 3) > known.std() ** 3)


def _rooted(values: Floats) -> Floats:
    rooted: Floats = np.sign(values) * np.sqrt(np.abs(values))
    return rooted


def _check_teachable(values: Floats) -> None:
    known = values[np.isfinite(values)]
    if len(known) < MIN_KNOWN:
        raise LSTMWidgetsError(
            f"the series has {len(known)} known values, and an LSTM imputer learns from {MIN_KNOWN} up: use "
            "fill_gaps with method='linear'"
        )
    if known.min() == known.max():
        raise LSTMWidgetsError(
            f"the series never changes (every known value is {known[0]:g}): there is nothing to learn. Use "
            "fill_gaps with method='linear'"
        )
