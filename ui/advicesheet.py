"""What the strategy page says of an advice and of the plan made from it: markup from plain values."""

from collections.abc import Sequence

from core.strategy.advise import Advice, Goal
from core.strategy.baseline import Baseline
from core.strategy.memory import MemoryForecast
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from core.strategy.plan_text import Difference
from ui import drawings, markup, words
from ui.markup import text

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


def size_of(plan: Plan) -> str:
    """The method's main setting: "rank 16"."""
    for name in ("rank", "size", "bottleneck", "reduction"):
        if name in plan.options:
            return f"{name} {plan.options[name]}"
    return ""


def short(plan: Plan, memory: MemoryForecast) -> str:
    """The plan in one short line, as the steps show it."""
    options = size_of(plan).replace("rank ", "r=")
    return f"{METHODS[plan.method].title} {options}".strip() + f", {words.gib(memory.total_gib)}"


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
    return markup.headline(advice.headline, _AUGMENT.get(advice.augment, "") or advice.cell.because)


def card(advice: Advice, plan: Plan, memory: MemoryForecast, changed: int) -> str:
    """The recommendation: method and size large, numbers, reasons with their source, the forecast of memory."""
    method = METHODS[plan.method]
    kicker = "Your plan" if changed else "Recommended"
    fit = "<span class='ft-fit'>fits</span>" if memory.fits else "<span class='ft-fit bad'>may not fit</span>"
    name = f"{method.title}, {size_of(plan)}".rstrip(", ")
    span = f"{words.gib(memory.low_gib)} to {words.gib(memory.high_gib)}"
    return markup.block(
        f"<div class='ft-kicker'>{kicker}</div><div class='ft-choice-name'>{text(name)} {fit}</div>"
        f"{_numbers(plan)}"
        f"<p class='ft-caption'>Memory at its peak, forecast: {text(words.gib(memory.total_gib))} "
        f"<span class='ft-source-inline' title='{text(memory.cause)}'>({text(span)})</span></p>"
        f"{drawings.memory_bar(memory.parts, memory.available_gib, memory.where)}"
        f"{_cautions(advice)}"
        f"<p class='ft-caption ft-why'>{'Why the advice was' if changed else 'Why'}</p>{_reasons(advice)}"
    )


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


def alternatives(advice: Advice, plan: Plan, memory: MemoryForecast) -> str:
    """The other methods as rows with the same bar."""
    limit = max([memory.total_gib, memory.available_gib * 0.05, *(other.memory_gib for other in advice.alternatives)])
    limit = min(limit * 1.05, max(memory.available_gib, limit))
    rows = _alternative(METHODS[plan.method].title, size_of(plan), memory.total_gib, limit, memory.fits, lit=True)
    for other in advice.alternatives:
        if other.method != plan.method:
            like = plan.model_copy(update={"method": other.method, "options": other.options})
            rows += _alternative(METHODS[other.method].title, size_of(like), other.memory_gib, limit, other.fits)
    return markup.block(f"<h3>Beside the other methods</h3><div class='ft-bars ft-alternatives'>{rows}</div>")


def _alternative(title: str, size: str, memory: float, limit: float, fits: bool, *, lit: bool = False) -> str:  # noqa: FBT001 - one row
    told = f"{words.gib(memory)} forecast, {'fits' if fits else 'may not fit'}"
    tone = "" if fits else "bad"
    width = f"{min(100.0, 100 * memory / limit):.1f}%"
    name = f"{title}, {size}".rstrip(", ")
    return (
        f"<div class='ft-row {'lit' if lit else ''}'><span class='ft-row-name'>{text(name)}</span>"
        f"<span class='ft-bar thin {tone}'><span class='ft-part a' style='width:{width}'></span></span>"
        f"<span class='ft-row-value'>{text(told)}</span></div>"
    )


def changes(name: str, found: Sequence[Difference]) -> str:
    """What differs from an earlier run."""
    if not found:
        return markup.block(f"<p class='ft-below'>{text(f'Nothing differs from {name}.')}</p>")
    rows = [([change.title, change.before or words.NOTHING, change.after or words.NOTHING], "") for change in found]
    return markup.block(drawings.table(("Setting", words.shortened(name, 40), "This plan"), rows, "ft-changes"))
