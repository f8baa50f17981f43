"""Drafts: what was typed and not yet run."""

import json
from collections.abc import Collection
from typing import Any

from core.store.schema import Database


class Drafts(Database):
    """The part of the store that keeps what was typed, so that a reload or a restart loses nothing."""

    def draft(self, key: str) -> dict[str, Any]:
        """What was saved under `key`; empty if nothing was."""
        rows = self._rows("SELECT body FROM drafts WHERE key = ?", key)
        values: dict[str, Any] = json.loads(rows[0]["body"]) if rows else {}
        return values

    def save_draft(self, key: str, values: dict[str, Any]) -> None:
        """Keep `values` (plain JSON) in place of what was there. Secrets must not be among them."""
        body = json.dumps(values)
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO drafts (key, body) VALUES (?, ?)", (key, body))

    def drop_drafts_of(self, sources: Collection[str]) -> None:
        """Forget how the data sets with these ids were read."""
        with self._transaction() as connection:
            for source in sources:
                connection.execute("DELETE FROM drafts WHERE json_extract(body, '$.source') = ?", (source,))
