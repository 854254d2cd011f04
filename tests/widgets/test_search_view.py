"""The search view: what it draws, what it says, and how it follows a search."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.search_view import SearchView
from lstmwidgets.widgets.searching.chart import trial_ticks
from lstmwidgets.widgets.searching.scene import CHOSEN, DONE, PRUNED, scene_of
from tests.analysis.choosing.search.made import many, search_of, trial


@pytest.fixture(scope="module")
def search():
    return many()


def test_trials_are_filled_or_hollow_and_the_best_is_ringed(search):
    view = SearchView(search)
    chart = view._history
    assert len(chart.done.x) == 10 and chart.done.fill
    assert chart.pruned.x.tolist() == [10] and not chart.pruned.fill
    assert (chart.chosen.x.tolist(), chart.chosen.y.tolist()) == ([search.best_trial], [search.best_error])
    assert set(chart.legend.switches) == {DONE, PRUNED, CHOSEN, "least so far"}
    assert chart.heading == "Validation error by trial, °C"


def test_what_lies_far_above_is_drawn_at_the_top_and_said(search):
    scene = scene_of(search)
    assert scene.above == 1 and scene.points[PRUNED][1][0] < scene.limits[1] < 9.0
    assert "1 above the chart is drawn at its top." in SearchView(search)._history.words


def test_the_least_error_falls_in_steps():
    found = search_of(trial(32, 0.003, "none", 2.0), trial(8, 0.01, "none", 3.0), trial(9, 0.01, "none", 1.0))
    numbers, errors = scene_of(found).least
    assert numbers.tolist() == [0, 1, 1, 2, 2] and errors.tolist() == [2, 2, 2, 2, 1]


def test_the_settings_stand_in_the_order_in_which_they_mattered(search):
    view = SearchView(search)
    table = view._table.value
    assert re.findall(r'<th scope="row"[^>]*>([^<]+)<', table)[0] == "Highway"
    assert "<strong>linear</strong>" in table and "0.0003 to 0.03 by ratio" in table
    assert f"highway linear ({100 * search.importance.iloc[0]:.0f} %)" in view.summary()
    assert "50 %, may be chance" in table


def test_a_view_made_before_its_search_follows_it(search):
    view = SearchView()
    assert view.summary() == "Search. No trial is finished yet." and repr(view) == "SearchView()"
    assert view.still().axes
    view.show(search)
    assert search.reason in view._reason.value.replace("&lt;", "<")
    assert repr(view) == f"SearchView({search!r})"
    label = view._names.attributes[".lw-figure-trials .svg-figure"]["aria-label"]
    assert label.startswith("Validation error by trial, °C. 10 trained to the end, 1 broken off early.")
    with pytest.raises(LSTMWidgetsError, match="3 is no search"):
        view.show(3)


def test_a_search_of_which_nothing_came_yet_is_drawn(tmp_path):
    view = SearchView(search_of(trial(8, 0.01, "none", 4.0, state="pruned")))
    assert view._history.chosen.x.size == 0 and "No trial is finished yet." in view._reason.value
    page = view.save(tmp_path / "search.html").read_text()
    assert "<svg" in page and "1 broken off early" in page


@pytest.mark.parametrize(
    ("last", "ticks"), [(1, [0, 1]), (6, [0, 1, 2, 3, 4, 5, 6]), (23, [0, 5, 10, 15, 20])]
)
def test_the_axis_of_trials_has_whole_numbers(last, ticks):
    assert np.array_equal(trial_ticks(last), ticks)
