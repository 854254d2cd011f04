"""The widgets as a page for visitors: Voilà for one notebook, behind a token, with a limit on kernels."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import secrets
import shutil
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import psutil
import traitlets
from jupyter_core.utils import run_sync
from tornado.ioloop import IOLoop
from traitlets.config import Config
from voila.app import Voila
from voila.static_file_handler import AllowListFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.serving.handlers import (
    CONTENT_SECURITY_POLICY,
    RETRY_SECONDS,
    Session,
    TemplateFiles,
    TokenGate,
    VisitorPage,
)
from lstmwidgets.serving.kernels import ThisPython, VisitorKernels
from lstmwidgets.shipped import app_page

PORT = 8866
"""Where the app listens when no port is asked for; the next free one when it is taken."""

THEMES = ("auto", "light", "dark")

SHORTEST_TOKEN = 8

BYTES_OF_A_KERNEL = 900_000_000
"""Of one visitor's kernel that trains: TensorFlow takes nearly all of it."""

MOST_BY_ITSELF = 4
"""So many kernels at most when no number is asked for."""

_PAGES = Path(__file__).with_name("pages")
_LAB_EXTENSIONS = [  # whatever else is installed for JupyterLab has no business on this page
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
    "bqplot",
    "bqscales",
]


class App(Voila):
    """Voilà, serving its one notebook and none of the files beside it."""

    port: int
    template_paths: list[str]
    tell_address = traitlets.Callable(lambda address: None)
    port_is_fixed = traitlets.Bool(False, help="Whether another port will not do.")

    def setup_template_dirs(self) -> None:
        """Our pages before Voilà's, which ask a far host for a font."""
        super().setup_template_dirs()
        self.template_paths = [str(_PAGES), *self.template_paths]

    def init_settings(self) -> dict[str, Any]:
        """Voilà's settings; the page to log in at is ours too."""
        settings: dict[str, Any] = super().init_settings()
        self.contents_manager.notary.sign(nbformat.read(self.notebook_path, as_version=4))
        settings["jinja2_env"] = settings["voila_jinja2_env"]
        settings["voila_jinja2_env"].globals["retry_seconds"] = RETRY_SECONDS
        return settings

    def init_handlers(self) -> list[Any]:
        """Voilà's handlers, without its files and with our page."""
        ours = {TornadoVoilaHandler: VisitorPage, TemplateStaticFileHandler: TemplateFiles}
        handlers: list[Any] = [(r"/session/(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)", Session)]
        for pattern, handler, *rest in super().init_handlers():
            if handler is AllowListFileHandler:
                continue
            handlers.append((pattern, ours.get(handler, handler), *rest))
        return handlers

    def listen(self) -> None:
        """Listen, tell the address, and serve until a signal comes."""
        self.ioloop = IOLoop.current()
        try:
            self._take_a_port()
            self.tell_address(self.address)
            if self.open_browser:
                self.launch_browser()
            self.ioloop.start()
        except KeyboardInterrupt:
            pass  # this is how it is ended
        finally:
            self.stop()

    def stop(self) -> None:
        """End every kernel, and clean up."""
        run_sync(self.kernel_manager.shutdown_all)(now=True)
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    @property
    def address(self) -> str:
        """Of the page, with the token."""
        host = socket.gethostname() if self.ip in ("0.0.0.0", "::") else self.ip
        host = f"[{host}]" if ":" in host else host
        token = quote(self.identity_provider.token, safe="")
        return f"http://{host}:{self.port}{self.base_url}?token={token}"

    def launch_browser(self) -> None:
        """Open the page here. The token goes through a file: others may see a browser's command line."""
        door = Path(self.connection_dir) / "open.html"
        door.touch(mode=0o600)
        door.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={self.address}">')
        threading.Thread(target=webbrowser.open, args=[door.as_uri()], daemon=True).start()

    def _take_a_port(self) -> None:
        ports = [self.port] if self.port_is_fixed else list(range(self.port, self.port + 50))
        for port in ports:
            try:
                self.app.listen(port, self.ip)
            except socket.gaierror as error:
                raise LSTMWidgetsError(f"host {self.ip!r} is not known ({error.strerror})") from None
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise LSTMWidgetsError(f"host {self.ip!r} is no address of this machine") from None
                if error.errno != errno.EADDRINUSE or port == ports[-1]:
                    why = error.strerror or str(error)
                    raise LSTMWidgetsError(f"port {port} cannot be used ({why}): choose another") from None
            else:
                self.port = port
                return


def serve(
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    kernels: int | None = None,
    idle: float = 30,
    theme: str = "auto",
    open_browser: bool = True,
    tell_address: Callable[[str], None] = lambda address: None,
    log_level: int = logging.WARNING,
) -> None:
    """Serve the page until Ctrl-C or SIGTERM, then end every kernel.

    Parameters
    ----------
    host : str
        Address to listen on. Any but loopback lets others in the network reach the page; what travels
        is not encrypted.
    port : int, optional
        By default 8866, or the next that is free.
    token : str, optional
        What visitors have to know; by default a new random one.
    kernels : int, optional
        So many visitors at a time; each needs most of a gigabyte of memory. By default as many as the
        free memory holds, up to 4.
    idle : float
        Minutes after which a kernel that nobody uses is ended, though its page be open.
    theme : str
        "light", "dark", or "auto" for what each visitor's system prefers.
    open_browser : bool
    tell_address : callable
        Given the page's address, token included, once it answers.
    log_level : int

    Raises
    ------
    LSTMWidgetsError
        When the host, the port, the token or a limit cannot be used.
    """
    kernels = _fitting_kernels() if kernels is None else kernels
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # templates of this environment, not of the user's folder
    _check(port, token, kernels, idle, theme)
    logging.getLogger("tornado").setLevel(max(log_level, logging.ERROR))  # it warns of its own defaults
    app = App.instance(
        config=_config(host, token or secrets.token_urlsafe(24), kernels, idle, theme),
        port=PORT if port is None else port,
        port_is_fixed=port is not None,
        open_browser=open_browser,
        tell_address=tell_address,
        log_level=log_level,
    )
    app.initialize(argv=[])
    app.start()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fitting_kernels() -> int:
    """As many as the free memory holds; few, for what else runs here will want some of it too."""
    return max(1, min(MOST_BY_ITSELF, psutil.virtual_memory().available // BYTES_OF_A_KERNEL))


def _check(port: int | None, token: str | None, kernels: int, idle: float, theme: str) -> None:
    if port is not None and not 1 <= port <= 65535:
        raise LSTMWidgetsError(f"port={port} is not accepted: ports are 1 to 65535")
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise LSTMWidgetsError(
            f"a token of {len(token)} characters is not accepted: it needs {SHORTEST_TOKEN} at least. By "
            "default a random one is made"
        )
    if kernels < 1:
        raise LSTMWidgetsError(f"kernels={kernels} is not accepted: one at least, for the one visitor")
    if not 0 < idle <= 10_000:
        raise LSTMWidgetsError(f"idle={idle:g} is not accepted: it is a number of minutes, above 0")
    if theme not in THEMES:
        raise LSTMWidgetsError(f"theme={theme!r} is not accepted: it is {' or '.join(THEMES)}")


def _config(host: str, token: str, kernels: int, idle: float, theme: str) -> Config:
    idle_seconds = max(1, round(idle * 60))
    config = Config()
    config.App.ip, config.App.token, config.App.notebook_path = host, token, str(app_page())
    config.App.identity_provider_class = TokenGate
    config.App.config_file_paths = []  # a voila.py in the present folder must not be run
    config.App.tornado_settings = {
        "allow_remote_access": not is_loopback(host),  # else no other name may lead here (DNS rebinding)
        "headers": {"Content-Security-Policy": CONTENT_SECURITY_POLICY},
    }
    config.NotebookNotary.data_dir = ""  # trusted for this run, which nothing in the user's folder tells of
    config.NotebookNotary.secret = secrets.token_bytes()
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.theme = "dark" if theme == "dark" else "light"
    config.VoilaConfiguration.resources = {"follows_system": theme == "auto", "idle_minutes": f"{idle:g}"}
    config.VoilaConfiguration.extension_allowlist = _LAB_EXTENSIONS
    config.VoilaConfiguration.multi_kernel_manager_class = VisitorKernels
    config.VoilaExecutor.cell_error_instruction = "The server's terminal says more."
    config.VisitorKernels.transport_encryption = "auto"  # no other user of this machine listens in
    config.VisitorKernels.most = kernels
    config.VisitorKernels.cull_idle_timeout = idle_seconds
    config.VisitorKernels.cull_interval = max(1, min(10, idle_seconds // 4))
    config.KernelManager.autorestart = False  # a new kernel would know nothing of the page's widgets
    config.VoilaConfiguration.kernel_spec_manager_class = ThisPython
    return config
