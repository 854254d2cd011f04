"""What a panel's training led to: its forecasts and its memory, laid out below as soon as it ends."""

from __future__ import annotations

import html
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.forecast_plot import ForecastPlot
from lstmwidgets.widgets.gate_explorer import GateExplorer
from lstmwidgets.widgets.training_panel import TrainingPanel
from lstmwidgets.widgets.view import View

log = logging.getLogger(__name__)

_STYLE = Path(__file__).with_name("outcome.css").read_text(encoding="utf-8")
_ENDED = ("done", "stopped", "failed")
_GOING_ON = ("loading", "training", "paused")
_OF_FORECASTS = (
    "What the network says at each cutoff of the test part, which it never saw, beside what came, its "
    "intervals and the rules. Walk through the cutoffs: is it right when it matters, or only on average?"
)
_OF_MEMORY = (
    "What the network did at each step of one window. Drag through time: where it reads step by step, the "
    "forecast changes as more of the window is read, and where it has gates, the ledger says which steps it "
    "rests on."
)


class Outcome(ipywidgets.VBox):
    """Two sections below a training panel, filled when a training ends.

    Looking at what was trained takes a fraction of a second, on a thread of its own, so that the
    panel answers meanwhile. While the next network trains, the one before stays to be looked at.

    Parameters
    ----------
    panel : TrainingPanel

    Attributes
    ----------
    steps : ipywidgets.HTML
        Links to panel and sections, to stand at the head of the page; they say what is ready.
    forecasts, memory : Section
        Each with the ``view`` it shows, or None.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> panel = lw.TrainingPanel("nile", lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1))
    >>> outcome = Outcome(panel)
    >>> outcome.forecasts.view is None
    True
    """

    def __init__(self, panel: TrainingPanel) -> None:
        self._panel = panel
        self._looking_into: Any = None  # the forecaster shown, or about to be
        self._lock = threading.RLock()  # the training ends on one thread, Reset is pressed on another
        self.forecasts = Section("forecasts", "Forecasts", _OF_FORECASTS, ForecastPlot)
        self.memory = Section("memory", "Memory", _OF_MEMORY, GateExplorer)
        self.steps = ipywidgets.HTML().add_class("lw-view").add_class("lw-steps")
        super().__init__([ipywidgets.HTML(f"<style>{_STYLE}</style>").add_class("lw-sheet"), *self._sections])
        self.add_class("lw-outcome")
        self._tell()
        panel.observe(lambda change: self._follow(), "state")
        self._follow()

    @property
    def _sections(self) -> tuple[Section, Section]:
        return self.forecasts, self.memory

    def _follow(self) -> None:
        """What the panel's state means for what stands below it; told on the training's own thread."""
        forecaster = self._panel.forecaster
        with self._lock:
            if self._panel.state == "idle":
                self._looking_into = None
                for section in self._sections:
                    section.show(None)
            elif self._panel.state in _ENDED and forecaster not in (None, self._looking_into):
                self._looking_into = forecaster
                threading.Thread(
                    target=self._look_into, args=[forecaster], name="lstmwidgets-outcome", daemon=True
                ).start()
            self._tell()

    def _look_into(self, forecaster: Any) -> None:
        for section in self._sections:
            view, failure = section.look_into(forecaster)
            with self._lock:
                if forecaster is self._looking_into:
                    section.show(view, failure)
                    self._tell()
                elif view is not None:  # reset meanwhile, or trained anew
                    _close(view)

    def _tell(self) -> None:
        """Say in the head and over each section what is ready and of which network."""
        going_on = self._panel.state in _GOING_ON
        for section in self._sections:
            section.say(going_on)
        links = [
            ("#", "Train", True),
            *((f"#lw-{each.key}", each.title, each.ready) for each in self._sections),
        ]
        self.steps.value = '<nav aria-label="Parts of this page"><ol>{}</ol></nav>'.format(
            "".join(_step(*link) for link in links)
        )


class Section(ipywidgets.VBox):
    """A heading, a sentence on what to look at, and a view once there is one.

    Parameters
    ----------
    key : str
        What links lead to.
    title, guide : str
    make : callable
        From a forecaster to the view.
    """

    def __init__(self, key: str, title: str, guide: str, make: Callable[[Any], View]) -> None:
        self.key, self.title = key, title
        self.view: View | None = None
        self._make, self._failure = make, ""
        words = f'<h2 id="lw-{key}">{html.escape(title)}</h2><p>{html.escape(guide)}</p>'
        self._head = ipywidgets.HTML(words).add_class("lw-section-head")
        self._state = ipywidgets.HTML().add_class("lw-section-state")
        super().__init__([self._head, self._state])
        self.add_class("lw-view").add_class("lw-section")

    @property
    def ready(self) -> bool:
        """Whether there is a view to look at."""
        return self.view is not None

    def look_into(self, forecaster: Any) -> tuple[View | None, str]:
        """The view of a forecaster, or why there is none."""
        try:
            return self._make(forecaster), ""
        except LSTMWidgetsError as error:
            return None, str(error)
        except Exception as error:  # on a thread of its own it would be lost
            log.exception("the section %r could not be shown", self.key)
            return None, f"{type(error).__name__}: {error}"

    def show(self, view: View | None, failure: str = "") -> None:
        """Show a view in place of the one before, or nothing."""
        before, self.view, self._failure = self.view, view, failure
        self.children = [self._head, self._state, *([] if view is None else [view])]
        if before is not None:
            _close(before)

    def say(self, going_on: bool) -> None:
        """Say what is to come, or of which network this is, while another one trains."""
        if self._failure:
            words = f"This cannot be shown: {self._failure}"
        elif going_on:
            words = "Of the network trained before. " if self.view else ""
            words += "What is training now appears here when it ends; Stop ends it early."
        else:
            words = "" if self.view else "Press Train above. When the training ends, this fills by itself."
        tone = "error" if self._failure else "quiet"
        self._state.value = f'<p role="status" class="lw-{tone}">{html.escape(words)}</p>' if words else ""


def _step(target: str, words: str, ready: bool) -> str:
    link = f'<a href="{target}">{words}</a>' if ready else f'<span aria-disabled="true">{words}</span>'
    return f"<li>{link}</li>"


def _close(view: ipywidgets.Widget) -> None:
    """Free a view and what it is made of, here and in the browser."""
    for child in getattr(view, "children", ()):
        _close(child)
    view.close()
