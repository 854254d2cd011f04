"""What a report shows: pictures as SVG, tables to be read, and a verdict that needs no colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.page.display import PAGE_MIME, TONES, Fact, Headline, Interactive, Still, Table
from lstmwidgets.reports.page.drawing import FONTS, inlined, svg_of, words_of
from lstmwidgets.widgets.figures import Picture, line_picture, series_picture
from lstmwidgets.widgets.theme import PALETTE
from tests.reports.shown import HOSTILE


def days(name: str = "load") -> pd.Series:
    return pd.Series(np.arange(40) % 7.0, pd.date_range("2020-01-01", periods=40, freq="D"), name=name)


def texts(svg: str) -> list[str]:
    return [
        "".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if "text" in node.tag[-4:]
    ]


def test_a_still_is_svg_whose_text_is_text_in_fonts_that_every_machine_has():
    data, metadata = Still(series_picture(days(), y="MW", title="Load"))._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/svg+xml"} and metadata == {}
    svg = data["image/svg+xml"]
    assert {"Load", "MW", "2020-01-01"} <= set(texts(svg))
    assert ElementTree.fromstring(svg).get("font-family") == FONTS
    assert "DejaVu Sans'" not in svg.replace(FONTS, "") and "<style" not in svg and "metadata" not in svg


def test_a_still_is_the_same_every_time_and_holds_no_date():
    svg = svg_of(series_picture(days()))
    assert svg == svg_of(series_picture(days()))
    assert "Matplotlib" not in svg and "dc:date" not in svg
    drawn = line_picture({"a": pd.Series([0.0, np.pi])}, x="x")
    assert not re.search(r"\d\.\d{3}", " ".join(re.findall(r' d="([^"]*)"', svg_of(drawn))))


@pytest.mark.parametrize("name", [HOSTILE, "cost $ a_b $ \\frac", "a\x00\x1b[31mb", "风速 🌬", "%$^{}"])
def test_no_name_breaks_a_picture_and_none_is_taken_for_mathematics(name):
    svg = svg_of(series_picture(days(name), {"other": days()}, title=name))
    kept = re.sub("[\x00-\x1f]", "\N{REPLACEMENT CHARACTER}", name)
    assert kept in texts(svg)
    assert kept in "".join(texts(inlined(svg, "a-", name.replace("\x00", "").replace("\x1b", ""))))


def test_ticks_that_matplotlib_writes_as_mathematics_stay_so():
    picture = Picture()
    axes = picture.add_subplot()
    axes.plot([1, 2, 3], [1, 1e3, 1e6])
    axes.set_yscale("log")
    assert not any("$" in text for text in texts(svg_of(picture)))


def test_a_still_says_what_it_shows_in_words():
    picture = series_picture(days(), {"forecast": days() + 1}, y="MW", title="Load and forecast")
    assert repr(Still(picture)) == words_of(picture) == "Load and forecast; MW; load, forecast"
    assert repr(Still(picture, "a week and its forecast")) == "a week and its forecast"
    assert words_of(Picture()) == "A picture without words"
    view = lw.GateView("forget")
    assert repr(Still(view)) == view.summary()


def test_what_is_no_picture_is_refused():
    with pytest.raises(LSTMWidgetsError, match="a list cannot be shown as a picture: pass a Matplotlib"):
        Still([1, 2])  # type: ignore[arg-type]


def test_a_caption_goes_with_the_picture():
    _, metadata = Still(series_picture(days()), caption="A week & more.")._repr_mimebundle_()
    assert metadata == {"image/svg+xml": {"caption": "A week & more."}}


def test_two_pictures_in_one_page_share_no_id_and_each_refers_to_its_own():
    svg = svg_of(series_picture(days()))
    ids = []
    for prefix in ("a-", "b-"):
        drawn = inlined(svg, prefix, "words")
        there = re.findall(r' id="([^"]*)"', drawn)
        asked = re.findall(r"url\(#([^)]*)\)", drawn) + re.findall(r'href="#([^"]*)"', drawn)
        assert asked and set(asked) == set(there) and all(each.startswith(prefix) for each in there)
        ids += there
    assert len(ids) == len(set(ids))


def test_inside_a_page_a_picture_takes_its_colours_from_the_page_unless_it_holds_pixels():
    drawn = inlined(svg_of(series_picture(days())), "a-", 'a "name"')
    assert (
        f"stroke: var(--lw-actual,{PALETTE['actual'].light})" in drawn and "var(--lw-ground,#ffffff)" in drawn
    )
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img" and root.get("aria-label") == 'a "name"'
    assert root.get("width") is None and root.get("viewBox") == "0 0 648 201.6"
    picture = Picture()
    picture.add_subplot().imshow([[0, 1], [1, 0]])
    pixels = inlined(svg_of(picture), "a-", "a checkerboard")
    assert "var(--" not in pixels and 'class="lw-pixels"' in pixels


def test_a_script_in_a_foreign_picture_is_left_out():
    svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script><rect width="1"/></svg>'
    assert "x()" not in inlined(svg, "a-", "") and "<rect" in inlined(svg, "a-", "")


@pytest.mark.parametrize(
    ("sides", "box"),
    [
        ('width="30px" height="20"', "0 0 30 20"),
        ('width="100%" height="5em"', None),
        ("", None),
        ('width="9" height="9" viewBox="1 2 3 4"', "1 2 3 4"),
    ],
)
def test_a_foreign_picture_keeps_its_shape_where_it_says_it(sides, box):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {sides}><text>a <tspan>b</tspan> c</text></svg>'
    root = ElementTree.fromstring(inlined(svg, "a-", ""))
    assert root.get("viewBox") == box and root.get("width") is None
    assert "".join(root.itertext()) == "a b c"


def test_an_interactive_view_carries_its_page_beside_its_still():
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    view = lw.GateExplorer(lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False))
    data, _ = Interactive(view)._repr_mimebundle_(include=None, exclude=None)
    assert list(data) == ["text/plain", "image/svg+xml", PAGE_MIME]
    assert data["text/plain"] == view.summary()
    assert data[PAGE_MIME].startswith("<!doctype html>") and "render({ model" in data[PAGE_MIME]


def test_a_headline_tells_its_tone_in_words_and_escapes_what_comes_from_data():
    headline = Headline(HOSTILE, HOSTILE, "error", [Fact(HOSTILE, HOSTILE, HOSTILE)])
    written = headline._repr_html_()
    assert TONES["error"][1] in written and 'data-tone="error"' in written
    assert "<img" not in written and "<b>" not in written and "</script" not in written
    told = repr(Headline("Load", "Beats repeat last by 9 %.", "good", [Fact("Skill", "9 %", "on 40 days")]))
    assert told == "Load\nWorth using. Beats repeat last by 9 %.\nSkill: 9 % (on 40 days)"
    assert "<dl" not in Headline("Load", "Nothing is known.")._repr_html_()


def test_a_headline_takes_the_tones_there_are():
    with pytest.raises(LSTMWidgetsError, match="tone='bad' is not accepted: .* 'good' or 'quiet' or"):
        Headline("Load", "Bad.", "bad")


def test_a_table_writes_numbers_to_be_compared():
    frame = pd.DataFrame(
        {"MAE": [0.61325, 12.9, np.nan], "skill": [0.637, -0.576, 0.0], "n": [12345, -4, 0]},
        index=pd.Index(["LSTM", "drift", "ridge"], name="model"),
    )
    table = Table(frame, "Errors", percent=["skill"])
    assert repr(table).splitlines()[1].split() == ["LSTM", "0.61", "64", "%", "12,345"]
    written = table._repr_html_()
    assert "<caption>Errors</caption>" in written
    assert (
        '<th scope="col" class="lw-left lw-whole">model</th><th scope="col" class="lw-right">MAE</th>'
        in written
    )
    assert '<th scope="row" class="lw-left lw-whole">drift</th><td class="lw-right">12.90</td>' in written
    assert ">−58 %<" in written and ">–<" in written and ">−4<" in written


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([371.73, 372.46], ["371.73", "372.46"]),  # near one another: what tells them apart is shown
        ([1234567.2, 1234569.4], ["1,234,567", "1,234,569"]),
        ([0.00012, 0.00034], ["0.000120", "0.000340"]),
        ([0.0, 0.0], ["0.00", "0.00"]),
        ([np.nan, np.inf], ["–", "inf"]),
        (pd.array([3, None], dtype="Int64"), ["3", "–"]),
        ([5e-324, 1e308], None),
        (pd.to_datetime(["2001-02-03", None]), ["3 Feb 2001", "–"]),
        (pd.to_datetime(["2001-02-03 04:05", "2001-02-03 00:00"]), ["3 Feb 2001 04:05", "3 Feb 2001 00:00"]),
        ([True, False], ["yes", "no"]),
        (["<b>", None], ["<b>", "–"]),
    ],
)
def test_cells_have_as_many_digits_as_they_deserve(values, cells):
    table = Table(pd.DataFrame({"it": values}))
    assert cells is None or table.columns["it"] == cells
    assert "<b>" not in table._repr_html_()


def test_an_empty_table_is_a_head():
    assert Table(pd.DataFrame({"MAE": pd.Series(dtype=float)}))._repr_html_().count("<tr>") == 1
