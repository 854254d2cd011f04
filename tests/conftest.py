"""Set before any test imports a library: no chatter, no GPU, no files left behind."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Kernels that the tests start take the kernelspec of this environment, not the user's.
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
# How quick the machine is, is neither timed nor read: what tests see is the same on all.
os.environ["LSTMWIDGETS_CACHE"] = ""
# Debuggers complain of frozen modules on standard error, which nbval would compare.
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

# A busy machine takes its time, and the first example imports its oracle: no example has a deadline.
settings.register_profile("lstmwidgets", deadline=None)
settings.load_profile("lstmwidgets")
