"""A folder name for any series: readable, one for each, and never a path out of its folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

MOST_BYTES = 80
"""Of a folder name, in UTF-8: room for temporary names beside it, on every file system."""

_KEPT = frozenset("-_. +=,()")
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)


def folder_names(ids: Iterable[str]) -> dict[str, str]:
    """The folder of each series, by its id.

    Letters, digits and a few signs stay as they are. Where anything had to be changed, or where two
    names would be one on a disk that does not tell ``a`` from ``A``, a short hash of the id follows.

    Parameters
    ----------
    ids : iterable of str
        All different; any text at all, the empty one too.

    Returns
    -------
    dict of str
        Each a single part of a path of at most 80 bytes, which neither begins nor ends with a dot or a
        space; all different, whatever the disk takes for equal.

    Examples
    --------
    >>> folder_names(["H1", "shop 7", "../etc", "a", "A"])
    {'H1': 'H1', 'shop 7': 'shop 7', '../etc': '_etc-f7f9121f', 'a': 'a-ca978112', 'A': 'A-559aead0'}
    """
    names = {each: _readable(each) for each in ids}
    digits = {each: 8 for each, name in names.items() if name != each}
    while True:
        names |= {each: _with_hash(_readable(each), each, count) for each, count in digits.items()}
        folded = {each: _folded(name) for each, name in names.items()}
        owners = Counter(folded.values())
        taken = [each for each, name in folded.items() if owners[name] > 1]
        if not taken:
            return names
        # A plain name gets its hash, and a hash that met another a longer one.
        digits |= {each: 2 * digits.get(each, 4) for each in taken}


def _readable(text: str) -> str:
    """The id itself where it may be a folder's name, else the nearest that may."""
    signs = (
        sign if sign in _KEPT or unicodedata.category(sign)[0] in "LMN" else "\0"
        for sign in unicodedata.normalize("NFC", text)
    )
    name = _cut(re.sub("\0+", "_", "".join(signs)), MOST_BYTES)
    name = name.rstrip(". ").lstrip("-. ")  # a shell takes -x for an option, and hides .x
    return f"_{name}" if _DEVICES.match(name) or not name else name


def _with_hash(name: str, text: str, digits: int) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return f"{_cut(name, MOST_BYTES - 1 - len(digest)).rstrip('. ')}-{digest}"


def _cut(name: str, most: int) -> str:
    return name.encode()[:most].decode(errors="ignore")


def _folded(name: str) -> str:
    """What a disk that tells neither case nor the ways to write an accent apart makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
