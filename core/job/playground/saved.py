"""Prompts that people keep under a name, for all runs and all tabs."""

import threading
from collections.abc import Callable
from typing import Any

from core.errors import NotFoundError, SettingsError

_KEY = "playground-prompts"
MOST, LONGEST_NAME, LONGEST = 200, 80, 20_000
"""Prompts; characters of a name and of a prompt."""


class SavedPrompts:
    """The kept prompts of one home."""

    def __init__(self, read: Callable[[str], dict[str, Any]], write: Callable[[str, dict[str, Any]], None]) -> None:
        """`read` and `write` are of drafts."""
        self._read, self._write = read, write
        self._lock = threading.Lock()

    @property
    def all(self) -> dict[str, str]:
        """Name to prompt, the newest first."""
        kept = self._read(_KEY).get("prompts", {})
        return {str(name): str(text) for name, text in kept.items()} if isinstance(kept, dict) else {}

    def get(self, name: str) -> str:
        """The prompt of that name.

        Raises:
            NotFoundError: There is none.
        """
        try:
            return self.all[name]
        except KeyError as error:
            raise NotFoundError(f"No prompt is saved as {name!r} any more.", "Choose another one.") from error

    def save(self, name: str, text: str) -> str:
        """Keep a prompt, in place of one of the same name; gives the name as it is kept.

        Raises:
            SettingsError: The name or the prompt is empty or too long, or there are too many.
        """
        name = " ".join(name.split())
        problems = {}
        if not 1 <= len(name) <= LONGEST_NAME:
            problems["name"] = f"give it one of 1 to {LONGEST_NAME} letters"
        if not text.strip() or len(text) > LONGEST:
            problems["prompt"] = f"it has {len(text):,} letters, and 1 to {LONGEST:,} are kept"
        with self._lock:
            known = self.all
            if name not in known and len(known) >= MOST:
                problems["saved prompts"] = f"{MOST} are kept, delete one first"
            if problems:
                raise SettingsError(problems)
            known.pop(name, None)
            self._write(_KEY, {"prompts": {name: text, **known}})
        return name

    def delete(self, name: str) -> None:
        """Forget a prompt.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self._lock:
            self.get(name)
            self._write(_KEY, {"prompts": {kept: text for kept, text in self.all.items() if kept != name}})
