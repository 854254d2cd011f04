"""The output folder is refused before any work, or becomes a whole report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.single.folder import ALWAYS, MODEL, OutputError, OutputFolder


def fill(folder: Path, text: str = "new") -> None:
    for name in ALWAYS:
        (folder / name).write_text(text)


def made(path: Path, text: str = "old") -> Path:
    """A folder with a report in it."""
    with OutputFolder(path) as folder:
        folder.begin()
        fill(folder.result, text)
        folder.publish()
    return path


def broken_off(path: Path, error: BaseException, *made: str) -> OutputFolder:
    """A run that made some things in its work folder when an error came; as the folder was left."""

    def work(folder: OutputFolder) -> None:
        with folder:
            folder.begin()
            fill(folder.result, "half")
            for name in made:
                (folder.work / name).mkdir()
            raise error

    folder = OutputFolder(path)
    with pytest.raises(type(error)):
        work(folder)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> set[str]:
    return {path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "name",
    ["out", "a b/c", "{x}", "%s", "größe-時系列-📈", "-rf", "it's", "x" * 250, ".hidden", "a/../b"],
    ids=lambda name: name[:12],
)
def test_a_report_comes_to_stand_whole_under_any_name(tmp_path, name):
    made(tmp_path / name)
    out = Path(os.path.realpath(tmp_path / name))
    assert names(out) == sorted(ALWAYS)
    assert names(out.parent) == [out.name]


def test_its_files_can_be_read_by_whoever_can_read_the_folder(tmp_path):
    with OutputFolder(tmp_path / "out") as folder:
        folder.begin()
        fill(folder.result)
        (folder.result / MODEL).chmod(0o600)
        folder.publish()
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == {(tmp_path / "out").stat().st_mode & 0o666}


def test_an_earlier_report_is_exchanged_as_a_whole(tmp_path):
    out = made(tmp_path / "out", "old")
    (out / "report.pdf").write_text("old")
    (out / ".DS_Store").write_text("a file manager looked in")
    out.chmod(0o750)
    made(out, "new")
    assert names(out) == sorted(ALWAYS)  # a PDF of the old report would belie the new one
    assert contents(out) == {"new"}
    assert out.stat().st_mode & 0o777 == 0o750


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "far")
    made(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path / "far") == sorted(ALWAYS)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda out: out.write_text("x"), "is a file: name a folder"),
        (lambda out: (out.mkdir(), (out / "thesis.docx").write_text("x")), "holds 'thesis.docx'"),
        (lambda out: (made(out), (out / "notes.txt").write_text("x")), "holds 'notes.txt'"),
        (lambda out: (out.mkdir(), (out / "report.html").write_text("x")), "holds 'report.html'"),
        (lambda out: (made(out), (out / "report.pdf").mkdir()), "holds 'report.pdf'"),
        (lambda out: (out.parent / ".out.work").write_text("x"), "is in the way"),
        (
            lambda out: ((w := out.parent / ".out.work").mkdir(), (w / "mine").write_text("x")),
            "is in the way",
        ),
        (lambda out: (out.parent / ".out.work").symlink_to(out.parent), "is in the way"),
    ],
)
def test_what_is_there_and_is_no_report_is_refused_and_left_alone(tmp_path, prepare, words):
    out = tmp_path / "out"
    prepare(out)
    before = sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=words), OutputFolder(out):
        pass
    assert sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "\udcff"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(OutputError, match="no folder's name|not text"):
        OutputFolder(name)


@pytest.mark.parametrize("name", ["/", "//", "/../"])
def test_a_disks_root_is_refused(name):
    with pytest.raises(OutputError, match=r"is a disk's root.*-o /+report"):
        OutputFolder(name)


def test_a_name_that_is_too_long_is_refused_in_words(tmp_path):
    with pytest.raises(OutputError, match="too long"), OutputFolder(tmp_path / ("x" * 256)):
        pass
    assert names(tmp_path) == []


def test_a_file_in_the_path_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(OutputError, match="a part of this path is a file"),
        OutputFolder(tmp_path / "file" / "out"),
    ):
        pass


def test_the_folder_one_is_in_cannot_be_exchanged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match=r"is the folder you are in.*-o report"), OutputFolder("."):
        pass


def test_two_runs_do_not_write_one_report(tmp_path):
    out, words = tmp_path / "out", "another run is writing .*out' now"
    with OutputFolder(out), pytest.raises(OutputError, match=words), OutputFolder(out):
        pass
    made(out)
    assert names(tmp_path) == ["out"]


def test_an_error_of_the_data_leaves_nothing(tmp_path):
    broken_off(tmp_path / "out", LSTMWidgetsError("the series is too short"), "training-ab")
    assert names(tmp_path) == []


def test_what_a_broken_off_training_goes_on_from_stays_and_nothing_half_made(tmp_path):
    out = made(tmp_path / "out", "old")
    left = broken_off(out, KeyboardInterrupt(), "training-ab").work
    assert contents(out) == {"old"}
    assert names(left) == ["lock", MODEL, "training-ab"]
    with OutputFolder(out) as folder:
        folder.begin()
        assert (folder.work / "training-ab").is_dir()
        fill(folder.result)
        folder.publish()
    assert names(tmp_path) == ["out"]


def test_an_interruption_before_anything_was_trained_leaves_nothing(tmp_path):
    out = made(tmp_path / "out", "old")  # whose model is lent to the run, and is nothing to go on from
    broken_off(out, KeyboardInterrupt())
    assert names(tmp_path) == ["out"]


def test_a_fresh_start_uses_nothing_that_is_there(tmp_path):
    out = made(tmp_path / "out", "old")
    broken_off(out, KeyboardInterrupt(), "training-ab")
    with OutputFolder(out) as folder:
        folder.begin(fresh=True)
        assert names(folder.work) == ["lock", "result"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_while_it_moved_its_report_is_set_right_by_the_next(tmp_path, moment):
    out = made(tmp_path / "out", "old")
    code = f"""
import os
from pathlib import Path
from lstmwidgets.reports.single.folder import ALWAYS, OutputFolder
rename, seen = os.rename, []
def dying(one, other):
    seen.append(one)
    if len(seen) == 2 and {moment!r} == "before":
        os._exit(9)  # as by SIGKILL: the old report is aside, the new one not in its place
    rename(one, other)
    if len(seen) == 2:
        os._exit(9)
os.rename = dying
with OutputFolder({str(out)!r}) as folder:
    folder.begin()
    for name in ALWAYS:
        (folder.result / name).write_text("new")
    folder.publish()
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 9
    assert out.exists() == (moment == "after")
    with OutputFolder(out) as folder:
        assert contents(out) == {"old" if moment == "before" else "new"}
        assert "old" not in names(folder.work)
    assert names(tmp_path) == ["out"]


def test_a_move_that_fails_leaves_the_earlier_report(tmp_path, monkeypatch):
    out = made(tmp_path / "out", "old")
    rename = os.rename

    def refusing(one, other):
        if Path(one).name == "result":
            raise PermissionError(13, "Permission denied")
        rename(one, other)

    monkeypatch.setattr(os, "rename", refusing)
    with pytest.raises(OutputError, match="Permission denied"):
        made(out, "new")
    assert contents(out) == {"old"}
    assert names(tmp_path) == ["out"]


def test_a_report_with_a_file_missing_is_never_moved(tmp_path):
    with OutputFolder(tmp_path / "out") as folder:
        folder.begin()
        fill(folder.result)
        (folder.result / "metrics.json").unlink()
        with pytest.raises(RuntimeError, match="without metrics.json"):
            folder.publish()
    assert names(tmp_path) == []


def in_namespace(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where a tiny disk and a read-only one are mounted: ``full`` and ``fixed`` in the folder."""
    for name in ("full", "fixed"):
        (folder / name).mkdir()
    mounts = f"mount -t tmpfs -o size=64k none {folder}/full && mount -t tmpfs -o ro none {folder}/fixed"
    command = ["unshare", "-rm", "sh", "-c", f'{mounts} && exec "$@"', "sh", sys.executable, "-c", script]
    try:
        probe = subprocess.run([*command[:4], f"{mounts}"], capture_output=True, check=False, timeout=60)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if probe.returncode:
        pytest.skip("no mounts in a namespace of one's own here")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=folder)


def test_full_read_only_and_mounted_disks_are_told_in_words(tmp_path):
    script = """
from pathlib import Path
from lstmwidgets.reports.single.folder import ALWAYS, OutputError, OutputFolder
def attempt(path, size):
    try:
        with OutputFolder(path) as folder:
            folder.begin()
            with folder.in_words():
                for name in ALWAYS:
                    (folder.result / name).write_bytes(bytes(size))
            folder.publish()
    except OutputError as error:
        print(error)
attempt("full/out", 100_000)
print([path.name for path in Path("full").iterdir()])
attempt("fixed/out", 1)
attempt("full", 1)
attempt("full/out", 10)
print([path.name for path in Path("full").iterdir()])
"""
    done = in_namespace(script, tmp_path)
    full, none, fixed, mounted, one = done.stdout.splitlines()
    assert "'full/out' cannot be written: the disk is full (No space left on device). Free some space" in full
    assert none == "[]"
    assert "'fixed/out' cannot be written (Read-only file system)" in fixed
    assert "is where a disk is mounted" in mounted and "-o full/report" in mounted
    assert one == "['out']"
