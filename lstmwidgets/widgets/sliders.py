"""A slider twinned with a typed number, whose bounds can follow what the rest of a view allows."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets
import traitlets


class Slider(ipywidgets.VBox):
    """A number within bounds that are written beside its label.

    Parameters
    ----------
    label, help : str
        Its name in sight, and the tooltip.
    value, minimum, maximum, step : int or float
        Whole numbers throughout make it a slider of whole numbers.
    note : str
        What stands after the bounds, for example the unit.

    Attributes
    ----------
    value : int or float
    """

    value = traitlets.Any()

    def __init__(
        self,
        label: str,
        value: float,
        minimum: float,
        maximum: float,
        step: float = 1,
        *,
        note: str = "",
        help: str = "",
    ) -> None:
        self.label, self.note = label, note
        whole = all(isinstance(number, int) for number in (value, minimum, maximum, step))
        bounds = {
            "min": minimum,
            "max": maximum,
            "step": step,
            "value": value,
            "tooltip": f"{label}. {help}".strip(),
        }
        if whole:
            self.slider, self.text = ipywidgets.IntSlider(**bounds), ipywidgets.BoundedIntText(**bounds)
        else:
            self.slider, self.text = ipywidgets.FloatSlider(**bounds), ipywidgets.BoundedFloatText(**bounds)
        self.slider.readout = False
        self._caption = ipywidgets.HTML().add_class("lw-field-label")
        row = ipywidgets.HBox([self.slider.add_class("lw-slider"), self.text.add_class("lw-number")])
        super().__init__([self._caption, row.add_class("lw-field-row")])
        self.selector = f"lw-field-{label.lower().replace(' ', '-')}"
        self.add_class("lw-field").add_class(self.selector)
        self._showing = False
        self.set_trait("value", value)
        self._state_bounds()
        self.observe(self._show, "value")
        for control in (self.slider, self.text):
            control.observe(self._take, "value")

    def narrow(self, minimum: float, maximum: float, value: float) -> None:
        """Set new bounds and a value within them, in one go."""
        self._showing = True
        try:
            for control in (self.slider, self.text):
                control.max = max(maximum, control.min)  # widen first: a bound never crosses the other
                control.min = minimum
                control.max = maximum
                control.value = value
        finally:
            self._showing = False
        self.value = value
        self._state_bounds()

    def names(self, said: str = "") -> dict[str, dict[str, str]]:
        """For `lstmwidgets.widgets.names.Names`: what the slider and the number are called.

        Parameters
        ----------
        said : str
            The value in words, where the number alone says little.
        """
        name = {"aria-label": f"{self.label}, {self._bounds()}"}
        spoken = {"aria-valuetext": said or f"{self.value:g} {self.note}".strip()}
        return {f".{self.selector} .noUi-handle": {**name, **spoken}, f".{self.selector} input": name}

    def _take(self, change: Mapping[str, Any]) -> None:
        """Take what a control was set to by hand."""
        if not self._showing:
            self.value = change["new"]

    def _show(self, change: Mapping[str, Any]) -> None:
        """Put both controls where the value is; whoever follows it may put it back at once."""
        self._showing = True
        try:
            self.slider.value = self.text.value = change["new"]
        finally:
            self._showing = False

    def _state_bounds(self) -> None:
        bounds = html.escape(self._bounds())
        self._caption.value = f'{html.escape(self.label)} <span class="lw-quiet">{bounds}</span>'

    def _bounds(self) -> str:
        return f"{_shown(self.slider.min)} to {_shown(self.slider.max)} {self.note}".strip()


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}".replace("-", "\N{MINUS SIGN}")
