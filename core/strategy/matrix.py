"""The recommendation matrix, read from `matrix.yaml`."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Augment: TypeAlias = Literal["required", "recommended", "optional", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What the matrix says for a band of example counts."""

    name: str
    at_least: int
    below: int | None
    """Exclusive; None means no upper end."""
    method: str
    rank: int
    augment: Augment
    because: str
    source: str
    """Document and section of method and rank."""
    augment_source: str
    """Document and section of what is said of synthetic examples."""
    larger: str = ""
    """The method to take instead where memory and the goal allow it; empty where there is none."""

    def holds(self, rows: int) -> bool:
        """Whether `rows` examples fall into this band."""
        return self.at_least <= rows and (self.below is None or rows < self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What overrides the bands."""

    method: str
    because: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the guide reports of one method: scores in percent, gigabytes for 7 B parameters, speed over full tuning."""

    method: str
    legal: float
    medical: float
    financial: float
    mean: float
    memory_7b_gb: float
    speed: float


def matrix() -> tuple[Cell, ...]:
    """The bands, from few examples to many."""
    return tuple(_cell(row) for row in data()["bands"])


def cell_for(rows: int) -> Cell:
    """The band that holds `rows` examples."""
    return next(cell for cell in matrix() if cell.holds(rows))


def budget_rule() -> Rule:
    """What holds for every number of examples when the budget is tight."""
    return Rule(**sourced(data()["budget"]))


def least_saved() -> float:
    """The share of memory that four bits have to save, so that they are advised."""
    return float(data()["unsaved"]["least_saved"])


def unsaved(qlora: float, lora: float) -> str:
    """Why LoRA is taken where four bits save no memory worth having; both forecasts in GiB."""
    saved = f"only {1 - qlora / lora:.1%} of it" if qlora < lora else "none"
    return str(data()["unsaved"]["because"]).format(saved=saved, qlora=f"{qlora:.2f}", lora=f"{lora:.2f}")


def worth_of_generated(*, labelled: bool) -> str:
    """What generated rows were measured to be worth, by the kind of answers."""
    return str(data()["generated"]["label" if labelled else "text"])


def claims() -> dict[str, Claim]:
    """The guide's comparison, by method. Its memory figures restate estimates; never forecast with them."""
    return {row["method"]: Claim(**row) for row in data()["claims"]}


def claims_source() -> str:
    """Document and section of the claims."""
    return cited("guide", data()["claims_section"])


def documents() -> dict[str, str]:
    """Short name to title of each document that the matrix quotes."""
    return dict(data()["documents"])


def learning_rate(method: str, large: float, parameters: int, *, labelled: bool) -> tuple[float, str]:
    """The peak learning rate of `method` for a model of this many parameters, and where the rule comes from.

    `large` is the method's rate for models of billions of parameters; a method without an entry keeps it. The rate
    falls evenly on logarithmic scales between the two sizes, rounded to two digits. Choosing among labels (`labelled`)
    takes larger steps than writing: a small model that is pushed hard repeats itself.
    """
    rates, answers = data()["rates"], "label" if labelled else "text"
    small = rates["at_small"][answers].get(method, large)
    span = math.log(rates["large"] / rates["small"])
    share = min(1.0, max(0.0, math.log(parameters / rates["small"]) / span))
    rate = math.exp((1 - share) * math.log(small) + share * math.log(large))
    return float(f"{rate:.2g}"), str(rates["sources"][answers])


@functools.cache
def data() -> dict[str, Any]:
    """All of `matrix.yaml`, as it stands there."""
    import yaml

    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("matrix.yaml").read_text(encoding="utf-8"))
    return read


def cited(document: str, section: str) -> str:
    """Title and section of a source, from the document's short name."""
    return f"{data()['documents'][document]}, {section}"


def sourced(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the file with its source written out."""
    values = dict(row)
    return values | {"source": cited(values["source"], values.pop("section"))}


def _cell(row: Mapping[str, Any]) -> Cell:
    values = dict(row)
    augment = cited(values["source"], values.pop("augment_section"))
    return Cell(**sourced(values), augment_source=augment)
