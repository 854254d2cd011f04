"""The check of lasting: whether errors have grown since some cutoff, so that a refit is due."""

from __future__ import annotations

from collections.abc import Iterator

from lstmwidgets.analysis.backtests.drift import advice
from lstmwidgets.analysis.diagnosis.checks.advice import either, untried
from lstmwidgets.analysis.diagnosis.checks.finding import CHANCE, RARE, Finding
from lstmwidgets.analysis.diagnosis.trial import Trial
from lstmwidgets.data.auditing.words import when


def check_drift(trial: Trial) -> Iterator[Finding]:
    """Errors that have grown, and stayed, beyond what the reference's errors explain."""
    if trial.is_rule or trial.refit or trial.reference is None:
        return
    told = advice(trial, CHANCE)
    if not told.due or told.since is None:
        return
    options = [f"train with {one}" for one in untried(trial, "centering")]
    yield Finding(
        "refit due",
        "warning" if told.p < RARE else "quiet",
        f"a refit is due since {when(told.since)}",
        told.reason,
        {
            "since": told.since.isoformat(),
            "growth": told.growth,
            "reference": told.reference,
            "reference growth": told.reference_growth,
            "p": told.p,
        },
        f"{either(['Fit it again on what has come since', *options])}; backtest with refit=True tells what "
        "that gives.",
    )
