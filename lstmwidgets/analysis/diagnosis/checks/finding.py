"""What a check has to say, how sure it must be to say it, and numbers in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["error", "warning", "quiet", "good"]
TONES: tuple[Tone, ...] = ("error", "warning", "quiet", "good")
"""From the gravest: the score means nothing; the forecast is weak; good to know; good."""

MATTERS = 0.02
"""Share of an error below which two models are as good as one another, however sure the difference is: no one
would change a decision for it."""

CHANCE = 0.05
"""A question asked once (is it better than the reference?) is answered below this p value, as is usual."""

RARE = 0.01
"""A weakness searched for (among steps, lags, baselines) is told below this p value, shared among the places
searched: a diagnosis looks at ten things, and an honest forecast should rarely be accused."""


@dataclass(frozen=True)
class Finding:
    """One thing a diagnosis has to say.

    Attributes
    ----------
    name : str
        Which check it comes from, whatever the forecaster: "skill", "linear rival", "copies the last
        value", "flat line", "always the same", "in-sample only", "worse than a baseline", "split
        leaks", "residuals", "coverage", "bias", "refit due", "few forecasts", "no forecast", "too good"
        or "constant".
    tone : {"error", "warning", "quiet", "good"}
    headline : str
        A few words with the number that matters: "worse than seasonal naive after step 12".
    sentence : str
    evidence : dict
        The numbers behind it, plain JSON but for NaN.
    advice : str
        What to try; may be empty.
    """

    name: str
    tone: Tone
    headline: str
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)
    advice: str = ""


def percent(share: float) -> str:
    """A share in per cent, as exact as it deserves.

    Examples
    --------
    >>> percent(0.2345), percent(0.0042), percent(-0.07), percent(-0.0001)
    ('23 %', '0.4 %', '−7 %', '0 %')
    """
    value = 100 * share
    decimals = 1 if 0.05 <= abs(value) < 0.95 else 0
    return f"{round(value, decimals) + 0.0:,.{decimals}f} %".replace("-", "−")


def number(value: float, unit: str = "") -> str:
    """A number to three digits, with its unit.

    Examples
    --------
    >>> number(0.012345, "ppm"), number(-1234.5), number(0.0), number(2.7512e-17)
    ('0.0123 ppm', '−1,230', '0', '2.75e−17')
    """
    text = f"{value:.3g}"
    if 1e-4 <= abs(value) < 1e12:
        decimals = 2 - math.floor(math.log10(abs(value)))
        text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return f"{text.replace('-', '−')} {unit}".strip()


def correlation(value: float) -> str:
    """A correlation to two digits."""
    return f"{value:.2f}".replace("-", "−")


def chance(p: float) -> str:
    """A p value in words that fit into brackets.

    Examples
    --------
    >>> chance(0.0004), chance(0.0312), chance(0.34)
    ('p < 0.001', 'p = 0.031', 'p = 0.34')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def steps(count: int) -> str:
    """A number of steps in words."""
    return f"{count:,} step{'' if count == 1 else 's'}"


def compared(gain: float) -> str:
    """How an error compares with another, given the skill against it, in words that a name can follow.

    Examples
    --------
    >>> compared(0.23), compared(-0.12), compared(-1.9), compared(0.0)
    ('23 % less than', '12 % more than', '2.9 times as much as', 'as much as')
    """
    if not abs(gain) >= 0.0005:
        return "as much as"
    if gain <= -1:
        return f"{1 - gain:,.1f} times as much as"
    return f"{percent(abs(gain))} {'less' if gain > 0 else 'more'} than"
