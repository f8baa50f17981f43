"""Events become what a person sees: pure, without Gradio.

Law: following in two polls equals following in one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from operator import attrgetter, itemgetter
from typing import Any

from core.events import (
    Accompanied,
    Advanced,
    Averaged,
    CheckpointSaved,
    Evaluated,
    Event,
    Exported,
    MemoryMeasured,
    Noted,
    Prepared,
    RunState,
    SampleWritten,
    StateChanged,
    StepTaken,
    Validated,
)
from core.store.store import Record
from ui import words
from ui.sentences import STATES, of_note, of_preparation
from ui.tempo import Tempo
from ui.thinning import Thinned


@dataclass(frozen=True, slots=True)
class JobView:
    """Where the newest job of one kind stands."""

    state: RunState = RunState.QUEUED
    reason: str = ""
    fix: str = ""
    cause: str = ""
    attempt: int = 1
    job_id: int | str = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log in words."""

    at: float
    text: str
    tone: str = ""


Point = tuple[float, float | None]
_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as its pages draw it: a function of its events alone."""

    seq: int = 0
    kind: str = ""
    """Of the newest job: "train", "evaluate" or "export"."""
    jobs: dict[str, JobView] = field(default_factory=dict)
    prepared: Prepared | None = None
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    first_step: int = 0
    """The attempt's first step, minus one: where a resumed attempt went on."""
    tempo: Tempo = field(default_factory=Tempo)
    """Of this attempt."""
    loss: tuple[Point, ...] = ()
    """This curve and those below are thinned where a run is long."""
    validation: tuple[tuple[float, float | None, bool], ...] = ()
    rate: tuple[Point, ...] = ()
    norm: tuple[Point, ...] = ()
    speed: tuple[Point, ...] = ()
    """Real tokens per second by step."""
    memory: tuple[MemoryMeasured, ...] = ()
    """Of this attempt."""
    widths: tuple[int, ...] = ()
    """How many steps a stretch of each thinned curve has."""
    best_step: int | None = None
    best_loss: float | None = None
    mean_of: tuple[int, ...] = ()
    """Steps of whose weights the mean is kept, where it is."""
    checkpoint: int | None = None
    work: Advanced | None = None
    warnings: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    samples: tuple[SampleWritten, ...] = ()
    """The last ones, the newest at the end."""
    evaluated: Evaluated | None = None
    exported: dict[str, Exported] = field(default_factory=dict)

    @property
    def job(self) -> JobView:
        """The newest job."""
        return self.jobs.get(self.kind, JobView())

    @property
    def training(self) -> JobView:
        """The newest training job."""
        return self.jobs.get("train", JobView())

    @property
    def state(self) -> RunState:
        """The newest job's state."""
        return self.job.state

    @property
    def is_live(self) -> bool:
        """Whether more events are to be expected."""
        return bool(self.kind) and not self.state.is_final

    @property
    def peak_gib(self) -> float | None:
        """The most memory measured in this attempt."""
        return max((measured.used_gib for measured in self.memory), default=None)


_THINNED = ("loss", "rate", "norm", "speed", "memory")


@dataclass
class _Curves:
    """The growing parts as lists while a batch is folded in, so that a long log is read in linear time."""

    loss: Thinned
    rate: Thinned
    norm: Thinned
    speed: Thinned
    memory: Thinned
    validation: list[tuple[float, float | None, bool]]
    warnings: list[str]
    log: list[LogLine]

    @classmethod
    def of(cls, view: RunView) -> "_Curves":
        widths = view.widths or (1,) * len(_THINNED)
        kept = {name: _curve(name, getattr(view, name), width) for name, width in zip(_THINNED, widths, strict=True)}
        return cls(**kept, validation=list(view.validation), warnings=list(view.warnings), log=list(view.log))

    def into(self, view: RunView) -> RunView:
        grown: dict[str, Any] = {name: tuple(getattr(self, name).points) for name in _THINNED}
        grown |= {name: tuple(getattr(self, name)) for name in ("validation", "warnings", "log")}
        return replace(view, widths=tuple(getattr(self, name).width for name in _THINNED), **grown)

    def rewind(self, step: int) -> None:
        """Forget what stood at or after `step`: a resumed attempt trains these steps again."""
        for curve in (self.loss, self.rate, self.norm, self.speed):
            curve.rewind(step)
        while self.validation and self.validation[-1][0] >= step:
            self.validation.pop()

    def say(self, at: float, text: str, tone: str = "") -> None:
        """Add a line to the log."""
        self.log.append(LogLine(at, text, tone))


def _curve(name: str, points: Iterable[Any], width: int) -> Thinned:
    if name == "memory":
        return Thinned(attrgetter("seconds"), attrgetter("used_gib"), list(points), width)
    return Thinned(itemgetter(0), itemgetter(1), list(points), width)


def follow(view: RunView, records: Iterable[Record]) -> RunView:
    """The view after `records`, which come in order, each once."""
    curves, seq = _Curves.of(view), view.seq
    for record in records:
        if record.seq > seq:
            view, seq = _apply(_enter(view, record, curves), record, curves), record.seq
    return replace(curves.into(view), seq=seq)


def _enter(view: RunView, record: Record, curves: _Curves) -> RunView:
    """Make room for a job that speaks for the first time."""
    known = view.jobs.get(record.kind)
    if known is not None and known.job_id == record.job_id:
        return view if view.kind == record.kind else replace(view, kind=record.kind)
    jobs = view.jobs | {record.kind: JobView(attempt=record.attempt, job_id=record.job_id)}
    view = replace(view, kind=record.kind, jobs=jobs, work=None)
    if record.kind == "train":
        curves.memory.clear()
        curves.warnings.clear()
        view = replace(view, first_step=-1, tokens=0, seconds=0.0, tempo=Tempo())
    return view


def _apply(view: RunView, record: Record, curves: _Curves) -> RunView:
    match record.event:
        case StateChanged() as change:
            return _state_changed(view, record, change, curves)
        case StepTaken() as taken:
            return _step_taken(view, taken, curves)
        case Validated() as validated:
            return _validated(view, record.at, validated, curves)
        case MemoryMeasured() as measured:
            curves.memory.append(measured)
            return view
        case Advanced() | SampleWritten() as other:
            return _went_on(view, other)
        case other:
            return _told(view, record.at, other, curves)


def _went_on(view: RunView, event: Advanced | SampleWritten) -> RunView:
    if isinstance(event, Advanced):
        return replace(view, work=event)
    return replace(view, samples=(*view.samples, event)[-_SAMPLES:])


def _told(view: RunView, at: float, event: Event, curves: _Curves) -> RunView:
    """The events that come seldom and each leave a line in the log."""
    match event:
        case Prepared() as prepared:
            curves.say(at, of_preparation(prepared))
            return replace(view, prepared=prepared, total_steps=prepared.total_steps, work=None)
        case CheckpointSaved() | Averaged() as saved:
            return _saved(view, at, saved, curves)
        case Noted() | Accompanied() as noted:
            told, warns = of_note(noted)
            curves.say(at, told, "amber" if warns else "")
            curves.warnings.extend([told] if warns else [])
            return view
        case Evaluated() as evaluated:
            curves.say(at, f"Scored both models on {words.counted(evaluated.rows, 'held-out row')}.", "good")
            return replace(view, evaluated=evaluated, work=None)
        case Exported() as exported:
            curves.say(at, f"Exported as {exported.exporter} ({words.size(exported.size_bytes)}).", "good")
            others = {name: made for name, made in view.exported.items() if name != exported.exporter}
            return replace(view, exported=others | {exported.exporter: exported}, work=None)  # the newest is last
        case _:
            return view


def _state_changed(view: RunView, record: Record, change: StateChanged, curves: _Curves) -> RunView:
    was_paused = view.jobs[record.kind].state is RunState.PAUSED and change.state is RunState.TRAINING
    sentence = "Training goes on." if was_paused else STATES.get(change.state, "")
    tone = {RunState.FAILED: "bad", RunState.LOST: "bad", RunState.STOPPED: "amber", RunState.DONE: "good"}
    told = f"{sentence} {change.reason}".strip()
    if told:
        curves.say(record.at, told, tone.get(change.state, ""))
    job = replace(view.jobs[record.kind], state=change.state, reason=change.reason, fix=change.fix, cause=change.cause)
    work = None if change.state.is_final else view.work
    return replace(view, jobs=view.jobs | {record.kind: job}, work=work)


def _step_taken(view: RunView, taken: StepTaken, curves: _Curves) -> RunView:
    if view.first_step < 0:
        curves.rewind(taken.step)
        view = _with_best(replace(view, first_step=taken.step - 1), curves)
    curves.loss.append((taken.step, taken.loss))
    curves.rate.append((taken.step, taken.learning_rate))
    curves.norm.append((taken.step, taken.grad_norm))
    tempo = view.tempo.after(taken.step, taken.tokens, taken.seconds)
    curves.speed.append((taken.step, tempo.last_speed))
    return replace(
        view,
        tempo=tempo,
        step=taken.step,
        total_steps=taken.total_steps,
        epoch=taken.epoch,
        tokens=taken.tokens,
        seconds=taken.seconds,
        work=None,
    )


def _saved(view: RunView, at: float, saved: CheckpointSaved | Averaged, curves: _Curves) -> RunView:
    size = words.size(saved.size_bytes)
    if isinstance(saved, Averaged):
        told = f"The mean of the weights of {words.steps(saved.steps)} has validation loss {words.number(saved.loss)}"
        curves.say(at, f"{told}, better than each of them: it is kept ({size}).")
        return replace(view, best_loss=saved.loss, mean_of=tuple(saved.steps))
    best = saved.folder == "best"  # a model, but no place to go on from
    what = "Kept the weights of" if best else "Saved a checkpoint at"
    curves.say(at, f"{what} step {saved.step:,} ({size}).")
    return view if best else replace(view, checkpoint=saved.step)


def _validated(view: RunView, at: float, validated: Validated, curves: _Curves) -> RunView:
    curves.validation.append((validated.step, validated.loss, validated.best))
    best = "the best so far." if validated.best else "no better than before."
    told = f"at step {validated.step:,}: {best}" if validated.step else "before the first step."
    curves.say(at, f"Validation loss {words.number(validated.loss)} {told}")
    return _with_best(view, curves)


def _with_best(view: RunView, curves: _Curves) -> RunView:
    for step, loss, best in reversed(curves.validation):
        if best:
            return replace(view, best_step=int(step), best_loss=loss, mean_of=())
    return replace(view, best_step=None, best_loss=None, mean_of=())
