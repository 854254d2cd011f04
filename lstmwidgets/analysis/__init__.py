"""Arrays in, arrays and tables out: the gates of a cell, baselines, error measures and score tables."""
