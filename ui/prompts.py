"""The prompt that is being tried, or what came of the last one."""

from dataclasses import dataclass, field

from core.dataset.choice import DataChoice
from core.engine import Engine
from core.errors import BusyError, UserError
from core.evaluate.prompting import PromptedRows, Prompting, Rival
from core.job.inquiry import Inquiry
from ui.asking import Asking

STOPPED = "It was stopped, and nothing of it is kept."
GAVE_WAY = "A run began, so no prompt is tried any more: the run has the machine to itself."


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one model on one choice of data."""

    prompting: Prompting | None = None
    rivals: list[Rival] = field(default_factory=list)

    @property
    def caution(self) -> str:
        """Why tuning may not be needed; empty where nothing says so."""
        return self.prompting.caution(self.rivals) if self.prompting else ""


class Prompts(Asking[tuple[DataChoice, str], Prompting]):
    """At most one prompt is tried at a time, on a choice of data with a model."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=STOPPED, gave_way=GAVE_WAY)

    def begin(self, choice: DataChoice, model: str) -> None:
        """Try a prompt; asked twice for the same, it is tried once.

        Raises:
            BusyError: A run is going on, or a prompt is being tried on other data or another model.
            ModelError: The model can be planned with, but not be had.
            DataError: There are no validation rows, or they ask nothing.
        """

        def start() -> Inquiry[Prompting]:
            if self._going is not None:
                raise BusyError("A prompt is being tried on other data or with another model.", "Stop it, or wait.")
            return self._engine.promptings.begin(choice, model)

        self._begin((choice, model), start)

    def found(self, choice: DataChoice, model: str) -> Found:
        """What is known, and what else was tried on the same data."""
        known = self._engine.promptings.of(choice, model)
        if known is None:
            return Found()
        return Found(known, self._engine.promptings.rivals(choice, known, self._engine.baseline(choice)))

    def ending(self, choice: DataChoice, model: str) -> tuple[str, UserError | None]:
        """How the last one ended, where it was stopped or failed, and was about this."""
        return (self.said, self.error) if self.about == (choice, model) else ("", None)


class PromptedRuns(Asking[str, PromptedRows]):
    """At most one run's test rows are asked at a time."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=STOPPED, gave_way=GAVE_WAY)

    def begin(self, run_id: str) -> None:
        """Ask the untuned model the run's test rows with examples; asked twice for the same run, it is asked once.

        Raises:
            BusyError: A run is going on, or another run's rows are being asked.
            ModelError: The model can be planned with, but not be had.
            DataError: There are no validation rows, or they ask nothing.
            NotFoundError: There is no such run.
        """

        def start() -> Inquiry[PromptedRows]:
            if self._going is not None:
                raise BusyError("The rows of another run are being asked.", "Stop that, or wait.")
            return self._engine.promptings.begin_rows(run_id)

        self._begin(run_id, start)
