"""Series in, windows out: reading, checking, bundled datasets and time-ordered splits."""
