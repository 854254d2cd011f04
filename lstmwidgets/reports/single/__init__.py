"""One report: its notebook run, and its folder written whole or not at all."""
