"""Rolling origins, and intervals calibrated on their errors."""
