"""What a study is: a plan, and what is varied in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import UserError
from core.strategy.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the plans that are compared."""

    label: str
    """What people call it: "LoRA", "rank 8", "120 rows"."""
    at: float | None
    """Where it stands on the axis: its rank, rows or seed; None where there is no order."""
    plan: Plan
    run: str = ""
    """Id of its run; empty before it was begun."""
    reused: bool = False
    """Whether the run was there before the study."""
    left_out: str = ""
    """Why it cannot be run here; empty where it can."""
    value: str = ""
    """What was asked for: "8", "lora"."""
    pruned: str = ""
    """Why its run was given up; empty where it was not."""
    aside: str = ""
    """What sets it apart from the others on the axis: "with generated rows"; empty for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Several runs that answer one question. The runs are ordinary ones; the study says which they are and why."""

    number: int = 0
    """Counting from 1; 0 before it was begun."""
    name: str
    kind: str
    """As in KINDS."""
    plan: Plan
    """What the variants have in common."""
    variants: tuple[Variant, ...]
    halted: bool = False
    """Whether somebody stopped it; then it goes on only when somebody wishes."""
    prune: bool = False
    """Whether runs are given up that cannot win any more."""
    created_at: float = 0.0
    """UTC epoch, seconds."""

    @property
    def id(self) -> str:
        """As people type it: "s3"."""
        return f"s{self.number}"

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which `read_study` makes it again."""
        raw = asdict(replace(self, variants=()))
        raw["plan"] = self.plan.model_dump(mode="json")
        raw["variants"] = [
            {**asdict(replace(it, plan=None)), "plan": it.plan.model_dump(mode="json")}  # type: ignore[arg-type]
            for it in self.variants
        ]
        return raw


def read_study(raw: Mapping[str, Any]) -> Study:
    """The study that `as_json` wrote."""
    variants = tuple(Variant(**{**it, "plan": Plan(**it["plan"])}) for it in raw["variants"])
    return Study(**{**raw, "plan": Plan(**raw["plan"]), "variants": variants})


def is_id(typed: str) -> bool:
    """Whether that is a study rather than a run."""
    return typed.startswith("s") and typed[1:].isdecimal()


def read_id(typed: str) -> int:
    """The number of a study as people type it: "s3" or "3".

    Raises:
        UserError: That is none.
    """
    digits = typed.strip().removeprefix("s")
    if not digits.isdecimal() or len(digits) > 15:
        raise UserError(f"{typed[:40]!r} is no study.", "See 'fewtune study' for those that there are.")
    return int(digits)
