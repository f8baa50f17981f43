"""The data sets of one home folder: what can be asked of them, at once or in a process of its own."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from core.augment.standing import forget_answers
from core.dataset.choice import DataChoice
from core.dataset.conversions import Conversion
from core.dataset.example import Split
from core.dataset.files.hub import check_id
from core.dataset.files.source import Source, find_source, open_files, open_source, open_text
from core.dataset.files.write import write_download, write_tables
from core.dataset.glance import offered
from core.dataset.load import Opened, choose, inspect, load, open_up, read_tables
from core.dataset.rendered import RenderedRow
from core.dataset.report import Report
from core.dataset.splits.kept import find_kept, forget_kept, is_large
from core.dataset.versions import mending
from core.dataset.versions.forget import forget
from core.dataset.versions.history import Version, history
from core.dataset.versions.mending import Mended
from core.job.inquiry import Inquiry
from core.strategy.lengths import room_of

_KEPT_SECONDS = 3600.0
"""How long a file that was made for a download lies there: far longer than a download takes to begin."""


class Library:
    """Opens, checks, mends and writes data sets. What begins with "begin" answers later and can be stopped."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.downloads = home / "downloads"
        """Where files that were asked for lie for an hour."""

    def open(self, source: str | Path | Sequence[Path]) -> Source:
        """Take in a sample's name, a data set's id, a hub id, or files or a folder, which are copied into the home."""
        if isinstance(source, str | Path):
            return open_source(source, self.home)
        return open_files(source, self.home) if len(source) > 1 else open_source(source[0], self.home)

    def open_text(self, pasted: str) -> Source:
        """Take in rows that someone pasted."""
        return open_text(pasted, self.home)

    def find(self, data_id: str) -> Source:
        """The data set with this id."""
        return find_source(data_id, self.home)

    def choose(self, source: Source, sheet: str = "") -> DataChoice:
        """How the rows would be read: detected format, mapping and instruction; `sheet` is one of a workbook."""
        return choose(source, sheet)

    def open_up(self, source: Source) -> Opened:
        """What a source looks like: its columns, and how it would be read if a format fits."""
        return open_up(source)

    def check(self, source: Source, choice: DataChoice | None = None, model: str = "") -> Report:
        """Rows, format, findings and a preview; with a model also lengths in its tokens."""
        return inspect(source, choice, room=room_of(model))

    def mend(self, choice: DataChoice, wanted: Iterable[tuple[str, str]], model: str = "") -> Mended:
        """Apply mends, each as a new version; see `core.dataset.versions.mending.mend`."""
        return mending.mend(choice, wanted, self.home, lambda source, then: self.check(source, then, model))

    def convert(self, source: Source, conversion: str, sheet: str = "") -> DataChoice:
        """Make a version whose rows are examples, from files of another build."""
        return mending.convert(source, conversion, self.home, sheet)

    def offered(self, source: Source) -> list[Conversion]:
        """What can be made of rows that are no examples yet."""
        return offered(source)

    def history(self, source: Source) -> list[Version]:
        """All versions of what was uploaded."""
        return history(source, self.home)

    def forget(self, source: Source, used: Collection[str]) -> list[str]:
        """Remove all versions of what was uploaded but those in `used`, with files made of them; returns their ids."""
        gone = forget(source, self.home, used)
        forget_kept(gone, self.home)
        forget_answers(self.home, gone)
        for path in self.downloads.iterdir() if self.downloads.is_dir() else ():
            path.unlink(missing_ok=True)
        return gone

    def split(self, choice: DataChoice, seed: int) -> Split:
        """The examples as a run sees them; those of a large data set stay on disk, divided in a process of its own.

        Raises:
            UserError: The rows cannot be read or divided, or changed since the choice was made.
        """
        if is_large(self.find(choice.source)) and find_kept(choice, seed, self.home) is None:
            self.begin_split(choice, seed).answer()
        return load(choice, self.home, seed)

    def write(self, source: Source, out: Path, sheet: str = "") -> list[Path]:
        """Write the rows as JSONL, CSV or Parquet, as the name's ending says."""
        return write_tables(read_tables(source, sheet), out)

    def download(self, source: Source, form: str, sheet: str = "") -> Path:
        """A file of the rows below the home folder, made anew; those of an hour ago are removed."""
        for old in self.downloads.iterdir() if self.downloads.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another tab was quicker
                if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                    old.unlink()
        return write_download(read_tables(source, sheet), self.downloads, f"data_{source.id}", form)

    # -- in a process of its own --------------------------------------------------------------------------------------

    def begin_open(self, paths: Sequence[str | Path], lastly: Callable[[], object] | None = None) -> Inquiry[Opened]:
        """Take in files or a hub id; `lastly` is called when that is over, however it ended."""
        return Inquiry("take", {"paths": [str(path) for path in paths]}, Opened, self.home, lastly=lastly)

    def begin_fetch(self, data_id: str, config: str = "", split: str = "") -> Inquiry[Opened]:
        """Fetch a data set of the Hugging Face hub.

        Raises:
            DataError: `data_id` is no id of one.
        """
        check_id(data_id)
        return self._ask("fetch", Opened, id=data_id, config=config, split=split)

    def begin_check(self, choice: DataChoice, model: str = "") -> Inquiry[Report]:
        """Check the rows."""
        return self._ask("check", Report, choice=choice.model_dump(mode="json"), model=model)

    def begin_split(self, choice: DataChoice, seed: int) -> Inquiry[str]:
        """Divide the rows ahead, so that `split` need not; answers with the hash of their bytes."""
        return self._ask("split", str, choice=choice.model_dump(mode="json"), seed=seed)

    def begin_mend(self, choice: DataChoice, wanted: Sequence[tuple[str, str]], model: str = "") -> Inquiry[Mended]:
        """Mend the rows."""
        values = {"choice": choice.model_dump(mode="json"), "wanted": [list(pair) for pair in wanted], "model": model}
        return self._ask("mend", Mended, **values)

    def begin_render(self, choice: DataChoice, model: str, rows: Sequence[int]) -> "Inquiry[list[RenderedRow]]":
        """Show rows of the training file as the model will see them."""
        values = {"choice": choice.model_dump(mode="json"), "model": model, "rows": list(rows)}
        return self._ask("render", list[RenderedRow], **values)

    def _ask(self, task: str, shape: Any, **request: Any) -> Inquiry[Any]:  # noqa: ANN401 - JSON
        return Inquiry(task, request, shape, self.home)
