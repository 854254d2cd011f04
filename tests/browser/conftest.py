"""A real JupyterLab, a real Voilà and a real Chromium, all on loopback and in throwaway folders."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"
START_SECONDS = 120
PAGE_SECONDS = 120

CHROMIUM_OPTIONS = [
    "--no-sandbox",  # CI runs as root, where Chromium's sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Errors in the console that are not ours, each with its reason.
FOREIGN_ERRORS = (
    "font-awesome",  # Voilà asks a far host for it, and tests run without a network
    "fontawesome",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("browser")


@dataclass(frozen=True)
class Server:
    """A server that answers on loopback."""

    url: str
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], answers_at: str, folder: Path) -> Iterator[Path]:
    """Start a server with folders of its own, wait until it answers, and end it with its kernels."""
    log = folder / "server.log"
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    places += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = {**os.environ, **{name: str(folder / name.lower()) for name in places}}
    environment.pop("PYTEST_CURRENT_TEST", None)
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    try:
        wait_until_it_answers(answers_at, server, log)
        yield log
    finally:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=15)


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers, if only to ask for the token
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer at {url}:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, without their outputs, so that what is seen was made now."""
    folder = tmp_path_factory.mktemp("browser") / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for path in folder.glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        path.write_text(json.dumps(notebook), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def lab(notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab on the copied notebooks; ``url`` is to be filled with a notebook's name."""
    folder = tmp_path_factory.mktemp("lab")
    settings = folder / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        f"--ServerApp.root_dir={notebooks}",
    ]
    with running(command, f"http://127.0.0.1:{port}/api", folder) as log:
        yield Server(f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset", log)


@pytest.fixture(scope="session")
def voila(notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voilà on the copied notebooks; ``url`` is to be filled with a notebook's name."""
    folder = tmp_path_factory.mktemp("voila")
    port = free_port()
    command = [
        *(sys.executable, "-m", "voila", "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"),
        *("--VoilaConfiguration.show_tracebacks=True", str(notebooks)),
    ]
    with running(command, f"http://127.0.0.1:{port}/", folder) as log:
        yield Server(f"http://127.0.0.1:{port}/voila/render/{{}}", log)


@pytest.fixture(scope="module")  # not longer: its event loop would run on under other tests
def chromium() -> Iterator[Browser]:
    """Chromium as the machine has it; skipped without one, failed in CI."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"none of {', '.join(names)} is installed"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI is set: install Chromium")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails its test when our code writes an error to the console."""
    expect.set_options(timeout=PAGE_SECONDS * 1000)
    context = chromium.new_context(viewport={"width": 1400, "height": 1100}, reduced_motion="reduce")
    context.set_default_timeout(PAGE_SECONDS * 1000)
    page = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        told = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(name in told for name in FOREIGN_ERRORS):
            errors.append(told)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are kept to be looked at; git ignores it."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS
