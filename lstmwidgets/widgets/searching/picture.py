"""A search as a still: errors by trial, how much each setting alone explains, what was chosen and why."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmwidgets.widgets.figures import GRID, QUIET, Picture, quiet_axes
from lstmwidgets.widgets.searching import words
from lstmwidgets.widgets.searching.chart import trial_ticks
from lstmwidgets.widgets.searching.scene import CHOSEN, DONE, HUES, LEAST, PRUNED, Scene
from lstmwidgets.widgets.theme import colour

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.search.result import Search

_LINE = 150


def draw_still(search: Search | None, scene: Scene) -> Picture:
    """Draw it on white."""
    text = "\n".join(textwrap.wrap(words.reason(search), _LINE))
    lines = text.count("\n") + 1
    height = max(3.0, 1.3 + 0.3 * len(scene.settings))
    picture = Picture(height=height + 0.17 * lines)
    left, right = picture.subplots(1, 2, width_ratios=(1, 1))
    unit = f", {search.unit}" if search is not None and search.unit else ""
    _history(quiet_axes(left, title=f"Validation error by trial{unit}"), scene)
    _settings(right, scene)
    picture.suptitle(words.heading(search), x=0.01, ha="left", fontsize=11, color="#212121")
    picture.supxlabel(text, x=0.01, ha="left", fontsize=8, color="#212121")
    return picture


def _history(axes: Any, scene: Scene) -> None:
    axes.plot(*scene.least, color=colour(HUES[LEAST]), linewidth=1.4, label=LEAST)
    axes.plot(*scene.points[DONE], "o", color=colour(HUES[DONE]), markersize=5, label=DONE)
    hollow = {"markerfacecolor": "white", "markeredgewidth": 1.2}
    axes.plot(
        *scene.points[PRUNED], "o", markeredgecolor=colour(HUES[PRUNED]), markersize=5, label=PRUNED, **hollow
    )
    ring = {"markerfacecolor": "none", "markeredgecolor": colour(HUES[CHOSEN]), "markeredgewidth": 2.0}
    axes.plot(*scene.chosen, "o", markersize=11, label=CHOSEN, **ring)
    axes.set_ylim(*scene.limits)
    axes.set_xlim(-0.5, scene.last + 0.5)
    axes.set_xticks(trial_ticks(scene.last))
    axes.legend(
        frameon=False,
        fontsize=8,
        ncols=4,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12),
        columnspacing=1.2,
        handletextpad=0.4,
    )


def _settings(axes: Any, scene: Scene) -> None:
    """A bar for how much each explains, and beside it what was chosen."""
    quiet_axes(axes, title="Explained of the ranking; chosen")
    axes.grid(visible=False)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_xticks([])
    places = np.arange(len(scene.settings))
    shares = np.nan_to_num([each.share for each in scene.settings])
    hues = [(colour("validation"), 0.8 if each.sure else 0.3) for each in scene.settings]
    axes.barh(places, shares, color=hues, height=0.5)
    axes.axvline(0, color=GRID, linewidth=0.8)
    axes.set_yticks(places, [each.label for each in scene.settings])
    axes.tick_params(length=0, labelcolor="#212121")
    axes.set_xlim(0, 2.1)
    axes.set_ylim(max(len(places), 5) - 0.4, -0.6)
    beside = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 8}
    for place, share, each in zip(places, shares, scene.settings, strict=True):
        shown = each.share_in_words.replace(", may be chance", ", chance?")  # there is little room
        axes.annotate(shown, (share, place), color=QUIET, **beside)
        turned = each.chosen != each.begun
        words_of = f"{each.chosen}  (begun with {each.begun})" if turned else each.chosen
        axes.annotate(
            words_of, (1.25, place), color="#212121", weight="bold" if turned else "normal", **beside
        )
