"""One dashboard per home folder."""

from pathlib import Path
from types import TracebackType

from core.errors import MachineError
from core.store.identity import ProcessIdentity, this_process
from core.store.schema import Database


class ServerLock(Database):
    """Held by the dashboard that serves a home folder; that of a dashboard which died is taken over.

    It is a row of the store, so that of two dashboards which find a dead one's lock only one gets it.
    """

    def __init__(self, home: Path, address: str = "") -> None:
        """Take the lock; `address` is where people find this dashboard.

        Raises:
            MachineError: Another dashboard that is alive has it, or the folder cannot be written.
        """
        super().__init__(home)
        me = this_process()
        with self._transaction() as connection:
            row = connection.execute("SELECT pid, created, address FROM servers").fetchone()
            if row is not None and ProcessIdentity(row["pid"], row["created"]).is_alive:
                where = f" at {row['address']}" if row["address"] else ""
                raise MachineError(
                    f"A dashboard serves {self.home} already{where} (process {row['pid']}).",
                    "Open that one, end it, or choose another folder with --home.",
                )
            connection.execute(
                "INSERT OR REPLACE INTO servers (id, pid, created, address) VALUES (1, ?, ?, ?)",
                (me.pid, me.created, address),
            )

    def set_address(self, address: str) -> None:
        """Say where people find this dashboard, once the port is known."""
        with self._transaction() as connection:
            connection.execute("UPDATE servers SET address = ?", (address,))

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        if not self._closed:
            with self._transaction() as connection:
                connection.execute("DELETE FROM servers")
            self.close()

    def __enter__(self) -> "ServerLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
