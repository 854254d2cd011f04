"""A search, live or done: the error of each trial, what each setting explains, what was chosen and why."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.searching import words
from lstmwidgets.widgets.searching.chart import History
from lstmwidgets.widgets.searching.scene import Scene, scene_of
from lstmwidgets.widgets.searching.table import settings_html
from lstmwidgets.widgets.view import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lstmwidgets.analysis.choosing.search.result import Search


class SearchView(View):
    """What a search found: errors by trial, what explains them, the chosen config and the reason for it.

    Trials trained to the end are filled, those broken off early hollow; a line follows the least error
    so far. A view made before its search follows it: ``lw.tune(series, on_trial=view.show)``.

    Parameters
    ----------
    search : Search, optional
        What `lstmwidgets.tune` returned.

    Attributes
    ----------
    search : Search or None
        Set it, or call `show`, to show another one.

    Raises
    ------
    LSTMWidgetsError
        When it is no search.
    """

    search = traitlets.Any(None, allow_none=True)

    def __init__(self, search: Search | None = None) -> None:
        self._scene: Scene = scene_of(None)
        self._history = History()
        self._heading, self._reason, self._table = (ipywidgets.HTML() for _ in range(3))
        self._names = Names()
        super().__init__(
            [
                self._heading,
                self._reason,
                self._history,
                self._table.add_class("lw-scores"),
                self._names,
            ],
            search=search,
        )
        self.add_class("lw-panel")
        self.observe(self._refresh, "search")
        self._refresh()

    @traitlets.validate("search")
    def _is_search(self, proposal: dict[str, Any]) -> Any:
        from lstmwidgets.analysis.choosing.search.result import Search

        if proposal["value"] is not None and not isinstance(proposal["value"], Search):
            raise LSTMWidgetsError(
                f"{proposal['value']!r} is no search: pass what lstmwidgets.tune(series) returned"
            )
        return proposal["value"]

    def show(self, search: Search) -> None:
        """Show a search as it is now."""
        self.search = search

    def summary(self) -> str:
        """The whole in words."""
        return words.summary(self.search, self._scene)

    def still(self) -> Figure:
        """Draw the search as a Matplotlib figure, on white."""
        from lstmwidgets.widgets.searching.picture import draw_still

        return draw_still(self.search, self._scene)

    def __repr__(self) -> str:
        return f"SearchView({self.search!r})" if self.search is not None else "SearchView()"

    def _refresh(self, change: Any = None) -> None:
        scene = self._scene = scene_of(self.search)
        self._heading.value = f"<h4>{html.escape(words.heading(self.search))}</h4>"
        reason = html.escape(words.reason(self.search))
        self._reason.value = f'<p role="status" style="max-width: 130ch; margin: 4px 0 8px">{reason}</p>'
        self._history.show(scene, "" if self.search is None else self.search.unit)
        self._table.value = settings_html(scene)
        self._names.attributes = {
            ".lw-figure-trials .svg-figure": {
                "role": "img",
                "aria-label": f"{self._history.heading}. {self._history.words}",
            }
        }
