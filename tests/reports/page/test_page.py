"""An executed notebook as one page: what stands where, what is kept out, and what no data can break."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lstmwidgets as lw
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.page.display import Fact, Headline, Interactive, Still, Table
from lstmwidgets.reports.page.page import TEMPLATE, report_page, write_page
from lstmwidgets.widgets.figures import series_picture
from tests.reports.shown import HOSTILE, code, notebook, prose


def days(name: str = "load") -> pd.Series:
    return pd.Series(np.arange(40) % 7.0, pd.date_range("2020-01-01", periods=40, freq="D"), name=name)


def parsed(node: nbformat.NotebookNode) -> BeautifulSoup:
    return BeautifulSoup(report_page(node), "html.parser")


@pytest.fixture(scope="module")
def explorer() -> lw.GateExplorer:
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    series = lw.load_dataset("nile").rename(HOSTILE)
    series.attrs["title"] = HOSTILE
    return lw.GateExplorer(lw.LSTMForecaster(config).fit(series, progress_bar=False))


@pytest.fixture(scope="module")
def soup(explorer: lw.GateExplorer) -> BeautifulSoup:
    facts = [Fact("Skill", "23 %", "less error than seasonal naive")]
    return parsed(
        notebook(
            code("csv = 'co2'"),
            code("study = lw.Study(csv)", progress="epoch 20/20 |████|"),
            code("study.headline()", Headline(HOSTILE, "Beats seasonal naive by 23 %.", "good", facts)),
            prose("## The data\n\nWhat was *read*."),
            code("Still(picture)", Still(series_picture(days(HOSTILE)), caption=HOSTILE), printed="told\n"),
            code("frame", pd.DataFrame({HOSTILE: [1.5, -2.0]}, index=pd.Index(["a", HOSTILE], name="model"))),
            prose("## The data\n\nAgain."),
            code("Interactive(explorer)", Interactive(explorer)),
            code("Table(frame)", Table(pd.DataFrame({HOSTILE: [HOSTILE]}), HOSTILE)),
            code("study.save(out)"),
        )
    )


def test_the_page_is_named_by_its_headline_and_opens_with_the_verdict(soup):
    assert soup.title.text == HOSTILE
    (heading,) = soup.find_all("h1")
    assert heading.text == HOSTILE
    verdict = soup.select_one("main > header .lw-verdict")
    assert verdict.text == "Beats seasonal naive by 23 %." and "Worth using" in verdict.parent.text
    assert soup.html["lang"] == "en" and soup.select_one("main") and soup.select_one("footer")


def test_sections_follow_the_headings_and_the_contents_lead_to_each(soup):
    sections = soup.select("main > section")
    assert [section.h2.text for section in sections] == ["The data", "The data"]
    names = [section["aria-labelledby"] for section in sections]
    assert names == ["the-data", "the-data-2"] == [section.h2["id"] for section in sections]
    links = soup.select("nav[aria-label=Contents] a")
    assert [link["href"] for link in links] == ["#the-data", "#the-data-2"]
    assert soup.select_one("nav").find_previous_sibling("header")  # the verdict comes first


def test_headings_go_down_one_level_at_a_time(soup):
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def test_code_is_folded_away_and_silent_code_is_joined_to_what_it_led_to(soup):
    folded = [[pre.text.strip() for pre in each.select("pre")] for each in soup.select("details.lw-code")]
    assert folded == [
        ["csv = 'co2'", "study = lw.Study(csv)", "study.headline()", "epoch 20/20 |████|"],
        ["Still(picture)", "told"],
        ["frame"],
        ["Interactive(explorer)"],
        ["Table(frame)", "study.save(out)"],
    ]
    assert not any(each.has_attr("open") for each in soup.select("details"))
    assert not soup.select("pre:not(details pre)")


def test_every_head_of_a_table_has_its_scope_and_none_is_empty(soup):
    heads = soup.find_all("th")
    assert heads and all(head.get("scope") in ("col", "row") and head.text.strip() for head in heads)
    frame = soup.select(".lw-rows table")[0]
    assert [cell.text for cell in frame.select("thead tr")[0].find_all(["th", "td"])] == ["model", HOSTILE]
    assert len(frame.select("thead tr")) == 1 and not frame.find_previous_sibling("style")
    assert not any(node.has_attr("style") for node in frame.find_all(True))


def test_nothing_that_comes_from_data_becomes_an_element(soup):
    assert not soup.find_all("img") and not soup.find_all("b")
    assert len(soup.find_all("script")) == 2  # the page's own, and the view's page as a block of data
    assert soup.select_one("figcaption").text == HOSTILE
    assert soup.select_one(".lw-live")["data-title"] == HOSTILE + " (10^8 m³ per year)"


def test_a_view_waits_as_text_beside_its_still(soup, explorer):
    live = soup.select_one("figure.lw-live")
    assert live.select_one(".lw-still svg")["aria-label"] == explorer.summary()
    page = json.loads(live.select_one("script.lw-page").text)
    block = '<script type="application/json" id="lw-blocks">'
    assert page.split(block)[1] == explorer._page().split(block)[1]  # its numbers and its module, untouched
    assert "postMessage" in page and not soup.find_all("iframe")


def test_the_policy_forbids_every_load_and_every_script_but_the_pages_own(soup):
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    framed = json.loads(soup.select_one("script.lw-page").text)
    own = [
        soup.find_all("script")[-1].text,
        *re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", framed, re.S),
    ]
    digests = {base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in own}
    assert len(digests) == 3 and digests == set(re.findall("'sha256-([^']*)'", policy))


def test_nothing_is_loaded_from_anywhere(soup):
    assert not re.search(r"(src|srcset|data|poster|action|background)\s*=\s*[\"']?(https?:)?//", str(soup))
    assert not re.search(
        r"url\(|@import|\bimport\s*[({\"']|fetch\(|XMLHttpRequest|WebSocket|<link|<base",
        str(soup).replace("url(#", "").replace('url("data:', "").replace('url(\\"data:', ""),
    )
    assert all(each["href"].startswith(("#", "data:image/png;")) for each in soup.find_all(href=True))


def test_pictures_in_one_page_share_no_id():
    node = notebook(*(code("p", Still(series_picture(days()))) for _ in range(2)))
    ids = re.findall(r' id="([^"]*)"', report_page(node))
    assert len(ids) > 2 and len(ids) == len(set(ids))


def test_a_notebook_without_sections_or_headline_is_a_page_too():
    soup = parsed(notebook(prose("# A title\n\nand *prose*"), code("1 + 1", 2)))
    assert soup.title.text == "A title" and not soup.select("nav") and not soup.select("section")
    assert soup.select_one("pre.lw-text").text == "2" and soup.select_one("header em").text == "prose"
    assert parsed(notebook()).title.text == "Report"


def test_a_heading_beside_the_headline_is_no_second_title():
    soup = parsed(notebook(prose("# Forecast report"), code("h", Headline("Load", "Good."))))
    assert [heading.text for heading in soup.find_all("h1")] == ["Load"] and soup.title.text == "Load"
    assert soup.select(".lw-kicker")[-1].text == "Forecast report"


def test_markdown_png_and_errors_are_shown_and_widgets_are_not():
    png = base64.b64encode(b"not looked into").decode()
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/markdown": "**bold**", "text/plain": "b"}),
        nbformat.v4.new_output("display_data", data={"image/png": png, "text/plain": 'a "picture"'}),
        nbformat.v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
        nbformat.v4.new_output("error", ename="ValueError", evalue="<b>no", traceback=["…"]),
    ]
    soup = parsed(notebook(nbformat.v4.new_code_cell("x", outputs=outputs)))
    assert soup.select_one(".lw-prose strong").text == "bold"
    assert soup.img["alt"] == 'a "picture"' and soup.img["src"].startswith("data:image/png;base64,")
    assert soup.select_one(".lw-failed").text == "ValueError: <b>no"
    assert "widget-view" not in str(soup)


def test_a_picture_that_is_no_xml_is_held_apart_from_the_page():
    output = nbformat.v4.new_output("display_data", data={"image/svg+xml": "<svg><b>", "text/plain": "<b>"})
    soup = parsed(notebook(nbformat.v4.new_code_cell("x", outputs=[output])))
    assert soup.img["src"].startswith("data:image/svg+xml;base64,") and soup.img["alt"] == "<b>"


def test_what_looks_like_a_token_or_a_template_is_only_text():
    text = "{{ resources }} {% for x in y %} lw-part-0 \\g<0> \\1"
    soup = parsed(notebook(prose(f"## A\n\n`{text}`"), code(text, Headline(text, text))))
    assert soup.title.text == text and soup.select_one(".lw-prose code").text == text


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, target = tmp_path / "a.ipynb", tmp_path / "report.html"
    nbformat.write(notebook(code("h", Headline("Größe", "Gut."))), source)
    assert write_page(source, target) == target
    written = target.read_text("utf-8")
    assert "Größe" in written and sorted(each.name for each in tmp_path.iterdir()) == [
        "a.ipynb",
        "report.html",
    ]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(LSTMWidgetsError, match=r"cannot write .*report\.html': No space left on device"):
        write_page(source, target)
    assert target.read_text("utf-8") == written
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.ipynb", "report.html"]


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"cells": 3, "nbformat": 4}', "\x00"])
def test_what_is_no_notebook_is_refused(tmp_path: Path, content):
    path = tmp_path / "a.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LSTMWidgetsError, match=r"a\.ipynb' cannot be read as a notebook: "):
        report_page(path)


def test_the_notebook_given_is_left_as_it_was():
    node = notebook(code("a"), code("p", Still(series_picture(days()))))
    before = nbformat.writes(node)
    report_page(node)
    assert nbformat.writes(node) == before


def test_the_template_is_whole():
    assert {path.name for path in TEMPLATE.iterdir()} == {
        *("conf.json", "index.html.j2", "style.css", "script.js", "frame.css", "frame.js")
    }
