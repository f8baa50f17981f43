"""What is wrong with the rows: one file for each kind of trouble."""

from collections.abc import Callable

from core.dataset.finding import Finding, ordered
from core.dataset.health import duplicates, fields, labels, leakage
from core.dataset.health.check import Check, Inspection
from core.registry import Registry

CHECKS: Registry[Check] = Registry(  # of findings of one severity, those of an earlier check stand first
    "check", [fields.CHECK, labels.CHECK, duplicates.CHECK, leakage.CHECK]
)


Tell = Callable[[str, float], None]
"""Is told what is going on, in a few words, and the share that is done."""


def find_all(inspection: Inspection, tell: Tell | None = None) -> list[Finding]:
    """All findings, the most harmful first; `tell` hears what is looked for."""
    found: list[Finding] = []
    for number, check in enumerate(CHECKS.values()):
        if tell:
            tell(check.about, number / len(CHECKS))
        found += check.run(inspection)
    return ordered(found)
