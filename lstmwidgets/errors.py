"""The one error class users of the package meet, and the kind of it that no input is to blame for."""

from __future__ import annotations


class LSTMWidgetsError(ValueError):
    """Raised for input that cannot be used.

    The message quotes the offending value, says what is accepted and what to do next.
    """


class Unavailable(LSTMWidgetsError):
    """Raised where something outside the input failed: no browser, a scheduler that does not answer.

    The message says what, and what to do; the command line ends with status 1.
    """


def in_short(error: BaseException) -> str:
    """An unexpected error in one line: its kind, and the beginning of what it says.

    Examples
    --------
    >>> in_short(KeyError("a")), in_short(TimeoutError())
    ("KeyError: 'a'", 'TimeoutError')
    """
    kind, said = type(error).__name__, " ".join(str(error).split())
    return f"{kind}: {said[:300]}{'…' if len(said) > 300 else ''}" if said else kind
