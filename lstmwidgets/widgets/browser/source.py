"""One module of plain JavaScript and one style sheet for each view, with no build step."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
SHARED = ("paint.js", "axes.js", "controls.js")


def script(folder: Path, names: tuple[str, ...], before: str = "") -> str:
    """What all views share, then a view's own files, in the order in which each uses those before it."""
    files = [*(HERE / name for name in SHARED), *(folder / name for name in names)]
    return "\n".join([*filter(None, [before]), *(path.read_text(encoding="utf-8") for path in files)])


def style(path: Path) -> str:
    """What all views share, then a view's own style sheet."""
    return "".join(each.read_text(encoding="utf-8") for each in (HERE / "controls.css", path))
