"""Studies: which runs answer one question together."""

import json
import time
from collections.abc import Callable
from typing import Any

from core.errors import NotFoundError
from core.store.schema import Database


class Studies(Database):
    """The part of the store that keeps studies, each as plain JSON; what their runs say stands with the runs."""

    def add_study(self, body: dict[str, Any]) -> int:
        """Write down a study and return its number, counting from 1."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO studies (body, created_at) VALUES (?, ?)", (json.dumps(body), time.time())
            )
        return int(cursor.lastrowid or 0)

    def study(self, number: int) -> dict[str, Any]:
        """One study, with its number and when it was made.

        Raises:
            NotFoundError: There is no such study.
        """
        found = [raw for raw in self.studies() if raw["number"] == number]
        if not found:
            raise NotFoundError(f"There is no study s{number}.", "See 'fewtune study' for those that there are.")
        return found[0]

    def studies(self) -> list[dict[str, Any]]:
        """All studies, newest first."""
        rows = self._rows("SELECT id, body, created_at FROM studies ORDER BY id DESC")
        return [{**json.loads(row["body"]), "number": row["id"], "created_at": row["created_at"]} for row in rows]

    def change_study(self, number: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Let `change` alter what was written down, all or nothing.

        Raises:
            NotFoundError: There is no such study.
        """
        self.study(number)
        with self._transaction() as connection:
            rows = connection.execute("SELECT body FROM studies WHERE id = ?", (number,)).fetchall()
            for row in rows:
                body = json.loads(row["body"])
                change(body)
                connection.execute("UPDATE studies SET body = ? WHERE id = ?", (json.dumps(body), number))

    def delete_study(self, number: int) -> None:
        """Forget a study; its runs stay."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM studies WHERE id = ?", (number,))
