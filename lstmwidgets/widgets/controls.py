"""Controls made from `LSTMConfig`'s own declaration: a slider and a typed number for each setting."""

from __future__ import annotations

import html
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import ipywidgets
import traitlets

from lstmwidgets.config import LSTMConfig, Parameter, checked_config
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.cells import named, parameters_of

IN_SIGHT = ("cell", "units", "sequence_length", "epochs")
_WIDEST_SLIDER = 1_000_000
_FINE_UP_TO = 200


def positions(parameter: Parameter) -> tuple[int | float, ...]:
    """Values a slider stops at, ascending, from the parameter's minimum to its maximum.

    Evenly spaced by the declared step, except over a wide range, where the stops grow with the
    value so that a short slider reaches both ends and every press of an arrow key is felt; the
    values between are typed. Empty when no slider makes sense, as for a seed.

    Examples
    --------
    >>> units = LSTMConfig.parameters()["units"]
    >>> [stop for stop in positions(units) if 28 <= stop <= 40]
    [28, 29, 30, 31, 32, 34, 36, 38, 40]
    """
    low, high, step = parameter.minimum, parameter.maximum, parameter.step
    if low is None or high is None or high - low > _WIDEST_SLIDER:
        return ()
    if parameter.kind == "integer":
        wide = parameter.scale == "log" or high - low > _FINE_UP_TO
        stops = _growing(int(low), int(high)) if wide else range(int(low), int(high) + 1, int(step or 1))
        return tuple(sorted({*stops, int(high)}))
    if parameter.scale == "log":
        decades = (
            f"{mantissa}e{power}" for power in range(-9, 10) for mantissa in ("1", "1.5", "2", "3", "5", "7")
        )
        return tuple(value for value in map(float, decades) if low <= value <= high)
    count = round((high - low) / (step or (high - low) / 100))
    return tuple(round(low + number * (high - low) / count, 10) for number in range(count + 1))


def _growing(low: int, high: int) -> list[int]:
    """Whole numbers whose distance doubles with the value: 1 up to 32, 2 up to 64, 4 up to 128 …"""
    stops, stop = [], low
    while stop <= high:
        stops.append(stop)
        stop += max(1, 1 << max(0, stop.bit_length() - 5))
    return stops


class Field(ipywidgets.VBox):
    """One setting: its label, its control, and the refusal of what does not fit it.

    Attributes
    ----------
    value : int, float or str
        The last accepted value.
    problem : str
        Why what stands in the control is refused; empty when it is accepted.
    """

    value = traitlets.Any()
    problem = traitlets.Unicode()

    def __init__(self, parameter: Parameter, value: Any) -> None:
        self.parameter = parameter
        self._label = ipywidgets.HTML().add_class("lw-field-label")
        self._message = ipywidgets.HTML().add_class("lw-field-problem")
        super().__init__([self._label, self._control(value), self._message])
        self.add_class("lw-field").add_class(f"lw-field-{parameter.name}")
        self.observe(self._tell, "problem")
        self._message.layout.display = "none"
        self.set_trait("value", value)
        self.word(parameter)

    def _control(self, value: Any) -> ipywidgets.Widget:
        raise NotImplementedError

    def word(self, parameter: Parameter) -> None:
        """Take label, unit and help as they are for the cell chosen."""
        self.parameter = parameter
        unit = (
            ""
            if parameter.kind == "choice"
            else f' <span class="lw-quiet">{html.escape(parameter.unit)}</span>'
        )
        self._label.value = (
            f"<span title='{html.escape(parameter.help, quote=True)}'>{parameter.label}{unit}</span>"
        )

    def hold(self, value: Any) -> None:
        """Show an accepted value, and forget what was refused."""
        self.value = value
        self.problem = ""

    @property
    def spoken(self) -> str:
        """Label and unit, for a screen reader."""
        unit = "" if self.parameter.kind == "choice" else f", {self.parameter.unit}"
        return f"{self.parameter.label}{unit}. {self.parameter.help}"

    def _accept(self, value: Any) -> bool:
        """Take a value if the config would, and say why not otherwise."""
        try:
            checked = LSTMConfig(**{self.parameter.name: value})
        except LSTMWidgetsError as error:
            self.problem = str(error)
            return False
        self.problem = ""
        self.value = getattr(checked, self.parameter.name)
        return True

    def _tell(self, change: Mapping[str, Any]) -> None:
        self._message.value = f'<span role="alert" class="lw-error">{html.escape(self.problem)}</span>'
        self._message.layout.display = None if self.problem else "none"
        (self.add_class if self.problem else self.remove_class)("lw-refused")


class NumberField(Field):
    """A slider and a text field that hold the same number; what is typed is checked, never clamped."""

    def _control(self, value: Any) -> ipywidgets.Widget:
        self._stops = positions(self.parameter)
        self.text = ipywidgets.Text(continuous_update=False).add_class("lw-number")
        self.slider = ipywidgets.IntSlider(max=max(1, len(self._stops) - 1), readout=False)
        self.slider.add_class("lw-slider")
        self._following = False
        self._follow(value)
        self.slider.observe(self._dragged, "value")
        self.text.observe(self._typed, "value")
        self.observe(lambda change: self._follow(change["new"]), "value")
        row = [self.slider, self.text] if self._stops else [self.text]
        return ipywidgets.HBox(row).add_class("lw-field-row")

    def word(self, parameter: Parameter) -> None:
        """Take label, unit and help as they are for the cell chosen."""
        super().word(parameter)
        self.slider.tooltip = parameter.help
        self.text.tooltip = f"{parameter.help} Accepts {parameter.accepts}."

    def hold(self, value: int | float) -> None:
        """Show an accepted value, and forget what was refused."""
        self.value = value
        self._follow(value)

    def _follow(self, value: int | float) -> None:
        self._following = True
        try:
            self.text.value = f"{value}" if self.parameter.kind == "integer" else f"{value:.10g}"
            if self._stops:
                self.slider.value = _nearest(self._stops, value)
        finally:
            self._following = False
        self.problem = ""

    def _dragged(self, change: Mapping[str, Any]) -> None:
        if not self._following and self._accept(self._stops[change["new"]]):
            self._follow(self.value)

    def _typed(self, change: Mapping[str, Any]) -> None:
        number = _number(change["new"])
        if self.parameter.kind == "integer" and isinstance(number, float) and number.is_integer():
            number = int(number) if abs(number) < 1e15 else number  # 1e2 is as whole as 100
        if not self._following and self._accept(number):
            self._follow(self.value)


def _number(text: str) -> int | float | str:
    """The number a text holds, a whole one if it can be; the text itself when it is none."""
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    return text.strip()


def _nearest(stops: tuple[int | float, ...], value: int | float) -> int:
    after = min(bisect_left(stops, value), len(stops) - 1)
    before = max(0, after - 1)
    return before if value - stops[before] < stops[after] - value else after


class ChoiceField(Field):
    """One of a few named values."""

    def _control(self, value: Any) -> ipywidgets.Widget:
        self.choice = ipywidgets.Dropdown(
            options=[(named(self.parameter, choice), choice) for choice in self.parameter.choices],
            value=value,
        ).add_class("lw-choice")
        self.choice.observe(lambda change: self._accept(change["new"]), "value")
        self.observe(lambda change: setattr(self.choice, "value", change["new"]), "value")
        return ipywidgets.HBox([self.choice]).add_class("lw-field-row")

    def word(self, parameter: Parameter) -> None:
        """Take label and help as they are for the cell chosen."""
        super().word(parameter)
        self.choice.tooltip = parameter.help


class SettingsForm(ipywidgets.VBox):
    """All settings of an `LSTMConfig`: four in sight, the others folded under "More".

    What means nothing for the cell chosen is hidden, and the config then holds its default. The control
    keeps what it held, for when a cell is chosen again that has such a thing.

    Attributes
    ----------
    config : LSTMConfig
        The accepted settings. Setting it sets every control.
    problem : str
        What is refused, in words; empty when every control in use holds what `config` says.
    """

    config = traitlets.Instance(LSTMConfig)
    problem = traitlets.Unicode()

    def __init__(self, config: LSTMConfig | None = None) -> None:
        config = checked_config(config)
        self.fields: dict[str, Field] = {
            name: (ChoiceField if parameter.kind == "choice" else NumberField)(
                parameter, getattr(config, name)
            )
            for name, parameter in LSTMConfig.parameters().items()
        }
        in_sight = ipywidgets.Box([self.fields[name] for name in IN_SIGHT])
        folded = [field for name, field in self.fields.items() if name not in IN_SIGHT]
        more = ipywidgets.Accordion([ipywidgets.Box(folded).add_class("lw-fields")], titles=("More",))
        first = in_sight.add_class("lw-fields").add_class("lw-in-sight")
        super().__init__([first, more.add_class("lw-more")], config=config)
        self.add_class("lw-settings")
        self._setting = False
        self._fit(config)
        for field in self.fields.values():
            field.observe(self._collect, ["value", "problem"])
        self.observe(self._configured, "config")

    def restore(self, config: LSTMConfig) -> None:
        """Set every control in use, also those that hold something refused."""
        self._setting = True
        try:
            self._fit(config)
            for field in self._in_use():
                field.hold(getattr(config, field.parameter.name))
            self.config = config
        finally:
            self._setting = False
        self.problem = ""

    @property
    def refused(self) -> list[str]:
        """Labels of the controls that hold something refused; each says why beside itself."""
        return [field.parameter.label for field in self._in_use() if field.problem]

    def _in_use(self) -> list[Field]:
        return [field for field in self.fields.values() if field.layout.display != "none"]

    def _fit(self, config: LSTMConfig) -> None:
        """Show the settings that a config's cell has, in words that are true of it."""
        shown = parameters_of(config)
        for name, field in self.fields.items():
            field.layout.display = None if name in shown else "none"
            if name in shown:
                field.word(shown[name])

    def _configured(self, change: Mapping[str, Any]) -> None:
        if not self._setting:
            self.restore(change["new"])

    def _collect(self, change: Mapping[str, Any]) -> None:
        if self._setting:
            return
        self._setting = True
        try:
            self._fit(LSTMConfig(cell=self.fields["cell"].value))
            used = {field.parameter.name: field.value for field in self._in_use()}
            wanted = {name: used.get(name, field.parameter.default) for name, field in self.fields.items()}
            changed = {name: value for name, value in wanted.items() if value != getattr(self.config, name)}
            self.problem = "; ".join(field.problem for field in self._in_use() if field.problem)
            if changed:
                self.config = self.config.replace(**changed)
        finally:
            self._setting = False
