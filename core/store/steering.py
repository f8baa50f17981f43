"""What a person may wish of work that goes on, as the work sees it."""

import threading

_LOOK_SECONDS = 0.25


class Steering(threading.Event):
    """Set when the work shall stop; beside that it may be held, asked to save, or told to leave without saving."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = False
        """Whether the stop leaves no time to save."""
        self._going = threading.Event()
        self._going.set()
        self._saving = threading.Event()

    @property
    def is_paused(self) -> bool:
        """Whether the work shall wait before its next step."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Let the work wait before its next step, with all that it holds in memory."""
        self._going.clear()

    def go_on(self) -> None:
        """Let it go on."""
        self._going.set()

    def wait_while_paused(self) -> None:
        """Return when the work may go on, or shall stop."""
        while not self.is_set() and not self._going.wait(_LOOK_SECONDS):
            pass

    def ask_to_save(self) -> None:
        """Ask for a checkpoint at the end of the next step."""
        self._saving.set()

    def takes_wish_to_save(self) -> bool:
        """Whether a checkpoint was asked for since this was asked last."""
        wished = self._saving.is_set()
        self._saving.clear()
        return wished
