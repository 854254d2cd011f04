"""A report's page in a real browser, from a file and with the network off: read, scrubbed, printed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

import lstmwidgets as lw
from lstmwidgets.reports.page.display import Fact, Headline, Interactive, Still, Table
from lstmwidgets.reports.page.page import write_page
from lstmwidgets.widgets.figures import series_picture
from tests.browser.test_explorer import not_blank
from tests.reports.shown import HOSTILE, code, notebook, prose

HEIGHT = 1000


@pytest.fixture(scope="module")
def views() -> tuple[lw.GateExplorer, lw.ForecastPlot]:
    config = lw.LSTMConfig(sequence_length=24, horizon=6, units=6, epochs=2)
    series = lw.load_dataset("sunspots").rename(HOSTILE)
    series.attrs["title"] = HOSTILE
    forecaster = lw.LSTMForecaster(config).fit(series, progress_bar=False)
    return lw.GateExplorer(forecaster), lw.ForecastPlot(forecaster, diagnosis=None)


@pytest.fixture(scope="module")
def report(views: tuple[lw.GateExplorer, lw.ForecastPlot], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all that a report has, about a series with a hostile name."""
    explorer, plot = views
    series = plot.frame.set_index("ds")["y"].groupby(level=0).first().rename(HOSTILE)
    facts = [Fact("Skill", "23 %", "less error than repeat last"), Fact(HOSTILE, "1", HOSTILE)]
    words = "Every word of this is about the forecast, and none of it is short. " * 12
    node = notebook(
        code("study = lw.Study(csv)"),
        code("headline", Headline(HOSTILE, "Beats repeat last by 23 %.", "warning", facts)),
        prose(f"## The data\n\n{words}"),
        code("picture", Still(series_picture(series), caption="The series.")),
        code("table", Table(pd.DataFrame({"when": series.index[:30], "value": series.to_numpy()[:30]}))),
        prose(f"## The backtest\n\n{words}"),
        code("plot", Interactive(plot, caption="Errors.")),
        prose(f"## The gates\n\n{words}"),
        code("explorer", Interactive(explorer)),
        prose("## Settings"),
        code("settings", Table(pd.DataFrame({"setting": ["units"], "what it does": [words]}))),
    )
    return write_page(node, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def opened(report: Path, page: Page) -> Page:
    """The page, opened with no network; the test fails if it asks for anything but itself."""
    asked: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.asked = asked  # type: ignore[attr-defined]
    return page


def frame_at(page: Page, number: int) -> FrameLocator:
    """A view inside the page, once it has been scrolled to and drawn."""
    figure = page.locator(".lw-live").nth(number)
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("lw-started"))
    return figure.frame_locator("iframe")


def test_nothing_is_asked_of_the_network_and_nothing_in_a_name_runs(opened: Page, report: Path):
    for number in (0, 1):
        frame_at(opened, number)
    assert set(opened.asked) == {report.as_uri()}  # type: ignore[attr-defined]
    for frame in opened.frames:
        assert frame.evaluate("window.ran") is None
    assert opened.title() == HOSTILE == opened.locator("h1").inner_text()


def test_a_script_or_a_picture_that_got_in_would_be_stopped_by_the_policy(report: Path, chromium: Browser):
    smuggled = (
        "<img src='https://example.org/a.png' onerror=\"window.ran='it'\"><script>window.ran='it'</script>"
    )
    path = report.with_name("smuggled.html")
    path.write_text(report.read_text("utf-8").replace("</main>", f"{smuggled}</main>"), "utf-8")
    page = chromium.new_page()
    refused: list[str] = []
    failed: list[tuple[str, str | None]] = []
    page.on("console", lambda message: refused.append(message.text))
    page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    page.goto(path.as_uri())
    assert page.evaluate("window.ran") is None and failed == [("https://example.org/a.png", "csp")]
    assert len([text for text in refused if "Content Security Policy" in text]) >= 3
    page.close()


def test_views_are_started_when_they_come_near(opened: Page):
    second = opened.locator(".lw-live").nth(1)
    assert second.locator("iframe").count() == 0 and second.locator(".lw-still").is_visible()
    frame_at(opened, 1)
    assert second.locator("iframe").is_visible() and second.locator(".lw-still").is_hidden()


def test_the_explorer_scrubs_by_keys_by_mouse_and_by_itself(opened: Page, views):
    explorer, _ = views
    frame = frame_at(opened, 1)
    root, readout = frame.locator(".lw-explorer"), frame.locator(".lw-ex-readout")
    expect(readout).to_contain_text("24 of 24")
    root.focus()
    opened.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text("23 of 24")
    forget = frame.locator(".lw-ex-equation.lw-ex-f").inner_text()
    unit = int(re.search(r"Unit (\d+)", frame.locator(".lw-ex-unit").inner_text())[1])  # type: ignore[index]
    assert float(forget.rsplit("= ", 1)[1]) == pytest.approx(explorer.trace.f[22, unit], abs=6e-4)
    box = frame.locator(".lw-ex-strips").first.bounding_box()
    assert box is not None
    opened.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 20, steps=5)
    opened.mouse.up()
    expect(readout).to_contain_text(re.compile(r"^[2-6] of 24"))
    root.focus()
    opened.keyboard.press("Space")
    expect(readout).to_contain_text("24 of 24")
    assert not_blank(frame.locator(".lw-ex-strips canvas").first)


def test_the_forecast_plot_walks(opened: Page, views):
    frame = frame_at(opened, 0)
    frame.locator(".lw-forecast").focus()
    opened.keyboard.press("Home")
    expect(frame.locator(".lw-ui-readout")).to_contain_text(f"1 of {len(views[1].cutoffs)}")
    opened.keyboard.press("ArrowRight")
    expect(frame.locator(".lw-ui-readout")).to_contain_text("2 of ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 1000, 420])
def test_it_fits_every_width_in_light_and_dark(
    report: Path, chromium: Browser, artifacts: Path, scheme: str, width: int
):
    context = chromium.new_context(
        viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.goto(report.as_uri())
    page.screenshot(path=artifacts / f"report_{scheme}_{width}.png")
    for number in (0, 1):
        frame = frame_at(page, number)
        inside = frame.locator("body")
        expect(inside).to_have_attribute("data-jp-theme-light", str(scheme == "light").lower())
        page.wait_for_function(  # the frame is as high as what it holds: there is nothing to scroll
            "([k, most]) => { const f = document.querySelectorAll('iframe')[k].getBoundingClientRect();"
            " return f.height > most && f.right <= innerWidth; }",
            arg=[number, 500],
        )
        high = inside.evaluate("body => body.getBoundingClientRect().height - innerHeight")
        assert -2 <= high <= 0.5
        assert inside.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=artifacts / f"report_{scheme}_{width}_gates.png")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 20, 20)"}[scheme]
    line = page.locator(".lw-still svg path[style*='--lw-actual']").first
    assert line.evaluate("node => getComputedStyle(node).stroke") == (
        "rgb(59, 59, 59)" if scheme == "light" else "rgb(220, 220, 220)"
    )
    context.close()


def luminance(colour: str) -> float:
    channels = np.array([float(each) for each in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(report: Path, chromium: Browser, scheme: str):
    context = chromium.new_context(color_scheme=scheme, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.get_by_role("button", name="Show all code").click()
    seen = page.evaluate(
        """() => {
          const isText = (child) => child.nodeType === 3 && child.data.trim();
          const said = (node) => [...node.childNodes].some(isText);
          const clear = (node) => getComputedStyle(node).backgroundColor === "rgba(0, 0, 0, 0)";
          const rows = [];
          for (const node of document.querySelectorAll("main *:not(.lw-pixels, .lw-pixels *)")) {
            if (!said(node) || !node.getClientRects().length) continue;
            let ground = node;
            while (clear(ground)) ground = ground.parentElement;
            const { fill, color } = getComputedStyle(node);
            const ink = node.closest("svg") ? fill : color;
            rows.push([ink, getComputedStyle(ground).backgroundColor, node.textContent]);
          }
          return rows;
        }"""
    )
    assert len(seen) > 60
    for ink, ground, where in seen:
        dark, light = sorted((luminance(ink), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, where)
    context.close()


def test_code_opens_one_by_one_and_all_at_once(opened: Page):
    assert opened.locator("details.lw-code[open]").count() == 0
    first = opened.locator("details.lw-code").first
    first.locator("summary").click()
    expect(first.locator("pre").first).to_have_text("study = lw.Study(csv)\n")
    every = opened.get_by_role("button", name="Show all code")
    every.press("Enter")
    expect(opened.locator("details.lw-code:not([open])")).to_have_count(0)
    opened.get_by_role("button", name="Hide all code").click()
    expect(opened.locator("details.lw-code[open]")).to_have_count(0)


def test_the_contents_lead_to_each_section_and_say_which_is_read(opened: Page):
    contents = opened.get_by_role("navigation", name="Contents")
    contents.get_by_role("link", name="The gates").click()
    expect(opened.get_by_role("heading", name="The gates")).to_be_in_viewport()
    expect(contents.get_by_role("link", name="The gates")).to_have_attribute("aria-current", "true")
    expect(contents).to_be_in_viewport()  # it stays at the side
    opened.goto(f"{opened.url.split('#')[0]}")
    opened.keyboard.press("Tab")
    expect(opened.get_by_role("link", name="Skip to the report")).to_be_focused()


def test_it_is_whole_without_scripts(report: Path, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".lw-live .lw-still svg").count() == 2
    expect(page.locator(".lw-live .lw-still svg").first).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    page.locator("summary").first.click()
    expect(page.locator("details").first.locator("pre").first).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_in_viewport()
    context.close()


def test_on_paper_views_are_their_stills_in_the_colours_of_white(report: Path, chromium: Browser):
    context = chromium.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    frame_at(page, 0)
    page.emulate_media(media="print")
    expect(page.locator(".lw-started .lw-still svg").first).to_be_visible()
    expect(page.locator("iframe").first).to_be_hidden()
    expect(page.locator("summary").first).to_be_hidden()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    context.close()
