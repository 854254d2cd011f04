"""The loss by epoch, live."""

from __future__ import annotations

import bqplot
import numpy as np
import pandas as pd

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import epochs_in_sight, log_ticks, loss_limits, whole_ticks
from lstmwidgets.widgets.charts.parts import MARGIN, NOTHING, Chart, Legend, draw, line
from lstmwidgets.widgets.charts.thinning import thin


class LossChart(Chart):
    """Train and validation loss by epoch, on a log scale; with centring, 1 is repeating the last value."""

    def __init__(self) -> None:
        self._x = bqplot.LinearScale(min=1, max=10)
        self._y = bqplot.LogScale(min=0.1, max=2.0)
        scales = {"x": self._x, "y": self._y}
        self.train = line("train", scales, stroke_width=1.75)
        self.validation = line("validation", scales, stroke_width=2)
        self.best = bqplot.Scatter(
            x=[1.0],
            y=[1.0],
            scales=scales,
            colors=[theme.PALETTE["validation"].css],
            default_size=36,
            visible=False,
        )
        self.reference = line("repeat-last", scales, stroke_width=1, line_style="dashed")
        self._reference_label = bqplot.Label(
            x=[1.0],
            y=[1.0],
            text=[""],
            scales=scales,
            colors=[theme.PALETTE["repeat-last"].css],
            default_size=11,
            font_weight="normal",
            align="end",
            y_offset=-8,
        )
        self._epochs = bqplot.Axis(scale=self._x, tick_format="d", grid_lines="none")
        self._losses = bqplot.Axis(scale=self._y, side="left", tick_format="~g")
        figure = bqplot.Figure(
            marks=[self.reference, self._reference_label, self.train, self.validation, self.best],
            axes=[self._epochs, self._losses],
            fig_margin=MARGIN,
            display_toolbar=False,
            padding_y=0,
        )
        lines = {"train": self.train, "validation": self.validation}
        super().__init__(
            "loss", "Loss by epoch", Legend(lines, {"train": "train", "validation": "validation"}), figure
        )
        self.show(pd.DataFrame(columns=["loss", "val_loss"]), epochs=10, centred=True)

    def show(self, history: pd.DataFrame, epochs: int, centred: bool) -> None:
        """Draw a training's history so far.

        Parameters
        ----------
        history : pandas.DataFrame
            Index ``epoch``; columns ``loss`` and ``val_loss``.
        epochs : int
            How many there are to be.
        centred : bool
            Whether a loss of 1 is the training error of repeating the last value.
        """
        x = history.index.to_numpy(np.float64)
        losses = history[["loss", "val_loss"]].to_numpy(np.float64)
        self.words = loss_in_words(history)
        last = epochs_in_sight(len(history), epochs)
        bottom, top = loss_limits(losses, centred)
        self._x.max = float(last)
        with self._y.hold_sync():
            self._y.min, self._y.max = bottom, top
        self._losses.tick_values = log_ticks(bottom, top)
        self._epochs.tick_values = whole_ticks(last)
        draw(self.train, *thin(x, losses[:, 0]))
        draw(self.validation, *thin(x, losses[:, 1]))
        self.best.visible = bool(len(losses))
        if len(losses):
            best = int(np.argmin(losses[:, 1]))
            draw(self.best, x[[best]], losses[[best], 1])
        draw(self.reference, np.array([1.0, last]), np.ones(2) if centred else NOTHING.repeat(2))
        with self._reference_label.hold_sync():
            self._reference_label.x = [float(last)]
            self._reference_label.text = ["repeat last, on train" if centred else ""]


def loss_in_words(history: pd.DataFrame) -> str:
    """The last losses and the best one."""
    if not len(history):
        return "No epoch is finished yet."
    last, best = history.iloc[-1], history["val_loss"].astype(float).idxmin()
    return (
        f"Epoch {history.index[-1]}: train {last['loss']:.3g}, validation {last['val_loss']:.3g}. "
        f"Best validation {history['val_loss'].min():.3g}, in epoch {best}."
    )
