"""Parts of a long computation in a folder: kept, found again, and refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.parts import Parts

SHAPES = {"y": ((2,), np.dtype(np.float64))}


def parts(folder) -> Parts:
    return Parts(folder, "backtest", LSTMConfig(), "0" * 64, {"horizon": 1})


def test_a_part_that_was_kept_is_found_again(tmp_path):
    parts(tmp_path / "new" / "folder").write(3, {"y": np.array([1.0, 2.0])})
    found = parts(tmp_path / "new" / "folder")
    assert len(found) == 1
    assert found.read(3, SHAPES)["y"].tolist() == [1.0, 2.0]
    assert found.read(0, SHAPES) is None


def test_a_part_that_is_damaged_or_of_another_shape_is_to_be_deleted(tmp_path):
    parts(tmp_path).write(0, {"y": np.zeros(3)})
    with pytest.raises(LSTMWidgetsError, match=r"part-00000.*settings call for .*[.] Delete this file and"):
        parts(tmp_path).read(0, SHAPES)
    (tmp_path / "part-00000.safetensors").write_bytes(b"scrap paper")
    with pytest.raises(LSTMWidgetsError, match=r"claims \d+ bytes[.] Delete this file and call again$"):
        parts(tmp_path)


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_folder_that_cannot_be_is_refused_before_anything_is_computed(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        LSTMWidgetsError, match="folder=.* cannot hold the parts of a backtest .*pass a folder"
    ):
        parts(tmp_path / name)


def test_a_folder_that_goes_away_and_cannot_come_back_is_refused(tmp_path):
    kept = parts(tmp_path / "kept")
    (tmp_path / "kept").rmdir()
    (tmp_path / "kept").write_text("")
    with pytest.raises(LSTMWidgetsError, match="cannot hold the parts of a backtest [(]File exists[)]"):
        kept.write(0, {"y": np.zeros(2)})
