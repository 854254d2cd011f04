"""A Matplotlib figure as SVG: small, the same every time, its text as text; and that SVG inside a page."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from lstmwidgets.widgets.theme import PALETTE
from lstmwidgets.widgets.view import STILL_DPI

SVG = "http://www.w3.org/2000/svg"
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
"""For text in pictures: what a reader's machine has, seldom wider than DejaVu Sans, which makes its room."""

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lstmwidgets",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
}
_LEFT_OUT = {"metadata", "style", "script", "foreignObject"}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SIZE = re.compile(r"[\d.]+(?!.*%)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # a name may hold them, XML may not

# What a page has its own variable for; the rest of the palette has --lw-<name>.
_INKS = {
    "#ffffff": "ground",
    "#000000": "text",
    "#212121": "text",
    "#e6e6e6": "line",
    "#cccccc": "line",
    "#f2f2f2": "sunken",
}
_VARIABLES = {**{each.light: name for name, each in reversed(PALETTE.items())}, **_INKS}
_COLOUR = re.compile("|".join(_VARIABLES))


def svg_of(figure: Figure) -> str:
    """A figure as SVG that stands alone.

    Text stays text: it is crisp at every size, can be searched and copied, and a name in any script
    finds its letters. Dollar signs are no mathematics, except in the ticks that Matplotlib writes so.
    """
    for text in figure.findobj(Text):
        if text.get_text() and r"\mathdefault" not in text.get_text():
            text.set_parse_math(False)
    buffer = io.BytesIO()
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's fonts have it
        figure.savefig(buffer, format="svg", dpi=STILL_DPI, facecolor="white", metadata={"Date": None})
    drawn = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", buffer.getvalue().decode())
    return _written(_tidied(ElementTree.fromstring(drawn)))


def inlined(svg: str, prefix: str, words: str) -> str:
    """A picture as an element of an HTML page, which takes its colours from the page.

    Its ids are made unlike those of other pictures. One that holds pixels keeps its colours: half of
    it could not follow.

    Parameters
    ----------
    svg : str
        A whole SVG document.
    prefix : str
        For its ids; another for each picture of the page.
    words : str
        What it shows, for those who cannot see it.

    Raises
    ------
    xml.etree.ElementTree.ParseError
        When it is no XML.
    """
    root = _tidied(ElementTree.fromstring(svg))
    _rename(root, prefix)
    sides = [_SIZE.match(root.attrib.pop(side, "")) for side in ("width", "height")]
    if all(sides):
        root.attrib.setdefault("viewBox", f"0 0 {' '.join(side[0] for side in sides if side)}")
    root.set("role", "img")
    root.set("aria-label", words)
    if root.find(".//image") is None:
        for node in root.iter():
            for name in ("style", "fill", "stroke"):
                if name in node.attrib:
                    node.set(name, _COLOUR.sub(_as_variable, node.attrib[name]))
    else:
        root.set("class", "lw-pixels")
    return _written(root)


def words_of(figure: Figure) -> str:
    """What a figure says of itself: its titles, the names of its axes and of its lines."""
    said = [figure.get_suptitle()]
    for axes in figure.axes:
        said += [axes.get_title(loc) for loc in ("left", "center", "right")]
        names = [name for name in (axes.get_ylabel(), axes.get_xlabel()) if name]
        said.append(" by ".join(names))
        said.append(", ".join(axes.get_legend_handles_labels()[1]))
    told = dict.fromkeys(each.strip() for each in said)
    return "; ".join(each for each in told if each) or "A picture without words"


def _as_variable(found: re.Match[str]) -> str:
    return f"var(--lw-{_VARIABLES[found[0]]},{found[0]})"


def _written(root: ElementTree.Element) -> str:
    return ElementTree.tostring(root, encoding="unicode")


def _tidied(root: ElementTree.Element) -> ElementTree.Element:
    """Without namespaces before names, without what shows nothing, and no longer than it has to be."""
    for node in root.iter():
        for child in [child for child in node if _bare(child.tag) in _LEFT_OUT]:
            node.remove(child)
        node.tag = _bare(node.tag)
        attributes = {_bare(name): value for name, value in node.attrib.items()}
        node.attrib.clear()
        node.attrib.update({name: value for name, value in attributes.items() if not name.startswith("on")})
        if node.tag not in ("text", "tspan"):  # where blanks count
            node.text = node.text if (node.text or "").strip() else None
            for child in node:
                child.tail = child.tail if (child.tail or "").strip() else None
        if node.get("transform", "").startswith("rotate(-0 "):
            del node.attrib["transform"]
        for name in ("d", "x", "y"):
            if name in node.attrib:
                node.set(name, _LONG_NUMBER.sub(_shorter, " ".join(node.attrib[name].split())))
        if "style" in node.attrib:
            style = re.sub(r"font-family: 'DejaVu Sans'(;|$) ?", "", node.attrib["style"])
            node.set("style", style.replace("'DejaVu Sans'", FONTS))  # left where `font:` sets all at once
    root.set("xmlns", SVG)
    root.set("font-family", FONTS)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    _drop_idle_ids(root)
    return root


def _bare(name: str) -> str:
    return name.rpartition("}")[2]


def _shorter(number: re.Match[str]) -> str:
    """Hundredths of a point: finer than any printer."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _referred(root: ElementTree.Element) -> set[str]:
    found = set()
    for node in root.iter():
        for name, value in node.attrib.items():
            found |= set(_REFERENCE.findall(value))
            if name == "href" and value.startswith("#"):
                found.add(value[1:])
    return found


def _drop_idle_ids(root: ElementTree.Element) -> None:
    kept = _referred(root)
    for node in root.iter():
        if node.get("id") not in kept:
            node.attrib.pop("id", None)


def _rename(root: ElementTree.Element, prefix: str) -> None:
    for node in root.iter():
        for name, value in node.attrib.items():
            if name == "id":
                node.set(name, f"{prefix}{value}")
            elif name == "href" and value.startswith("#"):
                node.set(name, f"#{prefix}{value[1:]}")
            elif "url(#" in value:
                node.set(name, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
