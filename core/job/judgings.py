"""The door to judges: what one is asked, how far it is, and what it found."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from core.augment.standing import ask_to_stop, begin_anew, is_asked_to_stop
from core.augment.teachers.openai import OpenaiOptions, connect
from core.errors import BusyError, NotFoundError, UserError
from core.evaluate.evaluation import Evaluation, read_evaluation
from core.evaluate.judged import Finding, Judged, find
from core.job.inquiry import Inquiry
from core.judge.judging import JudgeWork, refuse_unfit
from core.judge.order import JudgeOrder, folder_of
from core.judge.pace import Pace, answers_in, is_same, pace_of
from core.judge.standing import FILES, JudgeForecast, JudgeStanding, Work, forecast, look, read_work
from core.store.store import Store

KEY, URL = "FEWTUNE_JUDGE_KEY", "FEWTUNE_JUDGE_URL"
"""Environment variables: a key, and the address that it is for."""
_KEPT = 32


class Judgings:
    """Judges of the runs of one home."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def prepare(self, order: JudgeOrder, key: str = "") -> JudgeWork:
        """Everything but the start; the same judge with the same criteria goes on where it was left.

        Raises:
            NotFoundError: There is no such run.
            UserError: The run is not scored.
            DataError: There are no answers to compare.
            SettingsError: The address or the key is none.
        """
        evaluation = self._scored(order.run)
        refuse_unfit(evaluation)
        connect(order.endpoint, key)
        return JudgeWork(evaluation=evaluation, order=order, folder=self._folder(order), key=key)

    def forecast(self, order: JudgeOrder) -> JudgeForecast:
        """What is still to be paid.

        Raises:
            UserError: There is nothing to judge.
        """
        evaluation = self._scored(order.run)
        refuse_unfit(evaluation)
        return forecast(evaluation, order, self._folder(order), self._pace(order.endpoint))

    def begin(self, order: JudgeOrder, key: str) -> Inquiry[str]:
        """Ask in a process of its own.

        Raises:
            UserError: There is nothing to judge, or it cannot be asked so.
            BusyError: The same judge is at work on this run.
        """
        self.claim(order, key)
        return Inquiry("judge", {"order": order.model_dump(mode="json"), "key": key}, str, self._store.home)

    def claim(self, order: JudgeOrder, key: str) -> JudgeWork:
        """Prepare to ask, unless another program is doing just that.

        Raises:
            UserError: There is nothing to judge, or it cannot be asked so.
            BusyError: The same judge is at work on this run.
        """
        work = self.prepare(order, key)
        known = read_work(work.folder)
        if known is not None and known.goes_on:
            raise BusyError("This judge is at work on this run already.", "Wait for its end, or stop it.")
        begin_anew(work.folder)
        return work

    def of(self, run_id: str, judging: str = "") -> JudgeStanding | None:
        """How a judging of the run stands, the newest unless it is named; None without one, or without scores."""
        return next(self._standings(run_id, judging), None)

    def all(self, run_id: str) -> list[tuple[JudgeStanding, Finding]]:
        """All judgings of the run and what they found, the newest first; empty where the run has no scores."""
        evaluation = read_evaluation(self._store.run_folder(run_id))
        if evaluation is None:
            return []
        said = self._store.judgements(run_id)
        return [(it, find(evaluation, it.judged, said)) for it in self._standings(run_id)]

    def verdicts(self, run_id: str) -> dict[int, Judged]:
        """Row to what the newest judge says of it."""
        standing = self.of(run_id)
        return dict(standing.judged) if standing else {}

    def finding(self, run_id: str, judging: str = "") -> Finding | None:
        """What a judge found, the newest unless one is named, beside what people say; None where there is none."""
        standing = self.of(run_id, judging)
        evaluation = read_evaluation(self._store.run_folder(run_id))
        if standing is None or evaluation is None:
            return None
        return find(evaluation, standing.judged, self._store.judgements(run_id))

    def stamp(self, run_id: str) -> str:
        """Changes when a judging begins, ends, or another one is the newest."""
        try:
            folder = self._newest(run_id)
        except NotFoundError:  # an address of the page may name anything
            return ""
        work = read_work(folder) if folder else None
        return f"{folder.name} {work.at} {work.over}" if folder and work else ""

    def stop(self, run_id: str) -> None:
        """Ask the newest judging to stop; questions on their way are waited for, since they are paid."""
        folder = self._newest(run_id)
        if folder is not None:
            ask_to_stop(folder)

    def is_stopping(self, run_id: str) -> bool:
        """Whether somebody asked for that."""
        folder = self._newest(run_id)
        return folder is not None and is_asked_to_stop(folder)

    def _newest(self, run_id: str) -> Path | None:
        return next((folder for folder, _ in _begun(self._store.run_folder(run_id))), None)

    def _standings(self, run_id: str, judging: str = "") -> Iterator[JudgeStanding]:
        """Of those that were begun, the newest first; of the one that is named, where one is."""
        place = self._store.run_folder(run_id)
        begun = [folder for folder, _ in _begun(place) if judging in ("", folder.name)]
        evaluation = read_evaluation(place) if begun else None
        if evaluation is None:
            return
        for folder in begun:
            standing = _look(_Held(evaluation), folder, *_marks(folder))
            if standing is not None:
                yield standing

    def _pace(self, endpoint: OpenaiOptions) -> Pace | None:
        """Of this judge on any run of this home; None where it never answered here."""
        begun = [it for place in (self._store.home / "runs").glob("*/") for it in _begun(place)]
        return pace_of(answers_in([folder for folder, work in begun if is_same(work.order.endpoint, endpoint)]))

    def _folder(self, order: JudgeOrder) -> Path:
        return folder_of(self._store.run_folder(order.run), order)

    def _scored(self, run_id: str) -> Evaluation:
        self._store.run(run_id)
        found = read_evaluation(self._store.run_folder(run_id))
        if found is None:
            raise UserError("This run is not scored.", f"Score it first: fewtune evaluate {run_id}.")
        return found


def _begun(run_folder: Path) -> list[tuple[Path, Work]]:
    """Folders of a run's judgings and what was written last of each, the newest first."""
    known = [(folder, read_work(folder)) for folder in (run_folder / "judge").glob("*/")]
    begun = [(folder, work) for folder, work in known if work is not None]
    return sorted(begun, key=lambda it: (it[1].at, it[0]), reverse=True)


class _Held:
    """An evaluation as part of a key: by itself, since a changed file is another object."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.evaluation is self.evaluation

    def __hash__(self) -> int:
        return id(self.evaluation)


def _marks(folder: Path) -> list[tuple[int, int]]:
    """What tells the files of a judging from earlier states of them."""
    states = [(folder / name).stat() for name in FILES if (folder / name).exists()]
    return [(state.st_mtime_ns, state.st_size) for state in states]


@lru_cache(maxsize=_KEPT)
def _look(held: _Held, folder: Path, *_: tuple[int, int]) -> JudgeStanding | None:
    return look(held.evaluation, folder)
