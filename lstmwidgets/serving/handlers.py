"""What the app's server answers: the page to those with the token, a polite refusal, and how a session is."""

from __future__ import annotations

import json
import re
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import APIHandler
from tornado import web
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler

RETRY_SECONDS = 20
"""After so long the page that found all seats taken looks again by itself."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",  # Voilà and the widgets' modules
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
    ]
)
"""A page loads nothing from any other host, whatever a library on it may ask for."""


class TokenGate(IdentityProvider):
    """Lets in who knows the token, and compares it in a time that tells nothing of it."""

    @property
    def logout_available(self) -> bool:
        """There is nothing to log out of: whoever has the token may come back."""
        return False

    def get_token(self, handler: web.RequestHandler) -> str | None:
        """The token that came with a request; one that is not ours counts as none."""
        given = super().get_token(handler) or ""
        return given if self._is_ours(given) else ""

    def process_login_form(self, handler: web.RequestHandler) -> User | None:
        """Who typed the token into the form."""
        typed = handler.get_argument("password", default="")
        return self.generate_anonymous_user(handler) if self._is_ours(typed) else None

    def _is_ours(self, given: str) -> bool:
        return bool(self.token) and compare_digest(given.encode(), str(self.token).encode())


class VisitorPage(TornadoVoilaHandler):
    """The notebook as a page, with a kernel of its own for each visitor; and nothing else of its folder."""

    @property
    def content_security_policy(self) -> str:
        """The page may also talk to its kernel, which not every browser counts as 'self'."""
        host = self.request.host
        kernel = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""
        return f"{CONTENT_SECURITY_POLICY}; connect-src 'self' data: blob:{kernel}"

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Send the page; a token in the address is put away into a cookie first."""
        if path:
            raise web.HTTPError(404)
        asked = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        if asked.pop("token", None) is not None:
            self.redirect(self.base_url + (f"?{urlencode(asked)}" if asked else ""))
            return
        self.xsrf_token  # noqa: B018  # sets the cookie without which the page could not say goodbye
        await super().get(path=None)

    def write_error(self, status_code: int, **details: Any) -> None:
        """Say in words why there is no page."""
        if status_code == 503:
            self.set_header("Retry-After", str(RETRY_SECONDS))
        super().write_error(status_code, **details)


class TemplateFiles(TemplateStaticFileHandler):
    """The files of Voilà's templates; whatever else is asked for under their address is not there."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send one."""
        try:
            await super().get(path, include_body)
        except (AssertionError, LookupError, OSError, ValueError):  # a path of another form than theirs
            raise web.HTTPError(404) from None


class Session(APIHandler):
    """Tells a page how long its kernel goes on, and hears that it is looked at."""

    def get(self, kernel_id: str) -> None:
        """Seconds until the kernel is ended for being idle; 404 once it is gone."""
        if kernel_id in self.kernel_manager:
            self.finish(json.dumps({"seconds_left": round(self.kernel_manager.seconds_left(kernel_id))}))
        else:
            self.set_status(404)

    def post(self, kernel_id: str) -> None:
        """The visitor moved something; the same answer."""
        if kernel_id in self.kernel_manager:
            self.kernel_manager.touch(kernel_id)
        self.get(kernel_id)
