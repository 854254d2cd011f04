"""A study tells what the parts of the package tell, refuses before it trains, and trains once."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.diagnosis.checks.finding import Finding
from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
from lstmwidgets.model.progress import ProgressBar
from lstmwidgets.reports.study import chosen, listed, told
from lstmwidgets.reports.study.source import read_source
from lstmwidgets.reports.study.study import Study
from lstmwidgets.reports.study.subject import ROWS
from lstmwidgets.reports.study.verdict import verdict_of

CONFIG = lw.LSTMConfig(sequence_length=24, horizon=6, units=4, epochs=3)
HOSTILE = "=cmd|'/c calc'!A1<script>"


def waves(points: int = 500, name: str = "y") -> pd.Series:
    steps = np.arange(points)
    noise = np.random.default_rng(0).standard_normal(points)
    index = pd.date_range("2024-01-01", periods=points, freq="h", name="ds")
    return pd.Series(3 * np.sin(2 * np.pi * steps / 24) + 0.5 * noise, index, name=name)


def panel() -> pd.DataFrame:
    """Two series whose ids differ in their noughts alone, and one with a hostile name."""
    frames = [waves(60 + 10 * number).reset_index() for number in range(3)]
    return pd.concat(
        [frame.assign(unique_id=name) for frame, name in zip(frames, ("007", "7", HOSTILE), strict=True)]
    )


@pytest.fixture(scope="module")
def study():
    return Study(waves(name=HOSTILE), CONFIG, levels=(50, 90))


# What it tells ------------------------------------------------------------------------------


def test_it_tells_what_the_parts_tell(study):
    frame = lw.backtest(study.forecaster, step=1, progress_bar=False)
    pd.testing.assert_frame_equal(study.backtest[frame.columns], frame)
    pd.testing.assert_frame_equal(
        study.scores[["MAE", "skill"]], lw.score_table(study.forecaster, "test")[["MAE", "skill"]]
    )
    pd.testing.assert_frame_equal(study.by_step, lw.error_by_step(frame))
    assert study.diagnosis.findings == lw.diagnose(study.forecaster, frame=study.backtest).findings
    assert study.tone == study.diagnosis.tone and study.scores is study.scores


def test_intervals_after_the_end_rest_on_the_errors_of_both_held_out_parts(study):
    forecast = study.forecast
    assert list(forecast) == [
        *("unique_id", "ds", "yhat"),
        *("yhat-lo-50", "yhat-hi-50", "yhat-lo-90", "yhat-hi-90"),
    ]
    assert forecast["ds"].tolist() == list(pd.date_range("2024-01-21 20:00", periods=6, freq="h"))
    assert set(forecast["unique_id"]) == {HOSTILE}
    validation = lw.backtest(study.forecaster, step=1, part="validation", progress_bar=False)
    both = pd.concat([validation, study.backtest])
    first = both[both["ds"] == both["cutoff"] + pd.Timedelta(hours=1)]
    errors = np.sort(np.abs(first["y"] - first["LSTM"]))
    rank = int(np.ceil((len(errors) + 1) * 0.9))
    half = (forecast["yhat-hi-90"] - forecast["yhat-lo-90"]) / 2
    assert half[0] == pytest.approx(errors[rank - 1])


def test_levels_that_cannot_be_calibrated_are_left_out_everywhere_and_it_says_so():
    few = Study(waves(200), CONFIG, levels=(50, 99))
    assert few.coverage.index.tolist() == few.metrics.levels == [50]
    assert "yhat-lo-50" in few.forecast and "yhat-lo-99" not in few.forecast
    assert any(note.startswith("There are no intervals at 99 %: ") for note in few.notes)
    assert "50 % intervals cover" in few.verdict


def test_without_intervals_all_else_is_told():
    bare = Study(waves(120), CONFIG, levels=(99,))
    assert bare.coverage.empty and bare.metrics.coverage == [] and list(bare.forecast)[2:] == ["yhat"]
    assert "intervals" not in bare.verdict and "no intervals" in repr(listed.coverage(bare))
    assert bare.fan_picture().axes and bare.plot().frame is bare.backtest


def test_every_word_and_picture_of_a_report_is_there_and_a_hostile_name_stays_text(study):
    shown = [told.headline(study), told.data(study), told.again(study), listed.forecast(study)]
    shown += [listed.scores(study), listed.coverage(study), told.findings(study.diagnosis, study.notes)]
    shown += [told.training(study), told.memory(*study.ledger), told.ahead(study), told.by_step(study)]
    for each in shown:
        assert repr(each) and "<script" not in each._repr_html_()
    assert HOSTILE in repr(told.headline(study))
    for name in ("overview", "fan", "step", "training", "memory"):
        assert getattr(study, f"{name}_picture")().axes[0].has_data()
    assert study.plot().diagnosis.verdict == study.verdict
    assert study.explorer().trace.start == study.windows.test[-1]
    assert study.settings_table().loc["Units", ["value", "default", "flag"]].tolist() == [
        "4",
        "32",
        "--units",
    ]


def found(*findings: tuple[str, str, str]) -> Diagnosis:
    made = tuple(Finding(name, tone, headline, "…") for name, tone, headline in findings)  # type: ignore[arg-type]
    return Diagnosis(made, "LSTM", cutoffs=100, horizon=6)


BEATS = ("skill", "good", "beats seasonal naive by 23 %")
LINEAR = ("linear rival", "quiet", "a linear model does as well")
TWO = pd.DataFrame({"coverage": [0.79, 0.88]}, index=[80, 90])


@pytest.mark.parametrize(
    ("diagnosis", "coverage", "verdict"),
    [
        (found(BEATS), TWO, "Beats seasonal naive by 23 %; 90 % intervals cover 88 %."),
        (found(BEATS), TWO.iloc[:0], "Beats seasonal naive by 23 %."),
        (found(BEATS), TWO * np.nan, "Beats seasonal naive by 23 %."),
        (
            found(LINEAR, BEATS, ("coverage", "good", "90 % intervals cover 88 %")),
            TWO,
            "Beats seasonal naive by 23 %; a linear model does as well; 90 % intervals cover 88 %.",
        ),
        (
            found(("coverage", "warning", "coverage 60 % where 90 % was promised"), BEATS),
            TWO - 0.28,
            "Beats seasonal naive by 23 %; 90 % intervals cover 60 %.",
        ),
        (
            found(("skill", "warning", "worse than repeat last by 12 %"), LINEAR),
            TWO,
            "Worse than repeat last by 12 %; 90 % intervals cover 88 %.",
        ),
        (
            found(
                ("skill", "quiet", "not clearly better than repeat last"),
                ("bias", "warning", "too high by 1"),
            ),
            TWO,
            "Not clearly better than repeat last; 90 % intervals cover 88 %; too high by 1.",
        ),
        (
            found(("skill", "quiet", "as good as repeat last")),
            TWO,
            "As good as repeat last; 90 % intervals cover 88 %.",
        ),
        (
            found(("bias", "warning", "too high by 1"), ("flat line", "warning", "a flat line"), BEATS),
            TWO,
            "Beats seasonal naive by 23 %; 90 % intervals cover 88 %; too high by 1.",
        ),
        (
            found(
                ("skill", "warning", "worse than seasonal naive by 51 %"),
                ("worse than a baseline", "warning", "worse than seasonal naive after step 7"),
                ("bias", "warning", "too high by 1"),
            ),
            TWO,
            "Worse than seasonal naive by 51 %; 90 % intervals cover 88 %; too high by 1.",
        ),
        (
            found(("too good", "error", "too good to be true"), BEATS),
            TWO,
            "Do not trust the score (too good to be true): beats seasonal naive by 23 %; "
            "90 % intervals cover 88 %.",
        ),
        (
            found(("constant", "error", "repeat last makes no error")),
            TWO,
            "No score: repeat last makes no error; 90 % intervals cover 88 %.",
        ),
        (found(), TWO.iloc[:0], "No score: there is no rule to compare with."),
    ],
)
def test_a_verdict_is_one_sentence_doubts_first_then_skill_then_coverage(diagnosis, coverage, verdict):
    assert verdict_of(diagnosis, coverage) == verdict


# Which series -------------------------------------------------------------------------------


def test_a_name_is_a_bundled_series_where_there_is_no_such_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_source("nile").attrs["dataset"] == "nile"
    with pytest.raises(lw.LSTMWidgetsError, match=r"no file 'nil' .* did you mean 'nile'\?"):
        read_source("nil")
    with pytest.raises(lw.LSTMWidgetsError, match="freq='D' goes with a file of your own"):
        read_source("nile", freq="D")
    for long in ("x" * 300, "x" * 300 + ".csv"):
        with pytest.raises(lw.LSTMWidgetsError, match="there is no file"):
            read_source(long)
    (tmp_path / "nile").write_text("ds,y\n")
    with pytest.raises(lw.LSTMWidgetsError, match="'nile' is of no known kind"):
        read_source("nile")


@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
def test_one_series_of_many_is_picked_by_its_id_as_text(kind, tmp_path):
    source = panel()
    if kind == "csv":
        source.to_csv(tmp_path / "panel.csv", index=False)
        source = tmp_path / "panel.csv"
    elif kind == "parquet":
        source.to_parquet(tmp_path / "panel.parquet")
        source = tmp_path / "panel.parquet"
    assert [len(read_source(source, only=name)) for name in ("007", "7", HOSTILE)] == [60, 70, 80]
    assert read_source(source, only="007").name == "007"
    with pytest.raises(
        lw.LSTMWidgetsError, match="several series, unique_id '007', '7'.*--only.*lstmwidgets batch"
    ):
        read_source(source)
    with pytest.raises(lw.LSTMWidgetsError, match="only='07' is not in column 'unique_id'.*'007'"):
        read_source(source, only="07")
    with pytest.raises(lw.LSTMWidgetsError, match="only=7 is no text"):
        read_source(source, only=7)
    with pytest.raises(lw.LSTMWidgetsError, match="id_column='shop' needs a column 'shop'"):
        read_source(source, id_column="shop", only="7")
    long = pd.DataFrame({"unique_id": ["a" * 300, "b" * 300], "ds": ["2024", "2025"], "y": [1, 2]})
    with pytest.raises(lw.LSTMWidgetsError, match="holds several series, unique_id 'a{37}…', 'b{37}…'"):
        read_source(long)


def test_a_cell_of_one_series_is_named_by_its_row_and_decimal_commas_are_read(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("shop;ds;y\na;2020-01-01;1,5\nb;2020-01-01;2,5\nb;2020-01-02;x\na;2020-01-02;-0,5\n")
    assert read_source(path, id_column="shop", only="a").to_list() == [1.5, -0.5]
    with pytest.raises(lw.LSTMWidgetsError, match="'x' in row 2"):
        read_source(path, id_column="shop", only="b")
    path.write_text("shop;ds;y\na;2020-01-01;1,5\n;2020-01-02;2,5\n;;\n")
    with pytest.raises(lw.LSTMWidgetsError, match="rows that name no series: 'shop' is empty on line 3"):
        read_source(path, id_column="shop")
    path.write_text("shop;ds;y\na;2020-01-01;1,5\na;2020-01-02;2,5\n;;\n")
    assert read_source(path, id_column="shop").name == "a"


def test_a_frame_of_one_id_is_named_after_it_and_rows_in_the_folder_come_first(tmp_path):
    assert read_source(panel().query("unique_id == '7'")).name == "7"
    waves(90).reset_index().to_parquet(tmp_path / ROWS)
    handed = Study("not/there.csv", CONFIG, only="a/../b", folder=tmp_path)
    assert len(handed.original) == 90 and handed.original.name == "a/../b"
    assert Study("nile", CONFIG, folder=tmp_path / "other").original.attrs["dataset"] == "nile"


# What the forecast reads --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "fill", "origin", "tested"),
    [
        (slice(-15, None), "forward", "15 filled values of 24", False),
        (slice(-15, None), "mask", "15 unknown values of 24", False),
        (slice(-1, None), "forward", "1 filled value of 24", False),
        (slice(-9, -4), "linear", "5 filled values of 24", False),
        (slice(-9, -8), "linear", "1 filled value of 24", True),
        (slice(1, None, 3), "mask", "8 unknown values of 24", True),  # as in every window of the test
        (slice(100, 110), "linear", "no filled values of 24", True),
    ],
)
def test_what_the_forecast_reads_is_told_from_what_it_was_tested_on(gap, fill, origin, tested):
    series = waves()
    series.iloc[gap] = np.nan
    found = Study(series, CONFIG, fill=fill).origin
    assert (str(found), found.tested) == (origin, tested)


def test_a_forecast_from_filled_values_says_so_before_all_else():
    series = waves()
    series.iloc[-15:] = np.nan
    study = Study(series, CONFIG, fill="forward")
    first = "This forecast rests on 15 filled values of 24, and the scores below do not hold for it: "
    assert study.verdict.startswith(first) and study.tone == "error" and study.metrics.filled_at_origin == 15
    assert "15 filled values of 24, unlike those that it was tested on." in repr(told.ahead(study))
    assert "what was filled in is hollow. It rests on" in told.fan_caption(study)
    axes = study.fan_picture().axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert len(lines["filled"]) == 15 and np.isnan(lines["what came"][-15:]).all()
    assert "filled" in [text.get_text() for text in study.fan_picture().legends[0].get_texts()]


def test_a_forecast_that_a_simple_rule_beats_is_not_to_be_used():
    study = Study(
        waves(), CONFIG.model_copy(update={"epochs": 1, "centering": "none", "learning_rate": 1e-6})
    )
    assert study.verdict.startswith("Worse than") and study.verdict.count("worse") == 0
    assert "</span> Do not use: the simple rule is better</p>" in told.headline(study)._repr_html_()
    assert "--centering last" in repr(told.findings(study.diagnosis, []))
    assert "Made on " in repr(told.headline(study)) and "2024-01-01 to 2024-01-21 19:00" in told.made_of(
        study
    )


# What is refused ----------------------------------------------------------------------------


def test_data_that_cannot_be_forecast_are_refused_without_tensorflow(tmp_path):
    waves(40).to_csv(tmp_path / "short.csv")
    code = (
        "import sys, lstmwidgets as lw\nfrom lstmwidgets.reports.study.study import Study\n"
        f"study = Study({str(tmp_path / 'short.csv')!r}, lw.LSTMConfig(horizon=12), fill='lstm')\n"
        "try: study.check()\nexcept lw.LSTMWidgetsError as error: print(error)\n"
        "print({'tensorflow', 'matplotlib', 'ipywidgets'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(
        "horizon=12 does not fit: the validation part has 6 of the series' 40 points"
    )
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize(
    ("gap", "fill", "message"),
    [
        (slice(-3, None), None, "3 of the newest sequence_length=24 values .* --fill forward"),
        (slice(-3, None), "linear", "the last known one is of 2024-01-21 16:00:00.* --fill forward"),
        (slice(-3, None), "seasonal", r"\(--fill seasonal\) fills no gap at the end: .* --fill forward"),
        (slice(-3, None), "lstm", r"\(--fill lstm\) fills no gap at the end: .* --fill forward"),
        (slice(-9, -5), None, "4 of the newest sequence_length=24 values .* fill='linear'.*--fill linear"),
        (slice(None, None, 9), None, "windows of the train part touches a missing value.* --fill linear"),
    ],
)
def test_gaps_that_leave_nothing_to_forecast_from_are_refused_with_the_repair_that_helps(gap, fill, message):
    series = waves()
    series.iloc[gap] = np.nan
    broken = Study(series, CONFIG, fill=fill)
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        broken.check()
    Study(series, CONFIG, fill="forward" if "forward" in message else "linear").check()


def test_no_repair_is_advised_that_would_make_up_the_series():
    series = waves()
    series.iloc[100:260] = np.nan
    series.iloc[-3:] = np.nan
    with pytest.raises(lw.LSTMWidgetsError, match="33 % of its values are missing, too many to fill") as told:
        Study(series, CONFIG).check()
    assert "fill=" not in str(told.value)
    with pytest.raises(lw.LSTMWidgetsError, match=r"lower sequence_length=24 or horizon=6\. 50 % of its"):
        Study(waves().where(np.arange(500) % 2 == 0), CONFIG).check()


def test_gaps_are_told_and_so_is_what_they_cost():
    series = waves()
    series.iloc[100:104] = np.nan
    left = Study(series, CONFIG)
    left.check()
    assert told.done(left) == ["Nothing was repaired: gaps were left as they are."]
    # 321, 70 and 70 windows; those that begin from 23 steps before the gap to its last point read of it
    told_of = dict(told.data(left).points)
    assert told_of["Done"].startswith("27 of 461 windows") and "--fill linear" in told_of["Next"]
    assert told.overview_caption(left) == "The whole series; gaps are open."
    assert told.overview_caption(Study(waves(), CONFIG)) == "The whole series."
    series.iloc[[150, 200]] = np.nan
    lost = [sentence for word, sentence in told.data(Study(series, CONFIG)).points if word == "Found"]
    assert lost[-1].startswith("75 of 461 windows to learn from or to test on (16 %)")
    masked = Study(series, CONFIG, fill="mask")
    assert not masked.windows.left_out and masked.metrics.repairs[0].method == "mask"
    assert masked.explorer().trace.h.shape == (24, 4)


@pytest.mark.parametrize("wrong", [{"fill": "magic"}, {"levels": (100,)}, {"levels": "80"}, {"config": 3}])
def test_a_setting_that_is_not_accepted_is_refused_at_once(wrong):
    with pytest.raises(lw.LSTMWidgetsError, match=next(iter(wrong))):
        Study("nile", **wrong)


# What is trained once -----------------------------------------------------------------------


def test_a_finished_model_is_taken_again_only_where_data_settings_and_versions_are_the_same(tmp_path):
    first = Study(waves(), CONFIG, folder=tmp_path)
    seconds = first.forecaster.history_["seconds"].to_list()
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    again = Study(waves(), CONFIG, folder=tmp_path, levels=(50,))
    assert again.forecaster.history_["seconds"].to_list() == seconds  # which no second training repeats
    np.testing.assert_array_equal(again.backtest["LSTM"], first.backtest["LSTM"])
    np.testing.assert_array_equal(again.forecast["yhat"], first.forecast["yhat"])
    assert again.metrics.training == first.metrics.training
    for other in (
        Study(waves() + 1, CONFIG, folder=tmp_path),
        Study(waves(), CONFIG, fill="mask", folder=tmp_path),
    ):
        assert other.forecaster.history_["seconds"].to_list() != seconds
        first.forecaster.save(tmp_path / "model.safetensors")
    first.forecaster.versions_ = {**first.forecaster.versions_, "keras": "0.1"}
    first.forecaster.save(tmp_path / "model.safetensors")
    assert Study(waves(), CONFIG, folder=tmp_path).forecaster.history_["seconds"].to_list() != seconds


def test_a_killed_training_goes_on_and_a_file_that_is_not_ours_is_passed_over(tmp_path, monkeypatch):
    whole = Study(waves(), CONFIG).forecaster

    def pull_the_plug(bar: ProgressBar, trainer: lw.Trainer) -> None:
        if len(trainer.history) == 2:
            raise KeyboardInterrupt

    killed = Study(waves(), CONFIG, folder=tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(ProgressBar, "on_epoch", pull_the_plug)
        with pytest.raises(KeyboardInterrupt):
            _ = killed.forecaster
    (state,) = tmp_path.glob("training-*/training.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    resumed = Study(waves(), CONFIG, folder=tmp_path).forecaster
    for ours, theirs in zip(resumed.model_.get_weights(), whole.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not state.exists() and len(resumed.history_) == 3
    state.parent.mkdir()
    state.write_bytes(b"no file of ours")
    (tmp_path / "model.safetensors").unlink()
    assert len(Study(waves(), CONFIG, folder=tmp_path).forecaster.history_) == 3


def test_a_study_that_chooses_tells_why_everywhere_and_is_taken_from_its_folder_again(tmp_path):
    asked = lw.LSTMConfig(horizon=2, units=32, epochs=1, sequence_length=500)
    names = ("sequence_length", "highway")
    study = Study("nile", asked, auto=names, folder=tmp_path)
    study.check()  # 500 years would not fit, and are not asked for
    assert study.config == study.forecaster.config != asked
    assert study.windows.sequence_length == study.config.sequence_length < 70
    assert [one.setting for one in study.metrics.decisions if one.chosen] == list(names)
    assert study.metrics.config == study.config
    told_why = repr(chosen.decisions(study))
    assert f"- Sequence length (--sequence-length {study.config.sequence_length}). No season" in told_why
    assert "- Units (--units 32). Set by you." in told_why
    words = shlex.split(study.command)
    assert words[:4] == ["lstmwidgets", "report", "nile", "--auto"]
    assert "--units" in words and "--patience" in words and "--sequence-length" not in words
    again = Study("nile", asked, auto=names, folder=tmp_path)
    assert again.decisions == study.decisions
    assert again.forecaster.history_["seconds"].tolist() == study.forecaster.history_["seconds"].tolist()
    assert "With --auto the series chooses" in repr(chosen.decisions(Study("nile", study.config)))


def test_the_folder_is_what_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("LSTMWIDGETS_WORK", str(tmp_path))
    assert Study("nile").folder == tmp_path
    assert (
        Study("nile", folder="here").folder is not None and str(Study("nile", folder="here").folder) == "here"
    )
    monkeypatch.delenv("LSTMWIDGETS_WORK")
    assert Study("nile").folder is None


# What it leaves -----------------------------------------------------------------------------


def test_it_saves_a_forecast_metrics_and_a_model_that_are_read_back(study, tmp_path):
    paths = study.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths.values()}
    text = paths["forecast"].read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("'=cmd|'/c calc'!A1<script>,2024-01-21 20:00:00,")
    back = pd.read_csv(paths["forecast"], parse_dates=["ds"])
    np.testing.assert_array_equal(back["yhat"], study.forecast["yhat"])
    assert json.loads(paths["metrics"].read_text(encoding="utf-8"))["verdict"] == study.verdict
    loaded = lw.LSTMForecaster.load(paths["model"])
    np.testing.assert_allclose(loaded.predict()["yhat"], study.forecast["yhat"])


def test_its_command_says_what_differs_from_the_defaults_in_words_that_a_shell_takes_apart():
    asked = Study(
        "-my data.csv", CONFIG, time="ds", id_column="shop", only="-5", fill="mask", levels=(95, 50)
    ).command
    assert shlex.split(asked) == [
        *("lstmwidgets", "report", "./-my data.csv", "--time", "ds", "--id", "shop", "--only=-5"),
        *("--fill", "mask", "--levels", "50,95", "--sequence-length", "24", "--horizon", "6", "--units", "4"),
        *("--epochs", "3", "-o", "report"),
    ]
    assert Study("co2", out="-r/a b").command == "lstmwidgets report co2 '--out=-r/a b'"
    assert Study("co2").command == "lstmwidgets report co2 -o report"
    assert Study(waves()).command == "" and "in memory" in repr(told.again(Study(waves(), CONFIG)))
