"""The command line: its flags are those of the config, and its errors one sentence and one number."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from lstmwidgets import __version__
from lstmwidgets.cli import commands, main
from lstmwidgets.cli.exits import EXIT_CODES, Stop, guarded, interruptible, printable
from lstmwidgets.cli.remedies import as_flags
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.reports.single.execution import StageFailed
from lstmwidgets.reports.single.refusals import OutputError
from lstmwidgets.reports.single.settings import ReportSettings


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command line in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return end.value.code, *capsys.readouterr()

    return run


def test_the_program_is_there_and_answers_without_loading_what_a_report_needs():
    code = (
        "import sys\nfrom lstmwidgets.cli import main\n"
        "try:\n    main(['report', '--help'])\n"
        "finally:\n    print({'pandas', 'papermill', 'matplotlib', 'dask', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"
    program = Path(sys.executable).with_name("lstmwidgets")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"lstmwidgets {__version__}\n"


def test_without_a_command_the_help_is_shown(run):
    code, answer, _ = run()
    assert code == 0
    assert all(name in answer for name in ("report", "batch", "tune", "app", "lab", "datasets", "Exit codes"))


@pytest.mark.parametrize("command", ["report", "batch"])
def test_every_field_of_the_config_has_a_flag_with_its_help_unit_bounds_and_default(run, command):
    code, answer, _ = run(command, "--help")
    assert code == 0
    words = re.sub(r"[│\s]+", " ", answer)
    for name, parameter in LSTMConfig.parameters().items():
        told = f"default {parameter.default})"
        if not parameter.choices:
            told = f"({parameter.unit}, {parameter.minimum:g} to {parameter.maximum:.10g}; {told}"
        assert f"--{name.replace('_', '-')} " in words and told in words
        assert parameter.help in words
        assert all(choice in words for choice in parameter.choices)
    assert EXIT_CODES in words


def test_flags_reach_the_settings_in_both_spellings(run, monkeypatch):
    asked = []

    def note(source, out, **given):
        del given["on_stage"], given["on_detail"]
        asked.append((source, str(out), given))
        raise LSTMWidgetsError("noted")

    monkeypatch.setattr("lstmwidgets.reports.single.report.report", note)
    line = "report a.csv --time year --time month --value y --freq MS --id shop --only 007 --fill linear"
    line += " --levels 95,50 --levels 80 --sequence_length 9 --sequence-length 1e1 --learning-rate 1e-2"
    line += " --loss absolute --auto --pdf --force -o some/where"
    assert run(*line.split()) == (3, "", "noted\n")
    report_flags = {
        "time": ["year", "month"],
        "value": "y",
        "freq": "MS",
        "id_column": "shop",
        "only": "007",
        "fill": "linear",
        "levels": [95, 50, 80],
        "auto": True,
    }
    network = {"sequence_length": 10, "learning_rate": 0.01, "loss": "absolute"}
    assert asked == [("a.csv", "some/where", {**report_flags, **network, "pdf": True, "force": True})]
    run("report", "sales/a.csv.gz", "--time", "ds")
    source, out, given = asked[-1]
    assert (source, out, given["time"]) == ("sales/a.csv.gz", "a-report", "ds")
    assert ReportSettings.of(source, **{k: v for k, v in given.items() if k not in ("pdf", "force")})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("report co2 --units 0", "units=0 is not accepted: units takes a whole number from 1 to 512"),
        ("report co2 --units many", "units='many' (str) is not accepted: units takes a whole number"),
        ("report co2 --units 1.5", "units=1.5 is not accepted"),
        ("report co2 --dropout nan", "dropout=nan is not accepted: dropout takes a number from 0 to 0.9"),
        ("report co2 --loss cubic", "loss='cubic' is not accepted: loss takes 'squared' or 'absolute'"),
        ("report co2 --levels 80,x", "levels=[80, 'x'] is not accepted: levels takes whole numbers"),
        ("report co2 --fill magic", "fill='magic' is not accepted: fill takes 'forward'"),
        ("report co2 --unitz 3", "lstmwidgets report: No such option: --unitz"),
        ("report", "lstmwidgets report: Missing argument"),
        ("reprot co2", "lstmwidgets: No such command 'reprot'"),
        ("report co2 --epochs 1e9", "epochs=1000000000 is not accepted: epochs takes a whole number"),
        ("report co2 --levels ,", "--levels , is not accepted: --levels takes whole numbers from 1 to 99"),
        ("batch panel.csv --workers 0", "workers=0 is not accepted: workers takes a whole number from 1 to"),
        ("batch panel.csv --workers two", "workers='two' is not accepted: workers takes a whole number"),
        ("batch panel.csv --workers 2 --scheduler tcp://a:1", "give one of them"),
        ("batch panel.csv --horizon 0", "horizon=0 is not accepted"),
        ("datasets -o a.csv", "name the series to be written"),
    ],
)
def test_a_command_line_that_is_not_accepted_is_one_sentence_and_2(run, line, words):
    code, answer, told = run(*line.split())
    assert (code, answer) == (2, "")
    assert words in told and told.count("\n") == 1
    code, answer, told = run(*line.split(), "--json") if "datasets" not in line else (2, "", "")
    if answer:
        assert json.loads(answer)["exit_code"] == 2 and words in json.loads(answer)["error"] and told == ""


def test_data_that_cannot_be_used_are_3_and_output_that_cannot_be_written_4(run, tmp_path):
    (tmp_path / "bad.csv").write_text("ds,y\n2020-01-01,abc\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    code, answer, told = run("report", "bad.csv", "--quiet")
    assert (code, answer) == (3, "") and "'abc'" in told and told.count("\n") == 1
    code, answer, told = run("report", "bad.csv", "--json")
    assert (code, told) == (3, "") and json.loads(answer)["exit_code"] == 3
    code, answer, told = run("report", "nile", "-o", "mine", "-q")
    assert (code, answer) == (4, "") and "'mine' holds 'notes.txt'" in told and "-o mine/report" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "mine"]


@pytest.mark.parametrize(
    ("head", "row", "flags"),
    [
        ("ds,a (x),it's", "2020-01-{:02},{},{}", "--value 'a (x)'"),
        ("begin,-end,y", "2020-01-{:02},2021-01-{:02},{}", "--time begin"),
        ("year,month,day,y", "2020,1,{},{}", "--time year --time month --time day --value …"),
        ("a,b", "x{},y{}", "--time …"),
    ],
)
def test_columns_to_be_named_are_named_with_flags(run, tmp_path, head, row, flags):
    rows = [row.format(day, day, day) for day in range(1, 29)]
    (tmp_path / "a.csv").write_text("\n".join([head, *rows]))
    code, answer, told = run("report", "a.csv", "-q")
    assert (code, answer) == (3, "") and flags in told and "read_series" not in told


def test_a_name_in_an_error_stays_as_it_is():
    for name in ("it's", 'a"b', "a\\'b\"", "a), time='b'", "[x]", "…, value='y'"):
        assert (
            as_flags(f"Name one: read_series(…, value={name!r})") == f"Name one: --value {shlex.quote(name)}"
        )
    assert as_flags("Name one: read_series(…, time='-t')") == "Name one: --time=-t"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Stop("not so", 2), 2, "not so"),
        (LSTMWidgetsError("too short"), 3, "too short"),
        (OutputError("full"), 4, "full"),
        (Unavailable("no browser"), 1, "no browser"),
        (
            StageFailed("Training", "ValueError: no", Path("a.ipynb")),
            1,
            "Training failed: ValueError: no. How far",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("by zero"),
            1,
            "ZeroDivisionError: by zero. This should not happen: run it again with",
        ),
        (LSTMWidgetsError(f"'{'a' * 5000}' is no number"), 3, "aaa' is no number"),
        (LSTMWidgetsError("a \x1b[31mred\x07 column\u202e"), 3, "a \\x1b[31mred\\x07 column\\u202e"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_error_ends_in_a_sentence_and_its_number(capsys, error, code, words):
    @guarded
    def command(json: bool, debug: bool) -> None:
        raise error

    for as_json, debug in [(False, False), (True, False), (False, True)]:
        with pytest.raises(typer.Exit) as end:
            command(json=as_json, debug=debug)
        answer, told = capsys.readouterr()
        assert end.value.exit_code == code
        if as_json:
            assert json.loads(answer)["exit_code"] == code and told == ""
        else:
            assert answer == "" and words in told
            assert debug or len(told) < 1300
            assert ("Traceback" in told) == debug


def test_all_that_is_printed_is_harmless_to_a_terminal():
    assert printable("größe 時系列 📈\nsecond line") == "größe 時系列 📈\nsecond line"
    assert printable("\x1b]0;title\x07\r\udcff") == "\\x1b]0;title\\x07\\r\\udcff"


def test_whatever_asks_for_an_end_comes_once_and_an_ignored_signal_stays_ignored():
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert {each: signal.getsignal(each) for each in handlers} == handlers


def test_a_reader_that_goes_away_is_no_error():
    program = Path(sys.executable).with_name("lstmwidgets")
    with subprocess.Popen(
        [program, "datasets", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        run.stdout.close()
        assert run.stderr.read() == ""


def test_every_command_is_registered_once():
    assert [command.name for command in commands.registered_commands] == [
        "report",
        "batch",
        "tune",
        "app",
        "lab",
        "datasets",
    ]
