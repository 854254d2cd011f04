"""A page printed to PDF by a real browser; and what happens where there is none, or a bad one."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import zlib
from pathlib import Path

import psutil
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.page.display import Fact, Headline, Interactive
from lstmwidgets.reports.page.page import write_page
from lstmwidgets.reports.page.printing import CHOSEN_BY, find_browser, print_pdf
from lstmwidgets.widgets.gate_view import GateView
from tests.reports.shown import code, notebook, prose

A4 = (595, 842)  # points


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a folder with spaces & ünïcode #1")
    words = "All of this is told at length, so that it takes more than a page. " * 90
    node = notebook(
        code("h", Headline("Load", "Beats seasonal naive by 23 %.", "good", [Fact("Skill", "23 %")])),
        prose(f"## The data\n\n{words}"),
        code("secret = 'the code is not printed'", Interactive(GateView("forget"))),
        prose(f"## The end\n\n{words}"),
    )
    return write_page(node, folder / "report.html")


@pytest.fixture
def browser() -> str:
    try:
        return find_browser()
    except LSTMWidgetsError:
        if os.environ.get("CI"):
            pytest.fail("there is no browser to print with, and CI is set: install Chromium")
        pytest.skip("there is no browser to print with")


@pytest.fixture
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, so that what is left there can be seen."""
    folder = tmp_path / "spare"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def script(path: Path, body: str) -> Path:
    """A program in place of a browser."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def written(pdf: bytes) -> bytes:
    """Everything in a PDF that can be read, unpacked."""
    parts = [pdf]
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return b"\n".join(parts)


@pytest.mark.browser
def test_a_report_is_printed_on_a4_with_text_that_can_be_read_and_an_outline(browser, page, tmp_path, spare):
    target = tmp_path / "report {x}.pdf"
    assert print_pdf(page, target) == target
    pdf = target.read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    inside = written(pdf)
    boxes = {
        tuple(round(float(x)) for x in box.split())
        for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", inside)
    }
    assert boxes == {(0, 0, *A4)}
    count = len(re.findall(rb"/Type\s*/Page\b", inside))
    assert 3 <= count <= 6
    assert b"/ToUnicode" in inside and b"/StructTreeRoot" in inside  # it can be searched, and read aloud
    assert inside.count(b"/Title") >= 4  # of the document, and of the headings in its outline
    assert sorted(each.name for each in tmp_path.iterdir()) == ["report {x}.pdf", "spare"]
    assert list(spare.iterdir()) == []


def test_no_browser_is_an_error_that_says_what_to_install(monkeypatch, page, tmp_path):
    for name in CHOSEN_BY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(
        LSTMWidgetsError, match=r"none of them was found: install one \(on Debian .*LSTMWIDGETS_BROWSER"
    ):
        print_pdf(page, tmp_path / "report.pdf")


@pytest.mark.parametrize("name", CHOSEN_BY)
def test_a_browser_may_be_named(monkeypatch, tmp_path, name):
    mine = script(tmp_path / "my browser", "exit 0")
    monkeypatch.setenv(name, str(mine))
    assert find_browser() == str(mine)
    monkeypatch.setenv(name, str(tmp_path / "gone"))
    with pytest.raises(LSTMWidgetsError, match=f"{name}='.*gone' is no program: set it to the path of"):
        find_browser()


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
class TestABrowserThatFails:
    def test_says_why_and_leaves_the_pdf_that_was_there(self, monkeypatch, page, tmp_path, spare):
        monkeypatch.setenv(CHOSEN_BY[0], str(script(tmp_path / "b", "echo no display >&2; exit 7")))
        target = tmp_path / "report.pdf"
        target.write_bytes(b"before")
        with pytest.raises(LSTMWidgetsError, match=r"could not print \(exit code 7\): no display"):
            print_pdf(page, target)
        assert target.read_bytes() == b"before" and list(spare.iterdir()) == []
        assert sorted(each.name for each in tmp_path.iterdir()) == ["b", "report.pdf", "spare"]

    def test_is_told_apart_from_one_that_prints_nothing(self, monkeypatch, page, tmp_path):
        monkeypatch.setenv(CHOSEN_BY[0], str(script(tmp_path / "b", "exit 0")))
        with pytest.raises(LSTMWidgetsError, match=r"could not print \(exit code 0\): it said nothing"):
            print_pdf(page, tmp_path / "report.pdf")

    def test_is_ended_with_its_children_when_it_takes_too_long(self, monkeypatch, page, tmp_path, spare):
        noted = tmp_path / "child"
        body = f"sleep 1000 & echo $! > '{noted}'; wait"
        monkeypatch.setenv(CHOSEN_BY[0], str(script(tmp_path / "b", body)))
        with pytest.raises(
            LSTMWidgetsError, match=r"printed nothing within 1 s: try again, or open the page"
        ):
            print_pdf(page, tmp_path / "report.pdf", timeout=1)
        child = int(noted.read_text())
        psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=10)
        assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
        assert not (tmp_path / "report.pdf").exists() and list(spare.iterdir()) == []

    def test_gets_no_sandbox_only_where_it_would_not_start_in_one(self, monkeypatch, page, tmp_path):
        said = tmp_path / "said"
        body = f"""printf '%s\\n' "$@" > '{said}'; exit 1"""
        monkeypatch.setenv(CHOSEN_BY[0], str(script(tmp_path / "b", body)))
        for user in (0, 1000):
            monkeypatch.setattr(os, "geteuid", lambda user=user: user)
            with pytest.raises(LSTMWidgetsError):
                print_pdf(page, tmp_path / "report.pdf")
            given = said.read_text().splitlines()
            assert ("--no-sandbox" in given) == (user == 0) and given[-1] == page.as_uri()


def test_a_page_that_is_not_there_and_a_folder_that_is_not_there_are_told(browser, page, tmp_path):
    with pytest.raises(LSTMWidgetsError, match=r"there is no page '.*gone\.html' to print"):
        print_pdf(tmp_path / "gone.html", tmp_path / "a.pdf")
    with pytest.raises(LSTMWidgetsError, match=r"there is no folder '.*nowhere': make it first"):
        print_pdf(page, tmp_path / "nowhere" / "a.pdf")
