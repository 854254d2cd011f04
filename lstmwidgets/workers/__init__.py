"""Workers for many trainings: a Dask cluster of this machine's own, or any other by its address."""
