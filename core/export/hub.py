"""A finished export goes to the Hugging Face hub: each file held against what was proven, then all in one commit."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.dataset.progress import Tell
from core.errors import NotFoundError, SettingsError, UserError
from core.export.checksums import NAME as SUMS
from core.export.checksums import listed
from core.export.hub_failures import Whereabouts, fail

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

CARD = "README.md"
"""The one file that people may mend before they push."""
_PIECE = 2**20  # bytes that are read at once
_TELLING = 20  # letters from which a row can be told from a phrase of the card's own
_BEFORE, _UPLOAD = 0.05, 0.9  # shares of the work that are held to lie before the first byte, and in the bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What a push would upload: the files that the export wrote, and nothing that came to lie beside them."""

    folder: Path
    files: Mapping[str, int]
    """Name in the folder to bytes."""
    checksums: Mapping[str, str]
    """Name to the SHA-256 of the file that was compared with the tuned model."""
    rows_in_card: int
    """Held-out rows of the data that can be read in the model card."""

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(self.files.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """An export stands on the hub."""

    repo: str
    url: str
    commit: str
    private: bool
    files: int
    size_bytes: int
    at: float = 0.0
    """UTC epoch, seconds."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a push goes, and with whose right."""

    repo: str
    public: bool
    token: str = field(repr=False)
    """Lives in memory alone: no log, no store, no page has it."""


def pack(folder: Path, checksums: Mapping[str, str], rows: Iterable[str]) -> Parcel:
    """What would be uploaded of an export; `rows` are texts of the data that its card is searched for.

    Raises:
        NotFoundError: A file of it is gone.
    """
    try:
        files = {name: (folder / name).stat().st_size for name in (*checksums, SUMS)}
        card = (folder / CARD).read_text(encoding="utf-8") if CARD in checksums else ""
    except FileNotFoundError as error:
        raise NotFoundError("Files of this export are gone.", "Export the model again.") from error
    found = sum(len(row) >= _TELLING and row in card for row in {row.strip() for row in rows})
    return Parcel(folder=folder, files=files, checksums=dict(checksums), rows_in_card=found)


def endpoint() -> str:
    """The address of the hub: HF_ENDPOINT, or the public one."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def token_of_this_machine() -> str:
    """What HF_TOKEN or `hf auth login` left here; empty where neither did, or where nobody may read it."""
    from huggingface_hub import get_token

    try:
        return get_token() or ""
    except OSError:  # of somebody else, or a folder
        return ""


def check_repo(repo: str) -> str:
    """The name without spaces around it, where it can be one.

    Raises:
        SettingsError: It cannot.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    repo = repo.strip()
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        how = "letters, digits, '-', '_' and '.', at most 96, as 'name' or 'owner/name'"
        given = f"{repo[:60]!r} is none" if repo else "is missing"
        raise SettingsError({"repository": f"{given}: {how}"}, "Write it as in its address on the hub.") from error
    return repo


def push(parcel: Parcel, to: Destination, tell: Tell, at: str = "") -> Pushed:
    """Upload the parcel in one commit, so that nobody ever finds half of it; `at` is the hub's address.

    Large files that had arrived whole before an earlier push was cut off are not sent again.

    Raises:
        SettingsError: The repository's name cannot be one.
        UserError: A file is not what was exported, or the hub refuses, does not answer or was cut off; says which.
    """
    from httpx2 import TransportError  # the hub library's own client
    from huggingface_hub import HfApi
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    where = Whereabouts(hub=at or endpoint(), repo=check_repo(to.repo), secret=to.token)
    try:
        return _push(HfApi(endpoint=where.hub, token=to.token), parcel, where, tell, public=to.public)
    except (TransportError, OSError, RuntimeError, ValueError) as error:
        fail(error, where)


def _push(api: "HfApi", parcel: Parcel, where: Whereabouts, tell: Tell, *, public: bool) -> Pushed:
    tell("asking the hub who you are", 0.0)
    where.owner = str(api.whoami().get("name", ""))
    tell("making the repository", _BEFORE / 5)
    where.repo = api.create_repo(where.repo, private=not public, exist_ok=True).repo_id
    private = bool(api.model_info(where.repo, expand=["private"]).private)
    if not (private or public):
        raise UserError(
            f"{where.repo} is there already, and public, so nothing was uploaded.",
            "Take another name, make it private on the hub, or push it as public.",
        )
    tell("reading the files", _BEFORE / 2)
    with _opened(parcel, where, tell) as additions:
        made = api.create_commit(where.repo, additions, commit_message="Upload an export of Fewtune", num_threads=2)
    return Pushed(
        repo=where.repo,
        url=f"{where.hub}/{where.repo}",
        commit=made.oid or "",
        private=private,
        files=len(parcel.files),
        size_bytes=parcel.size_bytes,
    )


@contextmanager
def _opened(parcel: Parcel, where: Whereabouts, tell: Tell) -> "Iterator[list[CommitOperationAdd]]":
    """What is to be committed, read once for its checksums; what is read of it from then on counts as sent.

    Raises:
        UserError: A file is not what was exported.
    """
    from huggingface_hub import CommitOperationAdd

    with ExitStack() as files:
        sent = _Sent(parcel.size_bytes, where, tell)
        opened = {name: files.enter_context(_Counted(parcel.folder / name, sent)) for name in parcel.checksums}
        additions = [CommitOperationAdd(name, file) for name, file in opened.items()]
        sums = {one.path_in_repo: one.upload_info.sha256.hex() for one in additions}
        changed = [name for name, digits in parcel.checksums.items() if sums[name] != digits and name != CARD]
        if changed:
            raise UserError(
                f"{changed[0]} is not what was exported and compared with the tuned model.",
                "Export the model again, then push it.",
            )
        sent.files = list(opened.values())
        yield [*additions, CommitOperationAdd(SUMS, listed(sums).encode())]


class _Sent:
    """How much has gone out, of all files together."""

    def __init__(self, size_bytes: int, where: Whereabouts, tell: Tell) -> None:
        self._size, self._where, self._tell = size_bytes, where, tell
        self.files: list[_Counted] = []

    def look(self) -> None:
        """Say how far it is, once the checksums are known."""
        if not self.files:
            return
        sent = self._where.sent = sum(file.furthest for file in self.files)
        told = f"uploading: {sent / 1e6:,.1f} of {self._size / 1e6:,.1f} MB"
        self._tell(told, _BEFORE + _UPLOAD * sent / max(1, self._size))


class _Counted(io.BufferedReader):
    """A file that knows how far it was read. Given as open files, the library sends them by plain HTTP."""

    def __init__(self, path: Path, sent: _Sent) -> None:
        super().__init__(io.FileIO(path), _PIECE)
        self._sent = sent
        self.furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if self._sent.files:
            self.furthest = max(self.furthest, self.tell())
            self._sent.look()
        return piece
