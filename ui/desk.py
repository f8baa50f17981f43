"""What all tabs share: the engine, the views of runs, and what was typed and not yet run."""

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gradio.components.plot import PlotData
from pydantic import ValidationError

from core.dataset.choice import DataChoice
from core.dataset.files.source import Source
from core.dataset.load import Opened
from core.engine import Engine
from core.errors import NotFoundError, SettingsError, UserError
from core.problems import problems_of
from core.strategy.advise import Advice, Goal
from core.strategy.disk import size_of
from core.strategy.machine import Machine
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from ui import words
from ui.augmenting import Augmenting
from ui.judging import Judging
from ui.measuring import Measuring
from ui.outlook import Outlooks
from ui.plots import Figure, drawn
from ui.present import JobView, RunView, follow
from ui.prompts import PromptedRuns, Prompts
from ui.pushing import Pushing
from ui.readings import Readings, Sheet, unread
from ui.reviewing import Reviewing

_MACHINE_SECONDS = 2.0
_MOST_VIEWS = 24
_MOST_FIGURES = 64
_MOST_PASTED = 1_000_000
"""Characters of pasted text that are kept."""

EMPTY_DRAFT: dict[str, Any] = {
    "data": None,
    "model": "starter",
    "goal": Goal.BALANCED.value,
    "budget": False,
    "overrides": {},
    "name": "",
    "begin": "",
    "price": "",
    "expert": False,
}


class Desk:
    """One per server. A page asks it what is new, and every tab that looks at the same run shares the answer."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._views: dict[str, RunView] = {}
        self._figures: dict[tuple[str, str, int, str], PlotData] = {}
        self._forecasts: dict[str, float | None] = {}
        self._advice: tuple[str, Advice] | None = None
        self._machine: tuple[float, Machine] | None = None
        self.readings = Readings(engine)
        """What is known of the chosen data."""
        self.prompts = Prompts(engine)
        self.prompted = PromptedRuns(engine)
        self.measuring = Measuring(engine)
        self.augmenting = Augmenting(engine)
        self.reviewing = Reviewing()
        self.pushing = Pushing(engine)
        self.judging = Judging(engine)
        self.outlooks = Outlooks(engine)
        self.chosen_method = ""
        """Method, size and memory of the plan that was drawn last, as the steps show it."""

    # -- runs ---------------------------------------------------------------------------------------------------------

    def view(self, run_id: str) -> RunView:
        """The run as of now; only what is new is read and folded in."""
        with self._lock:
            view = self._views.pop(run_id, RunView())
            store = self.engine.store
            records = store.since(run_id, view.seq) if view.seq else store.overview(run_id)
            if records:
                view = follow(view, records)
            self._views[run_id] = view
            while len(self._views) > _MOST_VIEWS:
                del self._views[next(iter(self._views))]
        if not view.kind:
            # Queued, and nothing has been said of it yet.
            return RunView(kind="train", jobs={"train": JobView(self.engine.run(run_id).row.state)})
        return view

    def is_live(self, run_id: str) -> bool:
        """Whether more of the run is to be expected; a run that is gone has nothing more to say."""
        try:
            return self.view(run_id).is_live
        except NotFoundError:
            return False

    def figure(self, run_id: str, name: str, seq: int, build: Callable[[], Figure], variant: str = "") -> PlotData:
        """The figure of this state of the run, built once and shared."""
        key = (run_id, name, seq, variant)
        with self._lock:
            if key not in self._figures:
                self._figures[key] = drawn(build())
                while len(self._figures) > _MOST_FIGURES:
                    del self._figures[next(iter(self._figures))]
            return self._figures[key]

    def forecast_of(self, run_id: str, plan: Plan) -> float | None:
        """The forecast peak of a run's plan in GiB; None where its model cannot be read any more."""
        if run_id not in self._forecasts:
            try:
                self._forecasts[run_id] = self.engine.forecast(plan).total_gib
            except UserError:
                self._forecasts[run_id] = None
        return self._forecasts[run_id]

    def size_of(self, run_id: str) -> int:
        """Bytes of the run's folder."""
        return size_of(self.engine.store.run_folder(run_id))

    def forget(self, run_id: str) -> None:
        """Drop what is remembered of a deleted run."""
        with self._lock:
            self._views.pop(run_id, None)

    def machine(self) -> Machine:
        """The computer, asked anew every two seconds at most."""
        now = time.monotonic()
        known = self._machine
        if known is None or now - known[0] > _MACHINE_SECONDS:
            known = (now, self.engine.machine())
            self._machine = known
        return known[1]

    # -- what was typed -----------------------------------------------------------------------------------------------

    def draft(self) -> dict[str, Any]:
        """What was typed, complete with what was not."""
        kept = self.engine.draft()
        return EMPTY_DRAFT | {name: kept[name] for name in EMPTY_DRAFT if name in kept}

    def keep(self, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any control
        """Save what changed and return the whole draft."""
        with self._lock:
            draft = self.draft() | changed
            self.engine.save_draft(draft)
        return draft

    def pasted(self) -> str:
        """What stands in the box for pasted rows and was not read yet."""
        return str(self.engine.draft("pasted").get("text", ""))

    def keep_pasted(self, text: str) -> None:
        """Keep what stands in the box, unless it is too long to be saved with every letter."""
        kept = text if len(text) <= _MOST_PASTED else ""
        if kept != self.pasted():
            self.engine.save_draft({"text": kept}, key="pasted")

    def choice(self, draft: Mapping[str, Any] | None = None) -> DataChoice | None:
        """The chosen data; None before there are any, or where an older version kept something else."""
        kept = (self.draft() if draft is None else draft)["data"]
        try:
            return DataChoice(**kept) if kept else None
        except (ValidationError, TypeError):
            return None

    def forget_data(self, sources: Collection[str]) -> None:
        """Drop what is remembered of deleted data; where they were chosen, none are chosen then."""
        self.readings.forget(sources)
        choice = self.choice()
        if choice is not None and choice.source in sources:
            self.keep(data=None, overrides={}, name="")
        for copy in (self.engine.home / "uploads").glob("*/data_*"):  # what a browser fetched
            copy.unlink(missing_ok=True)

    def take(self, source: Source) -> DataChoice:
        """Begin with another data set.

        Raises:
            DataError: The file cannot be read.
        """
        return self.take_opened(self.engine.library.open_up(source))

    def take_opened(self, opened: Opened) -> DataChoice:
        """Begin with another data set; what was changed on top of the advice for the old one is dropped.

        Columns that someone mapped before are read in the same way; where no format fits, someone can still say which
        column is what.
        """
        choice = opened.choice or unread(self.engine.source(opened.source))
        before = self.readings.reading_of_columns(opened.columns)
        if before and not self.engine.source(opened.source).sample:
            again = before.model_dump(include={"format", "mapping", "instruction", "group"})
            choice = choice.model_copy(update=again)
        self.keep(data=choice.model_dump(mode="json"), overrides={}, name="")
        return choice

    def turn_to(self, choice: DataChoice) -> DataChoice:
        """Go on with another version of the same data, read as it was when it was left."""
        left = self.choice()
        if left is not None and left.source != choice.source:
            self.readings.remember_reading(left, ())
        kept = self.readings.reading_of_version(choice.source) or choice
        self.keep(data=kept.model_dump(mode="json"))
        return kept

    def read_as(self, choice: DataChoice, found: Sequence[str] = (), **changed: Any) -> DataChoice:  # noqa: ANN401
        """Keep how the rows are read; `found` are the columns that the reading is good for.

        Raises:
            SettingsError: A value is out of range.
        """
        try:
            then = DataChoice(**(choice.model_dump() | changed))
        except ValidationError as error:
            raise SettingsError(problems_of(error)) from error
        self.keep(data=then.model_dump(mode="json"))
        self.readings.remember_reading(then, found)
        return then

    def look(self, choice: DataChoice) -> Sheet:
        """The data and what is wrong with them, or what is going on before that is known."""
        return self.readings.look(choice, str(self.draft()["model"]))

    def told(self, choice: DataChoice) -> str:
        """The data in one short line, if they have been read."""
        report = self.readings.report(choice)
        return "" if report is None else words.counted(report.rows, "row")

    def advice(self, draft: Mapping[str, Any], choice: DataChoice) -> Advice:
        """The recommendation for the draft's data, model and wishes; asked again only when one of them changed."""
        asked = {name: draft[name] for name in ("model", "goal", "budget")} | {"data": choice.model_dump()}
        key = json.dumps(asked, sort_keys=True)
        known = self._advice
        if known is not None and known[0] == key:
            return known[1]
        goal = Goal(draft["goal"]) if draft["goal"] in set(Goal) else Goal.BALANCED
        advice = self.engine.advise(choice, str(draft["model"]), goal=goal, budget=bool(draft["budget"]))
        self._advice = (key, advice)
        return advice

    def raw_plan(self, advice: Advice, draft: Mapping[str, Any]) -> dict[str, Any]:
        """The advised plan with what was changed on top, right or wrong."""
        raw = advice.plan.model_dump(mode="json")
        changed = {name: value for name, value in draft["overrides"].items() if name in raw}
        options = dict(changed.pop("options", {}))
        if changed.get("method", raw["method"]) != raw["method"]:
            raw["options"] = {}
        if changed.get("method", "") not in METHODS:
            changed.pop("method", None)
        return raw | changed | {"options": raw["options"] | options, "name": str(draft["name"])}

    def plan(self, advice: Advice, draft: Mapping[str, Any]) -> Plan:
        """The plan as it would be run.

        Raises:
            SettingsError: Lists every changed value that is wrong.
        """
        return self.engine.read_plan(self.raw_plan(advice, draft))
