"""A thousand ways to break a file: each can be forecast, as some are, or is refused in a sentence."""

from __future__ import annotations

import json
import random

import pandas as pd

import lstmwidgets as lw
from lstmwidgets.data.series import data_hash
from lstmwidgets.reports.study.study import Study

CELLS = [
    *(
        "",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "1e308",
        "-1e308",
        "abc",
        "0x1f",
        "--1",
        "-",
        "1,5",
        "1.234,5",
    ),
    *("=1+1", "@SUM(A1)", "<b>", "../..", "{}", "unique_id", "12345678901234567890", '"', "'", "\t", "\x00"),
    *("\x85", "\u2028", "\ufeff", "2024-13-45", "2024-02-30 00:00:00", "2024-03-31 02:30:00+01:00"),
    *("9999-12-31", "0001-01-01"),
]

EVERY = 40


def mutated(lines: list[bytes], chance: random.Random) -> bytes:
    """A file with one to ten things done to it that happen to files."""
    lines = list(lines)
    for _ in range(chance.choice([1, 1, 2, 3, 10])):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        cell = chance.choice(CELLS).encode()
        match chance.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                cells = lines[at].rstrip(b"\n").split(b",")
                cells[chance.randrange(len(cells))] = cell
                lines[at] = b",".join(cells) + b"\n"
            case 3:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + bytes([chance.randrange(256)]) + lines[at][place + 1 :]
            case 4:
                del lines[at + 1 :]
            case 5:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 6:
                lines[at], lines[other] = lines[other], lines[at]
            case 7:
                lines[0] = cell + b"," + chance.choice(CELLS).encode() + b"\n"
            case 8:
                del lines[min(at, other) : max(at, other)]
        lines = lines or [b""]
    return b"".join(lines)


def test_a_mutated_file_is_fit_for_a_report_or_refused_in_one_sentence(tmp_path):
    chance = random.Random(0)
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=120, freq="h"), "y": range(120)})
    lines = frame.assign(y=frame["y"] % 24 * 1.5).to_csv(index=False).encode().splitlines(keepends=True)
    config = lw.LSTMConfig(sequence_length=12, horizon=3, units=2, epochs=1)
    path, fit, sentences = tmp_path / "data.csv", 0, set()
    for _ in range(1000):
        path.write_bytes(mutated(lines, chance))
        study = Study(path, config, fill=chance.choice([None, "linear", "seasonal", "mask"]))
        try:
            study.check()
        except lw.LSTMWidgetsError as refusal:
            sentences.add(str(refusal).split(" ")[0])
            assert len(str(refusal)) > 20
            continue
        assert len(data_hash(study.original)) == 64
        fit += 1
        if fit % EVERY == 1:  # what was found fit is forecast
            assert json.loads(study.save(tmp_path)["metrics"].read_text("utf-8"))["horizon"] == 3
    assert 100 < fit < 900 and len(sentences) > 5  # both ends are met, for many reasons
