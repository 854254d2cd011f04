"""Tables, picture and verdicts of a run, and their place in the README."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lstmwidgets.widgets.theme import colour

OURS = "lstmwidgets"
NOT_COMPILED = "lstmwidgets, not compiled"
"""This trainer where the package was built without a C compiler; no rival of its own."""

TARGETS = {"Keras fit": 4.5, "PyTorch eager": 1.4, "JAX scan": 1.7, "neuralforecast": 3.0, "darts": 15.0}
"""How many times as long as ours each peer's epoch is to take at `TARGET_SHAPE`."""
FIRST_EPOCH_SECONDS = 1.5


class Shape(NamedTuple):
    """What is trained, and how many windows at once."""

    steps: int
    units: int
    batch: int
    cell: str = "lstm"
    layers: int = 1

    @property
    def cells(self) -> str:
        """The layers in words."""
        return self.cell.upper() if self.layers == 1 else f"{self.layers} × {self.cell.upper()}"

    @property
    def words(self) -> str:
        return f"{self.cells}, {self.steps} steps, {self.units} units, batches of {self.batch}"

    @property
    def brief(self) -> str:
        """For a table whose heading says ``steps, units, batch``."""
        numbers = f"{self.steps}, {self.units}, {self.batch}"
        return numbers if self[3:] == ("lstm", 1) else f"{self.cells}: {numbers}"


TARGET_SHAPE = Shape(48, 50, 32)


@dataclass
class PeerResult:
    """One peer at one shape; ``missing`` says why there are no figures."""

    versions: dict[str, str] = field(default_factory=dict)
    imported: int = 0
    first: float = 0.0
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    peak: int = 0
    same_weights: bool = True
    missing: str = ""

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))


@dataclass
class ShapeResult:
    """All peers at one shape."""

    shape: Shape
    peers: dict[str, PeerResult]
    gflops: float
    """Rate of a large float32 matrix product, median over the rounds."""
    floor: float
    """Seconds that an epoch's products would take at that rate."""

    @property
    def finished(self) -> dict[str, PeerResult]:
        return {name: peer for name, peer in self.peers.items() if not peer.missing}

    def ratio(self, name: str) -> float:
        """How many times as long as ours a peer's median epoch takes."""
        return self.peers[name].median / self.peers[OURS].median


@dataclass
class Run:
    """One run of train.py."""

    windows: int
    horizon: int
    shapes: list[ShapeResult]
    machine: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Run:
        shapes = [
            ShapeResult(
                Shape(*shape["shape"]),
                {name: PeerResult(**peer) for name, peer in shape["peers"].items()},
                shape["gflops"],
                shape["floor"],
            )
            for shape in saved["shapes"]
        ]
        return cls(saved["windows"], saved["horizon"], shapes, saved["machine"])


def machine() -> dict[str, Any]:
    """What a reader needs to know of the machine: no names, no paths."""
    cpuinfo = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return {
        "date": date.today().isoformat(),
        "cpu": named[1] if named else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "load": round(load(), 2),
    }


def load() -> float:
    """What else the machine has been doing for the last minute, in cores; 0 where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def about(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    line = "{date}, {cpu}, {cores} cores, {system}, Python {python}; load before the run {load}"
    return line.format(**machine)


def report(run: Run, picture: str) -> str:
    """Everything about a run, in Markdown."""
    versions = {
        name: version
        for shape in run.shapes
        for peer in shape.peers.values()
        for name, version in peer.versions.items()
    }
    epochs = max((len(peer.seconds) for shape in run.shapes for peer in shape.finished.values()), default=0)
    parts = [
        f"{about(run.machine)}; {', '.join(f'{name} {each}' for name, each in sorted(versions.items()))}.",
        f"{run.windows} windows, horizon {run.horizon}; median of {epochs} epochs after the first, fastest "
        "and slowest in brackets. Ratio: how many times as long as ours the median epoch takes.",
        f"![Seconds an epoch, a panel for each shape]({picture})",
        ratios(run),
        *(table(shape, run.windows) for shape in run.shapes),
        verdicts(run),
    ]
    return "\n\n".join(parts)


def table(result: ShapeResult, windows: int) -> str:
    """One shape: a row for each peer, quickest first, and the floor."""
    lines = [
        f"### {result.shape.words}",
        "",
        "| | first epoch | median epoch | windows/s | ratio | peak memory (over imports) "
        "| final loss | loss curve |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, peer in sorted(result.finished.items(), key=lambda item: item[1].median):
        label = f"**{name}**" if name == OURS else name
        spread = f"{_seconds(min(peer.seconds))}–{_seconds(max(peer.seconds))}"
        ratio = f"{result.ratio(name):.2f}" if OURS in result.finished else ""
        lines.append(
            f"| {label} | {peer.first:.2f} s | {_seconds(peer.median)} s ({spread}) "
            f"| {windows / peer.median:,.0f} | {ratio} | {peer.peak / 1e6:.0f} MB "
            f"({(peer.peak - peer.imported) / 1e6:.0f}) | {peer.losses[-1]:.5f} | {_curve(result, name)} |"
        )
    lines.append(
        f"| products alone at {result.gflops:.0f} GFLOP/s | | {_seconds(result.floor)} s | | | | | |"
    )
    lines += [
        f"| {name} | {peer.missing} | | | | | | |" for name, peer in result.peers.items() if peer.missing
    ]
    return "\n".join(lines)


def ratios(run: Run) -> str:
    """All shapes side by side: how many times as long as ours."""
    names = [name for name in run.shapes[0].peers if name != OURS]
    lines = [
        "| steps, units, batch | ours | " + " | ".join(names) + " |",
        "|---|--:|" + "--:|" * len(names),
    ]
    for result in run.shapes:
        if OURS not in result.finished:
            continue
        cells = [f"{result.ratio(name):.2f}×" if name in result.finished else "–" for name in names]
        lines.append(
            f"| {result.shape.brief} | {_seconds(result.peers[OURS].median)} s | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def verdicts(run: Run) -> str:
    """What was to be reached, what this run gave, and whether it is enough."""
    rows: list[tuple[str, str, bool | None]] = []
    measured = {result.shape: result for result in run.shapes if OURS in result.finished}
    at_target = measured.get(TARGET_SHAPE)
    for name, least in TARGETS.items():
        ratio = at_target.ratio(name) if at_target and name in at_target.finished else None
        rows.append(
            (
                f"at least {least:g}× {name} at ({TARGET_SHAPE.brief})",
                "not measured" if ratio is None else f"{ratio:.2f}×",
                None if ratio is None else ratio >= least,
            )
        )
    for shape, result in measured.items():
        rivals = {name: result.ratio(name) for name in result.finished if name not in (OURS, NOT_COMPILED)}
        if rivals:
            nearest = min(rivals, key=rivals.__getitem__)
            rows.append(
                (
                    f"ahead of every peer at ({shape.brief})",
                    f"{rivals[nearest]:.2f}× {nearest}",
                    rivals[nearest] > 1,
                )
            )
    for shape, result in measured.items():
        first = result.peers[OURS].first
        rows.append(
            (
                f"first epoch within {FIRST_EPOCH_SECONDS:g} s at ({shape.brief})",
                f"{first:.2f} s",
                first <= FIRST_EPOCH_SECONDS,
            )
        )
    return verdict_table(rows)


def verdict_table(rows: list[tuple[str, str, bool | None]]) -> str:
    """Targets, figures, and met, missed or not measured."""
    words = {True: "met", False: "**missed**", None: "–"}
    lines = ["| to reach | this run | |", "|---|--:|---|"]
    return "\n".join(lines + [f"| {target} | {figure} | {words[met]} |" for target, figure, met in rows])


def draw(run: Run) -> Figure:
    """Seconds an epoch: a panel for each shape, a bar for each peer, a line from fastest to slowest."""
    names = list(run.shapes[0].peers)
    columns = min(3, len(run.shapes))
    rows = -(-len(run.shapes) // columns)
    figure = Figure(
        figsize=(1.2 + 3.2 * columns, 0.7 + (0.32 * len(names) + 0.7) * rows), layout="constrained"
    )
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, result in zip(grid.flat, run.shapes, strict=False):
        for place, name in enumerate(names):
            if name not in result.finished:
                axes.text(0, place, " not measured", va="center", fontsize=8, color=colour("quiet"))
                continue
            peer = result.peers[name]
            axes.barh(place, peer.median, color=colour("forecast" if name == OURS else "train"))
            axes.hlines(place, min(peer.seconds), max(peer.seconds), color=colour("actual"), linewidth=1)
            times = f"  {result.ratio(name):.1f}×" if name != OURS and OURS in result.finished else ""
            axes.text(max(peer.seconds), place, f" {_seconds(peer.median)}{times}", va="center", fontsize=8)
        axes.axvline(result.floor, color=colour("warning"), linestyle=":", linewidth=1)
        axes.set_title(result.shape.words, fontsize=9)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.margins(x=0.45)
        axes.set_xlim(left=0)
        axes.tick_params(axis="x", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid.flat[len(run.shapes) :]:
        axes.set_axis_off()
    figure.suptitle("Seconds an epoch, and times ours; dotted: the matrix products alone", fontsize=10)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a picture that is the same, byte for byte, for the same figures."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "lstmwidgets"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)


def write_section(readme: Path, marker: str, text: str) -> None:
    """Replace what stands between ``<!-- marker: begin -->`` and ``<!-- marker: end -->``."""
    begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
    before, found, rest = readme.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(
            f"{readme.name} has lost the lines {begin} and {end}: put them back where {marker} writes"
        )
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"


def _curve(result: ShapeResult, name: str) -> str:
    """How far, at most, a peer's epoch losses lie from ours, where it began with the same weights."""
    peer, ours = result.peers[name], result.finished.get(OURS)
    if ours is None or name == OURS:
        return ""
    if not peer.same_weights:
        return "its own"
    apart = np.max(np.abs(np.array(peer.losses) / np.array(ours.losses) - 1))
    return f"ours to {apart:.0e}"
