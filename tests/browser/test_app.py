"""The app in a real browser: a visitor trains and looks inside, and the one seat is taken and given back."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, free_port, running
from tests.browser.test_explorer import not_blank

TOKEN = secrets.token_urlsafe(16)
# bqplot draws a chart anew a while after its room has changed, and only when it is in sight
CHARTS_FIT = """() => [...document.querySelectorAll(".lw-figure")].every((figure) => {
    const plot = figure.querySelector(".plotarea_background").getBoundingClientRect();
    return plot.width < figure.clientWidth && plot.width > figure.clientWidth - 100;
})"""
SEEN = {"Memory": "#lw-memory", "Forecasts": "#lw-forecasts", "Train": ".lw-train"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with one seat."""
    port = free_port()
    command = [sys.executable, "-c", "from lstmwidgets.cli import main; main()", "app", "--no-browser"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "LSTMWIDGETS_TOKEN", TOKEN)
        url = f"http://127.0.0.1:{port}/"
        options = ["--port", str(port), "--kernels", "1"]
        with running([*command, *options], url, tmp_path_factory.mktemp("app")) as log:
            yield Server(url, log)


def kernels_of(app: Server) -> list[psutil.Process]:
    """Every kernel that a server on that port has."""
    port = int(app.url.rstrip("/").rsplit(":", 1)[1])
    server = next(
        each
        for each in psutil.Process().children(recursive=True)
        if any(wire.laddr and wire.laddr.port == port for wire in each.net_connections() if not wire.raddr)
    )
    return server.children(recursive=True)


def test_a_visitor_trains_and_looks_inside(app, page: Page, chromium: Browser, artifacts: Path):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app.url)
    expect(page.get_by_role("heading")).to_have_text("This page wants its token")
    page.screenshot(path=artifacts / "app_token.png")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    train = page.locator(".lw-train")
    train.wait_for()
    assert page.url == app.url
    (kernel,) = kernels_of(app)

    steps = page.get_by_role("navigation", name="Parts of this page")
    expect(steps.get_by_role("link")).to_have_text(["Train"])
    epochs = page.locator(".lw-field-epochs input")
    epochs.fill("3")
    epochs.press("Enter")
    train.click()
    page.locator(".lw-explorer canvas").first.wait_for()
    expect(steps.get_by_role("link")).to_have_text(["Train", "Forecasts", "Memory"])
    expect(page.locator(".lw-verdict")).to_contain_text("LSTM")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(scheme == "light").lower())
        for width in (1400, 800):
            page.set_viewport_size({"width": width, "height": 1100})
            for name, seen in SEEN.items():  # each is drawn anew when it comes into sight
                steps.get_by_role("link", name=name).click()
                expect(page.locator(seen)).to_be_in_viewport()
            page.wait_for_function(CHARTS_FIT)
            page.screenshot(path=artifacts / f"app_{scheme}_{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") == width
    assert not_blank(page.locator(".lw-ex-strips canvas").first)

    another = chromium.new_context(viewport={"width": 900, "height": 600}).new_page()
    answer = another.goto(f"{app.url}?token={TOKEN}")
    assert answer.status == 503
    expect(another.get_by_role("heading")).to_have_text("All seats are taken")
    another.screenshot(path=artifacts / "app_full.png")
    assert kernels_of(app) == [kernel]

    page.close(run_before_unload=True)
    deadline = time.monotonic() + 30
    while kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the kernel goes on without a page"
        time.sleep(0.1)
    another.context.close()
    assert asked
    assert [url for url in asked if not url.startswith((app.url, "data:", "blob:"))] == []
