"""What several configs have in common on one series: the cutoffs from which each of them can forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Part, Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError

Job = tuple[str, LSTMConfig]


@dataclass(frozen=True, eq=False)
class Common:
    """The windows of several configs over one series, and the cutoffs that all of them have.

    Attributes
    ----------
    series : pandas.Series
    covariates : pandas.DataFrame or None
    origins : dict
        By part, "validation" and, where it may be looked at, "test": positions of the last value read,
        ascending.
    notes : tuple of str
        A sentence for each part of which cutoffs are left out.
    """

    series: pd.Series
    covariates: pd.DataFrame | None
    origins: dict[Part, NDArray[np.integer]]
    notes: tuple[str, ...]
    _cut: dict[LSTMConfig, Windows]

    def windows(self, config: LSTMConfig) -> Windows:
        """The windows of one of the configs, whatever its seed."""
        return self._cut[config.replace(seed=0)]

    def times(self, positions: NDArray[np.integer], name: str) -> pd.DatetimeIndex:
        """The times at some positions of the series."""
        return pd.DatetimeIndex(self.series.index[positions], name=name)

    def cutoffs(self, part: Part) -> pd.DatetimeIndex:
        """The times of the cutoffs of a part; none where the part is not looked at."""
        return self.times(self.origins.get(part, np.array([], np.int64)), "cutoff")


def common_of(
    series: pd.Series, jobs: Sequence[Job], covariates: pd.DataFrame | None, parts: Sequence[Part]
) -> Common:
    """Cut the windows of every config, and find the cutoffs that all of them have.

    Raises
    ------
    LSTMWidgetsError
        When a config does not fit the series, which is told with its name, or there is no such cutoff.
    """
    cut: dict[LSTMConfig, Windows] = {}
    for name, config in jobs:
        kind = config.replace(seed=0)
        if kind not in cut:
            try:
                cut[kind] = make_windows(series, config, covariates=covariates)
            except LSTMWidgetsError as error:
                if str(error).startswith(f"{name} "):  # a value of a curve, which the error names itself
                    raise
                raise LSTMWidgetsError(f"{name} cannot be trained on this series: {error}") from None
    origins: dict[Part, NDArray[np.integer]] = {}
    notes: list[str] = []
    for part in parts:
        each = [windows.origins(windows.starts(part)) for windows in cut.values()]
        origins[part], most = reduce(np.intersect1d, each), max(map(len, each))
        if not len(origins[part]):
            raise LSTMWidgetsError(
                f"no cutoff of the {part} part can be forecast from by every config: close the gaps of the "
                "series first (lstmwidgets.fill), or take configs with equal parts and shorter windows"
            )
        if (out := most - len(origins[part])) > 0:
            notes.append(
                f"{out:,} of {most:,} cutoffs of the {part} part are left out, because not every config can "
                "forecast from them."
            )
    return Common(series, covariates, origins, tuple(notes), cut)
