"""Baselines, metrics, and the tables that set a forecaster beside its rivals."""
