"""An executed notebook as one page of HTML, which needs neither a network nor a kernel."""

from __future__ import annotations

import base64
import copy
import html
import json
import re
import secrets
from pathlib import Path
from xml.etree.ElementTree import ParseError

import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from traitlets.config import Config

import lstmwidgets
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.page.display import PAGE_MIME
from lstmwidgets.reports.page.drawing import inlined
from lstmwidgets.reports.page.head import colours, policy
from lstmwidgets.reports.page.outline import contents_of, dress_tables, name_page
from lstmwidgets.reports.whole import write_whole
from lstmwidgets.widgets.theme import PALETTE

TEMPLATE = Path(__file__).with_name("template")

_SVG = "image/svg+xml"
_HINT = "Drag through time, use the arrow keys, or press Play."
_PRIORITY = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
_TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)
_SCRIPT = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)


def write_page(notebook: str | Path | nbformat.NotebookNode, path: str | Path) -> Path:
    """Write `report_page` to a file, whole or not at all."""
    page = report_page(notebook)
    try:
        return write_whole(Path(path), page)
    except OSError as error:
        raise LSTMWidgetsError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def report_page(notebook: str | Path | nbformat.NotebookNode) -> str:
    """The page of an executed notebook.

    Sections begin at its headings of second level, and are listed in the contents. Code is folded
    away; code that shows nothing is joined to the code whose output it led to. Pictures in SVG become
    elements of the page; what holds a page of its own (`lstmwidgets.reports.page.display.Interactive`) runs
    in a frame. A policy in the page forbids every load and every script but its own, whatever the data say.

    Parameters
    ----------
    notebook : path or nbformat.NotebookNode

    Returns
    -------
    str
        HTML.

    Raises
    ------
    LSTMWidgetsError
        When the file is no notebook.
    """
    node = copy.deepcopy(_read(notebook))
    parts = _Parts()
    sections = _arrange(node, parts)
    report = {name: parts.put() for name in ("policy", "style", "script", "contents")}
    exporter = HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": _PRIORITY}}),
        extra_template_basedirs=[str(TEMPLATE.parent)],
        template_name=TEMPLATE.name,
        exclude_anchor_links=True,
    )
    resources = {"report": {**report, "sections": sections, "version": lstmwidgets.__version__}}
    written, _ = exporter.from_notebook_node(node, resources=resources)
    soup = BeautifulSoup(written, "html.parser")
    script = _text("script.js")
    parts.texts[report["policy"]] = policy([script, *parts.scripts])
    parts.texts[report["style"]] = f"{colours(PALETTE)}\n{_text('style.css')}"
    parts.texts[report["script"]] = script
    parts.texts[report["contents"]] = contents_of(soup)
    name_page(soup)
    dress_tables(soup)
    return parts.fill_in(str(soup))


def _read(notebook: str | Path | nbformat.NotebookNode) -> nbformat.NotebookNode:
    if isinstance(notebook, nbformat.NotebookNode):
        return notebook
    try:
        return nbformat.reads(Path(notebook).read_text("utf-8"), as_version=4)
    except Exception as error:  # nbformat stumbles over other JSON in many ways
        raise LSTMWidgetsError(f"{str(notebook)!r} cannot be read as a notebook: {error}") from error


class _Parts:
    """What is too large, or too exact, to go through a parser of HTML: a token stands in its place.

    Attributes
    ----------
    texts : dict of str to str
        By their tokens.
    scripts : list of str
        Those that run in a frame.
    """

    def __init__(self) -> None:
        self._key = secrets.token_hex(8)  # which no data can know
        self.texts: dict[str, str] = {}
        self.scripts: list[str] = []

    def put(self, text: str = "") -> str:
        """Keep a text, and return its token."""
        token = f"{self._key}n{len(self.texts)}z"
        self.texts[token] = text
        return token

    def fill_in(self, page: str) -> str:
        """A page with the texts in place of their tokens."""
        return re.sub(rf"{self._key}n\d+z", lambda found: self.texts[found[0]], page)

    def figure(self, output: nbformat.NotebookNode) -> str:
        """A token for a picture, and for the page that is to run in its place."""
        words, page = output.data.get("text/plain", ""), output.data.get(PAGE_MIME)
        try:
            drawing = inlined(output.data[_SVG], f"p{len(self.texts)}-", words)
        except ParseError:
            coded = base64.b64encode(output.data[_SVG].encode()).decode()
            drawing = f'<img class="lw-pixels" alt="{html.escape(words)}" src="data:{_SVG};base64,{coded}">'
        caption = html.escape(output.metadata.get(_SVG, {}).get("caption", ""))
        hint = f' <span class="lw-hint">{_HINT}</span>' if page is not None else ""
        below = caption and f"<figcaption>{caption}{hint}</figcaption>"
        still = f'<div class="lw-still">{drawing}</div>'
        if page is None:
            return self.put(f'<figure class="lw-figure">{still}{below}</figure>')
        titled = _TITLE.search(page)
        framed = page.replace("<body>", f"<body>{_fitted()}", 1)
        self.scripts += _SCRIPT.findall(framed)
        held = json.dumps(framed).replace("<", "\\u003c")
        return self.put(
            f'<figure class="lw-figure lw-live" data-title="{titled[1] if titled else "A view"}">{still}'
            f'<script type="application/json" class="lw-page">{held}</script>{below}</figure>'
        )


def _fitted() -> str:
    """What a view's page needs to fit into a frame."""
    return f"<style>{_text('frame.css')}</style><script>{_text('frame.js')}</script>"


def _arrange(node: nbformat.NotebookNode, parts: _Parts) -> int:
    """Open a section at each heading, and join silent code to what it led to; the number of sections."""
    sections = 0
    cells: list[nbformat.NotebookNode] = []
    silent: list[nbformat.NotebookNode] = []

    def end_run() -> None:  # what came after the last output belongs to it
        if silent and cells and cells[-1].cell_type == "code":
            cells[-1] = _joined([cells[-1], *silent])
        elif silent:
            cells.append(_joined(silent))
        silent.clear()

    for cell in node.cells:
        if cell.cell_type == "code" and (cell.source.strip() or cell.outputs):
            silent.append(cell)
            if _settle(cell, parts):
                cells.append(_joined(silent))
                silent.clear()
        elif cell.cell_type == "markdown":
            end_run()
            if cell.source.lstrip().startswith("## "):
                sections += 1
                cell.metadata["opens_a_section"] = sections
            cells.append(cell)
    end_run()
    node.cells = cells
    return sections


def _settle(cell: nbformat.NotebookNode, parts: _Parts) -> bool:
    """Whether a cell shows anything, with pictures made, and mere lines of progress put aside."""
    kept, shows = [], False
    for output in cell.outputs:
        if output.output_type in ("display_data", "execute_result"):
            if _SVG in output.data:
                output.data["text/html"] = parts.figure(output)
            kinds = [kind for kind in _PRIORITY if kind in output.data]
            if not kinds:  # a widget without a picture beside it: nothing that a page could show
                continue
            if kinds == ["text/plain"] and output.output_type == "display_data":
                output.metadata["aside"] = True
            shows = shows or "aside" not in output.metadata
        shows = shows or output.output_type == "error"
        kept.append(output)
    cell.outputs = kept
    return shows


def _joined(run: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """One cell with the code and the outputs of all."""
    sources = [source for cell in run for source in cell.metadata.get("sources", [cell.source])]
    outputs = [output for cell in run for output in cell.outputs]
    whole = run[-1]
    whole.metadata["sources"], whole.outputs = sources, outputs
    return whole


def _text(name: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8")
