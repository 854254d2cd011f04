"""The comparison view shows what a comparison found: every error, every failure, and who is drawn."""

from dataclasses import replace

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.choosing.compare import Comparison
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.rows import Bar, bars, column, size_of
from lstmwidgets.widgets.charts.spread import ragged, within_reason
from lstmwidgets.widgets.comparing.scene import candidates_of, scene_of
from lstmwidgets.widgets.comparing.table import cells_of, errors_html

SMALL = lw.LSTMConfig(sequence_length=8, horizon=2, units=2, epochs=2)


@pytest.fixture(scope="module")
def comparison():
    configs = {"LSTM <2>": SMALL, "RNN": SMALL.replace(cell="rnn", epochs=3)}
    return lw.compare(lw.load_dataset("nile"), configs, seeds=2, progress_bar=False)


@pytest.fixture
def view(comparison):
    return lw.ComparisonView(comparison)


def test_each_config_has_its_errors_beside_its_bars_and_the_rule_is_last(comparison):
    scene = scene_of(comparison)
    cells = cells_of(scene)
    assert len(cells) == 3 and cells[-1]["parameters"] == "–"
    for found, (_, row) in zip(cells, comparison.table.iterrows(), strict=False):
        assert float(found["test"].replace(",", "")) == pytest.approx(row["test_error"], rel=0.01)
        assert found["validation spread"].startswith("± ")
        assert found["parameters"] == f"{row['parameters']:,.0f}"
    page = errors_html(scene)
    assert "LSTM &lt;2&gt;" in page and page.count("<circle") == 2 * 2 * 2  # configs, parts, seeds
    assert page.count("<tr>") == 1 + 3


def test_a_skill_that_rounds_to_nothing_has_no_sign(comparison):
    scene = scene_of(comparison)
    scene = replace(scene, table=scene.table.assign(skill=-0.001))
    assert {found["skill"] for found in cells_of(scene)[:-1]} == {"0.00"}


def test_a_config_called_like_the_naive_rule_keeps_its_own_numbers(comparison):
    rule = comparison.naive.name
    named = [replace(run, name=rule) if run.name == "RNN" else run for run in comparison.outcomes]
    found = scene_of(Comparison(tuple(named), comparison.series, comparison.naive))
    assert cells_of(found) == cells_of(scene_of(comparison))
    assert errors_html(found).count(rule) == 2


def test_the_verdicts_stand_in_the_view_and_in_its_summary(view, comparison):
    assert len(comparison.verdicts) == 1
    assert comparison.verdicts[0] in view.summary()
    assert f"Compared with {comparison.best}, the best on validation." in view.summary()
    assert all(one in view.summary() for one in comparison.cautions) and len(comparison.cautions) > 0
    assert f"{view.comparison.naive.name}: test error" in view.summary()


def test_curves_and_forecasts_are_those_of_the_runs(view, comparison):
    mean, seeds, best = view.curves.marks["RNN"]
    losses = np.array([run.history["val_loss"] for run in comparison.outcomes if run.name == "RNN"])
    np.testing.assert_array_equal(seeds.y, losses)
    np.testing.assert_allclose(mean.y, losses.mean(axis=0))
    assert best.x.tolist() == [run.best_epoch for run in comparison.outcomes if run.name == "RNN"]
    line, band = view.forecasts.marks["LSTM <2>"]
    found = np.array([run.forecast for run in comparison.outcomes if run.name == "LSTM <2>"])
    assert line.y.tolist() in found.tolist()
    np.testing.assert_array_equal(band.y, [found.min(axis=0), found.max(axis=0)])


def test_a_config_is_hidden_by_the_legend_or_by_code_and_left_out_of_the_still(view):
    assert view.shown == ("LSTM <2>", "RNN")
    view.legend.switches["RNN"].value = False
    assert view.shown == ("LSTM <2>",)
    pressed = [view._names.attributes[f".lw-configs > button:nth-child({n})"]["aria-pressed"] for n in (1, 2)]
    assert pressed == ["true", "false"]
    view.shown = ["RNN"]
    assert view.shown == ("RNN",) and not view.legend.switches["LSTM <2>"].value
    hues = {line.get_color() for axes in view.still().axes[-4:] for line in axes.get_lines()}
    assert theme.colour("gate-f") in hues and theme.colour("forecast") not in hues
    with pytest.raises(
        lw.LSTMWidgetsError, match="shown='GRU' is not accepted: the configs are 'LSTM <2>' and"
    ):
        view.shown = "GRU"


def test_a_failed_training_is_told_and_a_config_without_any_result_keeps_its_row(comparison):
    empty = dict.fromkeys(("val_error", "test_error"), np.nan)
    failed = [
        replace(run, failure="the loss is no longer a number", **empty) if run.name == "RNN" else run
        for run in comparison.outcomes
    ]
    view = lw.ComparisonView(Comparison(tuple(failed), comparison.series, comparison.naive))
    assert "RNN, seed 1, gave no result: the loss is no longer a number." in view.summary()
    assert "RNN gave no result." in view.summary()
    assert cells_of(view._scene)[1]["test"] == "–"
    assert len(view.still().axes) > 4 and len(view.forecasts.marks["RNN"]) == 1


def test_it_is_saved_as_other_views_are(view, tmp_path):
    page = view.save(tmp_path / "comparison.html").read_text()
    assert "<svg" in page and "LSTM &lt;2&gt;: test error" in page
    assert view.save(tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert "image/png" in view._repr_mimebundle_()


@pytest.mark.parametrize("other", [None, {}, 3])
def test_what_is_no_comparison_is_refused(other):
    with pytest.raises(lw.LSTMWidgetsError, match="pass what lstmwidgets.compare returned"):
        lw.ComparisonView(other)


def test_hues_come_in_turn_and_then_in_dashes(comparison):
    run = comparison.outcomes[0]
    found = candidates_of([replace(run, name=str(number)) for number in range(8)])
    assert [each.hue for each in found[:6]] == list(theme.CONFIGS)
    assert [(each.hue, each.dashes) for each in found[6:]] == [("forecast", "dashed"), ("gate-f", "dashed")]


def test_bars_are_as_long_as_their_values():
    drawn = bars([Bar(2.0, points=[1.0, 3.0], rule=4.0), Bar(np.nan)], top=4.0)
    assert 'width="48.50%"' in drawn and 'x1="24.25%" x2="72.75%"' in drawn and 'x1="97.00%"' in drawn
    assert drawn.count("<rect") == 1
    assert column([0.5, np.nan, 120.25]) == ["0.500", "–", "120.250"]
    assert [size_of(memory) for memory in (0, 999, 1e3, 123e6, np.nan)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 MB",
        "–",
    ]


def test_curves_of_other_lengths_and_one_gone_astray():
    assert np.isnan(ragged([np.array([1.0]), np.array([2.0, 3.0])])[0, 1])
    shown, cut = within_reason([np.array([1.0, 0.5]), np.array([2.0, np.inf, 1e6])])
    assert cut and shown.tolist() == [1.0, 0.5, 2.0]
    assert within_reason([np.array([0.5])]) == (pytest.approx([0.5]), False)
    assert not within_reason([])[1]
