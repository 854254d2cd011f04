"""Configs set beside each other: errors with their spread, costs, curves, forecasts, verdicts."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bqplot
import ipywidgets
import traitlets

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.parts import Legend
from lstmwidgets.widgets.comparing import words
from lstmwidgets.widgets.comparing.charts import Curves, Forecasts
from lstmwidgets.widgets.comparing.scene import Scene, scene_of
from lstmwidgets.widgets.comparing.table import errors_html
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.view import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lstmwidgets.analysis.choosing.compare import Comparison


class ComparisonView(View):
    """What a comparison found: who errs less, by how much more than noise, and at what cost.

    Above, one sentence for each pair of configs that matters: one errs less, or they are equal within
    noise. Then a row for each config with its errors on the validation and the test part, a dot for each
    seed, and what it costs. Below, the learning curves over each other, and the newest forecasts with
    what came and the better naive rule. The legend shows and hides a config's lines in both charts; it
    needs no kernel.

    Parameters
    ----------
    comparison : Comparison
        What `lstmwidgets.compare` returned.

    Attributes
    ----------
    shown : tuple of str
        Names of the configs whose lines are shown; all at first. Set it to show others.
    comparison : Comparison

    Raises
    ------
    LSTMWidgetsError
        When it is no comparison, or there is no config of a name in ``shown``.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> small = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> configs = {"LSTM": small, "GRU": small.replace(cell="gru")}
    >>> found = lw.compare(lw.load_dataset("nile"), configs, seeds=1, progress_bar=False)
    >>> view = ComparisonView(found)
    >>> view.shown
    ('LSTM', 'GRU')
    """

    shown = traitlets.TraitType(())

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self._scene: Scene = scene_of(comparison)
        self.curves, self.forecasts = Curves(self._scene), Forecasts(self._scene)
        self.legend = self._make_legend()
        head = ipywidgets.HTML(f"<h4>{html.escape(words.heading(self._scene))}</h4>")
        table = ipywidgets.HTML(errors_html(self._scene)).add_class("lw-scores").add_class("lw-errors")
        self._names = Names()
        super().__init__(
            [
                head,
                ipywidgets.HTML(_verdicts_html(self._scene)).add_class("lw-verdicts"),
                table,
                self.legend,
                ipywidgets.Box([self.curves, self.forecasts]).add_class("lw-charts"),
                self._names,
            ]
        )
        self.add_class("lw-panel").add_class("lw-comparison-view")
        self.shown = tuple(self.legend.switches)
        for switch in self.legend.switches.values():
            switch.observe(self._switched, "value")

    def _make_legend(self) -> Legend:
        """One switch for each config, for its lines in both charts."""
        lines: dict[str, bqplot.Lines] = {name: marks[0] for name, marks in self.curves.marks.items()}
        legend = Legend(lines, {each.name: each.hue for each in self._scene.candidates})
        for each in self._scene.candidates:
            switch = legend.switches[each.name].add_class(f"lw-{each.dashes}")
            for mark in [*self.curves.marks[each.name][1:], *self.forecasts.marks[each.name]]:
                ipywidgets.jslink((switch, "value"), (mark, "visible"))
        return legend.add_class("lw-configs")

    @traitlets.validate("shown")
    def _some_configs(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        value, known = proposal["value"], list(self.legend.switches)
        wanted = list(value) if isinstance(value, (list, tuple)) else [value]
        for name in wanted:
            if name not in known:
                raise LSTMWidgetsError(
                    f"shown={value!r} is not accepted: the configs are {' and '.join(map(repr, known))}"
                )
        return tuple(name for name in known if name in wanted)

    @traitlets.observe("shown")
    def _show(self, change: Mapping[str, Any]) -> None:
        for name, switch in self.legend.switches.items():
            switch.value = name in change["new"]
        self._name()

    def _switched(self, change: Mapping[str, Any]) -> None:
        self.shown = tuple(name for name, switch in self.legend.switches.items() if switch.value)

    def _name(self) -> None:
        """Tell a screen reader what ipywidgets and bqplot do not."""
        charts = {"curves": self.curves, "newest": self.forecasts}
        named = {
            f".lw-figure-{name} .svg-figure": {"role": "img", "aria-label": f"{chart.heading}. {chart.words}"}
            for name, chart in charts.items()
        }
        named[".lw-configs"] = {"role": "group", "aria-label": "Configs whose lines are shown"}
        for number, switch in enumerate(self.legend.switches.values(), 1):
            pressed = str(switch.value).lower()
            named[f".lw-configs > button:nth-child({number})"] = {"aria-pressed": pressed}
        self._names.attributes = named

    # Showing ------------------------------------------------------------------------------

    def still(self) -> Figure:
        """Draw the comparison as a Matplotlib figure, on white: bars of all, lines of those shown."""
        from lstmwidgets.widgets.comparing import picture

        return picture.draw(self._scene, self.shown)

    def summary(self) -> str:
        """Who errs how much, whether it is more than noise, and at what cost."""
        return words.summary(self._scene)

    def __repr__(self) -> str:
        names = ", ".join(repr(each.name) for each in self._scene.candidates)
        return f"ComparisonView({self._scene.title!r}, {names})"


def _verdicts_html(scene: Scene) -> str:
    said = [f"<li>{html.escape(each)}</li>" for each in scene.verdicts]
    said += [f'<li class="lw-warning">{html.escape(each)}</li>' for each in scene.cautions]
    said += [f'<li class="lw-error" role="alert">{html.escape(each)}</li>' for each in scene.failures]
    said += [f'<li class="lw-quiet">{html.escape(note)}</li>' for note in scene.notes]
    return f'<ul aria-label="Verdicts">{"".join(said)}</ul>' if said else ""
