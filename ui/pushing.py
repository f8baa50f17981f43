"""The push to a model hub that goes on, what came of the last one, and the question before each."""

from collections.abc import Callable
from dataclasses import dataclass

from core.engine import Engine
from core.errors import BusyError, UserError
from core.export.hub import Parcel, Pushed
from core.job.inquiry import Inquiry
from ui import words
from ui.asking import Asking

STOPPED = "It was stopped, and nobody sees anything of the model. Pushed again, it goes on from what had arrived whole."
_NAMED = 8
"""Files of a parcel that are named one by one."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which export shall go where."""

    run_id: str
    exporter: str
    repo: str
    public: bool


class Pushing(Asking[Wish, Pushed]):
    """At most one push at a time; all tabs see it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=STOPPED)

    def begin(self, wish: Wish, token: str) -> None:
        """Upload; the token goes to the process that uploads and is kept nowhere.

        Raises:
            UserError: The name cannot be one, the export is gone, or there is no token; nothing was uploaded.
            BusyError: Another push is going on.
        """
        self._begin(wish, self._start(wish, token))

    def ending(self, run_id: str) -> tuple[str, UserError | None]:
        """How the last one ended, where it was stopped or failed, and was of this run."""
        return (self.said, self.error) if self.about and self.about.run_id == run_id else ("", None)

    def _start(self, wish: Wish, token: str) -> Callable[[], Inquiry[Pushed]]:
        def start() -> Inquiry[Pushed]:
            if self._going is not None:
                raise BusyError("Another push is going on.", "Wait for its end, or stop it.")
            pushes = self._engine.exports.pushes
            return pushes.begin(wish.run_id, wish.exporter, wish.repo, public=wish.public, token=token)

        return start


def question(parcel: Parcel, wish: Wish, hub: str) -> list[str]:
    """What is about to happen, as sentences: what goes, where to, who will see it, and what of the data is in it."""
    names = list(parcel.files)
    rest = len(names) - _NAMED
    named = ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
    size = words.size(parcel.size_bytes)
    seen = "Everybody can see and load it." if wish.public else "Only you, and those whom you let, will see it."
    if parcel.rows_in_card:
        rows = words.counted(parcel.rows_in_card, "held-out row")
        card = f"Its model card holds texts of {rows} of your data."
    else:
        card = "Its model card holds no example rows; it names the data file, the settings and the scores."
    return [
        f"{words.counted(len(names), 'file')}, {size}, go to {hub}/{wish.repo} as a"
        f" {'public' if wish.public else 'private'} repository: {named}.",
        seen,
        card,
        "A model can repeat what it was trained on: give it to nobody who may not read your data.",
    ]


def told(pushed: Pushed) -> str:
    """What a push came to, as a sentence."""
    seen = "private" if pushed.private else "public"
    files = words.counted(pushed.files, "file")
    return f"{files}, {words.size(pushed.size_bytes)}, stand in the {seen} repository {pushed.repo}."
