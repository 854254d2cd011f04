"""A comparison in words: what can be told apart, and a plain table."""

from __future__ import annotations

import math
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import chance, number, steps
from lstmwidgets.analysis.diagnosis.evidence import FEWEST_VALUES

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.compare import Comparison
    from lstmwidgets.analysis.choosing.paired import Difference

LEVEL = 0.05
"""Configs are told apart where chance would part equal ones less often than this."""

_TELLING = 0.5
"""Noise of a larger share of the error hides any difference that would matter: nothing is called equal."""


def verdict(one: str, other: str, test: Difference, p: float, horizon: int, tests: int = 1) -> str:
    """Whether two configs can be told apart, by their test and its ``p`` after correction for several.

    Where they cannot, the noise is told too, as a share of the larger error: half of the difference's
    interval at the level that so many tests ask of each. A smaller difference would not be seen.

    Examples
    --------
    >>> import numpy as np
    >>> from lstmwidgets.analysis.choosing.paired import difference
    >>> gru, lstm = np.array([[3.0, 5.0] * 20] * 3), np.array([[4.0, 6.0] * 20] * 3)
    >>> test = difference(gru, lstm, overlap=1)
    >>> verdict("GRU", "LSTM", test, test.p, horizon=1)
    'GRU errs less than LSTM on the test part by 20 % (p < 0.001 over 40 cutoffs, 3 seeds).'
    >>> verdict("GRU", "LSTM", test, 0.413, horizon=1)
    'GRU and LSTM: equal within noise on the test part (p = 0.41 over 40 cutoffs, 3 seeds; noise ± 0.0 %).'
    """
    if math.isnan(p):
        needed = max(FEWEST_VALUES, 2 * horizon)
        return (
            f"{one} and {other}: cannot be told apart or called equal, for the test part has "
            f"{test.cutoffs:,} cutoffs and a test over {steps(horizon)} needs {needed:,}."
        )
    seeds = f"{test.seeds} seeds" if test.seeds > 1 else "one seed"
    evidence = f"{chance(p)} over {test.cutoffs:,} cutoffs, {seeds}"
    larger = max(test.reference, test.reference + test.mean)
    if p >= LEVEL:
        reach = test.interval(1 - LEVEL / tests)[1] - test.mean
        found = "equal within noise on the test part"
        if reach > _TELLING * larger:
            found = "the noise of the test part is too large to tell"
        return f"{one} and {other}: {found} ({evidence}; noise ± {_share(reach, larger)})."
    better, worse = (one, other) if test.mean < 0 else (other, one)
    gain, doubt = _share(abs(test.mean), larger), "" if test.seeds > 1 else "; other seeds may tell otherwise"
    return f"{better} errs less than {worse} on the test part by {gain} ({evidence}{doubt})."


def _share(part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:,.{int(share < 9.95)}f} %"


def basis(comparison: Comparison) -> list[str]:
    """With which config the others are compared, and what is called noise; none without others."""
    others = len(comparison.tests)
    if comparison.best is None or not others:
        return []
    over = "over cutoffs and seeds" if comparison.table["seeds"].max() > 1 else "over cutoffs"
    wider = f", widened for {others} comparisons" if others > 1 else ""
    return [
        f"Compared with {comparison.best}, the best on validation. Noise is the 95 % interval of the "
        f"difference, {over}{wider}."
    ]


def verdicts(comparison: Comparison) -> list[str]:
    """A sentence for each config that has a result, beside the one with the smallest validation error."""
    best, corrected = comparison.best, comparison.tests["corrected"]
    if best is None:
        return []
    return [
        verdict(str(name), best, comparison.equal(str(name), best), p, comparison.horizon, corrected.count())
        for name, p in corrected.items()
    ]


def failures(comparison: Comparison) -> list[str]:
    """A sentence for each training that gave no result."""
    return [
        f"{run.name}, seed {run.seed}, gave no result: {run.failure.rstrip('.')}."
        for run in comparison.outcomes
        if run.failure
    ]


def heading(comparison: Comparison) -> str:
    """What is compared, and what the errors are."""
    title = comparison.series.attrs.get("title") or comparison.series.name or "the series"
    unit = f" in {comparison.unit}" if comparison.unit else ""
    return (
        f"{title}: mean absolute errors{unit} over {steps(comparison.horizon)} ahead, ± their standard "
        "deviation over seeds"
    )


def sentences(comparison: Comparison) -> list[str]:
    """All that there is to say beside the table."""
    rule = comparison.naive
    errors = (
        "" if rule is None else f"{number(rule.val_error)} on validation, {number(rule.test_error)} on test"
    )
    naive = [] if rule is None else [f"Skill is against the better naive rule, {rule.name}: {errors}."]
    told = [*basis(comparison), *comparison.verdicts, *comparison.cautions]
    return [*told, *failures(comparison), *naive, *comparison.notes]


def shown_table(comparison: Comparison) -> pd.DataFrame:
    """The table as text, with what each column is in words."""
    table = comparison.table
    return pd.DataFrame(
        {
            "validation": _errors(table["val_error"], table["val_spread"]),
            "test": _errors(table["test_error"], table["test_spread"]),
            "skill": [
                _known(value, f"{round(value, 2) + 0.0:.2f}".replace("-", "−")) for value in table["skill"]
            ],
            "parameters": [f"{value:,}" for value in table["parameters"]],
            "s/epoch": [_known(value, f"{value:.2g}") for value in table["epoch_seconds"]],
            "s to best": [_known(value, f"{value:.2g}") for value in table["seconds_to_best"]],
            "memory": [f"{value / 1e6:,.0f} MB" for value in table["memory"]],
        },
        index=table.index.rename(None),
    )


def _errors(means: pd.Series, spreads: pd.Series) -> list[str]:
    return [with_spread(mean, spread) for mean, spread in zip(means, spreads, strict=True)]


def with_spread(mean: float, spread: float) -> str:
    """A mean and its spread, as exact as the spread's two leading digits.

    Examples
    --------
    >>> with_spread(0.56712, 0.0126), with_spread(1071.2, 19.4), with_spread(1.234, float("nan"))
    ('0.567 ± 0.013', '1,071 ± 19', '1.23')
    """
    if math.isnan(mean):
        return "–"
    if math.isnan(spread) or not 1e-6 * abs(mean) < spread < 1e12:
        return number(mean) + ("" if math.isnan(spread) else f" ± {number(spread)}")
    decimals = max(0, 1 - math.floor(math.log10(spread)))
    return f"{mean:,.{decimals}f} ± {spread:,.{decimals}f}"


def _known(value: float, text: str) -> str:
    return "–" if math.isnan(value) else text


def as_text(comparison: Comparison) -> str:
    """Heading, table and sentences, in plain lines."""
    said = [fill(one, 100, initial_indent="- ", subsequent_indent="  ") for one in sentences(comparison)]
    return "\n".join([heading(comparison), "", shown_table(comparison).to_string(), "", *said])


def as_html(comparison: Comparison) -> str:
    """The same as a table and a list; nothing is coloured, so that it reads on a dark page too."""
    cell = 'style="text-align:right;padding:0.15em 0.8em 0.15em 0"'
    first = 'style="text-align:left;padding:0.15em 0.8em 0.15em 0"'
    table = shown_table(comparison)
    head = "".join(f'<th scope="col" {cell}>{escape(name)}</th>' for name in table.columns)
    body = "".join(
        f'<tr><th scope="row" {first}>{escape(str(name))}</th>'
        + "".join(f"<td {cell}>{escape(text)}</td>" for text in row)
        + "</tr>"
        for name, *row in table.itertuples(name=None)
    )
    said = "".join(f"<li>{escape(one)}</li>" for one in sentences(comparison))
    return (
        f'<div class="lw-comparison"><p><strong>{escape(heading(comparison))}</strong></p>'
        f'<table style="color:inherit;font-size:inherit"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table><ul>{said}</ul></div>"
    )
