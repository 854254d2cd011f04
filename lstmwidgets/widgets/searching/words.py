"""A search in words: what it found, what its chart shows, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmwidgets.widgets.searching.scene import DONE, PRUNED, Scene

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.search.result import Search

WAITING = "No trial is finished yet."


def heading(search: Search | None) -> str:
    """What is searched, and how many trials there were."""
    if search is None:
        return "Search"
    counts = search.trials["state"].value_counts()
    parts = [
        f"{counts[state]} {said}"
        for state, said in (
            ("done", "trained to the end"),
            ("pruned", "broken off early"),
            ("failed", "failed"),
            ("running", "under way"),
            ("waiting", "waiting"),
        )
        if counts.get(state)
    ]
    return f"{search.title}: {', '.join(parts) or 'no trials yet'}"


def of_history(scene: Scene) -> str:
    """What the chart shows."""
    done, pruned = (len(scene.points[name][0]) for name in (DONE, PRUNED))
    if not done + pruned:
        return WAITING
    said = f"{done} trained to the end, {pruned} broken off early."
    if len(scene.chosen[0]):
        said += f" The least error is {scene.chosen[1][0]:.4g}, of trial {scene.chosen[0][0]:.0f}."
    if scene.above:
        said += f" {scene.above} above the chart {'is' if scene.above == 1 else 'are'} drawn at its top."
    return said


def reason(search: Search | None) -> str:
    """Why the chosen config was chosen, as far as is known."""
    return search.reason if search is not None and len(search.done) else WAITING


def summary(search: Search | None, scene: Scene) -> str:
    """All of it, for those who do not see it."""
    shares = [
        f"{each.name} {each.chosen}" + (f" ({each.share_in_words})" if each.share_in_words else "")
        for each in scene.settings
    ]
    chosen = (
        f" Chosen, with how much of the ranking each alone explains: {', '.join(shares)}." if shares else ""
    )
    return f"{heading(search)}. {reason(search)}{chosen}"
