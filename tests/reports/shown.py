"""What a notebook would hold once its cells were run, made from the real objects without a kernel."""

from __future__ import annotations

from typing import Any

import nbformat
from IPython.core.formatters import DisplayFormatter

HOSTILE = '</script><img src=x onerror="window.ran=\'it\'"><b>$x_1$ & "co"</b>'
"""A name that would break a page, run in it, or be taken for mathematics."""


def notebook(*cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    node = nbformat.v4.new_notebook(cells=list(cells))
    node.metadata["language_info"] = {"name": "python"}
    nbformat.validate(node)
    return node


def prose(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def code(source: str, *shown: Any, printed: str = "", progress: str = "") -> nbformat.NotebookNode:
    """A cell that was run: what it printed, its bar's last line, and the objects it showed."""
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    if progress:
        outputs.append(nbformat.v4.new_output("display_data", data={"text/plain": progress}))
    for each in shown:
        data, metadata = DisplayFormatter().format(each)
        outputs.append(nbformat.v4.new_output("execute_result", data=data, metadata=metadata))
    return nbformat.v4.new_code_cell(source, outputs=outputs)
