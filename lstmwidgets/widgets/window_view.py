"""A window drawn on its series: what the network reads, what it is to forecast, and in which part."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, Literal

import ipywidgets
import numpy as np
import pandas as pd
import traitlets

from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.series import read_series
from lstmwidgets.data.windows import PARTS, Part, Split, Windows, chronological_split, make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.window import CloseUp, Overview
from lstmwidgets.widgets.figures import (
    Picture,
    quiet_axes,
)
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.sliders import Slider
from lstmwidgets.widgets.view import View

Use = Literal["train", "validation", "test", "missing", "straddles"]


def window_use(windows: Windows, origin: int) -> Use:
    """What the window whose last value read stands at ``origin`` is used for.

    Returns
    -------
    str
        The part it belongs to; ``"straddles"`` when its targets lie in two parts, ``"missing"``
        when it reads a missing value, or none of its targets was observed: either way it is left out.
    """
    start = origin - windows.sequence_length + 1
    for part in PARTS:
        if np.any(windows.starts(part) == start):
            return part
    first, last = (_part_at(windows.split, position) for position in (origin + 1, origin + windows.horizon))
    return "straddles" if first != last else "missing"


def origin_bounds(length: int, config: LSTMConfig) -> tuple[int, int]:
    """First and last position that can be the last value read by a window of a series."""
    return config.sequence_length - 1, length - config.horizon - 1


def narrowed(length: int, config: LSTMConfig) -> dict[str, tuple[int, int]]:
    """Bounds of ``sequence_length`` and ``horizon``: those of `LSTMConfig`, as far as a series has room.

    Every part has to hold the horizon, and the training part one window besides.
    """
    split = chronological_split(length, config.validation_fraction, config.test_fraction)
    room = {
        "sequence_length": split.train_end - config.horizon,
        "horizon": min(split.train_end - config.sequence_length, *(split.size(part) for part in PARTS[1:])),
    }
    declared = LSTMConfig.parameters()
    return {
        name: (int(declared[name].minimum or 1), min(int(declared[name].maximum or most), most))
        for name, most in room.items()
    }


def _part_at(split: Split, position: int) -> Part:
    return next(part for part in PARTS if position < split.bounds(part)[1])


class WindowView(View):
    """A series with one window drawn on it, and sliders for the window's lengths and place.

    Above, the whole series with its train, validation and test parts shaded; below, the window
    close up: the values it reads, and those it is to forecast.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional
        Uses ``sequence_length``, ``horizon`` and the two fractions.

    Attributes
    ----------
    config : LSTMConfig
        The present settings; setting it moves the sliders.
    origin : int
        Position of the last value the window reads: its forecast begins one step later.
    windows : Windows
        All windows of the series at the present settings.

    Raises
    ------
    LSTMWidgetsError
        When ``config`` does not fit the series, or ``origin`` leaves no room for the window.
    """

    config = traitlets.Instance(LSTMConfig)
    origin = traitlets.Int()

    def __init__(self, series: Any, config: LSTMConfig | None = None) -> None:
        self.series: pd.Series = read_series(series)
        self.times = as_times(pd.DatetimeIndex(self.series.index))
        self.values = self.series.to_numpy(np.float64)
        config = checked_config(config)
        self.windows = make_windows(self.series, config)
        self._overview, self._close_up = Overview(self), CloseUp(self)
        self._status = ipywidgets.HTML()
        self._readout = ipywidgets.HTML()
        self._following = False
        origin = int(self.windows.origins(self.windows.train)[-1])
        self._sliders = self._controls(config, origin)
        self._names = Names()
        controls = ipywidgets.Box(list(self._sliders.values())).add_class("lw-fields")
        super().__init__(
            [
                controls,
                self._overview.figure,
                self._close_up.figure,
                self._readout,
                self._status,
                self._names,
            ],
            config=config,
            origin=origin,
        )
        self.add_class("lw-panel")
        self.observe(self._refresh, ["config", "origin"])
        self._refresh()

    @traitlets.validate("config")
    def _fits(self, proposal: dict[str, Any]) -> LSTMConfig:
        config: LSTMConfig = proposal["value"]
        self.windows = make_windows(self.series, config)
        return config

    @traitlets.validate("origin")
    def _has_room(self, proposal: dict[str, Any]) -> int:
        origin: int = proposal["value"]
        first, last = origin_bounds(len(self.series), self.config)
        if not first <= origin <= last:
            raise LSTMWidgetsError(
                f"origin={origin} leaves no room for the window: it lies from {first} to {last} with "
                f"sequence_length={self.config.sequence_length} and horizon={self.config.horizon}"
            )
        return origin

    @property
    def use(self) -> Use:
        """What the present window is used for; see `window_use`."""
        return window_use(self.windows, self.origin)

    def counts(self) -> str:
        """How many windows each part has, in words."""
        sizes = [f"{part} {len(self.windows.starts(part)):,} windows" for part in PARTS]
        left_out = self.windows.left_out
        return ", ".join(sizes) + (
            f"; {left_out:,} left out, for they read a missing value, or none of their targets is known"
            if left_out
            else ""
        )

    def window(self) -> str:
        """Where the present window lies and what it is used for, in words."""
        length, horizon = self.config.sequence_length, self.config.horizon
        reads = f"{self._when(self.origin - length + 1)} to {self._when(self.origin)}"
        ahead = f"{self._when(self.origin + 1)} to {self._when(self.origin + horizon)}"
        verdict = {
            "missing": "It reads a missing value, or none of its targets is known, so it is left out.",
            "straddles": "Its targets lie in two parts, so it is left out.",
        }.get(self.use, f"It is a {self.use} window.")
        return (
            f"This window reads {length:,} values, {reads}, and is to forecast {horizon:,}, {ahead}. "
            f"{verdict}"
        )

    def summary(self) -> str:
        """The counts and the window, in words."""
        counts = self.counts()
        return f"{counts[0].upper()}{counts[1:]}. {self.window()}"

    def still(self) -> Picture:
        """Draw the series and the window close up as a Matplotlib figure, on white."""
        picture = Picture(height=4.8)
        above, below = picture.subplots(2, 1, height_ratios=(3, 2))
        self._overview.draw_still(quiet_axes(above, y=self.unit, title=self.title))
        self._close_up.draw_still(quiet_axes(below, x="steps from the last value read", y=self.unit))
        picture.supxlabel(
            f"{self.counts()}.\n{self.window()}", x=0.01, ha="left", fontsize=8, color="#212121"
        )
        return picture

    def __repr__(self) -> str:
        settings = f"sequence_length={self.config.sequence_length}, horizon={self.config.horizon}"
        return f"WindowView({str(self.series.name)!r}, {settings}, origin={self.origin})"

    @property
    def title(self) -> str:
        """What the series is."""
        return str(self.series.attrs.get("title", self.series.name))

    @property
    def unit(self) -> str:
        """The unit of the series; empty when it has none."""
        unit = str(self.series.attrs.get("unit", ""))
        return "" if unit == "none" else unit

    def _when(self, position: int) -> str:
        moment = pd.Timestamp(self.times[position])
        clock = moment != moment.normalize()
        return f"{moment.day} {moment:%b %Y}" + (f" {moment:%H:%M}" if clock else "")

    def _controls(self, config: LSTMConfig, origin: int) -> dict[str, Slider]:
        declared, bounds = LSTMConfig.parameters(), narrowed(len(self.series), config)
        sliders = {
            name: Slider(
                declared[name].label,
                getattr(config, name),
                *bounds[name],
                note=declared[name].unit,
                help=declared[name].help,
            )
            for name in ("sequence_length", "horizon")
        }
        sliders["origin"] = Slider(
            "Last value read",
            origin,
            *origin_bounds(len(self.series), config),
            help="Where the window stands: its forecast begins one step after this value.",
        )
        for name in ("sequence_length", "horizon"):
            sliders[name].observe(self._on_setting(name), "value")
        sliders["origin"].observe(self._on_origin, "value")
        return sliders

    def _on_setting(self, name: str) -> Callable[[dict[str, Any]], None]:
        def change_setting(change: dict[str, Any]) -> None:
            if not self._following:
                self._try(lambda: self.set_trait("config", self.config.replace(**{name: change["new"]})))

        return change_setting

    def _on_origin(self, change: dict[str, Any]) -> None:
        if not self._following:
            self._try(lambda: self.set_trait("origin", change["new"]))

    def _try(self, action: Callable[[], Any]) -> None:
        """Do what a control asks; when it cannot be done, say why and put the controls back."""
        try:
            action()
        except LSTMWidgetsError as error:
            self._status.value = f'<span role="alert" class="lw-error">{html.escape(str(error))}</span>'
            self._follow()

    def _refresh(self, change: Any = None) -> None:
        moved = ""
        first, last = origin_bounds(len(self.series), self.config)
        if not first <= self.origin <= last:
            self.set_trait("origin", min(max(self.origin, first), last))
            moved = "The window was moved to the nearest place where it has room."
        self._status.value = html.escape(moved)
        counts, window = html.escape(self.counts()), html.escape(self.window())
        self._readout.value = f'<div role="status"><strong>{counts}</strong><br>{window}</div>'
        self._follow()
        self._overview.redraw()
        self._close_up.redraw()
        self._name()

    def _name(self) -> None:
        names: dict[str, dict[str, str]] = {}
        for name, slider in self._sliders.items():
            names |= slider.names(self._when(self.origin) if name == "origin" else "")
        for chart, shows in (("overview", self.title), ("close-up", "The window close up")):
            names[f".lw-chart-{chart} .svg-figure"] = {
                "role": "img",
                "aria-label": f"{shows}. {self.summary()}",
            }
        self._names.attributes = names

    def _follow(self) -> None:
        """Put every slider where the state is, within the bounds that it leaves."""
        self._following = True
        try:
            for name, (low, high) in narrowed(len(self.series), self.config).items():
                self._sliders[name].narrow(low, high, getattr(self.config, name))
            self._sliders["origin"].narrow(*origin_bounds(len(self.series), self.config), self.origin)
        finally:
            self._following = False
