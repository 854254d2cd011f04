"""Where a search is kept: an Optuna study in a file or a database, led by one process at a time."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time as clock
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from lstmwidgets.errors import LSTMWidgetsError, Unavailable, in_short

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

FILE = "lstmwidgets-search.sqlite3"
"""Where searches are kept unless something else is said: in the current folder, side by side."""

log = logging.getLogger(__name__)

OURS = "lstmwidgets"
_LEADER = "lstmwidgets leader"
_BEAT_SECONDS, _GONE_SECONDS = 15.0, 60.0
_WAIT_SECONDS = 60.0  # for another process that writes to the same file
_JOURNALS = (".journal", ".log")
_led: set[tuple[str, str]] = set()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's own log and its notes on what is experimental to itself; both are put back."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def place_of(storage: Any) -> Any:
    """Where a study is to be kept: an address of Optuna's kind, or its own storage object.

    Parameters
    ----------
    storage : None, path, str or optuna.storages.BaseStorage
        None is `FILE`. A path is an SQLite file, or a journal where it ends in ``.journal`` or ``.log``; text
        with ``://`` is the address of a database, such as ``postgresql://user@host/db`` or ``redis://host``.
    """
    if storage is None:
        return Path(FILE)
    if isinstance(storage, str):
        if not storage.strip() or "\0" in storage:
            raise LSTMWidgetsError(
                f"storage={storage!r} is not accepted: name a file, such as 'search.sqlite3', or the "
                "address of a database"
            )
        storage = storage if "://" in storage else Path(storage)
    if isinstance(storage, Path) and not storage.parent.is_dir():
        raise LSTMWidgetsError(
            f"storage={str(storage)!r} cannot be made: there is no folder {str(storage.parent)!r}; make it "
            "first"
        )
    if isinstance(storage, (str, Path)):
        return storage
    from optuna.storages import BaseStorage

    if not isinstance(storage, BaseStorage):
        raise LSTMWidgetsError(
            f"storage={storage!r} is not accepted: storage takes a path, an address such as "
            "'sqlite:///search.sqlite3', or a storage of Optuna"
        )
    return storage


@contextmanager
def opened(place: Any) -> Iterator[BaseStorage]:
    """A storage, let go of in the end.

    Raises
    ------
    Unavailable
        When it cannot be opened.
    """
    from optuna.storages import BaseStorage, RDBStorage, get_storage

    if isinstance(place, BaseStorage):
        yield get_storage(place)
        return
    try:
        made = _made(place)
        storage = get_storage(made)
        storage.get_all_studies()
    except Exception as error:  # a driver that is missing, a server that is down, a file of another kind
        raise Unavailable(
            f"the search cannot be kept in {shown(place)} ({in_short(error)}): name another storage, such as "
            "'search.sqlite3', or install what this address needs"
        ) from error
    try:
        yield storage
    finally:
        storage.remove_session()
        if isinstance(made, RDBStorage):
            made.engine.dispose()


def _made(place: Any) -> Any:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend
    from sqlalchemy import URL

    if isinstance(place, Path):
        if place.suffix in _JOURNALS:
            return JournalStorage(JournalFileBackend(str(place)))
        place = URL.create("sqlite", database=str(place)).render_as_string()  # its name may hold a ? or a {
    if place.startswith("redis"):
        from optuna.storages.journal import JournalRedisBackend

        return JournalStorage(JournalRedisBackend(place))
    patient = {"connect_args": {"timeout": _WAIT_SECONDS}} if place.startswith("sqlite") else {}
    return RDBStorage(place, engine_kwargs=patient)


def shown(place: Any) -> str:
    """A storage for a reader, without any password in its address.

    Examples
    --------
    >>> shown("postgresql://me:secret@host/db"), shown(Path("search.sqlite3"))
    ("'postgresql://me:…@host/db'", "'search.sqlite3'")
    """
    if isinstance(place, (str, Path)):
        return repr(re.sub(r"(://[^/@:]*:)[^/@]*@", r"\1…@", str(place)))
    return type(place).__name__


def study_of(storage: BaseStorage, name: str, told: dict[str, Any]) -> Study:
    """The study of this name, made where there is none.

    Raises
    ------
    LSTMWidgetsError
        When it belongs to another search.
    """
    import optuna

    study = optuna.create_study(storage=storage, study_name=name, direction="minimize", load_if_exists=True)
    found = study.user_attrs.get(OURS)
    if found is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(OURS, told)
    elif found != told:
        differs = [key for key in told if not isinstance(found, dict) or found.get(key) != told[key]]
        raise LSTMWidgetsError(
            f"the study {name!r} is of another search (other {', '.join(differs) or 'facts'}): trials that "
            "are not alike would be mixed. Take another name, or leave it out"
        )
    return study


@contextmanager
def heard(place: Any) -> Iterator[None]:
    """Say in words when a storage that was opened can no longer be written to.

    Raises
    ------
    Unavailable
        When that is so.
    """
    from optuna.exceptions import StorageInternalError

    try:
        yield
    except StorageInternalError as error:
        cause = error.__cause__ or error
        raise Unavailable(
            f"the search can no longer be kept in {shown(place)} ({in_short(cause)}): what is in it stays. "
            "See whether the disk is full, or the database gone, then run the same search again: it goes on"
        ) from error


@contextmanager
def led(study: Study, place: Any) -> Iterator[None]:
    """Be the one process that hands out the trials of a study; whatever another one left is put back.

    A process that was killed has left trials under way. They wait again, with the values they had, so that
    none is lost and none is done twice.

    Raises
    ------
    Unavailable
        When another process is at it.
    """
    from optuna.trial import TrialState

    key = str(place), study.study_name
    me = {"host": socket.gethostname(), "pid": os.getpid(), "born": psutil.Process().create_time()}
    there = study.user_attrs.get(_LEADER) or {}
    if key in _led or _at_work(there, me):
        where = "this process" if key in _led else f"process {there.get('pid')} on {there.get('host')}"
        raise Unavailable(
            f"{where} is at this search already (study {study.study_name!r} in {shown(place)}): wait for "
            "it, or give this one a name of its own"
        )
    _led.add(key)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_BEAT_SECONDS):
            try:
                study.set_user_attr(_LEADER, {**me, "beat": clock.time()})
            except Exception:  # the search itself meets this too, and says so
                log.debug("no sign of life could be given", exc_info=True)

    try:
        study.set_user_attr(_LEADER, {**me, "beat": clock.time()})
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            put_back(study, trial)
        heart = threading.Thread(target=beat, name="lstmwidgets-search", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()
            study.set_user_attr(_LEADER, None)
    finally:
        _led.discard(key)


def put_back(study: Study, trial: Trial | FrozenTrial) -> None:
    """Let a trial that is under way wait again; the next one asked for is this one."""
    from optuna.trial import TrialState

    study._storage.set_trial_state_values(trial._trial_id, state=TrialState.WAITING)


def _at_work(there: dict[str, Any], me: dict[str, Any]) -> bool:
    """Whether the process that last led still does."""
    if not there:
        return False
    if there["host"] != me["host"]:
        return bool(clock.time() - there["beat"] < _GONE_SECONDS)  # its processes cannot be seen from here
    if there["pid"] == me["pid"]:
        return False
    try:
        born = float(psutil.Process(there["pid"]).create_time())
    except psutil.Error:
        return False
    return abs(born - there["born"]) < 1.0
