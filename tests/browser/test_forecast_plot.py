"""The forecast plot in a real browser: as a saved page with the network off, and live in JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from lstmwidgets.widgets.forecast import words
from lstmwidgets.widgets.forecast_plot import ForecastPlot
from tests.browser.test_explorer import not_blank
from tests.browser.test_panel import choose_theme, open_in_lab, run_all_cells, write_notebook

CUTOFFS, HORIZON = 60, 12

MAKE = '''
import numpy as np
import pandas as pd
from lstmwidgets.data.filling import fill_gaps

def backtest():
    """Sixty cutoffs of an hourly cycle: a model, baselines, intervals and a few filled points."""
    rng = np.random.default_rng(3)
    times = pd.date_range("2024-03-01", periods=140, freq="h")
    values = 20 + 5 * np.sin(np.arange(140) * np.pi / 12) + rng.normal(0, 0.8, 140)
    at = np.arange(60) + 60
    steps = at[:, None] + 1 + np.arange(12)
    frame = pd.DataFrame({"unique_id": "made up", "ds": times[steps.ravel()],
                          "cutoff": times[np.repeat(at, 12)], "y": values[steps.ravel()]})
    frame["LSTM"] = (values[steps] + rng.normal(0, 0.3, (60, 12)).cumsum(axis=1)).ravel()
    frame["repeat last"] = np.repeat(values[at], 12)
    frame["seasonal naive"] = values[steps - 24].ravel()
    frame["drift"] = frame["repeat last"] + 0.1 * np.tile(np.arange(12), 60)
    for level, half in ((80, 1.0), (90, 1.5)):
        frame[f"LSTM-lo-{level}"] = frame["LSTM"] - half
        frame[f"LSTM-hi-{level}"] = frame["LSTM"] + half
    frame.attrs = {"season": 24, "horizon": 12, "unit": "°C"}
    series = pd.Series(values, times, name="made up").asfreq("h")
    series.iloc[50:54] = np.nan
    return frame, fill_gaps(series, "linear")
'''


@pytest.fixture(scope="module")
def plot() -> ForecastPlot:
    space: dict = {}
    exec(MAKE, space)  # the notebook below runs the same
    frame, series = space["backtest"]()
    return ForecastPlot(frame, series)


@pytest.fixture
def saved(plot: ForecastPlot, page: Page, tmp_path: Path) -> Page:
    """The saved page, opened with no network."""
    path = plot.save(tmp_path / "forecast.html")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.locator(".lw-forecast").focus()
    return page


def expect_cutoff(page: Page, plot: ForecastPlot, cutoff: int, step: int | None = None) -> None:
    """The browser's words for a cutoff are those of Python."""
    expect(page.locator(".lw-ui-readout")).to_contain_text(f"{cutoff + 1} of {CUTOFFS}:")
    expect(page.locator(".lw-fc-says")).to_have_text(words.at_cutoff(plot._study, cutoff, "°C", step))
    expect(page.locator(".lw-fc-legend")).to_contain_text(
        f"Beside each name: {words.error_named(step, '°C')}"
    )
    for name in plot._study.errors:
        error = words.amount(words.error_from(plot._study, name, cutoff, step))
        expect(page.locator(".lw-switch", has_text=name)).to_have_text(re.compile(f"{re.escape(error)}$"))


def test_keys_walk_through_the_cutoffs_and_words_and_errors_follow(saved, plot):
    expect_cutoff(saved, plot, plot.cutoff)
    saved.keyboard.press("Home")
    expect_cutoff(saved, plot, 0)
    for key in ("ArrowRight", "PageDown", "ArrowLeft"):
        saved.keyboard.press(key)
    expect_cutoff(saved, plot, 10)
    saved.keyboard.press("End")
    saved.keyboard.press("ArrowRight")  # there is nothing after the last
    expect_cutoff(saved, plot, CUTOFFS - 1)
    saved.keyboard.press("PageUp")
    expect_cutoff(saved, plot, CUTOFFS - 11)
    expect(saved.locator(".lw-ui-spoken")).to_contain_text("LSTM errs by")


def test_buttons_lead_to_the_worst_the_median_and_the_best_cutoff(saved, plot):
    errors = plot._study.errors["LSTM"]
    saved.get_by_role("button", name="Go to the cutoff with the worst error").click()
    expect_cutoff(saved, plot, int(errors.argmax()))
    saved.get_by_role("button", name="Go to the cutoff with the best error").click()
    expect_cutoff(saved, plot, int(errors.argmin()))
    saved.get_by_role("button", name="Go to the cutoff with the median error").click()
    expect_cutoff(saved, plot, plot._module.facts["marks"]["median"])


def test_a_click_on_the_overview_goes_to_that_cutoff(saved, plot):
    expect(saved.locator(".lw-fc-dates > *")).to_have_text(["3 Mar 2024 12:00", "6 Mar 2024 11:00"])
    box = saved.locator(".lw-fc-stretch").bounding_box()
    place = 2 + (box["width"] - 4) * 30 / (CUTOFFS - 1 + HORIZON)
    saved.mouse.click(box["x"] + place, box["y"] + 20)
    expect_cutoff(saved, plot, 30)
    saved.mouse.click(box["x"] + box["width"] - 1, box["y"] + 80)
    expect_cutoff(saved, plot, CUTOFFS - 1)


def test_it_plays_to_the_end_and_stops_there(saved):
    saved.keyboard.press("Home")
    saved.get_by_label("Speed").select_option("16")
    saved.locator(".lw-forecast").focus()
    saved.keyboard.press("Space")
    expect(saved.get_by_role("button", name="Pause")).to_be_visible()
    expect(saved.locator(".lw-ui-readout")).to_contain_text(f"{CUTOFFS} of {CUTOFFS}")
    expect(saved.get_by_role("button", name="Play")).to_be_visible()


def picture_of(page: Page, selector: str) -> str:
    return page.locator(f"{selector} canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_the_legend_shows_and_hides_models(saved):
    drift, lstm = (saved.locator(".lw-switch", has_text=name) for name in ("drift", "LSTM"))
    expect(drift).to_have_attribute("aria-pressed", "false")
    expect(lstm).to_have_attribute("aria-pressed", "true")
    before = picture_of(saved, ".lw-fc-moment"), picture_of(saved, ".lw-fc-panel")
    drift.click()
    expect(drift).to_have_attribute("aria-pressed", "true")
    after = picture_of(saved, ".lw-fc-moment"), picture_of(saved, ".lw-fc-panel")
    assert before[0] != after[0] and before[1] != after[1]
    expect(saved.locator(".lw-fc-panel .lw-caption").first).to_contain_text("drift")
    drift.press("Space")
    expect(drift).to_have_attribute("aria-pressed", "false")
    assert picture_of(saved, ".lw-fc-moment") == before[0]


def test_a_step_ahead_is_picked_by_key_by_list_and_on_its_chart(saved, plot):
    headings = saved.locator(".lw-fc-panel h4")
    expect(headings.nth(1)).to_have_text("Residuals, all steps ahead")
    expect(saved.locator(".lw-fc-intervals")).to_have_text(words.intervals(plot._study, None, "°C"))
    saved.keyboard.press("ArrowUp")
    expect(headings.nth(1)).to_have_text("Residuals, 1 step ahead")
    saved.get_by_role("combobox", name="Steps ahead").select_option("7")
    expect_cutoff(saved, plot, plot.cutoff, step=7)
    expect(headings.nth(1)).to_have_text("Residuals, 7 steps ahead")
    expect(saved.locator(".lw-fc-intervals")).to_have_text(words.intervals(plot._study, 7, "°C"))
    error = words.amount(plot._study.by_step.loc[7, "LSTM"])
    expect(saved.locator(".lw-fc-panel .lw-caption").first).to_contain_text(f"7 steps ahead: LSTM {error},")
    box = saved.locator(".lw-fc-chart").first.bounding_box()
    saved.mouse.click(box["x"] + box["width"] - 9, box["y"] + 60)
    expect(headings.nth(1)).to_have_text("Residuals, 12 steps ahead")
    saved.locator(".lw-forecast").focus()
    for _ in range(HORIZON):
        saved.keyboard.press("ArrowDown")
    expect(headings.nth(1)).to_have_text("Residuals, all steps ahead")


def test_nothing_jumps_from_cutoff_to_cutoff(saved):
    every = ".lw-forecast > *, .lw-fc-panel > *, .lw-switch"
    places = (
        f"[...document.querySelectorAll('{every}')]"
        + """.map((node) => {
        const { x, y, width, height } = node.getBoundingClientRect();
        return [x, y, width, height].map(Math.round).join();
    }).join(" ")"""
    )
    seen = set()
    for key in ("Home", *["PageDown"] * 5, "End"):
        saved.keyboard.press(key)
        seen.add(saved.evaluate(places))
    assert len(seen) == 1


def test_one_scale_for_all_cutoffs_can_be_given_up(saved):
    before = picture_of(saved, ".lw-fc-moment")
    saved.get_by_label("One scale for all cutoffs").uncheck()
    assert picture_of(saved, ".lw-fc-moment") != before


def test_everything_has_a_name_for_screen_readers(saved):
    for selector in (
        ".lw-forecast input:visible",
        ".lw-forecast select:visible",
        ".lw-forecast button:visible",
    ):
        for control in saved.locator(selector).all():
            named = control.evaluate(
                "node => node.getAttribute('aria-label') || (node.closest('label') ?? node).innerText"
            )
            assert named.strip(), control
    for picture in saved.locator(".lw-forecast [role=img]").all():
        assert picture.get_attribute("aria-label")
    assert "lie outside the grey band" in saved.locator(".lw-fc-chart").nth(2).get_attribute("aria-label")


def test_names_that_look_like_html_are_shown_as_they_are(plot, page, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    frame = plot.frame.assign(unique_id=evil).rename(columns={"drift": evil})
    frame.attrs = {**plot.frame.attrs, "notes": [evil]}
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(ForecastPlot(frame).save(tmp_path / "evil.html").as_uri())
    expect(page.locator(".lw-ui-head")).to_have_text(f"{evil} (°C)")
    page.locator(".lw-switch", has_text="onerror").click()
    expect(page.locator(".lw-fc-panel .lw-caption").first).to_contain_text(evil)
    assert page.locator("img").count() == 0 and dialogs == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1460, 720])
def test_it_is_drawn_at_every_width_in_both_themes(
    plot, chromium: Browser, tmp_path: Path, artifacts: Path, scheme, width
):
    path = plot.save(tmp_path / "forecast.html")
    context = chromium.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.set_viewport_size({"width": width - 60, "height": 1000})
    page.wait_for_timeout(200)
    canvases = page.locator(".lw-forecast canvas").all()
    assert len(canvases) == 5 and all(not_blank(canvas) for canvas in canvases)
    fits = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".lw-view").screenshot(path=artifacts / f"forecast_{scheme}_{width}.png")
    context.close()
    assert fits and errors == []


def test_a_long_backtest_opens_and_moves_without_a_pause(page, tmp_path):
    cutoffs, horizon = 3000, 96
    times = pd.date_range("2020-01-01", periods=cutoffs + horizon + 200, freq="h")
    values = np.random.default_rng(0).normal(size=len(times)).cumsum()
    at = np.arange(cutoffs) + 100
    steps = at[:, None] + 1 + np.arange(horizon)
    frame = pd.DataFrame(
        {
            "unique_id": "long",
            "ds": times[steps.ravel()],
            "cutoff": times[np.repeat(at, horizon)],
            "y": values[steps.ravel()],
            "LSTM": values[steps].ravel() + 0.1,
            "seasonal naive": values[steps - 96].ravel(),
            "repeat last": np.repeat(values[at], horizon),
        }
    )
    path = ForecastPlot(frame, diagnosis=None).save(tmp_path / "long.html")
    assert path.stat().st_size < 8e6
    page.goto(path.as_uri())
    page.locator(".lw-forecast").focus()
    each = page.evaluate(
        """() => {
            const root = document.querySelector(".lw-forecast");
            const press = (key) => root.dispatchEvent(new KeyboardEvent("keydown", { key }));
            const begin = performance.now();
            for (let k = 0; k < 100; k++) press("ArrowLeft");
            return (performance.now() - begin) / 100;
        }"""
    )
    assert each < 60  # milliseconds; 6 on a quiet machine


LIVE = """
import ipywidgets
from lstmwidgets.widgets.forecast_plot import ForecastPlot
plot = ForecastPlot(*backtest())
said = ipywidgets.Label("kernel: nothing yet")
plot.observe(lambda change: setattr(said, "value", f"kernel: {plot.cutoff}, {plot.step}, {plot.models}"))
home = ipywidgets.Button(description="To the eighth")
home.on_click(lambda _: plot.set_trait("cutoff", "2024-03-03 19:00"))
ipywidgets.VBox([plot, said, home])
"""


def test_live_in_jupyterlab_kernel_and_browser_follow_one_another(
    lab, notebooks: Path, page, plot, artifacts: Path
):
    write_notebook(notebooks / "forecast.ipynb", MAKE, LIVE)
    open_in_lab(page, lab.url.format("forecast.ipynb"))
    run_all_cells(page)
    view = page.locator(".lw-forecast").first
    view.wait_for()
    view.scroll_into_view_if_needed()
    view.press("Home")  # which JupyterLab would take to move among its cells
    view.press("ArrowRight")
    expect_cutoff(page, plot, 1)
    said = page.locator(".widget-label", has_text="kernel:")
    expect(said).to_contain_text("kernel: 1, None, ('LSTM', 'repeat last', 'seasonal naive')")
    view.press("ArrowUp")
    page.locator(".lw-switch", has_text="seasonal naive").click()
    expect(said).to_contain_text("kernel: 1, 1, ('LSTM', 'repeat last')")
    page.get_by_role("button", name="To the eighth").click()
    expect_cutoff(page, plot, 7, step=1)
    page.locator(".lw-switch", has_text="seasonal naive").click()
    view.scroll_into_view_if_needed()
    view.screenshot(path=artifacts / "forecast_lab_light.png")
    choose_theme(page, "JupyterLab Dark")
    view.scroll_into_view_if_needed()
    view.screenshot(path=artifacts / "forecast_lab_dark.png")
