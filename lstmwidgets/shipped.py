"""Where the notebooks lie: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from lstmwidgets.errors import LSTMWidgetsError

_PACKAGE = Path(__file__).resolve().parent
_FIRST_LESSON = "00_start_here.ipynb"  # what tells our folder from any other of that name


def notebooks_folder() -> Path:
    """Folder of the lessons, with ``reports/`` and ``app/`` in it.

    Raises
    ------
    LSTMWidgetsError
        When the package was installed without them.

    Examples
    --------
    >>> sorted(path.name for path in notebooks_folder().glob("00_*.ipynb"))
    ['00_start_here.ipynb']
    """
    places = _PACKAGE / "notebooks", _PACKAGE.parent / "notebooks"
    for folder in places:
        if (folder / _FIRST_LESSON).is_file():
            return folder
    raise LSTMWidgetsError(
        f"the notebooks are missing: no {_FIRST_LESSON} in {' or in '.join(map(str, places))}. Install "
        "lstmwidgets again (pip install --force-reinstall --no-deps lstmwidgets)"
    )


def report_template() -> Path:
    """The notebook that a report is made from.

    Raises
    ------
    LSTMWidgetsError
        When the package was installed without it.
    """
    return _shipped("reports/forecast_report.ipynb")


def app_page() -> Path:
    """The notebook that ``lstmwidgets app`` serves.

    Raises
    ------
    LSTMWidgetsError
        When the package was installed without it.
    """
    return _shipped("app/app.ipynb")


def _shipped(name: str) -> Path:
    path = notebooks_folder() / name
    if not path.is_file():
        raise LSTMWidgetsError(
            f"{path} is missing from this installation. Install lstmwidgets again "
            "(pip install --force-reinstall --no-deps lstmwidgets)"
        )
    return path
