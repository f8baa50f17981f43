"""What is wrong with the rows: one file for each kind of trouble."""

from dataclasses import replace

from core.dataset.finding import Finding, in_agreement, kept, ordered
from core.dataset.health import (
    amount,
    answers,
    characters,
    duplicates,
    fields,
    labels,
    language,
    leakage,
    length,
    markup,
    near_duplicates,
    personal,
    reading,
    turns,
)
from core.dataset.health.amount import sufficiency
from core.dataset.health.check import Check, Inspection
from core.dataset.health.language import main_language
from core.dataset.progress import Rounds, Steps, Tell
from core.registry import Registry

__all__ = ["CHECKS", "Check", "Inspection", "Tell", "find_all", "main_language", "sufficiency"]

CHECKS: Registry[Check] = Registry(  # of findings of one severity, those of an earlier check stand first
    "check",
    [
        fields.CHECK,
        personal.CHECK,
        characters.CHECK,
        labels.CHECK,  # after characters: of two safe mends of one cell, the later one's content is taken
        duplicates.CHECK,
        near_duplicates.CHECK,
        leakage.CHECK,
        length.CHECK,
        answers.CHECK,
        markup.CHECK,
        turns.CHECK,
        language.CHECK,
        amount.CHECK,
        reading.CHECK,
    ],
)


def find_all(inspection: Inspection, tell: Tell | None = None) -> list[Finding]:
    """All findings, the most harmful first; `tell` hears what is looked for."""
    found: list[Finding] = []
    steps = Steps(tell, dict.fromkeys((check.about for check in CHECKS.values()), 1.0))
    for check in CHECKS.values():
        inspection.shared["rounds"] = Rounds(steps.begin(check.about))
        found += check.run(inspection)
    return ordered([_decided(_possible(finding, inspection), inspection) for finding in in_agreement(found)])


def _possible(finding: Finding, inspection: Inspection) -> Finding:
    """Without mends that would leave no row of a file."""
    rows = {file: len(reading.table.rows) for file, reading in inspection.readings.items()}
    mends = tuple(mend for mend in finding.mends if all(len(out) < rows[file] for file, out in mend.drop.items()))
    return replace(finding, mends=mends)


def _decided(finding: Finding, inspection: Inspection) -> Finding:
    keep = inspection.decisions.get(finding.name) == "keep" and finding.severity != "error"
    return kept(finding) if keep else finding
