"""Which gaps to punch into a series, and what they tell of the methods that filled them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.punching import (
    USUAL_LENGTHS,
    Gap,
    draw_lengths,
    gaps_of,
    longest_punch,
    positions,
    punch,
)
from lstmwidgets.errors import LSTMWidgetsError

_LEAST = 20  # gaps punched at a time, where a series has fewer
_SHARE = 0.05  # of the known values, punched at most at a time
_STRETCHES = 50  # into which a series is cut to tell the noise
_FEW = 20  # gaps, below which that is not told

Floats = NDArray[np.float64]


def lengths_to_punch(
    known: NDArray[np.bool_], gaps: Sequence[int] | None, notes: list[str]
) -> NDArray[np.integer]:
    """The lengths asked for, or those of the series' own gaps; ``notes`` gains what was chosen here."""
    longest = longest_punch(known)
    if longest < 1:
        raise LSTMWidgetsError(
            f"no gap can be punched into {int(known.sum()):,} known values: it takes three in a row"
        )
    if gaps is not None:
        wanted = (
            list(gaps) if isinstance(gaps, (Sequence, np.ndarray)) and not isinstance(gaps, str) else [gaps]
        )
        wrong = [
            length
            for length in wanted
            if isinstance(length, bool)
            or not isinstance(length, (int, np.integer))
            or not 1 <= length <= longest
        ]
        if wrong or not wanted:
            raise LSTMWidgetsError(
                f"gaps={wrong[0] if wrong else gaps!r} is not accepted: gaps takes lengths in points, from 1 "
                f"to the {longest:,} that fit into what is known"
            )
        return np.array(wanted, dtype=np.int64)
    own = np.array([length for _, length in gaps_of(known)], dtype=np.int64)
    if not len(own):
        own = np.array(USUAL_LENGTHS)
        notes.append(
            f"The series has no gap of its own: {', '.join(map(str, USUAL_LENGTHS))} points are punched."
        )
    most = min(longest, int(_SHARE * known.sum()))
    fits = own[own <= most]
    if not len(fits):
        raise LSTMWidgetsError(
            f"the shortest gap has {own.min():,} points, and into what is known at most {most:,} fit: "
            "pass gaps=, for example gaps=[1]"
        )
    if len(fits) < len(own):
        notes.append(
            f"Gaps of more than {most:,} points ({len(own) - len(fits)} of {len(own)}) are not tried: none "
            "so long can be punched into what is known."
        )
    return fits


def draw_gaps(known: NDArray[np.bool_], lengths: NDArray[np.integer], rng: np.random.Generator) -> list[Gap]:
    """Gaps at new places: as many as there are lengths, at least 20, on at most _SHARE of the points."""
    most = int(_SHARE * known.sum())
    return punch(known, draw_lengths(lengths, max(len(lengths), _LEAST), most, rng), rng)


def fill_table(
    values: Floats,
    draws: list[list[Gap]],
    answers: dict[str, list[Floats]],
    seconds: dict[str, float],
    simplest_first: Sequence[str],
    notes: list[str],
) -> pd.DataFrame:
    """The frame that `lstmwidgets.compare_fills` describes.

    Parameters
    ----------
    values : float array, shape (timesteps,)
        What is known.
    draws : list of lists of gaps
        What was punched, a list for each repeat.
    answers : dict of lists of float arrays
        Of each method and repeat, the punched points as it filled them, gap by gap; NaN where it did not.
    seconds : dict of float
    simplest_first : sequence of str
        All methods, in the order in which one is preferred where two are equal.
    notes : list of str
        Gains a sentence for each method that left points.
    """
    every_gap = [gap for draw in draws for gap in draw]
    repeat = np.repeat(np.arange(len(draws)), [sum(points for _, points in draw) for draw in draws])
    lengths = np.array([points for _, points in every_gap])
    gap = np.repeat(np.arange(len(every_gap)), lengths)  # of each punched point
    truth = values[positions(every_gap)]
    errors = pd.DataFrame(
        {method: np.abs(np.concatenate(answer) - truth) for method, answer in answers.items()}
    )
    scored = errors.notna().all(axis=1).to_numpy()
    if not scored.any():
        raise LSTMWidgetsError(
            f"no punched point was filled by all of {', '.join(map(repr, answers))}: pass fewer methods="
        )
    notes += [
        f"{method!r} left {int(count):,} of {len(errors):,} punched points; they are scored for no method."
        for method, count in errors.isna().sum().items()
        if count
    ]
    errors, repeat, gap = errors[scored], repeat[scored], gap[scored]
    # Repeats punch the same places again, and neighbours err alike: only other stretches tell something new.
    stretch = np.array([start for start, _ in every_gap])[gap] // max(
        2 * int(lengths.max()), -(-len(values) // _STRETCHES)
    )
    classes = _classes(lengths)
    table = pd.DataFrame({"mae": errors.mean(), "rmse": np.sqrt((errors**2).mean())})
    for name, (least, most) in classes.items():
        inside = (lengths[gap] >= least) & (lengths[gap] <= most)
        table[name] = errors[inside].mean()
    table["worst"] = errors.max()
    table["spread"] = errors.groupby(repeat).mean().std(ddof=1)
    table = table.sort_values("mae", kind="stable")
    best = str(table.index[0])
    table["behind"] = table["mae"] - table["mae"].iloc[0]
    table["noise"] = [
        2 * _standard_error((errors[method] - errors[best]).to_numpy(), stretch) for method in table.index
    ]
    table["seconds"] = pd.Series(seconds)
    table["points"] = int(scored.sum())
    table.index.name = "method"
    equal = [
        str(method)
        for method in table.index
        if method != best and not table.loc[method, "behind"] > table.loc[method, "noise"]
    ]
    advice = min([best, *equal], key=list(simplest_first).index)
    table.attrs = {
        "sentence": _sentence(table, best, equal, advice, len(every_gap)),
        "best": best,
        "advice": advice,
        "classes": {name: list(bounds) for name, bounds in classes.items()},
        "punched": len(every_gap),
        "notes": notes,
    }
    return table


def _standard_error(differences: Floats, group: NDArray[np.intp]) -> float:
    """Of the mean difference over points, where the points of one group go together.

    The linearised variance of a ratio, sum over points: Cochran, W. G. (1977), Sampling Techniques,
    3rd ed., section 6.3, with groups as the sampled units. NaN with fewer than two of them.
    """
    _, unit, points = np.unique(group, return_inverse=True, return_counts=True)
    if len(points) < 2:
        return float("nan")
    around = np.bincount(unit, differences) - differences.mean() * points
    return float(np.sqrt(len(points) / (len(points) - 1) * np.sum(around**2)) / len(differences))


def _classes(lengths: NDArray[np.integer]) -> dict[str, tuple[int, int]]:
    """Short gaps, up to the length that a third of them does not exceed; the rest halved at its median."""
    short = int(np.quantile(lengths, 1 / 3, method="lower"))
    rest = lengths[lengths > short]
    bounds = {"short": (int(lengths.min()), short), "medium": (short + 1, short), "long": (short + 1, short)}
    if len(rest):
        middle = int(np.quantile(rest, 1 / 2, method="lower"))
        bounds["medium"] = (int(rest.min()), middle)
        above = rest[rest > middle]
        bounds["long"] = (int(above.min()), int(above.max())) if len(above) else (middle + 1, middle)
    return bounds


def _sentence(table: pd.DataFrame, best: str, equal: list[str], advice: str, gaps: int) -> str:
    lowest = table["mae"].iloc[0]
    told = f"{best!r} has the lowest mean absolute error over {gaps:,} punched gaps: {lowest:.4g}"
    if len(table) > 1:
        second = table.index[1]
        told += f", against {table['mae'].iloc[1]:.4g} for {second!r}"
    if gaps < _FEW and len(table) > 1:
        return told + f". {gaps} gap{'s are' if gaps != 1 else ' is'} too few to tell how sure that is."
    if not equal:
        return told + "."
    told += f". {_listed(equal)} {'is' if len(equal) == 1 else 'are'} equal to it within noise"
    return told + (f": {advice!r}, the simplest of them, will do." if advice != best else ".")


def _listed(names: list[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
