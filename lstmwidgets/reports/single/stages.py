"""The stages of a notebook, from the tags of its cells, as whoever waits is told them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

OnStage = Callable[[str, int, int], None]
OnDetail = Callable[[str], None]

_TAG = "stage:"


def stage_of(cell: Mapping[str, Any]) -> str:
    """The stage that a cell begins or goes on with; empty where it has no tag ``stage:…``.

    Examples
    --------
    >>> stage_of({"metadata": {"tags": ["stage: Training the network"]}})
    'Training the network'
    """
    tags = (tag for tag in cell["metadata"].get("tags", []) if tag.startswith(_TAG))
    return str(next(tags, "")).removeprefix(_TAG).strip()


def stages_of(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """The stages of cells in order; neighbours of one name are one."""
    stages = [stage for stage in map(stage_of, cells) if stage]
    return [stage for number, stage in enumerate(stages) if number == 0 or stage != stages[number - 1]]


class Stages:
    """Tells the stages of a whole report, those of its notebook among them.

    Parameters
    ----------
    on_stage : callable or None
        Told the name, the number from 1, and how many there are.
    notebook : path
    others : int
        How many there are besides those of the notebook.
    """

    def __init__(self, on_stage: OnStage | None, notebook: Path, others: int) -> None:
        self._on_stage, self._number, self._total = on_stage, 0, others
        if on_stage is not None:
            self._total += len(stages_of(json.loads(notebook.read_text("utf-8"))["cells"]))

    def __call__(self, stage: str, *_: int) -> None:
        """A stage begins, of whatever number where it comes from."""
        self._number += 1
        if self._on_stage is not None:
            self._on_stage(stage, self._number, self._total)
