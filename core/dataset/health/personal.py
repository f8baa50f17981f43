"""Personal data in the rows: a tuned model may repeat them to anyone who asks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from core.dataset.finding import Finding, Mend, dropping, excerpt, keeping, listed, of_file
from core.dataset.health.check import Check, Inspection
from core.dataset.health.identifiers import KINDS, spans
from core.dataset.health.language import main_language
from core.dataset.health.spots import Spots, texts_in

_REGIONS = {
    "German": ("DE", "AT", "CH"), "French": ("FR", "BE", "CH"), "Spanish": ("ES", "MX"), "Italian": ("IT",),
    "Dutch": ("NL", "BE"), "Portuguese": ("BR", "PT"), "Polish": ("PL",), "Swedish": ("SE",), "Danish": ("DK",),
}  # fmt: skip
_ENGLISH = ("US", "GB")
"""Whose telephone numbers are known where the texts are English, or in a language of no one country."""
_MASKS = {kind.name: kind.mask for kind in KINDS}


def masked(text: str, regions: Sequence[str]) -> str:
    """`text` with "[EMAIL]", "[PHONE]" and the like in place of personal data."""
    while found := spans(text, regions):  # again: a number may have been hidden by the address that it stood against
        for span in reversed(found):
            text = text[: span.start] + _MASKS[span.kind] + text[span.end :]
    return text


def _hidden(text: str, regions: Sequence[str]) -> str:
    """The first sign of `text` and what stands around it, the middle of every sign covered."""
    found = spans(text, regions)
    for span in reversed(found):
        sign = text[span.start : span.end]
        text = f"{text[: span.start]}{sign[:2]}•••{sign[-2:]}{text[span.end :]}"
    return excerpt(text, found[0].start)


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file in inspection.readings:
        yield from _personal(inspection, file)


def _personal(inspection: Inspection, file: str) -> Iterable[Finding]:
    regions = _REGIONS.get(main_language(inspection), _ENGLISH)
    count: Counter[str] = Counter()
    cells: list[tuple[int, str, Any]] = []
    example = ""
    for row, column, content in inspection.cells(file):
        before = count.total()
        for text in texts_in(content):
            kinds = [span.kind for span in spans(text, regions)]
            count.update(kinds)
            if kinds and not example:
                example = _hidden(text, regions)
        if count.total() > before:
            cells.append((row, column, content))
    if not cells:
        return
    spots = Spots(tuple(cells), example)
    told = [f"{count[k.name]:,} {k.one if count[k.name] == 1 else k.many}" for k in KINDS if count[k.name]]
    rows = spots.rows
    only_ip = set(count) == {"ip"}
    yield Finding(
        name="personal-data",
        severity="note" if only_ip else "warning",
        rows=rows,
        what=f"{_in_words(told)} {'stands' if count.total() == 1 else 'stand'} in the rows{of_file(file)} "
        f"({listed(rows)}); a trained model may repeat what it has read.",
        fix="Mask them unless they belong to nobody or everybody may know them. The upload keeps them until you "
        "delete it under 'Versions and download'. Names and postal addresses are not looked for.",
        file=file,
        column=spots.column,
        example=example,
        mends=(
            Mend(
                name="mask",
                title="Mask them",
                cells={file: spots.changed(lambda text: masked(text, regions))},
            ),
            dropping("Leave the rows out", rows, file),
            keeping(),
        ),
    )


def _in_words(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


CHECK = Check(name="personal", about="personal data", finds=("personal-data",), run=_run)
