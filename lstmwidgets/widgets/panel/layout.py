"""Where everything on the training panel stands, how it is drawn, and what a screen reader is told of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Split
from lstmwidgets.widgets.charts.forecast import ForecastChart
from lstmwidgets.widgets.charts.loss import LossChart
from lstmwidgets.widgets.controls import NumberField, SettingsForm
from lstmwidgets.widgets.copy_button import CopyButton
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.panel.data_picker import DataPicker
from lstmwidgets.widgets.panel.opinion import Opinion, findings_html, findings_label, opinion_html
from lstmwidgets.widgets.panel.results import Result, scores_html
from lstmwidgets.widgets.panel.words import duration

BUTTONS = {
    "train": ("Train", "Train a new network with these settings"),
    "pause": ("Pause", "Pause the training, or go on with it"),
    "step": ("Step", "Train one epoch, then pause"),
    "stop": ("Stop", "End the training and keep the best weights so far"),
    "reset": ("Reset", "Forget this training; the settings stay"),
}
_ENDED = "This training has ended: Train starts a new one, Reset clears it"
ENABLED = {
    "idle": ("train", "step"),
    "loading": ("stop",),
    "training": ("pause", "step", "stop", "reset"),
    "paused": ("pause", "step", "stop", "reset"),
    "done": ("train", "reset"),
    "stopped": ("train", "reset"),
    "failed": ("train", "reset"),
}
"""Which buttons answer in which state of the panel."""


class PanelLayout:
    """The panel's widgets in their order, and a method to draw each thing there is to show."""

    def __init__(self, data: DataPicker, settings: SettingsForm) -> None:
        self.data, self.settings = data, settings
        self.buttons = {
            name: ipywidgets.Button(description=label, tooltip=tooltip).add_class(f"lw-{name}")
            for name, (label, tooltip) in BUTTONS.items()
        }
        self.buttons["train"].button_style = "primary"
        self.loss, self.forecast = LossChart(), ForecastChart()
        self.copy, self._names = CopyButton(), Names()
        self.json = ipywidgets.Textarea(rows=3, tooltip="The settings as JSON").add_class("lw-json")
        self._cost = ipywidgets.HTML().add_class("lw-cost")
        self._status = ipywidgets.HTML().add_class("lw-status")
        self._changes = ipywidgets.HTML().add_class("lw-changes")
        self._progress = ipywidgets.HTML().add_class("lw-progress")
        self._scores = ipywidgets.HTML().add_class("lw-scores")
        self._verdict = ipywidgets.HTML()
        self.unfold = ipywidgets.ToggleButton(tooltip="Unfold or fold what the verdict rests on")
        self.unfold.add_class("lw-unfold")
        self._findings = ipywidgets.HTML().add_class("lw-findings")
        self.json.layout.display = "none"
        self.copy.observe(self._show_json, "copies")
        self.forecast.stretch.observe(lambda change: self._name(), "value")
        self.unfold.observe(lambda change: self._name(), "value")
        left = ipywidgets.VBox([self.loss, self._scores]).add_class("lw-left")
        self.rows = [
            data,
            settings,
            ipywidgets.Box([*self.buttons.values(), self._cost]).add_class("lw-actions"),
            ipywidgets.Box([self._status, self._changes]).add_class("lw-says"),
            self._progress,
            ipywidgets.Box([left, self.forecast]).add_class("lw-charts"),
            ipywidgets.VBox([self._verdict, self.unfold, self._findings]).add_class("lw-diagnosis"),
            ipywidgets.Box([self.copy, self.json, self._names]).add_class("lw-share"),
        ]

    def enable(self, state: str, ready: bool) -> None:
        """Let the buttons answer that make sense in a state; a new training needs settings that fit."""
        for name, button in self.buttons.items():
            anew = name == "train" or (name == "step" and state not in ("training", "paused"))
            button.disabled = name not in ENABLED[state] or (anew and not ready)
        ended = state in ("done", "stopped", "failed")
        self.buttons["step"].tooltip = _ENDED if ended else BUTTONS["step"][1]
        self.buttons["pause"].description = "Resume" if state == "paused" else "Pause"

    def offer(self, config: LSTMConfig) -> None:
        """Have the settings ready for "Copy settings"."""
        self.copy.text = self.json.value = config.model_dump_json()
        self._name()

    def say(self, text: str, tone: str = "quiet") -> None:
        """Write the status line; ``tone`` is quiet, good, warning or error."""
        role = "alert" if tone == "error" else "status"
        self._status.value = f'<div role="{role}" class="lw-{tone}">{html.escape(text)}</div>'

    @property
    def status_text(self) -> str:
        """What the status line says."""
        return html.unescape(re.sub(r"<[^>]*>", "", self._status.value))

    @property
    def captions(self) -> list[str]:
        """What status line and charts say."""
        return [self.status_text, f"Loss: {self.loss.words}", self.forecast.words]

    def show_changes(self, changed: list[str]) -> None:
        """Say which settings are no longer those of the training shown."""
        words = f"Settings changed since this training: {', '.join(changed)}." if changed else ""
        self._changes.value = f'<div role="status" class="lw-warning">{html.escape(words)}</div>'

    def on_shown(self, call: Callable[[], None]) -> None:
        """Have something called when a browser shows the panel."""
        self._names.on_shown(call)

    def show_cost(self, text: str, caution: str = "") -> None:
        """Write size and time of a training with the present settings, and what to be wary of."""
        warning = f' · <span class="lw-warning">{html.escape(caution)}</span>' if caution else ""
        self._cost.value = html.escape(text) + warning

    def show_progress(self, progress: Any, finished: int | None = None) -> None:
        """Move the progress bar; ``finished`` is the number of epochs of a training that has ended."""
        self._progress.value = progress_html(progress, finished)

    def show_history(self, history: pd.DataFrame, config: LSTMConfig) -> None:
        """Draw the loss so far."""
        self.loss.show(history, config.epochs, config.centering == "last")
        self._name()

    def show_result(self, result: Result, unit: str) -> None:
        """Draw forecasts, and scores where there are any."""
        self.forecast.show_forecasts(result.forecasts)
        if result.scores is not None:
            self._scores.value = scores_html(result.scores, unit, network_in(result.scores.index))
        self._name()

    def show_opinion(self, opinion: Opinion) -> None:
        """Say what to think of the forecast; the findings stay folded or unfolded as they are."""
        self._verdict.value = opinion_html(opinion)
        self._findings.value = findings_html(opinion)
        self.unfold.description = findings_label(opinion.diagnosis)
        self.unfold.layout.visibility = "hidden" if opinion.diagnosis is None else "visible"  # keeps its room

    def show_untrained(self, series: pd.Series, split: Split | None, config: LSTMConfig, unit: str) -> None:
        """The series alone: no loss, no forecast, no scores."""
        self.forecast.show_series(series, split, config.horizon, unit)
        self.call_network(config.network, unit)
        self._progress.value = progress_html(None)
        self.show_history(pd.DataFrame(columns=["loss", "val_loss"]), config)

    def call_network(self, name: str, unit: str) -> None:
        """Say what the network will be called, where there is no forecast of one yet."""
        self.forecast.call_network(name)
        self._scores.value = scores_html(None, unit, name)

    def _show_json(self, change: Any) -> None:
        self.json.layout.display = None

    def _name(self) -> None:
        """Tell a screen reader what ipywidgets and bqplot do not: names and values, by CSS selector."""
        named: dict[str, dict[str, str]] = {
            ".lw-dataset select": {"aria-label": "Series"},
            ".lw-time select": {"aria-label": "Time column"},
            ".lw-value select": {"aria-label": "Value column"},
            ".lw-unfold": {"aria-expanded": str(self.unfold.value).lower()},
            ".lw-json textarea": {"aria-label": "Settings as JSON", "readonly": ""},
        }
        for name, field in self.settings.fields.items():
            if isinstance(field, NumberField):
                spoken = f"{field.text.value} {field.parameter.unit}"
                named[f".lw-field-{name} .noUi-handle"] = {
                    "aria-label": field.spoken,
                    "aria-valuetext": spoken,
                }
            named[f".lw-field-{name} input, .lw-field-{name} select"] = {"aria-label": field.spoken}
        ends = zip(("lower", "upper"), ("First", "Last"), self.forecast.ends, strict=True)
        for handle, end, moment in ends:
            label = {"aria-label": f"{end} moment shown", "aria-valuetext": moment}
            named[f".lw-stretch .noUi-handle-{handle}"] = label
        for name, chart in (("loss", self.loss), ("forecast", self.forecast)):
            named[f".lw-figure-{name} .svg-figure"] = {
                "role": "img",
                "aria-label": f"{chart.heading}. {chart.words}",
            }
        self._names.attributes = named


def progress_html(progress: Any, finished: int | None = None) -> str:
    """A bar with epoch, elapsed and remaining time; its empty frame before there is any."""
    share = 0.0 if progress is None else progress.fraction
    left = right = "&nbsp;"
    if progress is not None:
        of = f"of {progress.epochs:,}"
        left = f"Epoch {progress.epoch:,} {of}" if finished is None else f"{finished:,} {of} epochs"
        remaining = f", {duration(progress.remaining)} remaining" if progress.remaining else ""
        right = f"{duration(progress.elapsed)} elapsed{remaining}"
    return (
        '<div class="lw-track" role="progressbar" aria-label="Training" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
        f'<div class="lw-done" style="width: {100 * share:.1f}%"></div></div>'
        f'<div class="lw-times"><span>{left}</span><span>{right}</span></div>'
    )
