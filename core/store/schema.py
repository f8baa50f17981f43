"""The file that holds the store: its tables, its connections and what can go wrong with it."""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import MachineError

FILE_NAME = "fewtune.sqlite"
VERSION = 6
"""Of the tables below; grows with each change of them."""

_LOCK_SECONDS = 30.0
"""How long a write waits for the writes of others."""
_FINAL = "('DONE', 'STOPPED', 'FAILED', 'LOST')"
_ONE_AT_WORK = f"CREATE UNIQUE INDEX one_job_at_work ON jobs ((1)) WHERE state NOT IN {_FINAL} AND state <> 'QUEUED'"
_ONE_PER_LANE = f"CREATE UNIQUE INDEX one_job_per_lane ON jobs (lane) WHERE state NOT IN {_FINAL} AND state <> 'QUEUED'"
_ONE_PER_RUN = f"CREATE UNIQUE INDEX one_job_per_run ON jobs (run_id) WHERE state NOT IN {_FINAL}"
_QUEUE = "CREATE TABLE queue (id INTEGER PRIMARY KEY CHECK (id = 1), paused INTEGER NOT NULL)"
_LANDMARKS = """CREATE TABLE landmarks (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (job_id, kind, seq)
    ) WITHOUT ROWID"""
_STUDIES = "CREATE TABLE studies (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, created_at REAL NOT NULL)"
_JUDGEMENTS = """CREATE TABLE judgements (
        run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        row INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        note TEXT NOT NULL,
        answers TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run_id, row)
    ) WITHOUT ROWID"""
_TABLES = (
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        plan TEXT NOT NULL,
        created_at REAL NOT NULL
    )""",
    # `owner` queued the job, or began it; `pid` is the worker process that took it, if it runs in one.
    # `place` orders those that wait; `not_before` is UTC epoch seconds; `told` says whether its end went out.
    """CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        task TEXT NOT NULL,
        state TEXT NOT NULL,
        owner_pid INTEGER NOT NULL,
        owner_created REAL NOT NULL,
        pid INTEGER,
        process_created REAL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        place REAL NOT NULL DEFAULT 0,
        not_before REAL,
        held INTEGER NOT NULL DEFAULT 0,
        wish TEXT NOT NULL DEFAULT '',
        told INTEGER NOT NULL DEFAULT 0
    )""",
    # The promises that one job runs at a time (since version 6: in each lane), and one of each run, kept by the
    # database even if a query above it should be wrong.
    _ONE_AT_WORK,
    _ONE_PER_RUN,
    "CREATE INDEX jobs_of_run ON jobs (run_id)",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX events_of_job ON events (job_id)",
    "CREATE INDEX events_by_kind ON events (job_id, kind)",
    _LANDMARKS,
    "CREATE TABLE drafts (key TEXT PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE servers (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER, created REAL, address TEXT)",
    # Folders of deleted runs that could not be removed yet.
    "CREATE TABLE leftovers (run_id TEXT PRIMARY KEY)",
    _QUEUE,
    _STUDIES,
    _JUDGEMENTS,
    "PRAGMA user_version = 5",
)
_LANES = (
    # A job at work has a lane for itself; the queue has as many as the operator allows, and `room_gib` is the memory
    # that all may hold together (NULL: what the device has). `waits` says what a job lacks to begin beside others.
    "ALTER TABLE jobs ADD COLUMN lane INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN waits TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE queue ADD COLUMN at_once INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE queue ADD COLUMN room_gib REAL",
    "DROP INDEX one_job_at_work",
    _ONE_PER_LANE,
    f"PRAGMA user_version = {VERSION}",
)
_UPGRADES: dict[int, tuple[str, ...]] = {
    0: _TABLES,
    1: (
        "DROP INDEX one_active_job",
        "ALTER TABLE jobs ADD COLUMN place REAL NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN not_before REAL",
        "ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN wish TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN told INTEGER NOT NULL DEFAULT 0",
        "UPDATE jobs SET told = 1",
        _ONE_AT_WORK,
        _ONE_PER_RUN,
        _QUEUE,
        "PRAGMA user_version = 2",
    ),
    2: (_LANDMARKS, "PRAGMA user_version = 3"),
    3: (_STUDIES, "PRAGMA user_version = 4"),
    4: (_JUDGEMENTS, "PRAGMA user_version = 5"),
    5: _LANES,
}
"""What leads on from each version: 1 had no queue, 2 no landmarks, 3 no studies, 4 no judgements, 5 one lane."""


class Database:
    """One SQLite file in a home folder, open to many threads and processes at once.

    Each thread has a connection of its own; every change is one short transaction that is on disk when it returns.
    """

    def __init__(self, home: Path) -> None:
        """Open or create the store of `home`.

        Raises:
            MachineError: The folder cannot be written, the file is no store, or a newer version wrote it.
        """
        self.home = Path(home).absolute()
        self._path = self.home / FILE_NAME
        self._here = threading.local()
        self._closed = False
        try:
            _make_private(self.home, self._path)
        except OSError as error:
            raise MachineError(
                f"The folder {self.home} cannot be written: {error.strerror}.",
                "Choose another one with --home, or mend its permissions.",
            ) from error
        with self._explained():
            self._prepare(self._connection)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Refuse all further use; a connection of another thread closes when that thread ends."""
        self._closed = True
        connection = getattr(self._here, "connection", None)
        if connection is not None:
            connection.close()
            self._here.connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one at a time among all processes."""
        with self._explained():
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:  # noqa: ANN401 - whatever SQLite can hold
        with self._explained():
            return self._connection.execute(query, values).fetchall()

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise MachineError("The store is closed.", "Open the home folder again.")
        connection: sqlite3.Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            # Closing from the thread that ends is fine; no connection is ever used by two threads.
            connection = sqlite3.connect(
                self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._here.connection = connection
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        self._check_version(connection)
        _switch_to_wal(connection)
        if _version(connection) == VERSION:
            return
        with self._transaction():
            # Asked again and again: another process may have been first, and each step leads to the next version.
            while (before := _version(connection)) != VERSION:
                for statement in _UPGRADES[before]:
                    connection.execute(statement)

    def _check_version(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > VERSION:
            raise MachineError(
                f"{self._path} was written by a newer Fewtune (store version {version}; this one knows {VERSION}).",
                "Update Fewtune, or choose another folder with --home.",
            )
        if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            # Between the two questions another process may have made the tables.
            if _version(connection):
                return
            raise MachineError(f"{self._path} is a database of something else.", "Choose another folder with --home.")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into a sentence with a remedy.

        Raises:
            MachineError: SQLite cannot read or write the file.
            IntegrityError: A statement breaks a rule of the tables: a bug of ours, not of the machine.
        """
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise MachineError(f"The store {self._path} cannot be used: {error}.", _remedy(error)) from error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Set the journal mode that survives a kill at any moment and lets readers read while one writes.

    Raises:
        OperationalError: The file stayed locked.
    """
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # "locked": SQLite does not wait by itself for this one change
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _make_private(home: Path, path: Path) -> None:
    """Create the folder and the file so that only their owner can read them."""
    made = not home.exists()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Someone may point --home at a folder with other things in it: its mode is theirs.
    if made or path.exists() or not any(home.iterdir()):
        home.chmod(0o700)
    (home / "runs").mkdir(mode=0o700, exist_ok=True)
    # A file that exists is not opened here: closing any descriptor of it would drop the locks that other connections
    # of this process hold, and another process could then delete the journal under them.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _remedy(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return "Free some disk space and try again."
    if "locked" in text:
        return f"Another program held it for {_LOCK_SECONDS:.0f} s; end that program and try again."
    if "readonly" in text or "unable to open" in text:
        return "Mend the permissions of the folder, or choose another one with --home."
    if "not a database" in text or "malformed" in text:
        return "Move the file away, or choose another folder with --home; the folders of the runs stay as they are."
    return "Try again, or choose another folder with --home."
