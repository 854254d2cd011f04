"""What stands below the panel is of the network that it trained last."""

from __future__ import annotations

import re
import time

import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.serving.outcome import Outcome
from lstmwidgets.widgets.forecast_plot import ForecastPlot
from lstmwidgets.widgets.gate_explorer import GateExplorer
from lstmwidgets.widgets.training_panel import TrainingPanel

TINY = LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)


def wait_until(holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def panel() -> TrainingPanel:
    return TrainingPanel("nile", TINY)


def links(outcome: Outcome) -> list[str]:
    return re.findall(r'href="([^"]*)"', outcome.steps.value)


def test_a_training_fills_both_sections_and_the_next_one_changes_them(panel):
    outcome = Outcome(panel)
    assert outcome.forecasts.view is outcome.memory.view is None
    assert links(outcome) == ["#"]
    assert "Press Train" in outcome.forecasts.children[1].value

    panel.train()
    wait_until(lambda: outcome.memory.ready)
    first = outcome.forecasts.view
    assert isinstance(first, ForecastPlot) and isinstance(outcome.memory.view, GateExplorer)
    assert outcome.forecasts.children[-1] is first
    assert links(outcome) == ["#", "#lw-forecasts", "#lw-memory"]

    panel.config = TINY.model_copy(update={"horizon": 3})
    panel.train()
    wait_until(lambda: outcome.forecasts.view is not first)
    assert outcome.forecasts.view.frame.groupby("cutoff").size().max() == 3
    assert first.comm is None, "the view before is closed"


def test_while_another_network_trains_the_one_before_stays_and_reset_clears_it(panel):
    outcome = Outcome(panel)
    panel.train()
    wait_until(lambda: outcome.memory.ready)
    shown = outcome.forecasts.view
    panel.config = TINY.model_copy(update={"epochs": 1000})
    panel.start()
    assert outcome.forecasts.view is shown
    assert "trained before" in outcome.forecasts.children[1].value

    panel.reset()
    assert outcome.forecasts.view is outcome.memory.view is None
    assert links(outcome) == ["#"]


def test_an_outcome_of_a_panel_that_has_trained_already_is_filled(panel):
    outcome = Outcome(panel.train())
    wait_until(lambda: outcome.memory.ready)
    assert outcome.forecasts.ready


def test_what_cannot_be_shown_says_why_and_the_other_section_is_shown(panel):
    # a test part of one window at the very end of the series has nothing to calibrate or to score
    outcome = Outcome(panel)
    panel.train()
    wait_until(lambda: outcome.memory.ready)
    unfitted = type(panel.forecaster)(TINY)
    view, failure = outcome.forecasts.look_into(unfitted)
    outcome.forecasts.show(view, failure)
    outcome.forecasts.say(going_on=False)
    said = outcome.forecasts.children[1].value
    assert view is None and "lw-error" in said and "fit" in said
    assert outcome.memory.ready
