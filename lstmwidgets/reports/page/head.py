"""What every page carries in its head: a policy that lets nothing else run, and the palette's colours."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable

from lstmwidgets.widgets.theme import PALETTE


def colours(names: Collection[str]) -> str:
    """Colours of the palette as variables of a style sheet: the light ones, and the dark ones by night."""
    light, dark = (
        "".join(f"--lw-{name}:{getattr(PALETTE[name], shade)};" for name in names)
        for shade in ("light", "dark")
    )
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}"


def policy(scripts: Iterable[str]) -> str:
    """What a page allows: nothing is loaded, and nothing runs but these, whatever names in the data say."""
    digests = sorted({base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts})
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
