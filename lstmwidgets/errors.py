"""The one error class users of the package meet."""

from __future__ import annotations


class LSTMWidgetsError(ValueError):
    """Raised for input that cannot be used.

    The message quotes the offending value, says what is accepted and what to do next.
    """
