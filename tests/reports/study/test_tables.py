"""CSV of a report: numbers come back as they were, and no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lstmwidgets.reports.study.tables import safe_csv, safe_text
from lstmwidgets.reports.whole import write_whole

FORMULA = "=cmd|'/c calc'!A1"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMANDS = ["=1+1", "+", "-", "@SUM", "＝", "＋", "－", "＠", "﹣"]
AROUND = [" ", "\u00a0", "\u200b", "\ufeff", '"', "'", ";", ",", "\t", "\r", "\n", "\x00"]
pieces = st.sampled_from([*COMMANDS, *AROUND, "a", "7", "-1.5", "é", "🙂"])
texts = st.lists(pieces, max_size=8).map("".join) | st.text(max_size=20)


def would_run(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula: OWASP's list, and what is folded into it."""
    if NUMBER.fullmatch(cell):
        return False
    if cell.startswith(("\t", "\r", "\n")):
        return True
    seen = (letter for letter in cell if unicodedata.category(letter) not in ("Cc", "Cf", "Zs", "Zl", "Zp"))
    first = next((letter for letter in seen if letter != '"'), "a")
    return unicodedata.normalize("NFKC", first)[0] in "=+-@"


def cells(text: str, separator: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [cell for row in rows for cell in row]


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4), texts)
@example([(FORMULA, "\t=1")], "=name")
@example([("a\n=1", "a\r\n@x")], "b;=1")
@example([('"=1', "\ufeff=1")], "　＝1")
def test_no_cell_is_run_whatever_is_in_it_and_whatever_separates_cells(rows, name):
    frame = pd.DataFrame(rows, columns=[name, "other"])
    text = safe_csv(frame)
    assert not [cell for cell in cells(text, ",") if would_run(cell)]
    # An importer that knows no quotes cuts at every separator and at every line break.
    assert not [cell for cell in re.split(r"[,;\t\r\n]", text) if would_run(cell)]


@given(texts)
def test_what_is_read_back_is_the_text_but_for_apostrophes(text):
    back = cells(safe_csv(pd.DataFrame({"name": [f"x{text}"]})), ",")[1]
    assert back.replace("'", "") == f"x{text}".replace("'", "")


@given(st.lists(st.floats(allow_nan=True), min_size=1), st.integers(-(2**62), 2**62))
def test_numbers_are_read_back_as_the_very_same(values, whole):
    frame = pd.DataFrame({"y": np.array(values), "n": np.full(len(values), whole)})
    _, *rows = csv.reader(io.StringIO(safe_csv(frame)))
    np.testing.assert_array_equal([float(row[0] or "nan") for row in rows], frame["y"])
    assert [int(row[1]) for row in rows] == [whole] * len(values)


@pytest.mark.parametrize(
    "text", ["-0.5", "+2", "-1e-9", ".5", "007", "a-b", "1-2", "", "née", "x = y", "'=1"]
)
def test_what_is_harmless_stays_as_it_is(text):
    assert safe_text(text) == text


def test_a_long_cell_full_of_separators_takes_no_time():
    assert safe_text(" ;" * 100_000).count("'") == 0


def test_times_stand_as_days_or_with_a_clock_and_missing_cells_are_empty():
    days = pd.to_datetime(["2020-01-31", None])
    clocks = pd.to_datetime(["2020-01-31 15:00", "2020-02-01 00:00"])
    zoned = clocks.tz_localize("UTC")
    frame = pd.DataFrame(
        {"day": days, "clock": clocks, "zoned": zoned, "text": [None, "a"], "known": [True, False]}
    )
    assert safe_csv(frame).splitlines() == [
        "day,clock,zoned,text,known",
        "2020-01-31,2020-01-31 15:00:00,2020-01-31 15:00:00+00:00,,True",
        ",2020-02-01 00:00:00,2020-02-01 00:00:00+00:00,a,False",
    ]


def test_a_frame_without_rows_still_names_its_columns():
    assert safe_csv(pd.DataFrame({"=a": [], "b": []})) == "'=a,b\n"


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = write_whole(tmp_path / "a.csv", "old\r\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_bytes() == b"old\r\n" and [each.name for each in tmp_path.iterdir()] == ["a.csv"]
