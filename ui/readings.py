"""What is known of the chosen data. Large files are read in a process of their own, watched and stopped."""

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.dataset.choice import DataChoice
from core.dataset.conversions import CONVERSIONS, Conversion
from core.dataset.files.read import sheets
from core.dataset.files.source import Source
from core.dataset.glance import Glance, glance
from core.dataset.rendered import RenderedRow
from core.dataset.report import Report
from core.engine import Engine
from core.errors import DataError, NotFoundError, Stopped, UserError
from core.job.inquiry import Inquiry
from core.job.library import Library

INLINE_BYTES = 400_000
"""Files up to this size are read while the page waits: in less time than a process takes to start."""
_MOST_REPORTS = 8
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_STOPPED = DataError("The check was stopped.", "Press 'Check again' when you want it, or choose other data.")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The chosen data as far as they are known."""

    choice: DataChoice
    source: Source | None = None
    report: Report | None = None
    columns: tuple[str, ...] = ()
    error: UserError | None = None
    working: Inquiry[Any] | None = None
    """What is going on before there is a report."""
    sheets: tuple[str, ...] = ()
    """Of a workbook."""
    conversions: tuple[Conversion, ...] = ()
    """What else can be made of the rows, the only way on where no format fits them."""
    glance: Glance | None = None
    """The rows as they stand, where they could be read and there is no report."""

    @property
    def ready(self) -> bool:
        """Whether one can go on."""
        return self.report is not None and self.report.ready

    @property
    def stopped(self) -> bool:
        """Whether someone stopped the check before it could say anything."""
        return self.error is _STOPPED


class Readings:
    """Reports by choice and model, and what is being asked. All tabs share them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._reports: dict[str, Report | UserError] = {}
        self._checking: tuple[str, Inquiry[Report]] | None = None
        self._working: tuple[Inquiry[Any], Callable[[Any], object]] | None = None
        self._sheets: dict[str, tuple[str, ...]] = {}
        self._rendered: tuple[str, list[RenderedRow]] | None = None
        self.taking = False
        """Whether the work that was begun last takes other data in."""
        self._seen: tuple[tuple[str, str], Glance] | None = None

    @property
    def _library(self) -> Library:
        return self._engine.library

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self, choice: DataChoice, model: str) -> Sheet:
        """The data as of now; what is wrong, and what is still going on, is part of the answer."""
        key = _key(choice, model)
        try:
            source = self._library.find(choice.source)
        except UserError as error:
            return Sheet(choice, error=error)
        with self._lock:
            known = self._known(key, choice, model, source)
        if isinstance(known, Report):
            others = tuple(CONVERSIONS[name] for name in known.conversions)
            return Sheet(choice, source, known, known.columns, sheets=self._sheets_of(source), conversions=others)
        if isinstance(known, Inquiry):
            return Sheet(choice, source, working=known)
        sheets_ = self._sheets_of(source)
        seen = None if known is _STOPPED else self._glance(source, choice.sheet)
        if seen is None:
            return Sheet(choice, source, error=known, sheets=sheets_)
        others = tuple(CONVERSIONS[name] for name in seen.conversions)
        why = known if choice.mapping else seen.misfit or known  # nobody has said yet which column is what
        return Sheet(choice, source, None, seen.columns, why, sheets=sheets_, conversions=others, glance=seen)

    def report(self, choice: DataChoice) -> Report | None:
        """The newest report on `choice`, whatever model it was made for; None before there is one."""
        wanted = choice.model_dump_json()
        with self._lock:
            found = [report for key, report in self._reports.items() if key.endswith(wanted)]
        return next((report for report in reversed(found) if isinstance(report, Report)), None)

    def stage(self, choice: DataChoice, model: str) -> str:
        """How far the check is, in a word, without beginning it."""
        key = _key(choice, model)
        with self._lock:
            if key in self._reports:
                return "stopped" if self._reports[key] is _STOPPED else "known"
            return "working" if self._checking and self._checking[0] == key else "unknown"

    def check_again(self, choice: DataChoice, model: str) -> None:
        """Forget what is known, so that the next look asks anew."""
        with self._lock:
            self._reports.pop(_key(choice, model), None)

    def stop(self) -> None:
        """Stop whatever is going on."""
        with self._lock:
            going = [self._checking[1]] if self._checking else []
            going += [self._working[0]] if self._working else []
        for inquiry in going:
            inquiry.stop()

    def _known(
        self, key: str, choice: DataChoice, model: str, source: Source
    ) -> "Report | UserError | Inquiry[Report]":
        if key in self._reports:
            return self._reports[key]
        if self._checking is not None and self._checking[0] != key:
            self._checking[1].stop()  # of data that nobody looks at any more
            self._checking = None
        if self._checking is None and size_of(source) <= INLINE_BYTES:
            return self._remember(key, lambda: self._library.check(source, choice, model))
        if self._checking is None:
            self._checking = (key, self._library.begin_check(choice, model))
        inquiry = self._checking[1]
        if not inquiry.is_over:
            return inquiry
        self._checking = None
        return self._remember(key, inquiry.answer)

    def _remember(self, key: str, ask: Callable[[], Report]) -> Report | UserError:
        known: Report | UserError
        try:
            known = ask()
        except Stopped:
            known = _STOPPED
        except UserError as error:
            known = error
        self._reports[key] = known
        while len(self._reports) > _MOST_REPORTS:
            del self._reports[next(iter(self._reports))]
        return known

    def _glance(self, source: Source, sheet: str) -> Glance | None:
        seen = self._seen
        if seen is None or seen[0] != (source.id, sheet):
            try:
                seen = (source.id, sheet), glance(source, sheet)
            except UserError:
                return None
            self._seen = seen
        return seen[1]

    def _sheets_of(self, source: Source) -> tuple[str, ...]:
        path = source.files["train"]
        if path.suffix.lower() not in _WORKBOOKS:
            return ()
        if source.id not in self._sheets:
            self._sheets[source.id] = sheets(path)
        return self._sheets[source.id]

    # -- work that ends in other data ---------------------------------------------------------------------------------

    def begin(self, inquiry: Inquiry[Any], then: Callable[[Any], object], *, taking: bool = False) -> None:
        """Watch `inquiry`; `then` takes its answer when someone looks. What went on before is stopped.

        With `taking`, other data are being taken in.
        """
        with self._lock:
            if self._working is not None:
                self._working[0].stop()
            self._working = (inquiry, then)
            self.taking = taking

    @property
    def work(self) -> Inquiry[Any] | None:
        """The work that is going on, if there is some."""
        with self._lock:
            return self._working[0] if self._working and not self._working[0].is_over else None

    def settle(self) -> None:
        """Take what finished work has to say.

        Raises:
            UserError: The work failed.
        """
        with self._lock:
            done = self._working if self._working and self._working[0].is_over else None
            if done:
                self._working = None
        if done:
            try:
                done[1](done[0].answer())
            except Stopped:
                return

    def forget(self, sources: Collection[str]) -> None:
        """Drop all that is known of data sets that were deleted, and how they were read."""
        with self._lock:
            self._reports = {key: one for key, one in self._reports.items() if not any(each in key for each in sources)}
            self._rendered = self._seen = None
        self._engine.store.drop_drafts_of(sources)

    # -- as the model sees it -----------------------------------------------------------------------------------------

    def rendered(self, choice: DataChoice, model: str, rows: Sequence[int]) -> list[RenderedRow]:
        """Rows as the model will see them; asked once for the same rows.

        Raises:
            UserError: The tokenizer cannot be loaded, or the rows cannot be read.
        """
        key = f"{_key(choice, model)} {list(rows)}"
        known = self._rendered
        if known is None or known[0] != key:
            known = (key, self._library.begin_render(choice, model, rows).answer(120))
            self._rendered = known
        return known[1]

    # -- how files with the same columns were read --------------------------------------------------------------------

    def remember_reading(self, choice: DataChoice, found: Sequence[str]) -> None:
        """Keep how these columns are read, for the next file that has them, and for coming back to this version."""
        values = choice.model_dump(mode="json")
        self._engine.save_draft(values, key=f"choice {choice.source}")
        if found:
            self._engine.save_draft(values, key=_columns_key(found))

    def reading_of_version(self, data_id: str) -> DataChoice | None:
        """How a version was read when it was left."""
        return _choice(self._engine.draft(f"choice {data_id}"))

    def reading_of_columns(self, found: Sequence[str]) -> DataChoice | None:
        """How the last file with these columns was read, if someone said so."""
        return _choice(self._engine.draft(_columns_key(found)))


def size_of(source: Source) -> int:
    """Bytes of a data set's files."""
    return sum(path.stat().st_size for path in source.files.values() if path.exists())


def unread(source: Source) -> DataChoice:
    """A reading to begin with where no format fits by itself."""
    return DataChoice(name=source.name, source=source.id, sha256=source.sha256, format="prompt_completion", mapping={})


def _key(choice: DataChoice, model: str) -> str:
    return f"{model} {choice.model_dump_json()}"


def _columns_key(found: Sequence[str]) -> str:
    return f"columns {hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()[:16]}"


def _choice(kept: dict[str, Any]) -> DataChoice | None:
    try:
        return DataChoice(**kept) if kept else None
    except (ValidationError, TypeError, NotFoundError):
        return None
