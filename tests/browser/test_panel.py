"""The training panel in a real browser, in JupyterLab and through Voilà."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

NOTEBOOK = "00_start_here.ipynb"


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook for this Python's kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def open_in_lab(page: Page, url: str) -> None:
    """Open a notebook and wait for its kernel: Run All before that asks which kernel to take."""
    page.goto(url)
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text(re.compile(r"Python 3 \(ipykernel\) \| Idle")).wait_for()


def run_all_cells(page: Page) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator('li[data-command="runmenu:run-all"]').click()


def choose_theme(page: Page, name: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Settings$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).click()
    page.locator('li[data-command="apputils:change-theme"]', has_text=re.compile(f"^{name}$")).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", name)


LOSS = ".lw-figure-loss path.line"


def move_the_units_slider(page: Page) -> None:
    """Press the right arrow on the units slider, as someone without a mouse does."""
    handle = page.locator(".lw-field-units .noUi-handle")
    number = page.locator(".lw-field-units input")
    before = int(number.input_value())
    handle.focus()
    expect(handle).to_be_focused()
    handle.press("ArrowRight")
    expect(number).not_to_have_value(str(before))
    assert int(number.input_value()) > before


def type_epochs(page: Page, epochs: int) -> None:
    """Type so many epochs that the training lasts until Stop is pressed."""
    number = page.locator(".lw-field-epochs input")
    number.fill(str(epochs))
    number.press("Enter")
    expect(number).to_have_value(str(epochs))


def press(page: Page, name: str) -> None:
    button = page.locator(".lw-panel").get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled()
    button.click()


POINTS = "line => (line.getAttribute('d')?.match(/[ML]/g) ?? []).length"


def unfold_the_findings_by_keyboard(page: Page) -> None:
    """Space on the button below the verdict, as someone without a mouse does."""
    button = page.locator(".lw-unfold").first
    findings = page.locator(".lw-findings").first
    expect(findings).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Space")
    expect(findings).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(findings.get_by_role("list", name="Findings")).to_be_visible()


def loss_points(page: Page) -> int:
    """Points of the longest line in the loss chart."""
    return max(page.locator(LOSS).evaluate_all(f"lines => lines.map({POINTS})"))


def wait_for_loss_points(page: Page, least: int) -> None:
    page.wait_for_function(
        f"([lines, least]) => [...document.querySelectorAll(lines)].map({POINTS}).some(n => n >= least)",
        arg=[LOSS, least],
    )


WAIT_FOR_THREE_EPOCHS = """\
import time
began, first = time.monotonic(), len(panel.history)
while time.monotonic() < began + 3 or len(panel.history) < first + 3:
    time.sleep(0.05)
print("answered", 7 * 7)"""


def start_a_cell(page: Page, code: str) -> Locator:
    """Add a cell below the last and start it."""
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    page.locator(".jp-Notebook .jp-Cell").last.click()
    page.keyboard.press("Escape")
    count = cells.count()
    page.keyboard.press("b")
    expect(cells).to_have_count(count + 1)
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    return cells.last


def expect_the_forecast_to_be_drawn(page: Page) -> None:
    """The network's line in the forecast chart has points, and the words beside the chart say so."""
    chart = page.locator(".lw-chart-forecast")
    expect(chart.locator(".lw-caption")).to_contain_text("LSTM")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.lw-figure-forecast path.line')].filter(
            line => (line.getAttribute('d')?.match(/[ML]/g) ?? []).length > 10).length >= 3"""
    )


def test_the_panel_trains_in_jupyterlab_while_the_kernel_stays_free(lab, page: Page, artifacts: Path):
    open_in_lab(page, lab.url.format(NOTEBOOK))
    run_all_cells(page)
    panel = page.locator(".lw-panel").first
    panel.wait_for()
    panel.scroll_into_view_if_needed()
    expect_the_forecast_to_be_drawn(page)
    expect(panel.locator(".lw-verdict")).to_contain_text("beats")
    panel.screenshot(path=artifacts / "panel.png")  # the README's picture
    unfold_the_findings_by_keyboard(page)
    panel.screenshot(path=artifacts / "panel_findings.png")
    page.keyboard.press("Enter")
    expect(panel.locator(".lw-findings")).to_be_hidden()
    move_the_units_slider(page)
    type_epochs(page, 1000)
    earlier = loss_points(page)
    press(page, "Train")
    wait_for_loss_points(page, earlier + 1)

    cell = start_a_cell(page, WAIT_FOR_THREE_EPOCHS)
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[*]:")
    wait_for_loss_points(page, loss_points(page) + 1)
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[*]:", timeout=100)
    expect(cell.locator(".jp-OutputArea-output")).to_have_text(re.compile("answered 49"))

    panel.scroll_into_view_if_needed()
    press(page, "Stop")
    expect(page.locator(".lw-status")).to_contain_text(re.compile("stopped|Stopped"))
    expect_the_forecast_to_be_drawn(page)
    expect(panel.get_by_role("button", name=re.compile(r"\d findings?: evidence"))).to_be_visible()
    panel.screenshot(path=artifacts / "lab_light.png")
    choose_theme(page, "JupyterLab Dark")
    panel.scroll_into_view_if_needed()
    panel.screenshot(path=artifacts / "lab_dark.png")


A_FILLED_PANEL = """\
import lstmwidgets as lw
from lstmwidgets.analysis.repair import fill
series = fill(lw.load_dataset("co2"), "seasonal")
other = lw.TrainingPanel(series, lw.LSTMConfig(sequence_length=24, horizon=12, units=4, epochs=1000))
other._shown.forecast.stretch.value = (0, 500)
other"""


def test_a_diagnosis_moves_nothing_and_filled_points_stand_hollow(
    lab, notebooks: Path, page: Page, artifacts: Path
):
    write_notebook(notebooks / "filled.ipynb", A_FILLED_PANEL)
    open_in_lab(page, lab.url.format("filled.ipynb"))
    run_all_cells(page)
    panel = page.locator(".lw-panel")
    panel.wait_for()
    expect(panel.locator(".lw-facts")).to_contain_text("59 points filled (seasonal)")
    expect(panel.locator(".lw-figure-forecast path.dot")).to_have_count(53)  # the other six lie later
    panel.locator(".lw-train").click()
    expect(panel.locator(".lw-times")).to_contain_text(re.compile("Epoch [5-9]|Epoch [0-9]{2,}"))
    below = panel.locator(".lw-copy, .lw-share").first
    panel.locator(".lw-pause").click()
    expect(panel.locator(".lw-unfold")).to_be_visible()
    height = below.bounding_box()["y"] - panel.bounding_box()["y"]
    panel.locator(".lw-step").click()
    panel.locator(".lw-stop").click()
    expect(panel.locator(".lw-status")).to_contain_text("Stopped")
    expect(panel.locator(".lw-unfold")).to_be_visible()
    assert below.bounding_box()["y"] - panel.bounding_box()["y"] == height
    panel.locator(".lw-unfold").click()
    panel.locator(".lw-more").get_by_text("More", exact=True).click()
    expect(panel.locator(".lw-field-loss select")).to_be_visible()
    for name in ("JupyterLab Light", "JupyterLab Dark"):
        choose_theme(page, name)
        for width in (1280, 660):
            page.set_viewport_size({"width": width + 432, "height": 2500})  # JupyterLab takes the rest
            panel.scroll_into_view_if_needed()
            for box in panel.locator(".lw-field").all():
                assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
            panel.screenshot(path=artifacts / f"panel_filled_{name[11:].lower()}_{width}.png")


CHOOSING = """\
import lstmwidgets as lw
series, small = lw.load_dataset("nile"), lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
configs = {"LSTM": small, "Simple RNN": small.replace(cell="rnn")}
comparison = lw.ComparisonView(lw.compare(series, configs, seeds=2, progress_bar=False))
dial = lw.UnitsDial(series, small, values=[2, 4, 8], seeds=1)
from ipywidgets import VBox
VBox([comparison, dial, lw.TrainingPanel(series, small)])"""


def visible(lines: Locator) -> int:
    """How many of some lines can be seen."""
    return sum(line.is_visible() for line in lines.all())


def test_cells_are_compared_sized_and_chosen_by_keyboard(lab, notebooks: Path, page: Page, artifacts: Path):
    write_notebook(notebooks / "choosing.ipynb", CHOOSING)
    open_in_lab(page, lab.url.format("choosing.ipynb"))
    run_all_cells(page)
    cell = page.locator(".jp-CodeCell").first

    comparison = cell.locator(".lw-comparison-view")
    comparison.wait_for()
    expect(comparison.get_by_role("list", name="Verdicts")).to_contain_text("Simple RNN")
    lines = comparison.locator(".lw-figure-curves path.line, .lw-figure-newest path.line")
    before = visible(lines)
    switch = comparison.get_by_role("button", name="Simple RNN")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert visible(lines) < before

    dial = cell.locator(".lw-dial")
    dial.get_by_role("button", name="Start").click()
    expect(dial.locator(".lw-status")).to_contain_text("All 3 trainings have ended.")
    expect(dial.locator(".lw-figure-errors path.dot")).to_have_count(
        3 + 2
    )  # seeds; best and chosen, one hidden
    expect(dial.locator(".lw-values tbody tr")).to_have_count(4)  # the values, and the naive rule

    choice = cell.locator(".lw-field-cell select")
    choice.focus()
    page.keyboard.type("Transformer")
    expect(choice).to_have_value("Transformer")
    units = cell.locator(".lw-field-units")
    expect(units).to_contain_text("Size units of the LSTM as large")
    expect(units.locator("input")).to_have_attribute("aria-label", re.compile("^Size, "))
    expect(cell.locator(".lw-field-activation")).to_have_css("display", "none")
    for name in ("JupyterLab Dark", "JupyterLab Light"):
        choose_theme(page, name)
        for width in (1280, 660):
            page.set_viewport_size({"width": width + 432, "height": 2500})  # JupyterLab takes the rest
            page.wait_for_timeout(250)  # bqplot follows the width a moment later
            for view, called in ((comparison, "comparison"), (dial, "dial")):
                view.scroll_into_view_if_needed()
                for table in view.locator(".lw-scores").all():
                    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
                view.screenshot(path=artifacts / f"{called}_{name[11:].lower()}_{width}.png")


def test_the_panel_trains_through_voila(voila, page: Page, artifacts: Path):
    page.goto(voila.url.format(NOTEBOOK))
    panel = page.locator(".lw-panel").first
    panel.wait_for()
    panel.scroll_into_view_if_needed()
    move_the_units_slider(page)
    type_epochs(page, 1000)
    earlier = loss_points(page)
    press(page, "Train")
    wait_for_loss_points(page, earlier + 2)
    press(page, "Stop")
    expect(page.locator(".lw-status")).to_contain_text(re.compile("stopped|Stopped"))
    expect_the_forecast_to_be_drawn(page)
    page.screenshot(path=artifacts / "voila.png", full_page=True)
