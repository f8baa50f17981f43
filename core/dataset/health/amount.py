"""Whether there are enough rows, in words."""

from collections.abc import Iterable, Mapping
from typing import Literal

from core.dataset.finding import Finding, counted, quoted
from core.dataset.health.check import Check, Inspection
from core.dataset.health.labels import fold
from core.dataset.provenance import generated_rows
from core.dataset.splits.split import MIN_TRAIN

Tone = Literal["red", "amber", "green"]
FEW = 100
"""With fewer examples than this, a style can be learned, but hardly a skill."""
_FEW_OF_A_LABEL = 10


def sufficiency(inspection: Inspection) -> tuple[Tone, str]:
    """How far the training file's examples by people go, in one sentence, which tells the generated ones apart."""
    made = _made(inspection)
    labels = {label: sum(row not in made for row in rows) for label, rows in inspection.labels().items()}
    return how_far(len(inspection.train) - len(made), inspection.format, labels, len(made))


def _made(inspection: Inspection) -> set[int]:
    """Numbers of the training file's generated rows."""
    rows = inspection.index("train").rows
    return {rows[place] for place in generated_rows(inspection.readings["train"].table, rows)}


def how_far(usable: int, format_name: str, labels: Mapping[str, int], generated: int = 0) -> tuple[Tone, str]:
    """How far `usable` examples go, beside which `generated` ones may stand.

    `labels` are label to number of rows, empty for free text.
    """
    more = f" by people, with {counted(generated, 'generated row')}" if generated else ""
    have = f"{counted(usable, 'example')}{more}"
    if usable < MIN_TRAIN:
        return "red", f"{have}: too few to train; at least {MIN_TRAIN} are needed, and 50 are a sensible beginning."
    labels = _joined(labels)
    fewest = min(labels, key=lambda label: labels[label], default="")
    if fewest and labels[fewest] < _FEW_OF_A_LABEL:
        return "amber", (
            f"{have}; of the {counted(len(labels), 'label')} {quoted(fewest)} has only {labels[fewest]:,}, "
            f"and a label needs at least {_FEW_OF_A_LABEL} to be learned."
        )
    learned = "a conversation's tone" if format_name == "chat" else "a style"
    for fewer_than, tone, sentence in _STEPS:
        if usable < fewer_than:
            return tone, f"{have}: {sentence.format(learned=learned)}"
    return "green", f"{have}: a solid base, enough to train and to measure."


def _joined(labels: Mapping[str, int]) -> dict[str, int]:
    """Labels whose spellings count as one, under the first of them."""
    names: dict[str, str] = {}
    joined: dict[str, int] = {}
    for label, rows in labels.items():
        name = names.setdefault(fold(label), label)
        joined[name] = joined.get(name, 0) + rows
    return joined


_STEPS: tuple[tuple[int, Tone, str], ...] = (
    (50, "amber", "enough to try {learned}, too few to measure it well."),
    (FEW, "amber", "enough to learn {learned}, few to learn a skill; more of them help most."),
    (500, "green", "a good start; some hundred more would help further."),
)


def _run(inspection: Inspection) -> Iterable[Finding]:
    usable = len(inspection.train) - len(_made(inspection))
    if MIN_TRAIN <= usable < FEW:  # with still fewer, the split is refused with an error of its own
        _, what = sufficiency(inspection)
        fix = "Begin with them, and add examples where the trained model errs."
        yield Finding(name="few-rows", severity="note", what=what, fix=fix)


CHECK = Check(name="amount", about="how many rows there are", finds=("few-rows",), run=_run)
