"""Whatever a series is called, its folder is one, its own, and inside the output folder."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmwidgets.reports.batch.names import MOST_BYTES, folder_names

DEVICES = {"con", "prn", "aux", "nul", "com1", "lpt9"}
NASTY = ["..", ".", "", "a/b", "a\\b", "C:", "~", "CON", "nul.txt", "a", "A", "ä", "a\u0308", "\u202egnp.exe"]


def seen_by_a_disk(name: str) -> str:
    return unicodedata.normalize("NFD", name).casefold()


@given(st.lists(st.one_of(st.text(), st.sampled_from(NASTY)), unique=True, max_size=12))
def test_every_id_has_a_safe_folder_of_its_own(ids):
    names = folder_names(ids)
    assert list(names) == ids
    assert len({seen_by_a_disk(name) for name in names.values()}) == len(ids)
    for name in names.values():
        assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)
        assert 0 < len(name.encode()) <= MOST_BYTES
        assert name == name.strip(". ") and not name.startswith("-")
        assert name.split(".")[0].casefold() not in DEVICES
        assert not {unicodedata.category(sign) for sign in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert not set(name) & set('/\\:*?"<>|')


def test_plain_ids_are_their_own_folders():
    plain = ["H1", "store 12", "日本語", "a.b", "x_y-z", "Größe (cm)", "1+1=2"]
    assert folder_names(plain) == {name: name for name in plain}


@pytest.mark.parametrize(
    ("unique_id", "folder"),
    [
        ("../../etc/passwd", "_.._etc_passwd-"),
        ("😀 sales", "_ sales-"),
        ("x" * 300, "x" * 71 + "-"),
        ("é" * 100, "é" * 35 + "-"),
        ("con.txt", "_con.txt-"),
        ("", "_-"),
        ("a\x00b\nc", "a_b_c-"),
    ],
)
def test_a_changed_name_stays_readable_and_ends_in_a_hash(unique_id, folder):
    name = folder_names([unique_id])[unique_id]
    assert name[:-8] == folder
    assert int(name[-8:], 16) >= 0


def test_a_folder_hangs_on_its_own_id_and_on_nothing_else_but_a_clash():
    alone = folder_names(["a/b"])["a/b"]
    assert folder_names(["x", "a/b", "y"])["a/b"] == alone
    both = folder_names(["a", "A"])
    assert both == dict(reversed(folder_names(["A", "a"]).items()))
    assert both["a"].startswith("a-") and both["A"].startswith("A-")
    # An id that is spelled as another one's folder does not get into it.
    assert len(set(folder_names(["a/b", alone]).values())) == 2
