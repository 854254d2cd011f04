"""Sentences and lists that a notebook shows as text, which no name in the data turns into anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Prose:
    """Sentences that a notebook shows as text, whatever the data are called.

    Attributes
    ----------
    lead : str
        A paragraph; may be empty.
    points : sequence of (str, str)
        A list below it: a word in bold, which may be empty, and what follows.
    code : str
        Set apart between them; may be empty.
    """

    lead: str = ""
    points: Sequence[tuple[str, str]] = ()
    code: str = ""

    def __repr__(self) -> str:
        points = [f"- {f'{word}. ' if word else ''}{text}" for word, text in self.points]
        return "\n".join(filter(None, [self.lead, self.code, *points]))

    def _repr_html_(self) -> str:
        lead = f"<p>{escape(self.lead)}</p>" if self.lead else ""
        points = "".join(
            f"<li>{f'<strong>{escape(word)}.</strong> ' if word else ''}{escape(text)}</li>"
            for word, text in self.points
        )
        code = f"<pre><code>{escape(self.code)}</code></pre>" if self.code else ""
        return f'<div class="lw-prose">{lead}{code}{f"<ul>{points}</ul>" if points else ""}</div>'
