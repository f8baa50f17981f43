"""What the strategy page says of an advice and of the plan made from it: markup from plain values."""

from collections.abc import Sequence
from dataclasses import replace

from core.strategy.advise import Advice, Goal
from core.strategy.baseline import Baseline
from core.strategy.calibration import CORRECTED
from core.strategy.memory import MemoryForecast
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from core.strategy.plan_text import Difference, named, size_of
from core.strategy.time_forecast import TimeForecast
from ui import drawings, markup, words
from ui.markup import text
from ui.outlook import Outlook

GOALS = {
    Goal.BALANCED: "Balanced: quality and memory in proportion",
    Goal.BEST: "Best quality: memory and time matter less",
    Goal.LEAST_MEMORY: "Least memory: for a small GPU or a busy machine",
    Goal.FASTEST: "Fastest: the first result soon",
}
_AUGMENT = {
    "required": "Synthetic examples are strongly advised for so few rows.",
    "recommended": "Synthetic examples are advised for so few rows.",
    "optional": "Synthetic examples may help a little.",
    "off": "",
}
_REASONS = 3


def short(plan: Plan) -> str:
    """The plan in one short line, as the steps show it."""
    options = size_of(plan).replace("rank ", "r=")
    return f"{METHODS[plan.method].title} {options}".strip()


def headline(advice: Advice, plan: Plan, memory: MemoryForecast, changed: int) -> str:
    """The finding: does it fit, and does it suit."""
    title = METHODS[plan.method].title
    if not memory.fits:
        need = f"{words.gib(memory.high_gib)} may be needed and {words.gib(memory.available_gib)} are free."
        return markup.headline(
            f"{title} may not fit this machine", f"{need} Lower the batch size, or take another method.", "amber"
        )
    if changed:
        below = f"{words.counted(changed, 'setting differs', 'settings differ')} from the advice; the forecast follows."
        return markup.headline(f"{title} as you changed it fits this machine", below)
    return markup.headline(
        replace(advice, memory=memory).headline, _AUGMENT.get(advice.augment, "") or advice.cell.because
    )


def card(plan: Plan, memory: MemoryForecast, time: TimeForecast | None, changed: int) -> str:
    """The recommendation: method and size large, numbers, the forecast of memory and what it rests on."""
    kicker = "Your plan" if changed else "Recommended"
    fit = "<span class='ft-fit'>fits</span>" if memory.fits else "<span class='ft-fit bad'>may not fit</span>"
    span = f"{words.gib(memory.low_gib)} to {words.gib(memory.high_gib)}"
    return markup.block(
        f"<div class='ft-kicker'>{kicker}</div><div class='ft-choice-name'>{text(named(plan))} {fit}</div>"
        f"{_numbers(plan)}"
        f"<p class='ft-caption'>Memory at its peak, forecast: {text(words.gib(memory.total_gib))} "
        f"<span class='ft-source-inline'>({text(span)})</span></p>"
        f"{drawings.memory_bar(memory.parts, memory.available_gib, memory.where)}"
        f"{_learned(memory, time)}{_causes(memory)}"
    )


def _learned(memory: MemoryForecast, time: TimeForecast | None) -> str:
    """What was measured on this machine: by earlier runs like the plan, and in steps of the plan itself."""
    told = []
    if memory.cause.startswith(CORRECTED):
        told.append(f"{memory.cause.partition('; ')[0].capitalize()}.")
    if time is not None and time.peak_gib is not None:
        told.append(f"At most {words.gib(time.peak_gib)} were held: {time.basis}.")
    return "".join(f"<p class='ft-below'>{text(line)}</p>" for line in told)


def _causes(memory: MemoryForecast) -> str:
    causes = memory.cause.split("; ")
    lines = [f"{cause[0].upper()}{cause[1:]}." for cause in causes if cause and not cause.startswith(CORRECTED)]
    meanings = [(drawings.named(part), drawings.meaning(part)) for part, size in memory.parts.items() if size > 0]
    lines += [f"{name.capitalize()}: {meaning}." for name, meaning in meanings if meaning]
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    summary = "<summary>Why it is a range, and what its parts are</summary>"
    return f"<details>{summary}<ul class='ft-causes'>{items}</ul></details>"


def reasons(advice: Advice, changed: int) -> str:
    """What speaks against it, and why it was advised, each with its source."""
    why = f"<p class='ft-caption ft-why'>{'Why the advice was' if changed else 'Why'}</p>"
    return markup.block(f"{_cautions(advice)}{why}{_reasons(advice)}")


def linear(baseline: Baseline | None) -> str:
    """What a linear model gets: the score that a tuned model has to beat."""
    if baseline is None:
        return ""
    tone = "ft-note" if baseline.is_enough else "ft-below"
    return markup.block(f"<p class='{tone}'>{text(baseline.told)}</p>")


def _cautions(advice: Advice) -> str:
    return "".join(f"<p class='ft-note' role='alert'>{text(caution)}</p>" for caution in advice.cautions)


def _numbers(plan: Plan) -> str:
    pairs = [
        (words.number(plan.epochs), "epochs at most"),
        (f"{plan.learning_rate:g}", "learning rate"),
        (f"{plan.batch_size} × {plan.accumulation} = {plan.rows_per_step}", "rows per step"),
        (words.number(plan.max_length), "tokens, longest row"),
    ]
    tiles = "".join(f"<div><b>{text(value)}</b>{text(name)}</div>" for value, name in pairs)
    return f"<div class='ft-numbers'>{tiles}</div>"


def _reasons(advice: Advice) -> str:
    first = [reason for reason in advice.reasons if reason.choice != "augment"][:_REASONS]
    lines = "".join(
        f"<li>{text(reason.because)}<span class='ft-source'>{text(reason.source)} ({text(reason.sure)})</span></li>"
        for reason in first
    )
    rest = advice.reasons[len(first) :]
    more = "".join(
        f"<li><b>{text(reason.choice.replace('_', ' '))}</b>: {text(reason.because)}"
        f"<span class='ft-source'>{text(reason.source)} ({text(reason.sure)})</span></li>"
        for reason in rest
        if reason not in first
    )
    folded = f"<details><summary>All reasons</summary><ul class='ft-reasons'>{more}</ul></details>" if more else ""
    return f"<ul class='ft-reasons'>{lines}</ul>{folded}"


def alternatives(plan: Plan, own: Outlook, others: Sequence[Outlook]) -> str:
    """The other methods as rows with the same bar, and with their time where it was measured."""
    free, most = own.memory.available_gib, max(one.memory.total_gib for one in (own, *others))
    limit = min(max(most, free * 0.05) * 1.05, max(free, most))
    rows = _alternative(plan, own, limit, lit=True)
    for other in others:
        if other.method != plan.method:
            like = plan.model_copy(update={"method": other.method, "options": other.options})
            rows += _alternative(like, other, limit)
    return markup.block(f"<h3>Beside the other methods</h3><div class='ft-bars ft-alternatives'>{rows}</div>")


def _alternative(plan: Plan, outlook: Outlook, limit: float, *, lit: bool = False) -> str:
    memory, time = outlook.memory, outlook.time
    told = f"{words.gib(memory.total_gib)}, {'fits' if memory.fits else 'may not fit'}"
    if time is not None:
        told += f" · {words.span(time.low_seconds, time.high_seconds)}"
    tone = "" if memory.fits else "bad"
    width = f"{min(100.0, 100 * memory.total_gib / limit):.1f}%"
    return (
        f"<div class='ft-row {'lit' if lit else ''}'><span class='ft-row-name'>{text(named(plan))}</span>"
        f"<span class='ft-bar thin {tone}'><span class='ft-part a' style='width:{width}'></span></span>"
        f"<span class='ft-row-value'>{text(told)}</span></div>"
    )


def changes(name: str, found: Sequence[Difference]) -> str:
    """What differs from an earlier run."""
    if not found:
        return markup.block(f"<p class='ft-below'>{text(f'Nothing differs from {name}.')}</p>")
    rows = [([change.title, change.before or words.NOTHING, change.after or words.NOTHING], "") for change in found]
    return markup.block(drawings.table(("Setting", words.shortened(name, 40), "This plan"), rows, "ft-changes"))
