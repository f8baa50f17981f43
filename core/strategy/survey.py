"""What stands beside the bands: the survey by task and examples, and where the sources disagree, from `matrix.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.strategy.matrix import cited, data, sourced


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    """What the survey takes for a task and a number of examples, and what Fewtune has of it."""

    task: str
    at_least: int
    below: int | None
    """Exclusive; None means no upper end."""
    approach: str
    also: str
    """What the survey adds to it; may be empty."""
    runs: str
    """Fewtune's nearest method."""
    lacks: tuple[str, ...]
    """What of it Fewtune does not run, by the words of `terms`."""
    source: str
    """Document and section."""

    def holds(self, rows: int) -> bool:
        """Whether `rows` examples fall into this row."""
        return self.at_least <= rows and (self.below is None or rows < self.below)

    @property
    def name(self) -> str:
        """The band in words: "250 to 999"."""
        if self.below is None:
            return f"{self.at_least:,} and more"
        return f"{self.at_least:,} to {self.below - 1:,}" if self.at_least else f"fewer than {self.below:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a source says."""

    what: str
    source: str
    """Document and section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A question that the sources answer in several ways, and the answer that is taken here."""

    about: str
    says: tuple[Statement, ...]
    here: str


def survey() -> tuple[SurveyRow, ...]:
    """The survey's rows, by task and from few examples to many."""
    rows: list[SurveyRow] = []
    before: dict[str, int] = {}
    for row in data()["survey"]:
        at_least = before.get(row["task"], 0)
        before[row["task"]] = row["below"]
        rows.append(SurveyRow(**sourced(row) | {"at_least": at_least, "lacks": tuple(row["lacks"])}))
    return tuple(rows)


def task_of(data_format: str) -> str:
    """The survey's task of data in this format: labels are classified, pairs compared, everything else written."""
    return str(data()["tasks"].get(data_format, generation()))


def generation() -> str:
    """The task of models that write, which is what Fewtune tunes whatever the data are."""
    return str(data()["generation"])


def rows_for(data_format: str, rows: int) -> tuple[SurveyRow, ...]:
    """The survey's rows that hold this many examples: that of the data's task, and that of models that write."""
    tasks = {task_of(data_format), generation()}
    return tuple(row for row in survey() if row.task in tasks and row.holds(rows))


def terms() -> Mapping[str, str]:
    """What Fewtune does not run, by name, in a few words each."""
    return dict(data()["terms"])


def disagreements() -> tuple[Disagreement, ...]:
    """Where the sources contradict each other or themselves."""
    return tuple(
        Disagreement(
            about=row["about"],
            says=tuple(Statement(what=it["what"], source=cited(it["source"], it["section"])) for it in row["says"]),
            here=row["here"],
        )
        for row in data()["disagreements"]
    )
