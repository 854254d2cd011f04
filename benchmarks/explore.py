"""From key press to painted frame: the gate explorer beside `interact` with Matplotlib, in one JupyterLab.

.venv/bin/python benchmarks/explore.py           the table
.venv/bin/python benchmarks/explore.py --write   the same, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import contextlib
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import results
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
PRESSES = 120
STEPS, UNITS = 168, 128
MOST_OVER_FRAME, MOST_SCRUB, MOST_WINDOW, LEAST_TIMES, MOST_PAGE = 4.0, 16.0, 100.0, 8.0, 1.5
SERVER_SECONDS = 90
PAGE_SECONDS = 180

MAKE = f"""\
import lstmwidgets as lw
config = lw.LSTMConfig(sequence_length={STEPS}, horizon=24, units={UNITS}, epochs=1)
forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("seattle_temperature"), progress_bar=False)
explorer = lw.GateExplorer(forecaster)
explorer"""

RIVAL = f"""\
%matplotlib inline
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
trace, known = explorer.trace, np.frombuffer(explorer._module.known, np.float32).reshape(-1, 24)
ledger = lw.memory_ledger(trace)
def draw(t):
    figure, axes = plt.subplots(8, 1, figsize=(9, 9), sharex=True)
    axes[0].plot(trace.values)
    axes[0].plot(t + 1 + np.arange(known.shape[1]), known[t])
    strips = [*((name, getattr(trace, name)) for name in "ifgoch"), ("memory", ledger.contributions)]
    for each, (name, array) in zip(axes[1:], strips):
        each.imshow(array.T, aspect="auto", interpolation="nearest")
        each.set_ylabel(name)
    for each in axes:
        each.axvline(t)
    plt.show()
ipywidgets.interact(draw, t=ipywidgets.IntSlider(100, 0, {STEPS - 1}))"""

SIZES = """\
import json, pathlib, tempfile
with tempfile.TemporaryDirectory() as folder:
    page = len(explorer.save(pathlib.Path(folder) / "gates.html").read_bytes())
print("SIZES", len(explorer._module.block) + len(json.dumps(explorer._module.facts)), page)"""

WATCH = """\
([selector, attribute]) => {
  window.lwTimes = [];
  const painted = (pressed) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.lwTimes.push(performance.now() - pressed);
    channel.port2.postMessage(0);
  });
  window.lwUnwatch?.();
  const heard = (event) => {
    const pressed = event.timeStamp;
    if (!selector) return painted(pressed);
    const read = () => {
      const node = document.querySelector(selector);
      return attribute === "text" ? node?.textContent : node?.getAttribute(attribute);
    };
    const before = read();
    const look = () => {
      const now = read();
      if (!now || now === before) return;
      observer.disconnect();
      const node = document.querySelector(selector);
      (node.decode ? node.decode() : Promise.resolve()).then(() => painted(pressed));
    };
    const observer = new MutationObserver(look);
    const everything = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document.body, everything);
  };
  document.addEventListener("keydown", heard, true);
  window.lwUnwatch = () => document.removeEventListener("keydown", heard, true);
}"""
"""Times each key press to the frame after what is watched has changed; with nothing to watch, to the next."""


@contextlib.contextmanager
def lab(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """JupyterLab in a folder of its own, with one notebook in it; the notebook's address."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(notebook, folder / "explore.ipynb")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        token = secrets.token_hex(16)
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
            "--LabApp.news_url=",
        ]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/api", server)
            yield f"http://127.0.0.1:{port}/lab/tree/explore.ipynb?token={token}&reset"
        finally:
            server.terminate()
            server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SERVER_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5)
            return
        time.sleep(0.2)
    raise SystemExit("JupyterLab did not start: run it by hand to see why")


def presses(page: Page, keys: list[str], selector: str = "", attribute: str = "text") -> NDArray[np.float64]:
    """Milliseconds from each press to the painted frame, one press after another."""
    page.evaluate(WATCH, [selector, attribute])
    for number, key in enumerate(keys):
        page.keyboard.press(key)
        page.wait_for_function("count => window.lwTimes.length > count", arg=number)
    return np.array(page.evaluate("window.lwTimes"))


def to_and_fro(there: str, back: str, run: int = 20) -> list[str]:
    """Keys that go one way for a while and then the other, so that no end is reached."""
    return ([back] * run + [there] * run) * (PRESSES // (2 * run))


def measure() -> dict[str, Any]:
    """All four in one browser, one after another, and the sizes of what is sent and saved."""
    cells = [nbformat.v4.new_code_cell(code) for code in (MAKE, RIVAL, SIZES)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    browser_path = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if browser_path is None:
        raise SystemExit("no Chromium is installed here: install the package chromium")
    with sync_playwright() as playwright, lab(notebook) as address:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        page.set_default_timeout(PAGE_SECONDS * 1000)
        page.goto("about:blank")
        page.evaluate("document.body.tabIndex = 0; document.body.focus()")
        empty = presses(page, ["ArrowLeft"] * PRESSES)
        page.goto(address)
        page.get_by_text(re.compile(r"Python 3 \(ipykernel\) \| Idle")).wait_for()
        page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
        page.locator('li[data-command="runmenu:run-all"]').click()
        page.get_by_text(re.compile(r"^SIZES")).wait_for()
        sizes = page.get_by_text(re.compile(r"^SIZES")).inner_text().split()[1:]
        page.locator(".lw-ex-overview").focus()
        idle = presses(page, ["Shift"] * PRESSES)
        page.locator(".lw-explorer").focus()
        scrub = presses(page, to_and_fro("ArrowRight", "ArrowLeft"))
        page.locator(".lw-ex-overview").focus()
        window = presses(page, to_and_fro("ArrowRight", "ArrowLeft"), ".lw-ex-says")
        handle = page.locator(".widget-interact .noUi-handle")
        handle.scroll_into_view_if_needed()
        handle.focus()
        rival = presses(page, to_and_fro("ArrowRight", "ArrowLeft"), ".widget-interact img", "src")
        version = browser.version
        browser.close()
    return {
        "times": {"an empty page": empty, "idle": idle, "scrub": scrub, "window": window, "interact": rival},
        "message": int(sizes[0]),
        "page": int(sizes[1]),
        "chromium": version,
    }


ROWS = {
    "an empty page": "an empty page: a key, and the next frame",
    "idle": "JupyterLab: a key that nothing heeds, and the next frame",
    "scrub": "explorer: one step on",
    "window": "explorer: another window (kernel, trace, redraw)",
    "interact": "`interact` with Matplotlib: one step on",
}


def report(found: dict[str, Any], machine: dict[str, Any]) -> str:
    """The table, the sizes and what was to be reached."""
    medians = {name: float(np.median(times)) for name, times in found["times"].items()}
    tails = {name: float(np.percentile(times, 95)) for name, times in found["times"].items()}
    lines = ["| milliseconds from key press to painted frame | median | 95 of 100 within |", "|---|--:|--:|"]
    lines += [f"| {says} | {medians[name]:.1f} | {tails[name]:.1f} |" for name, says in ROWS.items()]
    most = max(MOST_SCRUB, tails["an empty page"] + MOST_OVER_FRAME)
    times = medians["interact"] / medians["scrub"]
    verdicts = [
        (f"a step within {most:.1f} ms, 95 of 100", f"{tails['scrub']:.1f} ms", tails["scrub"] <= most),
        (
            f"another window within {MOST_WINDOW:g} ms, 95 of 100",
            f"{tails['window']:.1f} ms",
            tails["window"] <= MOST_WINDOW,
        ),
        (f"at least {LEAST_TIMES:g}× as quick as interact", f"{times:.1f}×", times >= LEAST_TIMES),
        (
            f"the saved page at most {MOST_PAGE:g} MB",
            f"{found['page'] / 1e6:.2f} MB",
            found["page"] <= MOST_PAGE * 1e6,
        ),
    ]
    return "\n\n".join(
        [
            f"{results.about(machine)}; Chromium {found['chromium']}, headless.",
            f"{STEPS} steps, {UNITS} units, horizon 24; {PRESSES} presses each.",
            "\n".join(lines),
            f"The message that brings a window: {found['message'] / 1e6:.2f} MB.",
            results.verdict_table(verdicts),
        ]
    )


def main() -> None:
    """Measure, print, and where asked for write."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    chosen = options.parse_args()
    machine = results.machine()
    text = report(measure(), machine)
    print(text)
    if chosen.write:
        results.write_section(HERE / "README.md", "explore.py", text)


if __name__ == "__main__":
    main()
