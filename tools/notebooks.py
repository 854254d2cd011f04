"""Execute the committed notebooks again, in place, so that they read well where nothing runs."""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
CELL_SECONDS = 300
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path: Path) -> None:
    """Run every cell and write the notebook back, whole or not at all."""
    notebook = nbformat.read(path, as_version=4)
    tidy(notebook)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=120,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    tidy(notebook)
    nbformat.validate(notebook)
    beside = path.with_name(f".{path.name}.new")
    nbformat.write(notebook, beside)
    os.replace(beside, path)


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Leave in a notebook what a reader sees, and nothing that differs from run to run."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in notebook.cells:
        cell["id"] = stable_id(cell, taken)
        taken.add(cell["id"])
        kept = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        cell.metadata = nbformat.from_dict(kept)
        if "outputs" in cell:  # progress bars and logging: of the moment, not of the story
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.get("outputs", []):
            # The view of a widget that no longer lives would hide the still picture beside it.
            if output.output_type in ("display_data", "execute_result") and len(output.data) > 1:
                output.data.pop(WIDGET_VIEW, None)


def stable_id(cell: nbformat.NotebookNode, taken: set[str]) -> str:
    """Keep a cell's id; make a missing or doubled one of the cell's text."""
    wanted = cell.get("id") or hashlib.sha256(cell.source.encode()).hexdigest()[:8]
    while wanted in taken:
        wanted = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return str(wanted)


def main() -> None:
    """Execute the named notebooks, or all of them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("notebooks", nargs="*", type=Path, help="paths; all of notebooks/ when left out")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    for path in options.parse_args().notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        began = time.perf_counter()
        execute(path.resolve())
        print(f"{path.name}: {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
