"""The dial's controls: what is tried, Start and Stop, and how far it is."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.dial import words
from lstmwidgets.widgets.dial.measuring import Measuring, Plan
from lstmwidgets.widgets.dial.scene import EACH, NAMES
from lstmwidgets.widgets.panel.words import duration

_BUTTONS = {
    "start": ("Start", "Train what is missing, in the background"),
    "stop": ("Stop", "End the training under way; the points stay, and Start goes on from there"),
}


@dataclass(frozen=True)
class Wanted:
    """What stands in the controls.

    Attributes
    ----------
    parameter : str
    values : list of int, or None
        None for such as suit the series.
    seeds : int or list of int
    """

    parameter: str
    values: list[int] | None
    seeds: int | list[int]


class Controls:
    """Widgets and what is drawn on them; ``problem`` says what stands there and is refused."""

    def __init__(self) -> None:
        self.problem = ""
        self.parameter = ipywidgets.ToggleButtons(options=[(name, key) for key, name in NAMES.items()])
        self.parameter.add_class("lw-views").add_class("lw-parameter")
        tip = "Whole numbers with commas between; empty for such as suit the series"
        self.values = ipywidgets.Text(continuous_update=False, tooltip=tip).add_class("lw-values-field")
        tip = "How many trainings of each value; or their seeds, with commas between"
        self.seeds = ipywidgets.Text(continuous_update=False, tooltip=tip).add_class("lw-seeds-field")
        self.buttons = {
            name: ipywidgets.Button(description=label, tooltip=tooltip).add_class(f"lw-{name}")
            for name, (label, tooltip) in _BUTTONS.items()
        }
        self.buttons["start"].button_style = "primary"
        self._cost = ipywidgets.HTML().add_class("lw-cost")
        self._status = ipywidgets.HTML().add_class("lw-status")
        self._progress = ipywidgets.HTML().add_class("lw-progress")
        labels = {name: ipywidgets.HTML(name).add_class("lw-field-label") for name in ("Values", "Seeds")}
        self.rows = [
            ipywidgets.Box(
                [self.parameter, labels["Values"], self.values, labels["Seeds"], self.seeds]
            ).add_class("lw-dial-fields"),
            ipywidgets.Box([*self.buttons.values(), self._cost]).add_class("lw-actions"),
            ipywidgets.Box([self._status]).add_class("lw-says"),
            self._progress,
        ]

    @property
    def named(self) -> dict[str, dict[str, str]]:
        """Names for screen readers, by CSS selector."""
        each = EACH[self.parameter.value]
        return {
            ".lw-parameter": {"role": "group", "aria-label": "What is tried"},
            ".lw-values-field input": {"aria-label": f"Values: numbers of {each}, with commas between"},
            ".lw-seeds-field input": {"aria-label": "Seeds: trainings of each value, or their seeds"},
        }

    @property
    def wanted(self) -> Wanted:
        """What stands there now.

        Raises
        ------
        LSTMWidgetsError
            When a field holds something else than whole numbers.
        """
        values, seeds = _numbers("values", self.values.value), _numbers("seeds", self.seeds.value)
        if not seeds:
            raise LSTMWidgetsError(
                "seeds='' is not accepted: write how many trainings of each value, such as 3"
            )
        one = len(seeds) == 1 and "," not in self.seeds.value
        return Wanted(self.parameter.value, values or None, seeds[0] if one else seeds)

    def on_change(self, heard: Callable[..., None]) -> None:
        """Call back when one of the fields is changed."""
        for field in (self.parameter, self.values, self.seeds):
            field.observe(heard, "value")

    def hold(self, plan: Plan) -> None:
        """Show a plan that is accepted, and forget what was refused."""
        self.parameter.value = plan.parameter
        self.values.value = ", ".join(map(str, plan.values))
        seeds = plan.seeds
        self.seeds.value = (
            str(seeds) if isinstance(seeds, int) else ", ".join(map(str, seeds)) + "," * (len(seeds) == 1)
        )
        self.problem = ""

    def refuse(self, problem: str) -> None:
        """Say why what stands there is not taken; it stays, to be mended."""
        self.problem = problem
        self.buttons["start"].disabled = True
        self.say(problem, "error")

    def enable(self, state: str, ready: bool) -> None:
        """Let the controls answer that make sense in a state."""
        running = state == "running"
        for field in (self.parameter, self.values, self.seeds):
            field.disabled = running
        self.buttons["start"].disabled = running or state == "done" or not (ready or state == "failed")
        self.buttons["stop"].disabled = not running
        self.buttons["start"].description = "Go on" if state == "stopped" else "Start"

    def say(self, text: str, tone: str = "quiet") -> None:
        """Write the status line; ``tone`` is quiet, warning or error."""
        role = "alert" if tone == "error" else "status"
        self._status.value = f'<div role="{role}" class="lw-{tone}">{html.escape(text)}</div>'

    def show_cost(self, text: str) -> None:
        """Write how much there is to train."""
        self._cost.value = html.escape(text)

    def show_progress(self, measuring: Measuring) -> None:
        """Move the bar: over all that is planned, what was measured before included."""
        self._progress.value = progress_html(measuring)


def _numbers(name: str, text: str) -> list[int]:
    """Whole numbers with commas or spaces between."""
    parts = text.replace(",", " ").split()
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise LSTMWidgetsError(
            f"{name}={text!r} is not accepted: write whole numbers with commas between, such as 4, 8, 16"
        ) from None


def progress_html(measuring: Measuring) -> str:
    """A bar, the training under way, and how long the rest may take."""
    runs, planned = measuring.current, len(measuring.plan.jobs)
    done: Any = len(measuring.measured)
    left, right = f"{done:,} of {words.counted(planned)}", "&nbsp;"
    if runs is not None:
        left = words.of_progress(runs, measuring)
        done += 0.0 if runs.progress is None else runs.progress.fraction
        right = f"about {duration(measuring.remaining)} remaining"
    share = min(1.0, done / planned)
    return (
        '<div class="lw-track" role="progressbar" aria-label="Trainings" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
        f'<div class="lw-done" style="width: {100 * share:.1f}%"></div></div>'
        f'<div class="lw-times"><span>{html.escape(left)}</span><span>{right}</span></div>'
    )
