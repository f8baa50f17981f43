"""The checks that compare a candidate with all other rows: those of training, and those that must stay unseen."""

from collections.abc import Sequence

from core.augment.entries import Entry
from core.augment.filter.alike import Match, cosine_matches, rouge_matches
from core.augment.filter.check import Check, Known, Verdict


def _rouge(known: Known, candidates: Sequence[Entry]) -> Verdict:
    return _told(known, rouge_matches(known.seeds, candidates, known.shape.inputs), "ROUGE-L")


def _cosine(known: Known, candidates: Sequence[Entry]) -> Verdict:
    return _told(known, cosine_matches(known.seeds, candidates, known.shape.inputs), "cosine")


def _told(known: Known, matches: dict[int, Match], measure: str) -> Verdict:
    seeds = len(known.seeds)
    return Verdict(
        rejected={
            place: f"{measure} {match.value:.2f} with "
            + (f"row {known.seeds[match.other].example.row}" if match.other < seeds else "an earlier candidate")
            for place, match in matches.items()
        }
    )


def _leakage(known: Known, candidates: Sequence[Entry]) -> Verdict:
    """Candidates like a validation or test row; which one is not said, so that nobody learns it from the reason."""
    columns = known.shape.inputs
    if not known.held_out:
        return Verdict(note="No row is held out.")
    held = len(known.held_out)
    rejected: dict[int, str] = {}
    for matches in (
        rouge_matches(known.held_out, candidates, columns),
        cosine_matches(known.held_out, candidates, columns),
    ):
        found = {place for place, match in matches.items() if match.other < held}
        rejected |= dict.fromkeys(found, "is like a row that is held out for validation or test")
    return Verdict(rejected=rejected)


ROUGE = Check(
    name="rouge",
    title="too like another row (ROUGE-L)",
    source="Wang and others, 2023, Self-Instruct, section 2.2: below 0.7 with every other one",
    run=_rouge,
)
COSINE = Check(
    name="near_copy",
    title="a near copy (TF-IDF)",
    source="cosine from 0.9, as semhash calls two texts the same",
    run=_cosine,
)
LEAKAGE = Check(
    name="leakage",
    title="like a held-out row",
    source="the same two measures, against rows nobody may learn",
    run=_leakage,
)
