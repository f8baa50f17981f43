"""The matrix as the strategy page shows it: every band with its source, one's own lit, and what stands beside it."""

from collections.abc import Iterable, Sequence

from core.strategy import claimed
from core.strategy.advise import Advice
from core.strategy.choices import FORECAST
from core.strategy.matrix import budget_rule, claims, claims_source, documents, least_saved, matrix
from core.strategy.methods import METHODS
from core.strategy.neighbours import neighbours
from core.strategy.survey import SurveyRow, disagreements, generation, rows_for, survey, task_of, terms
from ui import drawings, markup, words
from ui.markup import text


def lit_matrix(advice: Advice) -> str:
    """The guide's bands, the survey's, where the two disagree, and what the guide claims of each method."""
    parts = (_guide(advice), _survey(advice), _disagreements(), _claims(advice), _documents())
    return markup.block("".join(f"<section class='ft-section'>{part}</section>" for part in parts))


def _guide(advice: Advice) -> str:
    rule = budget_rule()
    tight = advice.reasons[0].because == rule.because
    rows: list[tuple[Sequence[str], str]] = [
        (
            (
                cell.name,
                METHODS[cell.method].title,
                f"{cell.rank}",
                cell.augment,
                _short(cell.source),
                _short(cell.augment_source),
            ),
            "lit" if cell == advice.cell else "",
        )
        for cell in matrix()
    ]
    always = ("any, tight budget", METHODS[rule.method].title, "as above", "as above", _short(rule.source), "")
    rows.append((always, "lit" if tight else ""))
    small = f"any, four bits save no memory (with free answers: under {least_saved():.0%})"
    unsaved = (small, METHODS["lora"].title, "as above", "as above", "Fewtune's forecast", "")
    rows.append((unsaved, "lit" if advice.reasons[0].source == FORECAST else ""))
    head = ("Examples", "Method", "Rank", "Synthetic examples", "Source", "Source for synthetic ones")
    told = [f"You have {advice.told}: the marked row.", *neighbours(advice.cell)]
    if advice.plan.method != advice.cell.method and not tight:
        told.append(f"The plan takes {METHODS[advice.plan.method].title} all the same. {advice.reasons[0].because}")
    return f"<h3>What the guide takes</h3>{drawings.table(head, rows)}{_below(*told)}"


def _survey(advice: Advice) -> str:
    """The survey's table of encoders, and what it says of models that write."""
    kind = advice.plan.data.format
    lit = rows_for(kind, advice.rows)
    # One's own task first, then that of models that write, and the others below.
    order = [task_of(kind), generation()]
    tasks = list(dict.fromkeys([*order, *(row.task for row in survey())]))
    rows = [
        (
            (
                row.task if row in lit or not row.at_least else "",
                row.name,
                row.approach,
                row.also,
                METHODS[row.runs].title,
                _short(row.source),
            ),
            "lit" if row in lit else "",
        )
        for task in tasks
        for row in survey()
        if row.task == task
    ]
    head = ("Task", "Examples", "The survey takes", "And beside it", "Nearest in Fewtune", "Source")
    told = [
        f"Your data are {task_of(kind)}: found from their format.",
        "The survey's table 4 is about encoders, which choose among labels; its section 5.4 is about models that "
        "write, and those are what Fewtune tunes whatever the task.",
    ]
    return f"<h3>What the survey takes</h3>{drawings.table(head, rows, 'ft-survey')}{_below(*told)}{_lacks(lit)}"


def _lacks(lit: Iterable[SurveyRow]) -> str:
    """What Fewtune does not run of the marked rows, in plain words."""
    missing = list(dict.fromkeys(name for row in lit for name in row.lacks))
    if not missing:
        return ""
    meaning = terms()
    listed = "; ".join(f"{name} ({meaning[name]})" for name in missing)
    nearest = " and ".join(dict.fromkeys(METHODS[row.runs].title for row in lit if row.lacks))
    return _below(f"Fewtune does not run: {listed}. Nearest to the marked row is {nearest}.")


def _disagreements() -> str:
    parts = []
    for number, one in enumerate(disagreements()):
        says = "".join(
            f"<li>{text(it.what)}<span class='ft-source'>{text(_short(it.source))}</span></li>" for it in one.says
        )
        parts.append(
            f"<details{' open' if number == 0 else ''}><summary>{text(one.about)}</summary>"
            f"<ul class='ft-reasons'>{says}<li><b>Here</b>: {text(one.here)}</li></ul></details>"
        )
    return f"<h3>Where the sources disagree</h3>{''.join(parts)}"


def _claims(advice: Advice) -> str:
    """The guide's comparison, marked as claims, beside what is forecast here."""
    ours = claimed.forecasts()
    here = {other.method: other for other in advice.alternatives}
    rows = [
        (
            (
                METHODS[name].title,
                f"{claim.mean:.1f}",
                f"{claim.speed:.1f} ×",
                f"{claim.memory_7b_gb:g} GB",
                f"{words.number(ours[name])} GB",
                words.gib(here[name].memory_gib) if name in here else words.NOTHING,
            ),
            "lit" if name == advice.plan.method else "",
        )
        for name, claim in sorted(claims().items(), key=lambda claim: -claim[1].mean)
    ]
    head = (
        "Method",
        "Claim: mean score",
        "Claim: speed over full",
        "Claim: memory at 7 B",
        "Forecast here: the same 7 B",
        "Forecast here: your model",
    )
    told = (
        "The columns named claims are the guide's and were not measured here: the mean of legal accuracy, medical "
        "ROUGE-L and financial exact match, and memory figures that restate older estimates "
        f"({_short(claims_source())}).",
        f"The forecast beside them is for {claimed.claimed_for()}; the last one is for your model, data and step.",
    )
    return f"<h3>What the guide claims of each method</h3>{drawings.table(head, rows)}{_below(*told)}"


def _documents() -> str:
    listed = "".join(f"<li><b>{text(name)}</b>: {text(title)}</li>" for name, title in documents().items())
    return f"<h3>The sources</h3><ul class='ft-causes'>{listed}</ul>"


def _short(source: str) -> str:
    """A source by its document's short name: "guide, recommendation matrix"."""
    for name, title in documents().items():
        if source.startswith(title):
            return name + source.removeprefix(title)
    return source


def _below(*sentences: str) -> str:
    return f"<p class='ft-below'>{text(' '.join(sentences))}</p>"
