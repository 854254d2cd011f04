"""Read further columns of a file or frame, to be fed to a network beside the series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lstmwidgets.data.series import read_unannounced
from lstmwidgets.errors import LSTMWidgetsError


def read_covariates(
    source: str | Path | pd.DataFrame,
    columns: Sequence[str],
    time: str | Sequence[str] | None = None,
    freq: str | None = None,
) -> pd.DataFrame:
    """Read several columns of numbers onto one regular time index, each checked as `read_series` does.

    A network reads them beside its series up to the moment of forecasting: they are past covariates,
    and need not be known ahead.

    Parameters
    ----------
    source : path or DataFrame
        As in `lstmwidgets.read_series`, usually that of the series itself.
    columns : sequence of str
        Their names.
    time, freq : str, optional
        As in `lstmwidgets.read_series`.

    Returns
    -------
    pandas.DataFrame
        float64, a column each, on a DatetimeIndex with ``freq``; missing values as NaN.

    Raises
    ------
    LSTMWidgetsError
        For no columns, a column named twice or of text, and all that `lstmwidgets.read_series` refuses.

    Examples
    --------
    >>> days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    >>> frame = pd.DataFrame({"ds": days, "y": [1, 2, 3], "wind": [4, 5, 6], "rain": [0, 0, 1]})
    >>> read_covariates(frame, ["wind", "rain"]).to_numpy().tolist()
    [[4.0, 0.0], [5.0, 0.0], [6.0, 1.0]]
    """
    names = list(columns)
    if isinstance(columns, str) or not names:
        raise LSTMWidgetsError(
            f'columns={columns!r} is not accepted: pass a list of names, for example ["wind"]'
        )
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise LSTMWidgetsError(f"columns names {repeated[0]!r} twice: name each column once")
    read = {name: _read(source, time, name, freq) for name in names}
    return pd.DataFrame(read, index=next(iter(read.values())).index)


def _read(
    source: str | Path | pd.DataFrame, time: str | Sequence[str] | None, name: str, freq: str | None
) -> pd.Series:
    try:
        return read_unannounced(source, time, name, freq)
    except LSTMWidgetsError as error:
        said, text, _ = str(error).partition(". For another column pass value=")
        if not text:
            raise
        raise LSTMWidgetsError(
            f"covariate {name!r}: {said}. Words become columns of numbers with "
            f"pandas.get_dummies(frame, columns=[{name!r}], dtype=float)"
        ) from None
