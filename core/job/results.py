"""Results of runs: their scores row by row, what people say of single rows, and files of both."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from core.errors import NotFoundError, UserError
from core.evaluate.beside import Standing, prompted, prompted_rows, same_rows, standing
from core.evaluate.evaluation import Evaluation, RowResult, read_evaluation
from core.evaluate.judged import Judged
from core.evaluate.rows import answers_digest
from core.evaluate.table import to_csv, to_jsonl
from core.events import Evaluated
from core.job.judgings import Judgings
from core.job.promptings import Promptings
from core.store.store import Judgement, RunRow, Store
from core.strategy.plan import Plan

_Write = Callable[[Evaluation, Mapping[int, Judgement], Mapping[int, Judged]], bytes]
FILES: Mapping[str, _Write] = MappingProxyType({"rows.csv": to_csv, "rows.jsonl": to_jsonl})
"""Name of a file that can be had of a run's rows to what writes it."""

_MOST_EARLIER = 20
"""Runs that are offered for a comparison."""


class Results:
    """The results of one home."""

    def __init__(self, store: Store, promptings: Promptings) -> None:
        self._store = store
        self._promptings = promptings
        self.judgings = Judgings(store)
        """What judges say of the answers."""

    def of(self, run_id: str) -> Evaluation | None:
        """Scores and rows of the newest evaluation."""
        return read_evaluation(self._store.run_folder(run_id))

    def beside(self, run_id: str, other: str = "") -> list[Standing]:
        """What else did the same task: a linear model, a prompt, and the run `other` on the same test rows."""
        evaluation = self._scored(run_id)
        found: list[Standing | None] = []
        if evaluation.linear:
            answers = {int(row): answer for row, answer in evaluation.linear.items()}
            found.append(standing(evaluation, "linear", "linear", "a linear model on counted words", answers))
        found.append(self._prompted(run_id, evaluation))
        earlier = self.of(other) if other else None
        if earlier is not None and same_rows(evaluation, earlier):
            answers = {row.row: row.tuned for row in earlier.rows}
            title = f"the run '{self._store.run(other).name}'"
            found.append(standing(evaluation, other, "run", title, answers))
        return [one for one in found if one is not None]

    def _prompted(self, run_id: str, evaluation: Evaluation) -> Standing | None:
        """The untuned model with examples in its prompt: on the same test rows, else on validation rows."""
        asked = self._promptings.of_run(run_id)
        told = asked and prompted_rows(evaluation, asked)
        if told:
            return told
        plan = Plan(**self._store.run(run_id).plan)
        prompting = self._promptings.of(plan.data, plan.model)
        return prompted(prompting) if prompting is not None and prompting.metric in evaluation.first else None

    def comparable(self, run_id: str) -> list[RunRow]:
        """Other runs that were scored on the same test rows, newest first."""
        evaluation, own = self._scored(run_id), self._store.run(run_id)
        found: list[RunRow] = []
        for row in self._store.runs():
            if row.id == run_id or any(
                row.plan["data"][name] != own.plan["data"][name] for name in ("source", "sha256")
            ):
                continue
            told = self._store.last(row.id, Evaluated)
            if told is None or told.rows != len(evaluation.rows) or len(found) == _MOST_EARLIER:
                continue
            other = self.of(row.id)
            if other is not None and same_rows(evaluation, other):
                found.append(row)
        return found

    def judgements(self, run_id: str) -> dict[int, Judgement]:
        """What people say of single rows."""
        return self._store.judgements(run_id)

    def stamp(self, run_id: str) -> str:
        """Changes with every judgement of the run, and where a judge begins or ends."""
        return f"{self._store.judged(run_id)} {self.judgings.stamp(run_id) if run_id else ''}"

    def judge(self, run_id: str, row: int, verdict: str, note: str) -> None:
        """Keep what a person says of the answers to a row, counted from 1 in its file.

        Raises:
            NotFoundError: There is no such run, or it has no such row.
            SettingsError: The verdict is none of those that there are, or the note is too long.
        """
        judged = self._row(run_id, row)
        self._store.judge(run_id, row, Judgement(verdict, note.strip(), answers_digest(judged)))

    def file(self, run_id: str, name: str) -> bytes:
        """One of `FILES` as of now.

        Raises:
            UserError: The run is not scored.
            NotFoundError: There is no such run, or no such file.
        """
        if name not in FILES:
            raise NotFoundError(f"There is no file {name!r} of a run's results.", f"Take {' or '.join(FILES)}.")
        return FILES[name](self._scored(run_id), self.judgements(run_id), self.judgings.verdicts(run_id))

    def _scored(self, run_id: str) -> Evaluation:
        self._store.run(run_id)
        found = self.of(run_id)
        if found is None:
            raise UserError("This run is not scored.", f"Score it first: fewtune evaluate {run_id}.")
        return found

    def _row(self, run_id: str, row: int) -> RowResult:
        found = next((one for one in self._scored(run_id).rows if one.row == row), None)
        if found is None:
            raise NotFoundError(f"Row {row} is none of this run's test rows.", "Choose one of the table.")
        return found
