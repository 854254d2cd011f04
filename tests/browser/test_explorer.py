"""The gate explorer in a real browser: as a saved page with the network off, and live in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import lstmwidgets as lw
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.build import build
from tests.browser.test_panel import choose_theme, open_in_lab, run_all_cells, write_notebook

LIVE = """\
import lstmwidgets as lw
config = lw.LSTMConfig(sequence_length=104, horizon=52, units=8, epochs=1)
forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("co2"), progress_bar=False)
lw.GateExplorer(forecaster)"""


@pytest.fixture(scope="module")
def explorer() -> lw.GateExplorer:
    config = lw.LSTMConfig(sequence_length=48, horizon=12, units=8, epochs=4)
    forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("co2").iloc[-900:], progress_bar=False)
    return lw.GateExplorer(forecaster)


@pytest.fixture
def saved(explorer: lw.GateExplorer, page: Page, tmp_path: Path) -> Page:
    """The saved page, opened with no network."""
    path = explorer.save(tmp_path / "gates.html")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.locator(".lw-explorer").focus()
    return page


def equation(page: Page, gate: str) -> str:
    return page.locator(f".lw-ex-equation.lw-ex-{gate}").inner_text().replace("\N{MINUS SIGN}", "-")


def result(page: Page, gate: str) -> float:
    return float(equation(page, gate).rsplit("= ", 1)[1])


def expect_the_numbers_of(page: Page, explorer: lw.GateExplorer, t: int, unit: int) -> None:
    expect(page.locator(".lw-ex-readout")).to_contain_text(f"{t + 1} of 48")
    expect(page.locator(".lw-ex-unit")).to_contain_text(f"Unit {unit},")
    for gate in "ifgoch":
        assert result(page, gate) == pytest.approx(getattr(explorer.trace, gate)[t, unit], abs=6e-4)


def test_keys_move_through_time_and_units_and_the_cell_shows_their_numbers(saved, explorer):
    order = lw.order_units(explorer.trace, "half-life")
    expect_the_numbers_of(saved, explorer, 47, order[0])
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        saved.keyboard.press(key)
    expect_the_numbers_of(saved, explorer, 45, order[1])
    for key in ("Home", "ArrowUp", "ArrowUp"):
        saved.keyboard.press(key)
    expect_the_numbers_of(saved, explorer, 0, order[0])
    saved.keyboard.press("ArrowLeft")  # there is nothing before the first step
    expect_the_numbers_of(saved, explorer, 0, order[0])
    saved.keyboard.press("End")
    saved.keyboard.press("PageUp")
    expect_the_numbers_of(saved, explorer, 37, order[0])


def test_the_sums_in_the_equations_add_up(saved, explorer):
    saved.keyboard.press("ArrowLeft")
    for gate, curve in (("i", "σ"), ("f", "σ"), ("g", "tanh"), ("o", "σ")):
        inside = re.search(r"\((.*?)\)", equation(saved, gate))[1].replace(" ", "")
        total = sum(float(number) for number in re.findall(r"[+-]?[\d.]+", inside))
        value = np.tanh(total) if curve == "tanh" else 1 / (1 + np.exp(-total))
        assert result(saved, gate) == pytest.approx(value, abs=0.02)


def drawn(cell: str, **changes: Any) -> lw.GateExplorer:
    """An explorer of a network with random weights."""
    series = lw.load_dataset("nile")
    config = lw.LSTMConfig(cell=cell, sequence_length=24, horizon=3, units=6, **changes)
    network = build(config)
    draw = np.random.default_rng(3)
    network.set_weights([draw.normal(scale=0.5, size=weight.shape) for weight in network.get_weights()])
    windows = make_windows(series, config)
    return lw.GateExplorer(lw.LSTMForecaster.fitted(config, series, windows, network))


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Callable[[lw.GateExplorer], Page]:
    """A saved page of an explorer, with no network, and the keys its own."""

    def open_page(explorer: lw.GateExplorer) -> Page:
        path = explorer.save(tmp_path / "cell.html")
        page.context.set_offline(True)
        page.goto(path.as_uri())
        page.locator(".lw-explorer").focus()
        return page

    return open_page


def test_a_gru_is_walked_through_with_its_own_numbers(opened, artifacts: Path):
    explorer = drawn("gru")
    page = opened(explorer)
    order = lw.order_units(explorer.trace, "half-life")
    for key in ("ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator(".lw-ex-unit")).to_contain_text(f"Unit {order[1]},")
    found, t, unit = explorer.trace, 22, order[1]
    for gate in "zrgh":
        assert result(page, gate) == pytest.approx(getattr(found, gate)[t, unit], abs=6e-4)
    for gate in "zr":
        inside = re.search(r"\((.*?)\)", equation(page, gate))[1].replace(" ", "")
        total = sum(float(number) for number in re.findall(r"[+-]?[\d.]+", inside))
        assert result(page, gate) == pytest.approx(1 / (1 + np.exp(-total)), abs=0.02)
    x, sign, r, heard, bias = re.search(
        r"tanh\((-?[\d.]+) ([+-]) ([\d.]+)·([\d.]+) ([+-] [\d.]+)\)", equation(page, "g")
    ).groups()
    total = float(x) + float(f"{sign}1") * float(r) * float(heard) + float(bias.replace(" ", ""))
    assert result(page, "g") == pytest.approx(np.tanh(total), abs=0.03)
    assert "update gate" in page.locator("svg.lw-ex-cell").get_attribute("aria-label")
    assert page.locator("svg.lw-ex-cell .lw-ex-box").count() == 4
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator(".lw-view").screenshot(path=artifacts / f"explorer_gru_{scheme}.png")


def test_a_gru_that_resets_first_has_the_same_numbers(opened):
    keras.utils.set_random_seed(2)
    layer = keras.layers.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid")
    model = keras.Sequential([keras.Input((9, 2)), layer, keras.layers.Dense(1)])
    explorer = lw.GateExplorer.from_model(model, np.random.default_rng(0).normal(size=(9, 2)))
    page = opened(explorer)
    unit = explorer.unit
    inside = re.search(r"tanh\((.*?)\)", equation(page, "g"))[1].replace(" ", "")
    total = sum(float(number) for number in re.findall(r"[+-]?[\d.]+", inside))
    assert np.tanh(total) == pytest.approx(explorer.trace.g[8, unit], abs=0.02)
    assert equation(page, "z").startswith("z = hard σ(")


def test_attention_is_a_strip_below_the_gates_or_stands_alone(opened, artifacts: Path):
    explorer = drawn("lstm_attention")
    page = opened(explorer)
    weights = ", ".join(f"{weight:.3f}" for weight in explorer.trace.attention[0].a[23])
    assert equation(page, "a") == f"a = {weights}: attention by head"
    assert not_blank(page.locator(".lw-ex-strips canvas").first)
    rows = page.locator(".lw-ex-strips").first.locator(".lw-ex-row:visible")
    assert rows.count() == 7  # i f g o c h and memory: no unit has a row among the heads
    unit = page.locator(".lw-ex-unit").inner_text()
    click_strip(page, 0.3, 3 + 7 * (34 + 5) + 10)  # on the attention
    assert page.locator(".lw-ex-unit").inner_text().split(",")[0] == unit.split(",")[0]
    page.locator(".lw-view").screenshot(path=artifacts / "explorer_attention.png")
    explorer = drawn("transformer")
    page = opened(explorer)
    expect(page.locator("svg.lw-ex-cell")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    expect(page.locator(".lw-ex-unit")).to_contain_text("Head 1,")
    assert equation(page, "a").startswith(f"a = {explorer.trace.a[0, 1]:.3f}")
    expect(page.get_by_label("Sort heads by")).to_be_visible()
    expect(page.locator(".lw-ex-facts")).to_contain_text("no forecast as known at each step")
    assert page.locator(".lw-ex-ahead-forecast").first.get_attribute(
        "d"
    )  # made at the end, wherever one looks
    page.locator(".lw-view").screenshot(path=artifacts / "explorer_transformer.png")


def click_strip(page: Page, across: float, down: float) -> None:
    box = page.locator(".lw-ex-strips").first.bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down)


def test_a_click_on_a_strip_picks_its_step_and_its_unit(saved, explorer):
    order = lw.order_units(explorer.trace, "half-life")
    click_strip(saved, 0.2, 3 + 34 * 2.5 / 8)  # the third row of the first strip
    expect(saved.locator(".lw-ex-unit")).to_contain_text(f"Unit {order[2]},")
    shown = saved.locator(".lw-ex-readout").inner_text()
    t = int(shown.split(" of ")[0]) - 1
    assert 2 < t < 20
    expect_the_numbers_of(saved, explorer, t, order[2])


def test_it_plays_to_the_end_and_stops_there(saved):
    saved.keyboard.press("Home")
    saved.get_by_label("Speed").select_option("4")
    saved.locator(".lw-explorer").focus()
    saved.keyboard.press("Space")
    expect(saved.get_by_role("button", name="Pause")).to_be_visible()
    expect(saved.locator(".lw-ex-readout")).to_contain_text("48 of 48")
    expect(saved.get_by_role("button", name="Play")).to_be_visible()


def test_units_are_sorted_faded_and_typed(saved, explorer):
    saved.get_by_label("Sort units by").select_option("index")
    saved.get_by_label("Unit", exact=True).fill("5")
    saved.get_by_label("Unit", exact=True).press("Enter")
    expect_the_numbers_of(saved, explorer, 47, 5)
    saved.locator(".lw-explorer").focus()
    saved.keyboard.press("ArrowDown")
    expect_the_numbers_of(saved, explorer, 47, 6)
    before = saved.locator(".lw-ex-strips canvas").first.evaluate("canvas => canvas.toDataURL()")
    saved.get_by_label("Fade below").fill("0.5")
    after = saved.locator(".lw-ex-strips canvas").first.evaluate("canvas => canvas.toDataURL()")
    assert before != after


def test_everything_has_a_name_for_screen_readers(saved):
    for selector in (
        ".lw-explorer input:visible",
        ".lw-explorer select:visible",
        ".lw-explorer button:visible",
    ):
        for control in saved.locator(selector).all():
            named = control.evaluate(
                "node => node.getAttribute('aria-label') || (node.closest('label') ?? node).innerText"
            )
            assert named.strip(), control
    label = saved.locator("svg.lw-ex-cell").get_attribute("aria-label")
    assert "forget gate" in label and "cell state" in label
    saved.keyboard.press("ArrowLeft")
    expect(saved.locator(".lw-ex-spoken")).to_contain_text("input gate")


def not_blank(canvas: Locator) -> bool:
    return canvas.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let k = 0; k < data.length; k += 4 * 97) seen.add(data.slice(k, k + 3).join());
            return seen.size > 8;
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 720])
def test_it_is_drawn_at_every_width_in_both_themes(
    explorer, chromium: Browser, tmp_path: Path, artifacts: Path, scheme, width
):
    path = explorer.save(tmp_path / "gates.html")
    context = chromium.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.set_viewport_size({"width": width - 60, "height": 1000})
    page.wait_for_timeout(200)
    for canvas in page.locator(".lw-ex-strips canvas, .lw-ex-overview canvas").all()[:2]:
        assert not_blank(canvas)
    fits = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".lw-view").screenshot(path=artifacts / f"explorer_{scheme}_{width}.png")
    context.close()
    assert fits and errors == []


def test_live_in_jupyterlab_it_moves_to_other_windows_and_says_when_there_is_none(
    lab, notebooks: Path, page, artifacts: Path
):
    write_notebook(notebooks / "gates.ipynb", LIVE)
    open_in_lab(page, lab.url.format("gates.ipynb"))
    run_all_cells(page)
    explorer = page.locator(".lw-explorer").first
    explorer.wait_for()
    explorer.scroll_into_view_if_needed()
    says = explorer.locator(".lw-ex-says").first
    expect(says).to_have_text("9 Jan 1999 to 30 Dec 2000")
    unit = explorer.locator(".lw-ex-unit")
    before = unit.inner_text()
    explorer.press("ArrowDown")  # which JupyterLab would take to move among its cells
    expect(unit).not_to_have_text(before)
    explorer.press("ArrowUp")
    expect(unit).to_have_text(before)
    explorer.locator(".lw-ex-overview").press("ArrowLeft")
    expect(says).to_have_text("2 Jan 1999 to 23 Dec 2000")
    box = explorer.locator(".lw-ex-overview").bounding_box()
    page.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 20, steps=8)
    page.mouse.up()
    expect(says).to_have_text(re.compile(r"19(8[5-9]|9[01]) to "))
    date = explorer.get_by_label("Window ends")
    date.fill("1995-06-15")
    expect(says).to_have_text(re.compile("1993 to 10 Jun 1995"))
    explorer.get_by_label("Beside it").fill("1990-06-15")
    expect(explorer.locator(".lw-ex-says").nth(1)).to_have_text(re.compile(r"to \d+ Jun 1990"))
    explorer.screenshot(path=artifacts / "explorer_lab_light.png")
    choose_theme(page, "JupyterLab Dark")
    explorer.scroll_into_view_if_needed()
    explorer.screenshot(path=artifacts / "explorer_lab_dark.png")
    explorer.get_by_role("button", name="Show one window alone").click()
    expect(explorer.locator(".lw-ex-says").nth(1)).to_be_hidden()
    date.fill("1800-06-15")
    expect(explorer.locator(".lw-ex-status")).to_contain_text("no window ends on 1800-06-15")
