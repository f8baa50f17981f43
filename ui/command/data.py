"""`check` and `advise`: what the data are, and what to do with them."""

from argparse import Namespace
from collections.abc import Sequence

from core.dataset.choice import DataChoice
from core.dataset.conversions import CONVERSIONS
from core.dataset.files.source import Source
from core.dataset.formats import FORMATS
from core.dataset.report import Report
from core.engine import Engine
from core.errors import DataError, UserError
from core.strategy.advise import Advice, Goal
from core.strategy.plan_text import named
from core.strategy.time_forecast import TimeForecast
from ui import words
from ui.command import prompting, say, timing

SHOWN_ROWS = 8


def check(engine: Engine, given: Namespace) -> int:
    """Print format and findings, and mend what was asked for; 1 if a finding is an error."""
    library = engine.library
    source = engine.open_data(given.source)
    acts: list[str] = []
    conversions = [name for name, _ in given.fix if name in CONVERSIONS]
    for name in conversions:
        choice = library.convert(source, name, given.sheet)
        source = engine.source(choice.source)
        acts.append(source.act)
    choice = _choose(engine, source, "" if source.parent else given.sheet)
    mended = library.mend(choice, [pair for pair in given.fix if pair[0] not in conversions], given.model)
    source = engine.source(mended.choice.source)
    report = engine.check(source, mended.choice, given.model)
    written = [str(path) for path in library.write(source, given.out, mended.choice.sheet)] if given.out else []
    _tell_check(report, [*acts, *mended.acts], written, as_json=given.json)
    return int(not report.ready)


def _choose(engine: Engine, source: Source, sheet: str) -> DataChoice:
    try:
        return engine.choose(source, sheet)
    except DataError as error:
        offers = engine.library.offered(source)
        if not offers:
            raise
        names = " or ".join(f"'--fix {offer.name}' ({offer.title})" for offer in offers)
        raise DataError(error.what, f"Try {names}.", error.problems) from error


def _tell_check(report: Report, acts: Sequence[str], written: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        say.answer(report.as_json() | {"fixed": list(acts), "written": list(written)})
        return
    for act in acts:
        say.tell(f"done: {act}")
    title = FORMATS[report.format].title.lower()
    say.tell(f"{words.counted(report.rows, 'row')}, read as {title} ({report.confidence:.0%} sure): {report.because}")
    say.tell("Columns: " + ", ".join(f"{part} = {column}" for part, column in report.mapping.items()))
    say.tell(report.enough[1])
    for finding in report.findings:
        say.tell(f"{finding.severity}: {finding.what} {_rows(list(finding.rows))}{finding.fix}")
        if finding.mends:
            offers = ", ".join(
                finding.name if number == 0 else f"{finding.name}={mend.name}"
                for number, mend in enumerate(finding.mends)
            )
            say.tell(f"    --fix {offers}: {'; '.join(mend.title for mend in finding.mends)}")
    if not report.findings:
        say.tell("Nothing is wrong with it.")
    for path in written:
        say.tell(f"Written to {path}")


def advise(engine: Engine, words_given: Namespace) -> int:
    """Print a plan with its reasons, its memory, its time and what else could be done.

    Raises:
        UserError: The time on a GPU that is not here is asked for.
    """
    elsewhere = words_given.gpu_memory is not None
    if elsewhere and words_given.measure:
        raise UserError("A GPU that is not here cannot be measured.", "Leave out --measure or --gpu-memory.")
    choice = engine.choose(engine.open_data(words_given.source))
    advice = engine.advise(
        choice,
        words_given.model,
        goal=Goal(words_given.goal),
        budget=words_given.budget,
        gpu_memory=words_given.gpu_memory,
    )
    if words_given.measure:
        timing.measure(engine, advice.plan)
        advice = engine.advise(choice, words_given.model, goal=Goal(words_given.goal), budget=words_given.budget)
    if words_given.prompt:
        prompting.try_prompts(engine, choice, words_given.model)
    time = None if elsewhere else engine.time_forecast(advice.plan, words_given.price)
    prompted = prompting.known(engine, choice, words_given.model)
    if words_given.json:
        say.answer(advice.as_json() | {"time": time.as_json() if time else None, "prompting": prompted})
    else:
        _tell_advice(advice, time)
        prompting.tell_prompting(prompted)
    return 0


def _tell_advice(advice: Advice, time: TimeForecast | None) -> None:
    plan, memory = advice.plan, advice.memory
    say.tell(f"{named(plan)} (--method {plan.method})")
    say.tell(
        f"at most {words.counted(plan.epochs, 'epoch')}, learning rate {plan.learning_rate:g}, "
        f"{plan.batch_size} x {plan.accumulation} rows per step, rows of up to {plan.max_length:,} tokens"
    )
    fits = "fits into" if memory.fits else "does not fit into"
    say.tell(
        f"Memory forecast {words.gib(memory.total_gib)} ({words.gib(memory.low_gib)} to {words.gib(memory.high_gib)}), "
        f"{fits} the {words.gib(memory.available_gib)} that are free ({memory.where})."
    )
    timing.tell_time(time)
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
