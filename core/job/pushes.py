"""Exports that go to a model hub: what would go, the going itself in a process of its own, and what went."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.dataset.progress import Tell
from core.errors import BusyError, NotFoundError
from core.evaluate.evaluation import read_evaluation, write_json
from core.events import Exported
from core.export import hub
from core.export.hub_failures import refuse_without_token
from core.job.inquiry import Inquiry
from core.store.store import Store

_NAME = "pushed.json"
_KEPT: TypeAdapter[dict[str, hub.Pushed]] = TypeAdapter(dict[str, hub.Pushed])


class Pushes:
    """The pushes of one home; nothing is pushed but by `begin`."""

    def __init__(self, store: Store, newest: Callable[[str, str], Exported | None]) -> None:
        """`newest` gives the newest export of a run in a form."""
        self._store = store
        self._newest = newest
        self._lock = threading.Lock()
        self._going: Inquiry[hub.Pushed] | None = None

    @property
    def address(self) -> str:
        """The address of the hub."""
        return hub.endpoint()

    @property
    def has_token(self) -> bool:
        """Whether this machine has a token, so that none needs to be typed."""
        return bool(hub.token_of_this_machine())

    def parcel(self, run_id: str, exporter: str) -> hub.Parcel:
        """What would be uploaded.

        Raises:
            NotFoundError: There is no such run or export, or files of it are gone.
        """
        folder, exported = self._store.run_folder(run_id), self._newest(run_id, exporter)
        if exported is None or not exported.checksums:
            raise NotFoundError(f"Run {run_id} has no finished export as {exporter!r}.", "Export the model first.")
        scored = read_evaluation(folder)
        texts = (text for row in (scored.rows if scored else ()) for text in (row.prompt, row.reference))
        return hub.pack(Path(exported.folder), exported.checksums, texts)

    def begin(
        self, run_id: str, exporter: str, repo: str, *, public: bool = False, token: str = ""
    ) -> Inquiry[hub.Pushed]:
        """Upload an export; the token is this machine's own unless one is given, which is kept nowhere.

        Raises:
            SettingsError: The name cannot be one of a repository.
            NotFoundError: There is no such run or export, or files of it are gone.
            UserError: There is no token.
            BusyError: Another push is going on.
        """
        repo = hub.check_repo(repo)
        self.parcel(run_id, exporter)
        token = token.strip() or hub.token_of_this_machine()
        if not token:
            refuse_without_token(self.address)
        with self._lock:
            if self._going is not None and not self._going.is_over:
                raise BusyError("Another push is going on.", "Wait for its end, or stop it.")
            request = {"run": run_id, "exporter": exporter, "repo": repo, "public": public, "token": token}
            helps = "push again; what had arrived whole is not sent twice"
            self._going = Inquiry("push", request, hub.Pushed, self._store.home, helps)
            return self._going

    def push(self, run_id: str, exporter: str, to: hub.Destination, tell: Tell) -> hub.Pushed:
        """Upload an export from this process, and keep where it went.

        Raises:
            UserError: It did not work; says why.
        """
        pushed = replace(hub.push(self.parcel(run_id, exporter), to, tell), at=time.time())
        kept = self.pushed(run_id) | {exporter: pushed}
        write_json(_KEPT.dump_python(kept, mode="json"), self._store.run_folder(run_id) / _NAME)
        return pushed

    def pushed(self, run_id: str) -> dict[str, hub.Pushed]:
        """Where exports of the run stand, by their form."""
        try:
            return _KEPT.validate_json((self._store.run_folder(run_id) / _NAME).read_bytes())
        except (OSError, ValidationError):  # none yet, or one of another version
            return {}

    def close(self) -> None:
        """End a push that is going on: nobody would hear of it."""
        with self._lock:
            if self._going is not None:
                self._going.stop()
