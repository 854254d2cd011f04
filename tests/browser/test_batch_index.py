"""A batch's page in a real browser, from a file with the network off: sorted, searched, or only read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from lstmwidgets.reports.batch.index import index_page
from lstmwidgets.reports.batch.sparkline import sparkline
from tests.reports.batch.made import entry_of, failed, metrics_of
from tests.reports.shown import HOSTILE

NAMES = ["store 2", "store 10", "store 1", HOSTILE]
SKILLS = [0.1, 0.5, None, -0.3]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    entries = [
        entry_of(name, skill=skill, seconds=10.0 - number, tone=tone)
        for number, (name, skill, tone) in enumerate(
            zip(NAMES, SKILLS, ("good", "quiet", "warning", "error"), strict=True)
        )
    ]
    entries.append(failed("shop", f"line 3 holds {HOSTILE!r}, which is no number"))
    lines = {
        each.unique_id: sparkline(
            np.sin(np.arange(200) / 4) + rng.normal(0, 0.1, 200), np.sin(np.arange(24) / 4)
        )
        for each in entries
    }
    path = tmp_path_factory.mktemp("index") / "index.html"
    path.write_text(index_page("panel.csv", entries, lines, linked="report.html"), encoding="utf-8")
    return path


def names_on(page: Page) -> list[str]:
    return page.locator(".lw-series tbody th a").all_text_contents()


def test_it_is_sorted_and_searched_by_hand_and_by_keyboard(index, page, artifacts):
    page.context.set_offline(True)
    page.goto(index.as_uri())
    assert names_on(page) == ["store 10", "store 2", HOSTILE, "store 1"]
    page.get_by_role("button", name="Series").click()
    assert names_on(page)[-3:] == ["store 1", "store 2", "store 10"]  # numbers in names count as such
    skill = page.get_by_role("button", name="Skill")
    skill.focus()
    page.keyboard.press("Enter")
    assert names_on(page) == ["store 10", "store 2", HOSTILE, "store 1"]
    page.keyboard.press("Enter")
    assert names_on(page) == [HOSTILE, "store 2", "store 10", "store 1"]  # what is not known stays last
    expect(page.get_by_role("columnheader", name="Skill")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Seconds").click()
    assert names_on(page) == NAMES
    page.get_by_label("Find").fill("STORE 1")
    expect(page.locator(".lw-series tbody tr:visible")).to_have_count(2)
    expect(page.get_by_role("status")).to_have_text("2 of 4")
    page.get_by_label("Find").fill("")
    expect(page.locator(".lw-series tbody tr:visible")).to_have_count(4)
    assert page.evaluate("window.ran") is None
    page.screenshot(path=artifacts / "batch_index_light.png")


@pytest.mark.parametrize("width", [1400, 420])
def test_it_is_read_without_javascript_and_fits(index, chromium: Browser, artifacts, width):
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=False, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(index.as_uri())
    assert names_on(page)[0] == "store 10"
    assert not page.get_by_label("Find").is_visible()
    assert metrics_of()["verdict"].split(" %")[0] in page.locator("tbody p").first.text_content()
    body = page.locator("main").bounding_box()
    assert body is not None and body["width"] <= width
    for row in page.locator("tr").all():
        box = row.bounding_box()
        assert box is not None and box["x"] + box["width"] <= width
    page.screenshot(path=artifacts / f"batch_index_dark_{width}.png")
    context.close()
