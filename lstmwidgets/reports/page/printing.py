"""A report's page on A4, printed to PDF by a Chromium that is installed already."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lstmwidgets.errors import LSTMWidgetsError

PRINT_SECONDS = 120.0
"""How long a browser may take; a report of ten pages takes two seconds."""

CHOSEN_BY = ("LSTMWIDGETS_BROWSER", "CHROME")
"""Environment variables that name the browser to be used: a path, or a command."""

_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
    "brave-browser",
)
_PLACES = (  # where macOS and Windows keep what is on no PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # which is 64 MB in a container
    "--disable-extensions",
    "--disable-sync",
    "--font-render-hinting=none",  # letters stand where they belong, not on a screen's pixels
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
_TOLD = 400  # letters of what a browser said of its failure: its last words


def print_pdf(page: str | Path, pdf: str | Path, *, timeout: float = PRINT_SECONDS) -> Path:
    """Print a page to PDF, whole or not at all.

    Views that scrub are printed as their stills, and code is left out. The browser runs without a window,
    with a profile of its own that is thrown away.

    Parameters
    ----------
    page : path
        An HTML file, such as ``report.html``.
    pdf : path
        The file to write; what was there is replaced.
    timeout : float
        Seconds.

    Raises
    ------
    LSTMWidgetsError
        When there is no page, no browser, or no PDF in time; it says what to install.
    """
    page, pdf = Path(page).resolve(), Path(pdf)
    if not page.is_file():
        raise LSTMWidgetsError(f"there is no page {str(page)!r} to print")
    if not pdf.resolve().parent.is_dir():
        raise LSTMWidgetsError(
            f"cannot write {str(pdf)!r}: there is no folder {str(pdf.parent)!r}: make it first"
        )
    browser = find_browser()
    beside = pdf.resolve().with_name(f".{pdf.name}.{os.getpid()}.pdf")
    try:
        with _profile() as profile:
            _run(
                [
                    browser,
                    *_OPTIONS,
                    *(["--no-sandbox"] if _is_root() else []),  # root's browser refuses to start in one
                    f"--user-data-dir={profile}",
                    f"--print-to-pdf={beside}",
                    page.as_uri(),
                ],
                beside,
                timeout,
            )
        os.replace(beside, pdf)
    except OSError as error:
        raise LSTMWidgetsError(f"cannot write {str(pdf)!r}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return pdf


def find_browser() -> str:
    """The path of the browser that prints.

    Raises
    ------
    LSTMWidgetsError
        When there is none, or the one that is named in `CHOSEN_BY` is not there.
    """
    for variable in CHOSEN_BY:
        named = os.environ.get(variable)
        if named:
            found = shutil.which(named)
            if found is None:
                raise LSTMWidgetsError(
                    f"{variable}={named!r} is no program: set it to the path of Chromium, Chrome or Edge, or "
                    "unset it to have one found"
                )
            return found
    found = next(filter(None, map(shutil.which, (*_COMMANDS, *_PLACES))), None)
    if found is None:
        raise LSTMWidgetsError(
            "a PDF is printed by Chromium, Google Chrome or Microsoft Edge, and none of them was found: "
            "install one (on Debian or Ubuntu: apt install chromium), name the one you have in "
            f"{CHOSEN_BY[0]}, or open report.html in any browser and print it there"
        )
    return found


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@contextlib.contextmanager
def _profile() -> Iterator[str]:
    """A folder that goes away, even where the browser's last process still writes to it."""
    with tempfile.TemporaryDirectory(prefix="lstmwidgets-print-", ignore_cleanup_errors=True) as folder:
        yield folder


def _run(command: list[str], result: Path, timeout: float) -> None:
    """Run the browser to its end, and end it with its children where it takes too long."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=sys.platform != "win32",
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise LSTMWidgetsError(
                f"{command[0]} printed nothing within {timeout:g} s: try again, or open the page in a "
                "browser and print it there"
            ) from None
        finally:
            _end(process)
        if code == 0 and result.is_file() and result.stat().st_size:
            return
        log.seek(0)
        said = log.read().decode(errors="replace").strip()[-_TOLD:]
        raise LSTMWidgetsError(
            f"{command[0]} could not print (exit code {code}): {said or 'it said nothing'}"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs of it: children outlive a browser that is ended, and even one that is done."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
