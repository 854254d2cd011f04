"""The page of a batch is readable as it is, and runs nothing that a series smuggles in."""

from __future__ import annotations

import base64
import hashlib
import re

import numpy as np
from bs4 import BeautifulSoup

from lstmwidgets.reports.batch.index import index_page
from lstmwidgets.reports.batch.sparkline import HEIGHT, WIDTH, sparkline
from tests.reports.batch.made import entry_of, failed

HOSTILE = '</a><img src=x onerror="alert(1)"><script>alert(2)</script>'


def page_of(*entries, linked="report.html", **more) -> BeautifulSoup:
    lines = {entry.unique_id: sparkline([1.0, 2.0, 1.0], [2.0]) for entry in entries}
    return BeautifulSoup(index_page("panel.csv", entries, lines, linked=linked, **more), "html.parser")


def names_in(page: BeautifulSoup) -> list[str]:
    return [link.text for link in page.select(".lw-series tbody th a")]


def test_the_best_skill_comes_first_and_an_unknown_one_last():
    page = page_of(
        entry_of("worse", skill=-0.5),
        entry_of("unknown", skill=None),
        entry_of("best", skill=0.4),
        entry_of("b"),
    )
    assert names_in(page) == ["best", "b", "worse", "unknown"]
    assert [row.select("td")[1].text for row in page.select(".lw-series tbody tr")] == [
        "40 %",
        "25 %",
        "−50 %",
        "–",
    ]
    assert page.select_one("th[aria-sort]").text == "Skill"
    assert page.select_one("th[aria-sort]")["aria-sort"] == "descending"


def test_what_happened_is_counted_and_failures_have_their_reasons():
    page = page_of(
        entry_of("a"), entry_of("b", skill=-0.1), failed("c", "a series of 12 points is too short")
    )
    facts = {each.dt.text: each.dd.text for each in page.select(".lw-facts div")}
    assert facts["Done"] == "2" and facts["Failed"] == "1"
    assert facts["Beat the better naive rule"] == "50 % 1 of 2"
    assert page.h1.text == "panel.csv: 3 series"
    [row] = page.select(".lw-failed tbody tr")
    assert (row.th.text, row.td.text) == ("c", "a series of 12 points is too short")


def test_names_and_reasons_are_text_and_nothing_else():
    page = page_of(entry_of(HOSTILE, verdict=HOSTILE), failed(HOSTILE, HOSTILE))
    assert not page.select("img") and len(page.select("script")) == 1
    assert names_in(page) == [HOSTILE]
    assert page.select_one(".lw-failed td").text == HOSTILE


def test_nothing_is_loaded_and_no_other_script_may_run():
    page = page_of(entry_of("a"))
    policy = page.select_one("meta[http-equiv]")["content"]
    digest = base64.b64encode(hashlib.sha256(page.script.string.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}';")
    assert not page.select("[src], link") and "url(" not in page.style.string
    assert not page.select("[style], [onclick]")


def links_in(page: BeautifulSoup, part: str) -> dict[str, str]:
    return {link.text: link["href"] for link in page.select(f"{part} tbody a")}


def test_links_are_addresses_of_files_below_in_words():
    entry = entry_of("100 % #1?", folder="100 _ #1?-abc")
    folder = "series/100%20_%20%231%3F-abc"
    assert links_in(page_of(entry), ".lw-series") == {"100 % #1?": f"{folder}/report.html"}
    page = page_of(entry, linked="", files=("forecast.csv", "metrics.json"))
    assert page.select_one(".lw-series tbody th b").text == "100 % #1?"
    assert links_in(page, ".lw-series") == {
        name: f"{folder}/{name}" for name in ("forecast.csv", "metrics.json")
    }


def test_failures_for_the_same_reason_stand_together_and_lead_to_what_is_left():
    short = [failed(f"s{number}", f"{number} points are too few") for number in range(40)]
    left = failed(
        "x", "no", earlier="earlier/x 1/report.html", earlier_made="2024-05-06T07", notebook="failed/x.ipynb"
    )
    page = page_of(left, *short)
    rows = page.select(".lw-failed tbody tr")
    assert len(rows) == 2 and len(rows[0].select("details li")) == 40
    assert rows[0].summary.text == "40 series: s0, s1, s2, …"
    assert rows[0].td.text.startswith("0 points are too few (That is s0; the others differ in numbers")
    assert links_in(page, ".lw-failed") == {
        "earlier result of 2024-05-06, of other data or settings": "earlier/x%201/report.html",
        "notebook, as far as it got": "failed/x.ipynb",
    }


def test_two_thousand_rows_stay_small():
    rng = np.random.default_rng(0)
    entries = [entry_of(f"store {number} of many") for number in range(2000)]
    lines = {each.unique_id: sparkline(rng.normal(size=300), rng.normal(size=24)) for each in entries}
    assert len(index_page("panel.csv", entries, lines, linked="report.html").encode()) < 1_500_000


def points_of(path: str) -> list[tuple[float, float]]:
    """Where the lines of a path go, as a browser follows them."""
    points: list[tuple[float, float]] = []
    for sign, rest in re.findall(r"([Ml])([^Ml]*)", path):
        numbers = [int(each) for each in re.findall(r"-?\d+", rest)]
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            points.append((x, y) if sign == "M" else (points[-1][0] + x, points[-1][1] + y))
    return points


def test_a_sparkline_goes_through_its_points_and_on_into_the_forecast():
    recent, forecast = map(points_of, sparkline([0.0, 10.0, 5.0], [0.0, 10.0]))
    assert recent == [(0, 28), (30, 0), (60, 14)]
    assert forecast == [(60, 14), (90, 28), (120, 0)]


def test_a_sparkline_breaks_at_gaps_and_stays_in_its_box():
    rng = np.random.default_rng(0)
    values = rng.normal(size=500)
    values[450:460] = np.nan
    paths = sparkline(values, rng.normal(size=48))
    assert paths[0].count("M") == 2
    for x, y in points_of(paths[0]) + points_of(paths[1]):
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    assert len(paths[0]) < 400


def test_a_sparkline_of_nothing_or_of_one_level_is_drawn_as_far_as_it_goes():
    assert sparkline([], []) == sparkline([np.nan], [np.nan]) == ("", "")
    assert sparkline([np.inf, 1.0, 1.0], []) == ("M60 14l60 0", "M120 14")
