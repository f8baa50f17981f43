"""All checks in turn: what each took away, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.augment.entries import Entry
from core.augment.filter.check import Check, Known
from core.augment.filter.ends import ENDS
from core.augment.filter.grounded import GROUNDED
from core.augment.filter.likeness import COSINE, LEAKAGE, ROUGE
from core.augment.filter.offtopic import OFF_TOPIC
from core.augment.filter.plain import COPIES, CUT, LENGTHS, REFUSALS
from core.augment.filter.quality import QUALITY
from core.registry import Registry

CHECKS: Registry[Check] = Registry(  # cheap first; what one rejects the next ones never see
    "check of candidates",
    [COPIES, LENGTHS, CUT, REFUSALS, ROUGE, COSINE, LEAKAGE, GROUNDED, OFF_TOPIC, ENDS, QUALITY],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one check did."""

    name: str
    title: str
    seen: int
    rejected: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Candidates after all checks, by their places."""

    kept: tuple[int, ...]
    reasons: Mapping[int, tuple[str, str]]
    """Place of each rejected one to the check's name and the reason."""
    quality: Mapping[int, float]
    """Of those that were measured."""
    stages: tuple[Stage, ...]


def sift(known: Known, candidates: Sequence[Entry]) -> Sifted:
    """Let the candidates go through all checks."""
    alive = list(range(len(candidates)))
    reasons: dict[int, tuple[str, str]] = {}
    quality: dict[int, float] = {}
    stages = []
    for check in CHECKS.values():
        verdict = check.run(known, [candidates[place] for place in alive])
        reasons |= {alive[at]: (check.name, reason) for at, reason in verdict.rejected.items()}
        quality |= {alive[at]: value for at, value in verdict.scores.items()}
        stages.append(
            Stage(
                name=check.name, title=check.title, seen=len(alive), rejected=len(verdict.rejected), note=verdict.note
            )
        )
        alive = [place for place in alive if place not in reasons]
    return Sifted(kept=tuple(alive), reasons=reasons, quality=quality, stages=tuple(stages))
