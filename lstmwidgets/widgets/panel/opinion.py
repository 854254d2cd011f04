"""What the panel says of a forecast below its scores: one verdict, and the findings behind it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstmwidgets.widgets.panel.results import Result, verdict

if TYPE_CHECKING:
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis

_SIGNS = {"error": ("✕", "Error"), "warning": ("▲", "Warning"), "quiet": ("–", "Note"), "good": ("✓", "Good")}


@dataclass(frozen=True)
class Opinion:
    """One verdict with its tone, and what it rests on.

    The diagnosis speaks where there is one, and the scores alone where there is none: never both, so
    that they cannot contradict each other.
    """

    sentence: str
    tone: str
    diagnosis: Diagnosis | None = None
    notes: tuple[str, ...] = ()
    failed: bool = False

    @property
    def problems(self) -> list[str]:
        """The evidence of what is wrong, gravest first, and what to try about the gravest."""
        found = () if self.diagnosis is None else self.diagnosis.problems
        said = [one.sentence for one in found]
        return [f"{said[0]} Try: {found[0].advice}", *said[1:]] if found and found[0].advice else said


def opinion_of(
    result: Result | None,
    diagnosis: Diagnosis | None = None,
    *,
    windows: int = 0,
    pending: bool = False,
    failure: Exception | None = None,
) -> Opinion:
    """What is to be said now.

    Parameters
    ----------
    result : Result or None
    diagnosis : Diagnosis, optional
        Of the same forecaster.
    windows : int
        How many there are in the test part.
    pending : bool
        A diagnosis is being made.
    failure : Exception, optional
        Why there is none.
    """
    scores = None if result is None else result.scores
    if pending:
        return Opinion("Diagnosing this forecast…", "quiet")
    if diagnosis is not None:
        notes = diagnosis.notes
        if diagnosis.cutoffs < windows:
            some = f"Diagnosed on {diagnosis.cutoffs:,} of the {windows:,} test windows"
            notes = (*notes, f"{some}; the errors in the table are those of all.")
        return Opinion(diagnosis.verdict, diagnosis.tone, diagnosis, notes)
    if result is not None and scores is None:
        return Opinion("A network of this size is scored and diagnosed when its training ends.", "quiet")
    sentence, tone = verdict(scores)
    if failure is not None:
        why = f"{type(failure).__name__}: {failure}".rstrip(".")
        said = f"This forecast could not be diagnosed ({why}). By its scores alone: {sentence}"
        return Opinion(said, "error", failed=True)
    return Opinion(sentence, tone)


def opinion_html(opinion: Opinion) -> str:
    """The verdict below its heading."""
    role = "alert" if opinion.failed else "status"
    return (
        f'<h4>Verdict</h4><div role="{role}" class="lw-verdict lw-{opinion.tone}">'
        f"{html.escape(opinion.sentence)}</div>"
    )


def findings_label(diagnosis: Diagnosis | None) -> str:
    """What the button that unfolds the findings says."""
    count = 0 if diagnosis is None else len(diagnosis.findings)
    return f"{count} finding{'' if count == 1 else 's'}: evidence, and what to try"


def findings_html(opinion: Opinion) -> str:
    """A list of the findings, each with its evidence and what to try; empty without a diagnosis."""
    if opinion.diagnosis is None:
        return ""
    rows = ""
    for one in opinion.diagnosis.findings:
        sign, tone = _SIGNS[one.tone]
        head = html.escape(one.headline[:1].upper() + one.headline[1:])
        advice = f'<div class="lw-quiet">Try: {html.escape(one.advice)}</div>' if one.advice else ""
        rows += (
            f'<li><div class="lw-headline lw-{one.tone}"><span role="img" aria-label="{tone}:">{sign}</span>'
            f"<span>{head}</span></div><div>{html.escape(one.sentence)}{advice}</div></li>"
        )
    notes = "".join(f'<div class="lw-caption">{html.escape(note)}</div>' for note in opinion.notes)
    return f'<ul aria-label="Findings">{rows}</ul>{notes}'
