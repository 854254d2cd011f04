"""What every view shares: a style sheet, a still picture beside the live one, and saving to a file."""

from __future__ import annotations

import base64
import html
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

STILL_DPI = 120
_FORMATS = (".png", ".svg", ".html")

_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #ffffff; }
figure { box-sizing: border-box; max-width: 75rem; margin: 0 auto; padding: 1rem; background: #ffffff; }
figure > svg { display: block; width: 100%; height: auto; }
figcaption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  body { padding: 1rem; background: #121212; }
  figure { border-radius: 8px; }
}
"""
"""Of a saved page: the still on white, and for who cannot see it its words, which it holds already."""


_UNREAD = '<svg aria-hidden="true"'


class View(ipywidgets.VBox):
    """A column of widgets with two renderings of the same state, one live and one still.

    A subclass passes its widgets to ``__init__``, draws its state in `still`, and says it in words
    in `summary`.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget] = (), **traits: Any) -> None:
        sheet = ipywidgets.HTML(f"<style>{theme.STYLE_SHEET}</style>").add_class("lw-sheet")
        super().__init__([sheet, *children], **traits)
        self.add_class("lw-view")

    def still(self) -> Figure:
        """Draw the present state as a Matplotlib figure, on white."""
        raise NotImplementedError

    def summary(self) -> str:
        """What the still shows, in words."""
        return repr(self)

    def save(self, path: str | Path) -> Path:
        """Write the still as ``.png``, ``.svg`` or a self-contained ``.html``.

        Returns
        -------
        pathlib.Path
            The file written.

        Raises
        ------
        LSTMWidgetsError
            When the name ends otherwise, or there is no such folder.
        """
        path = Path(path)
        if path.suffix.lower() not in _FORMATS:
            raise LSTMWidgetsError(
                f"{str(path)!r} is not a name for a picture: it must end in {' or '.join(_FORMATS)}"
            )
        if not path.parent.is_dir():
            raise LSTMWidgetsError(
                f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; make it first"
            )
        if path.suffix.lower() == ".html":
            path.write_text(self._page(), encoding="utf-8")
        else:
            path.write_bytes(self._picture(path.suffix.lower()[1:]))
        return path

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _picture(self, kind: str) -> bytes:
        buffer = io.BytesIO()
        undated = {"Date": None} if kind == "svg" else None
        self.still().savefig(buffer, format=kind, dpi=STILL_DPI, facecolor="white", metadata=undated)
        return buffer.getvalue()

    def _page(self) -> str:
        drawing = self._picture("svg").decode()
        words = html.escape(self.summary())
        return (
            '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(repr(self))}</title><style>{_PAGE_STYLE}</style>\n<body>"
            f"<figure>{drawing[drawing.index('<svg') :].replace('<svg', _UNREAD, 1)}"
            f"<figcaption>{words}</figcaption></figure></body></html>\n"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        try:
            bundle["image/png"] = base64.b64encode(self._picture("png")).decode()
        except Exception:  # the live view must show even where the still cannot be drawn
            log.exception("the still of %r could not be drawn", self)
        return bundle
