"""A study in words: the headline, and what a report says between its pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.frequencies import to_offset

from lstmwidgets.analysis.diagnosis.checks.finding import number, percent, steps
from lstmwidgets.analysis.inside.ledger import Ledger, rests_on
from lstmwidgets.data.auditing.words import when
from lstmwidgets.data.filling import describe_repairs, filled
from lstmwidgets.data.grid import describe_freq
from lstmwidgets.reports.page.display import Fact, Headline
from lstmwidgets.reports.study.command import in_flags
from lstmwidgets.reports.study.gaps import repairable
from lstmwidgets.reports.study.pictures import recent_points
from lstmwidgets.reports.study.prose import Prose
from lstmwidgets.reports.study.source import source_name
from lstmwidgets.reports.study.verdict import is_worse

if TYPE_CHECKING:
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    from lstmwidgets.reports.study.study import Study

_NEXT, _BLANKS, _NO_ROWS = "Next: ", "kept as NaN", "times had no row"  # how such notes begin, end and go
_REPAIR = (
    "Make the report again with --fill linear, which fills the gaps, or --fill mask, which tells the network "
    "of them; from Python, lstmwidgets.compare_fills(series) tells which way of filling errs least here."
)
_SIGNS = {"error": "Error", "warning": "Warning", "quiet": "", "good": "Good"}


MUCH = 0.1
"""What is more than this share of a whole is worth telling."""


def title_of(study: Study) -> str:
    """What the report is about."""
    name, source = str(study.original.name), source_name(study.source)
    return str(study.original.attrs.get("title", name if name == source else f"{name} in {source}"))


def headline(study: Study) -> Headline:
    """The title, the verdict, and the few numbers that carry it."""
    scores, reference = study.scores, study.scores.attrs["reference"]
    network, facts = study.config.network, []
    if reference is not None and np.isfinite(scores["skill"][network]):
        gain, error = scores["skill"][network], number(scores["MAE"][network])
        much = (
            f"{1 - gain:,.1f} times"
            if gain <= -1
            else f"{percent(abs(gain))} {'less' if gain > 0 else 'more'}"
        )
        beside = f"{'that of' if gain <= -1 else 'than'} {reference}"
        rival = f"{reference} {number(scores['MAE'][reference])}"
        facts = [
            Fact("Error", much, beside),
            Fact("Mean absolute error", error, "; ".join(filter(None, [study.unit, rival]))),
        ]
    for level, row in study.coverage.iloc[-1:].iterrows():
        facts.append(Fact(f"{level} % intervals hold", percent(row["coverage"]), "of what came"))
    cutoffs, missing = study.backtest["cutoff"].nunique(), int(study.original.isna().sum())
    facts.append(Fact("Ahead", steps(study.config.horizon), f"tested from {cutoffs:,} moments"))
    facts.append(
        Fact("Values", f"{len(study.original):,}", f"{missing:,} missing" if missing else "none missing")
    )
    worse = study.tone != "error" and is_worse(study.diagnosis)  # an error says that no score holds
    badge = "Do not use: the simple rule is better" * worse
    return Headline(title_of(study), study.verdict, study.tone, facts, badge, made_of(study))


def made_of(study: Study) -> str:
    """When a report was made, and of what."""
    series, day = study.original, study.created
    return (
        f"Made on {day.day} {day:%B %Y} (UTC) from {source_name(study.source)}, values from "
        f"{when(series.index[0])} to {when(series.index[-1])}."
    )


def extent(study: Study) -> str:
    """How much data there are, as a sentence."""
    series, missing = study.original, int(study.original.isna().sum())
    freq = describe_freq(to_offset(str(pd.DatetimeIndex(series.index).freqstr)))
    known = f"{missing:,} of them missing" if missing else "none of them missing"
    return (
        f"{len(series):,} values, {freq}, from {when(series.index[0])} to {when(series.index[-1])}, {known}."
    )


def data(study: Study) -> Prose:
    """What was read, what was found amiss, and what was done about it."""
    points = [("Read", f"{note[0].upper()}{note[1:]}.") for note in _worth_telling(study.audit.reading)]
    points += [("Found", note) for note in study.audit.notes if not note.startswith(_NEXT)]
    lost, share, may_repair = left_out(study), study.windows.left_out / _every(study), _may_repair(study)
    much = share > MUCH
    points += [("Found", lost)] * much
    points += [("Done", sentence) for sentence in [*done(study), *([lost] if lost and not much else [])]]
    if may_repair:
        points.append(("Next", _REPAIR))
    elif not study.fill:
        points += [("Next", note.removeprefix(_NEXT)) for note in study.audit.notes if note.startswith(_NEXT)]
    return Prose(extent(study), points)


def _worth_telling(notes: Sequence[str]) -> list[str]:
    """What was noted in reading, but for missing values, which the audit tells better."""
    return [note for note in notes if not note.endswith(_BLANKS) and _NO_ROWS not in note]


def done(study: Study) -> list[str]:
    """What was done about missing values."""
    said = describe_repairs(study.series)
    missing = int(study.series.isna().sum())
    if study.series.attrs.get("mask"):
        said.append(str(study.series.attrs["notes"][-1]))
    elif missing and not said:
        said.append("Nothing was repaired: gaps were left as they are.")
    elif not said:
        said.append("Nothing was missing, and nothing was repaired.")
    return said


def left_out(study: Study) -> str:
    """What missing values cost, as a sentence; empty where they cost nothing."""
    lost, every = study.windows.left_out, _every(study)
    if not lost:
        return ""
    return (
        f"{lost:,} of {every:,} windows to learn from or to test on ({percent(lost / every)}) touch a "
        "missing value and are left out."
    )


def _every(study: Study) -> int:
    windows = study.windows
    return windows.left_out + len(windows.train) + len(windows.validation) + len(windows.test)


def _may_repair(study: Study) -> bool:
    missing = bool(study.original.isna().any())
    return missing and not study.fill and repairable(study.original)


def findings(diagnosis: Diagnosis, notes: Sequence[str]) -> Prose:
    """Everything that the diagnosis says, gravest first, and what was left out."""
    points = [
        (_SIGNS[one.tone], one.sentence + (f" Try: {in_flags(one.advice)}" if one.advice else ""))
        for one in diagnosis.findings
    ]
    return Prose("", [*points, *(("Note", note) for note in notes)])


def ahead(study: Study) -> Prose:
    """Where the forecast begins and where it ends."""
    digits, level = decimals(study), max(study.coverage.index, default=None)

    def one(row: pd.Series) -> str:
        value, *bounds = (
            f"{row[name]:,.{digits}f}".replace("-", "−")
            for name in ("yhat", *([f"yhat-lo-{level}", f"yhat-hi-{level}"] if level else []))
        )
        interval = f" ({level} % interval {bounds[0]} to {bounds[1]})" if bounds else ""
        return f"{value} at {when(row['ds'])}{interval}"

    first, last = one(study.forecast.iloc[0]), one(study.forecast.iloc[-1])
    said = f"begins with {first} and ends with {last}" if len(study.forecast) > 1 else f"is {first}"
    return Prose(" ".join(filter(None, [f"The forecast {said}.", rests(study)])))


def rests(study: Study) -> str:
    """How much of what the forecast reads nobody observed, as a sentence; empty where all was observed."""
    origin = study.origin
    if not origin.made_up:
        return ""
    like = "as did forecasts of the test" if origin.tested else "unlike those that it was tested on"
    return f"It rests on {origin}, {like}."


def overview_caption(study: Study) -> str:
    """What there is to see in the picture of the whole series."""
    return _captioned("The whole series", study.series)


def fan_caption(study: Study) -> str:
    """What there is to see in the picture of the forecast."""
    recent = study.series.iloc[-recent_points(len(study.forecast)) :]
    caption = _captioned("The end of the series, and the forecast after it", recent)
    return " ".join(filter(None, [caption, rests(study)]))


def _captioned(picture: str, series: pd.Series) -> str:
    seen = ["what was filled in is hollow"] * bool(filled(series).any())
    seen += ["gaps are open"] * bool(series.isna().any())
    return f"{picture}{'; ' * bool(seen)}{', and '.join(seen)}."


def decimals(study: Study) -> int:
    """So many that the typical error shows with two digits."""
    error = float(study.scores["MAE"][study.config.network])
    return min(max(1 - math.floor(math.log10(error)), 0), 9) if 0 < error < math.inf else 2


def by_step(study: Study) -> Prose:
    """How the errors grow with the steps ahead, of the network and of the better naive rule."""
    errors, reference = study.by_step, study.scores.attrs["reference"]
    ends = [1, len(errors)] if len(errors) > 1 else [1]
    said = [
        f"{name} {' and '.join(number(errors[name].loc[step], study.unit) for step in ends)}"
        for name in (study.config.network, reference)
        if name in errors
    ]
    further = f" and {steps(ends[-1])} ahead" if len(ends) > 1 else ""
    return Prose(f"Mean absolute error one step{further or ' ahead'}: {'; '.join(said)}.")


def step_caption(study: Study) -> str:
    """What there is to see in the picture of errors by step."""
    said = "The mean absolute error by steps ahead, of the network and of its rivals."
    ours = study.by_step[study.config.network].to_numpy(np.float64)
    if len(ours) < 2 or not ours[0] > 0:
        return said
    change = ours[-1] / ours[0] - 1
    if abs(change) < MUCH:
        return f"{said} The network's hardly depends on how far ahead it forecasts."
    return f"{said} Its last step is {'harder' if change > 0 else 'easier'} for the network than its first."


def training(study: Study) -> Prose:
    """How the network was trained."""
    history, trained = study.forecaster.history_, study.metrics.training
    kept = trained.best_epoch
    chosen = (
        f"The weights of epoch {kept} are kept, for they did best on the validation part."
        if kept
        else "No epoch did better on the validation part than the straight line that the network began as: "
        "it is kept."
    )
    patience = f", and stopped after {study.config.patience} epochs without a better one"
    stopped = patience if len(history) < study.config.epochs else ""
    return Prose(
        f"{trained.parameters:,} numbers were learned from {trained.windows:,} windows, in {len(history)} "
        f"epoch{'s' * (len(history) != 1)} and {trained.seconds:.1f} seconds{stopped}. {chosen}"
    )


def memory(ledger: Ledger | None, shares: NDArray[np.float64]) -> Prose:
    """How long the cells remember, unless none reaches the forecast, and which steps that rests on."""
    horizon = shares.shape[1]
    points = [("1 step ahead", f"The forecast {rests_on(shares[:, [0]])}.")]
    if horizon > 1:
        points.append((f"{horizon} steps ahead", f"It {rests_on(shares[:, [horizon - 1]])}."))
    if ledger is None:
        return Prose("Nothing that a cell remembers counts here.", points)
    half = ledger.half_life[np.isfinite(ledger.half_life)]
    lead = (
        f"Half of the {len(ledger.half_life)} cells forget half of what they hold within "
        f"{number(float(np.median(half)))} steps; the slowest takes {number(float(half.max()))}."
        if len(half)
        else "No cell forgets anything over this window."
    )
    return Prose(lead, points)


def again(study: Study) -> Prose:
    """How to make the same report again, and what it rests on."""
    metrics = study.metrics
    made = ", ".join(f"{name} {version}" for name, version in metrics.versions.items())
    points = [
        (
            "Data",
            f"{metrics.source.rows:,} rows of {metrics.source.name}, SHA-256 {metrics.source.data_hash}",
        ),
        ("Seed", f"{metrics.seed}; with it, the same machine gives the same numbers"),
        ("Made with", made),
    ]
    lead = (
        "This command makes the report again:"
        if study.command
        else "The data were in memory, so no command makes this report again: pass them to lw.Study."
    )
    return Prose(lead, points, study.command)
