"""A bar that shows how far a search is: trials, time, and the least error so far."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from optuna import Study


class SearchBar:
    """Shows a search in a terminal, or as one line under a notebook's cell.

    Parameters
    ----------
    study : optuna.Study
    trials : int or None
        How many it is to have.
    seconds : float or None
        How long it may take.
    shown : bool
    earlier : int
        How many trials had ended before.
    """

    def __init__(
        self, study: Study, trials: int | None, seconds: float | None, shown: bool, earlier: int = 0
    ) -> None:
        self._earlier = f" ({earlier} of an earlier run)" if earlier else ""
        self._study, self._trials, self._seconds, self._shown = study, trials, seconds, shown
        self._bar: Any = None
        self._began = clock.monotonic()

    def __enter__(self) -> Self:
        from lstmwidgets.model.progress import open_bar

        self._bar = open_bar(1.0, "{desc} |{bar:24}| {elapsed}{postfix}", self._shown)
        self.redraw()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def redraw(self) -> None:
        """Show how far it is now."""
        if self._bar.disable:
            return
        finished = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.is_finished()]
        values = [
            trial.value for trial in finished if trial.state.name == "COMPLETE" and trial.value is not None
        ]
        of = "" if self._trials is None else f" of {self._trials}"
        self._bar.set_description_str(f"{len(finished)}{of} trials{self._earlier}", refresh=False)
        if values:
            self._bar.set_postfix_str(f"least error {min(values):.4g}", refresh=False)
        shares = [0.0]
        if self._trials is not None:
            shares.append(len(finished) / self._trials)
        if self._seconds is not None:
            shares.append((clock.monotonic() - self._began) / self._seconds)
        self._bar.n = min(1.0, max(shares))
        self._bar.refresh()
