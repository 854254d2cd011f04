"""A report for each of many series, on Dask."""

from lstmwidgets.reports.batch.verb import batch

__all__ = ["batch"]
