"""What the pages say of a run, as sentences: pure functions of a view."""

from collections.abc import Mapping
from typing import Any

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Measure
from core.events import RunState
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from core.strategy.smaller import smaller
from ui import words
from ui.present import RunView

STATE_WORDS = {
    RunState.QUEUED: "Waiting",
    RunState.PREPARING: "Preparing",
    RunState.TRAINING: "Training",
    RunState.PAUSED: "Paused",
    RunState.EVALUATING: "Scoring",
    RunState.EXPORTING: "Exporting",
    RunState.STOPPING: "Stopping",
    RunState.DONE: "Done",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
    RunState.LOST: "Lost",
}
TONES = {
    RunState.DONE: "good",
    RunState.STOPPED: "amber",
    RunState.STOPPING: "amber",
    RunState.PAUSED: "amber",
    RunState.FAILED: "bad",
    RunState.LOST: "bad",
}


def fraction(view: RunView) -> float | None:
    """How much of the current phase is done, 0 to 1; None where nobody can know."""
    if view.state == RunState.DONE:
        return 1.0
    if view.state == RunState.QUEUED:
        return min(1.0, view.step / view.total_steps) if view.total_steps and view.kind == "train" else 0.0
    if view.work is not None and view.work.total:
        return min(1.0, view.work.done / view.work.total)
    if view.kind == "train" and view.total_steps and view.state != RunState.PREPARING:
        return min(1.0, view.step / view.total_steps)
    return None


def seconds_left(view: RunView) -> tuple[float, float] | None:
    """Low and high estimate of the seconds of training left; None before the second step."""
    if view.state != RunState.TRAINING or view.total_steps <= view.step:
        return None
    return view.tempo.seconds_for(view.total_steps - view.step)


def time_left(view: RunView) -> str:
    """Time left in words, or what is awaited."""
    left = seconds_left(view)
    if left is not None:
        return words.time_left(*left)
    if view.state == RunState.TRAINING:
        return "time left: after two steps"
    return ""


def tokens_per_second(view: RunView) -> float | None:
    """Real tokens trained on per second of training: of the last steps while it goes on, else of all."""
    if view.is_live and view.tempo.tokens_per_second:
        return view.tempo.tokens_per_second
    return view.tokens / view.seconds if view.seconds > 0 else None


def speed(view: RunView) -> str:
    """Tokens per second, the time of a step and, where the device's peak is known, the share of it that is used."""
    tokens = tokens_per_second(view)
    if not tokens:
        return ""
    told = [f"{words.number(float(tokens))} tokens per second"]
    step = view.tempo.seconds_per_step
    if step:
        told.append(f"{words.number(step * 1000) + ' ms' if step < 1 else words.number(step) + ' s'} a step")
    known = view.prepared
    if known is not None and known.flops_per_token and known.peak_flops:
        told.append(f"{words.percent(tokens * known.flops_per_token / known.peak_flops)} of its peak FLOPs")
    return ", ".join(told)


def device(view: RunView) -> str:
    """What the run works on and, while it works, how busy and how warm that is."""
    if view.prepared is None:
        return ""
    told = [view.prepared.device]
    if view.is_live and view.memory:
        newest = view.memory[-1]
        if newest.utilisation_percent is not None:
            told.append(f"{newest.utilisation_percent:.0f} % busy")
        if newest.temperature_celsius is not None:
            told.append(f"{newest.temperature_celsius:.0f} °C")
        if newest.power_watts is not None:
            told.append(f"{newest.power_watts:.0f} W")
    return ", ".join(told)


def progress(view: RunView) -> str:
    """One line under the progress bar."""
    if view.work is not None and view.is_live:
        known = f" ({view.work.done:,} of {view.work.total:,})" if view.work.total else ""
        return f"{view.work.what}{known}"
    if view.total_steps and view.kind == "train" and view.step:
        return f"Step {view.step:,} of {view.total_steps:,}, epoch {view.epoch:.1f}"
    return STATE_WORDS[view.state]


def held_headline(view: RunView) -> tuple[str, str, str]:
    """Headline, line below and tone of a run that was paused and holds no memory."""
    at = f" at step {view.step:,}" if view.step else ""
    goes_on = "It holds no memory. Go on continues" if view.step else "Go on begins"
    return f"Paused{at}", f"{goes_on} as soon as nothing else is at work.", "amber"


def waiting_headline(told: str) -> tuple[str, str, str]:
    """Headline, line below and tone of a run that waits in the queue; `told` is what it waits for."""
    return f"Waiting {told}", "It begins by itself; the order of the queue stands on the Runs page.", ""


def training_headline(view: RunView, patience: int | None = None) -> tuple[str, str, str]:
    """Headline, line below and tone of the training page."""
    job = view.training
    if job.state == RunState.QUEUED:
        return "Waiting for its turn", "It starts as soon as the worker is free.", ""
    if job.state == RunState.PREPARING:
        return "Getting ready", "Loading the model and turning the rows into tokens. Nothing is trained yet.", ""
    if job.state == RunState.PAUSED:
        at = f"at step {view.step:,}" if view.step else "before the first step"
        return f"Paused {at}", f"It keeps its memory and goes on within a second. {kept(view)}".strip(), "amber"
    if job.state == RunState.STOPPING:
        return "Stopping", "The step in progress ends first; the best weights so far are kept.", "amber"
    if job.state in {RunState.TRAINING, RunState.EVALUATING}:
        return _at_work(view, patience)
    return _ended(view)


def _at_work(view: RunView, patience: int | None) -> tuple[str, str, str]:
    if view.training.state == RunState.EVALUATING:
        return "Trained; now scoring both models on the held-out rows", kept(view), ""
    if not any(step > 0 for step, _, _ in view.validation):
        untrained = next((loss for step, loss, _ in view.validation if step == 0), None)
        before = f"Before it, the validation loss is {words.number(untrained)}. " if untrained is not None else ""
        return "Training has begun", f"{before}The first validation will say whether it helps.", ""
    since_best = validations_since_best(view)
    if since_best == 0:
        return "Training is still improving", kept(view), ""
    stops = f"Training ends early after {patience} without a better one. " if patience else ""
    return f"No better for {words.counted(since_best, 'validation')}", stops + kept(view), "amber"


def _ended(view: RunView) -> tuple[str, str, str]:
    job = view.training
    at = f"at step {view.step:,}" if view.step else "before the first step"
    if job.state == RunState.DONE:
        title = f"Trained: best at step {view.best_step:,}" if view.best_step else "Trained"
        return title, f"{kept(view)} Training took {words.duration(view.seconds)}.".strip(), "good"
    if job.state == RunState.STOPPED:
        return f"Stopped {at}", kept(view) or "Nothing was kept: no validation had been made yet.", "amber"
    title = f"Training failed {at}" if job.state == RunState.FAILED else f"The run was lost {at}"
    return title, f"{job.reason} {job.fix}".strip(), "bad"


def going_on_otherwise(view: RunView, plan: Plan) -> str:
    """What a new run from the weights of this one would do otherwise, on its button; empty where none would help."""
    if view.training.cause == "changed":
        return "Start a new run from these weights" if view.best_step is not None else ""
    then = smaller(plan) if view.training.cause == "memory" else None
    if then is None:
        return ""
    if then.method != plan.method:
        return f"Go on with {METHODS[then.method].title}"
    if then.gradient_checkpointing != plan.gradient_checkpointing:
        return "Go on with recomputed activations"
    return "Go on with a smaller batch"


def kept(view: RunView) -> str:
    """Which weights are kept, in a sentence; empty where there are none."""
    if view.best_step is None:
        return ""
    if view.mean_of:
        of = words.steps(view.mean_of)
        return f"Best validation loss {words.number(view.best_loss)}: the mean of the weights of {of} is kept."
    return f"Best validation loss {words.number(view.best_loss)} at step {view.best_step:,}; those weights are kept."


def patience_told(view: RunView, patience: int) -> str:
    """How far the patience is used up, for the figure; empty before the first weights are kept."""
    if view.best_step is None:
        return ""
    return f"{validations_since_best(view)} of {patience} validations without a better one"


def validations_since_best(view: RunView) -> int:
    """Validations in a row that were no better, up to now."""
    count = 0
    for step, _, best in reversed(view.validation):
        if best or step == 0:
            break
        count += 1
    return count


def difference(name: str, values: Mapping[str, Any], measure: Measure | None = None) -> str:
    """A metric's change with its interval: "+31 points (+26 to +36)"; `measure` where it is not one of ours."""
    base, tuned = values.get("base"), values.get("tuned")
    if base is None or tuned is None:
        return words.NOTHING
    metric = measure or METRICS.get(name)
    share = metric is not None and metric.unit == "%"
    scale, noun = (100.0, " points") if share else (1.0, "")
    digits = (0 if abs(tuned - base) >= 0.1 else 1) if share else 2
    change = f"{words.signed((tuned - base) * scale, digits)}{noun}"
    low, high = values.get("interval") or (None, None)
    if low is None or high is None:
        return change
    return f"{change} ({words.signed(low * scale, digits)} to {words.signed(high * scale, digits)})"
