"""What goes on with new rows, and what was chosen for them. All tabs share it; keys live in this memory alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from core.augment.card import TaskCard
from core.augment.order import Order, folder_of, read_options
from core.augment.standing import Standing, ask_to_stop, is_asked_to_stop, read_standing
from core.augment.survey import Survey, Tried, Used
from core.augment.teachers import TEACHERS
from core.dataset.choice import DataChoice
from core.engine import Engine
from core.errors import BusyError, SettingsError, UserError
from core.job.inquiry import Inquiry
from core.problems import problems_of
from ui import words
from ui.asking import Asking
from ui.keys import Keys, holds_secret

TRY, RUN, USE = "try", "run", "use"
_SHARED = "augment"
_STOPPED = "It was stopped at once; answers that had come are kept."
_FEWEST, _USUAL = 10, 100


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that is done for the new rows of a data set."""

    kind: str
    source: str
    """Id of the data."""
    about: str
    """The folder of the answers; of a trial, who was asked."""


class _Surveys(Asking[tuple[DataChoice, str], Survey]):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped="Nobody looked at the examples.")
        self.known: dict[tuple[str, str], Survey | UserError] = {}

    def ask(self, choice: DataChoice, card: TaskCard | None) -> Survey | UserError | None:
        """What is known; None while somebody looks."""
        about = (choice, card.model_dump_json() if card else "")
        self.look()
        key = (choice.model_dump_json(), about[1])
        if self.about == about and self.error is not None:
            self.known[key] = self.error
        if key in self.known:
            return self.known[key]
        going = self.look()
        if going is not None and going[0] != about:
            self.stop()
        self._begin(about, lambda: self._engine.augmentations.begin_survey(choice, card))
        return None

    def _heard(self, about: tuple[DataChoice, str], answer: Survey) -> None:
        self.known[about[0].model_dump_json(), about[1]] = answer
        while len(self.known) > 16:
            del self.known[next(iter(self.known))]


class _Works(Asking[Work, Any]):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=_STOPPED)
        self.tried: dict[str, Tried] = {}
        self.used: list[tuple[Work, Used]] = []

    def begin(self, work: Work, inquiry: Any) -> None:  # noqa: ANN401 - a function that begins any inquiry
        def start() -> Inquiry[Any]:
            if self._going is not None:
                raise BusyError("The teacher is busy with something else.", "Wait for its end, or stop it.")
            started: Inquiry[Any] = inquiry()
            return started

        self._begin(work, start)

    def _heard(self, about: Work, answer: Any) -> None:  # noqa: ANN401
        if about.kind == TRY:
            self.tried[about.about] = answer
        elif about.kind == USE:
            self.used.append((about, answer))


class Augmenting:
    """New rows of one engine's data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._surveys = _Surveys(engine)
        self.works = _Works(engine)
        self._keys = Keys()
        self._kept = 0

    # -- what was chosen ----------------------------------------------------------------------------------------------

    def shared(self) -> dict[str, Any]:
        """What holds for all data: teacher, its options, caps."""
        kept = self._engine.draft(_SHARED)
        teacher = kept.get("teacher")
        return {
            "teacher": teacher if teacher in TEACHERS else next(iter(TEACHERS)),
            "options": dict(kept.get("options", {})),
            "limits": dict(kept.get("limits", {})),
            "measures": dict(kept.get("measures", {})),
        }

    def keep_shared(self, **changed: Any) -> None:  # noqa: ANN401 - values of any control
        """Keep what holds for all data."""
        self._save(self.shared() | changed, _SHARED)

    def of(self, source: str) -> dict[str, Any]:
        """What holds for these data: card, number of rows, and the folder of the answers that are shown."""
        kept = self._engine.draft(f"{_SHARED} {source}")
        return {"card": kept.get("card"), "count": kept.get("count"), "folder": kept.get("folder", "")}

    def keep(self, source: str, **changed: Any) -> None:  # noqa: ANN401
        """Keep what holds for these data; it goes when they are deleted."""
        self._save(self.of(source) | changed | {"source": source}, f"{_SHARED} {source}")

    def _save(self, draft: dict[str, Any], key: str) -> None:
        self._engine.save_draft(draft, key=key)
        self._kept += 1

    def options(self, teacher: str) -> dict[str, Any]:
        """A teacher's options as typed, complete with defaults."""
        fields = TEACHERS[teacher].options.model_fields
        typed = self.shared()["options"].get(teacher, {})
        return {name: typed.get(name, "" if field.is_required() else field.default) for name, field in fields.items()}

    def keep_options(self, teacher: str, typed: Mapping[str, Any]) -> None:
        """Keep a teacher's options; an address that holds a secret is not written down."""
        kept = {name: value for name, value in typed.items() if not holds_secret(str(value))}
        shared = self.shared()
        self.keep_shared(options=shared["options"] | {teacher: kept})

    def card(self, choice: DataChoice) -> TaskCard | None:
        """The card that somebody edited."""
        kept = self.of(choice.source)["card"]
        try:
            return TaskCard.model_validate(kept) if kept else None
        except ValidationError:
            return None

    # -- the key ------------------------------------------------------------------------------------------------------

    def remember_key(self, address: str, key: str) -> None:
        """Keep a key until the server ends, for this address alone."""
        self._keys.remember(address, key)

    def key(self, teacher: str) -> str:
        """The key of the address that is chosen; empty where none was given, or it was given for another one."""
        return self._keys.of(str(self.options(teacher).get("url", "")))

    # -- what is known ------------------------------------------------------------------------------------------------

    def survey(self, choice: DataChoice) -> Survey | UserError | None:
        """The seeds, looked at with the card as it is now; None while that goes on."""
        return self._surveys.ask(choice, self.card(choice))

    def count(self, choice: DataChoice, survey: Survey) -> int:
        """New rows that are wanted."""
        typed = self.of(choice.source)["count"]
        usual = min(max(_USUAL, survey.seeds), survey.most)
        return max(1, min(int(typed), survey.most)) if isinstance(typed, int | float) else usual

    def order(self, choice: DataChoice, survey: Survey) -> Order:
        """What would be asked.

        Raises:
            SettingsError: Something that was typed is wrong; lists all of it.
        """
        shared = self.shared()
        teacher = shared["teacher"]
        raw = {"data": choice, "card": survey.card, "teacher": teacher, "count": self.count(choice, survey)}
        problems: dict[str, str] = {}
        options: BaseModel | None = None
        try:
            options = read_options(teacher, self.options(teacher))
        except SettingsError as error:
            problems |= error.problems
        try:
            order = Order(**raw, **shared["measures"], limits=shared["limits"])
        except ValidationError as error:
            problems |= {name.removeprefix("limits."): told for name, told in problems_of(error).items()}
        if problems or options is None:
            raise SettingsError(problems, "Mend them, and try again.")
        return order.model_copy(update={"options": options.model_dump(mode="json")})

    def folder(self, choice: DataChoice) -> Path | None:
        """Where the answers lie that are shown."""
        name = self.of(choice.source)["folder"]
        return self._engine.augmentations.folder(name) if name else None

    def folder_of(self, order: Order, survey: Survey) -> Path:
        """Where the answers to an order lie."""
        read = read_options(order.teacher, order.options)
        return folder_of(self._engine.home, survey.digest, order.card, order.teacher, read)

    def standing(self, choice: DataChoice) -> Standing | None:
        """How it stands with these data."""
        folder = self.folder(choice)
        return read_standing(folder) if folder else None

    def going(self, choice: DataChoice) -> tuple[Work, Inquiry[Any]] | None:
        """What is being done for these data."""
        going = self.works.look()
        return going if going is not None and going[0].source == choice.source else None

    @property
    def stage(self) -> str:
        """Changes with every beginning and every end, and with all that is kept."""
        return f"{self.works.stage} {self._surveys.stage} {self._kept}"

    def told(self, choice: DataChoice | None) -> str:
        """How it stands in one short line; empty where there is nothing to tell."""
        if choice is None:
            return ""
        going, standing = self.going(choice), self.standing(choice)
        if going is not None and going[0].kind == RUN:
            return f"{standing.good:,} good rows so far" if standing else "writing rows"
        return f"{words.counted(standing.taken, 'new row')}" if standing and standing.taken else ""

    # -- doing --------------------------------------------------------------------------------------------------------

    def try_teacher(self, choice: DataChoice, survey: Survey) -> None:
        """Ask the teacher once.

        Raises:
            SettingsError: Something that was typed is wrong.
            BusyError: Something else goes on.
        """
        order = self.order(choice, survey)
        key = self.key(order.teacher)
        work = Work(TRY, choice.source, asked_of(order.teacher, order.options))
        self.works.begin(work, lambda: self._engine.augmentations.begin_try(order, key))

    def run(self, choice: DataChoice, survey: Survey) -> None:
        """Ask until it is enough, or go on with that.

        Raises:
            SettingsError: Something that was typed is wrong.
            BusyError: Something else goes on.
        """
        order = self.order(choice, survey)
        folder, key = self.folder_of(order, survey), self.key(order.teacher)
        work = Work(RUN, choice.source, folder.name)
        self.works.begin(work, lambda: self._engine.augmentations.begin_run(order, key, folder))
        self.keep(choice.source, folder=folder.name)

    def stop(self, choice: DataChoice) -> None:
        """Ask no further, and wait for what is paid; asked twice, end it at once."""
        going = self.going(choice)
        if going is None:
            return
        folder = self._engine.augmentations.folder(going[0].about)
        if going[0].kind != RUN or is_asked_to_stop(folder):
            self.works.stop()
        else:
            ask_to_stop(folder)

    def is_stopping(self, work: Work) -> bool:
        """Whether somebody asked it to stop."""
        return work.kind == RUN and is_asked_to_stop(self._engine.augmentations.folder(work.about))

    def use(self, choice: DataChoice) -> None:
        """Begin to make the accepted rows a version of the data.

        Raises:
            BusyError: Something else goes on.
        """
        folder = self.folder(choice)
        if folder is not None:
            work = Work(USE, choice.source, folder.name)
            self.works.begin(work, lambda: self._engine.augmentations.begin_use(choice, folder))

    def take_used(self, choice: DataChoice) -> Used | None:
        """The version that was made of these data, told once."""
        self.works.look()
        found = [used for work, used in self.works.used if work.source == choice.source]
        self.works.used.clear()
        return found[-1] if found else None


def asked_of(teacher: str, options: Mapping[str, Any]) -> str:
    """Who is asked, by what decides the answers."""
    return f"{teacher} {json.dumps(dict(options), sort_keys=True)}"
