"""`check` and `advise`: what the data are, and what to do with them."""

from argparse import Namespace

from core.engine import Engine
from core.strategy.advise import Advice, Goal
from ui import words
from ui.command import say

SHOWN_ROWS = 8


def check(engine: Engine, words_given: Namespace) -> int:
    """Print format and findings; 1 if a finding is an error."""
    report = engine.check(engine.open_data(words_given.source))
    worst = any(finding.severity == "error" for finding in report.findings)
    if words_given.json:
        say.answer(report.as_json())
        return int(worst)
    say.tell(f"{words.counted(report.rows, 'row')}, format {report.format} ({report.confidence:.0%}): {report.because}")
    say.tell("Columns: " + ", ".join(f"{part} = {column}" for part, column in report.mapping.items()))
    for finding in report.findings:
        say.tell(f"{finding.severity}: {finding.what} {_rows(list(finding.rows))}{finding.fix}")
    if not report.findings:
        say.tell("Nothing is wrong with it.")
    return int(worst)


def advise(engine: Engine, words_given: Namespace) -> int:
    """Print a plan with its reasons, its memory and what else could be done."""
    choice = engine.choose(engine.open_data(words_given.source))
    advice = engine.advise(
        choice,
        words_given.model,
        goal=Goal(words_given.goal),
        budget=words_given.budget,
        gpu_memory=words_given.gpu_memory,
    )
    if words_given.json:
        say.answer(advice.as_json())
    else:
        _tell_advice(advice)
    return 0


def _tell_advice(advice: Advice) -> None:
    plan, memory = advice.plan, advice.memory
    settings = " ".join(f"{name}={value}" for name, value in plan.options.items())
    say.tell(f"{plan.method} {settings}")
    say.tell(
        f"at most {words.counted(plan.epochs, 'epoch')}, learning rate {plan.learning_rate:g}, "
        f"{plan.batch_size} x {plan.accumulation} rows per step, rows of up to {plan.max_length:,} tokens"
    )
    fits = "fits into" if memory.fits else "does not fit into"
    say.tell(
        f"Memory forecast {words.gib(memory.total_gib)} ({words.gib(memory.low_gib)} to {words.gib(memory.high_gib)}), "
        f"{fits} the {words.gib(memory.available_gib)} that are free ({memory.where})."
    )
    for reason in advice.reasons:
        say.tell(f"- {reason.choice}: {reason.because} [{reason.source}]")
    rows = [("instead", "memory", "time", "fits")]
    rows += [
        (other.method, words.gib(other.memory_gib), words.duration(other.seconds), "yes" if other.fits else "no")
        for other in advice.alternatives
    ]
    if len(rows) > 1:
        say.tell(say.table(rows, right=frozenset({1, 2})))


def _rows(rows: list[int]) -> str:
    if not rows:
        return ""
    listed = ", ".join(f"{row:,}" for row in rows[:SHOWN_ROWS])
    more = f" and {len(rows) - SHOWN_ROWS:,} more" if len(rows) > SHOWN_ROWS else ""
    return f"({'row' if len(rows) == 1 else 'rows'} {listed}{more}) "
