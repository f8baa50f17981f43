"""The pipeline in the shape of the guide's listing, for people who write Python."""

import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.augment.analyse import analyse
from core.augment.entries import Entry, entries, shape_of
from core.augment.filter.check import Known
from core.augment.filter.choose import choose_diverse
from core.augment.filter.funnel import Sifted, sift
from core.augment.pipeline import Augmentation
from core.augment.spend import Limits
from core.augment.teachers import TEACHERS
from core.dataset.choice import DataChoice
from core.dataset.detect import detect
from core.dataset.examples import read_examples
from core.dataset.progress import nobody
from core.dataset.provenance import COLUMN
from core.dataset.table import make_table
from core.errors import SettingsError
from core.events import Emit


class SyntheticPipeline:
    """Seeds become candidates (`generate`), and candidates good rows (`filter`).

    Source: the guide's listing, whose values the defaults are.
    """

    def __init__(
        self,
        teacher_model: str,
        *,
        quality_threshold: float = 0.85,
        diversity_weight: float = 0.3,
        **teacher: Any,  # noqa: ANN401
    ) -> None:
        """Take a model of an endpoint; `teacher` holds its other options (url, temperature), `key`, `folder`, `limits`.

        Raises:
            SettingsError: A threshold is not between 0 and 1.
        """
        for name, value in (("quality_threshold", quality_threshold), ("diversity_weight", diversity_weight)):
            if not 0 <= value <= 1:
                raise SettingsError({name: "must be between 0 and 1"})
        self._key: str = teacher.pop("key", "")
        self._folder: Path | None = teacher.pop("folder", None)
        self._limits: Limits = teacher.pop("limits", Limits())
        self._options = TEACHERS["openai"].options(model=teacher_model, **teacher)
        self._threshold, self._weight = quality_threshold, diversity_weight
        self._known: Known | None = None
        self._wanted = 0
        self.sifted: Sifted | None = None
        """What the last `filter` rejected, and why."""

    def generate(
        self,
        *,
        seed_examples: Sequence[Mapping[str, Any]],
        target_count: int,
        task_description: str = "",
        domain_constraints: Sequence[str] = (),
        held_out: Sequence[Mapping[str, Any]] = (),
        emit: Emit = nobody,
    ) -> list[dict[str, str]]:
        """Candidates by the teacher, more than `target_count`, each with its origin; no `held_out` row is ever shown.

        Raises:
            DataError: The seeds are too few, or no format fits them.
            UserError: The teacher failed again and again.
        """
        self._known = self._read(seed_examples, held_out)
        self._wanted = target_count
        card = analyse(self._known.shape, self._known.seeds, task_description, domain_constraints)
        folder = self._folder or Path(tempfile.mkdtemp(prefix="fewtune-augment-"))
        work = Augmentation(
            known=self._known,
            card=card,
            teacher="openai",
            options=self._options,
            folder=folder,
            key=self._key,
            diversity_weight=self._weight,
            limits=self._limits,
        )
        outcome = work.run(target_count, emit, threading.Event())
        return [_with_origin(candidate) for candidate in outcome.candidates]

    def filter(self, candidates: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """The good ones of what `generate` gave, at most as many as were asked for; `sifted` says why others are not.

        Raises:
            SettingsError: Nothing was generated yet, so that there are no seeds to hold candidates against.
        """
        if self._known is None:
            raise SettingsError({"candidates": "come from generate(), which was not called yet"})
        shape = self._known.shape
        found = [shape.entry({column: row[column] for column in shape.columns}, 0) for row in candidates]
        self.sifted = sift(self._known, found)
        kept = self.sifted.kept
        quality = {at: self.sifted.quality[place] for at, place in enumerate(kept) if place in self.sifted.quality}
        rows = [found[place] for place in kept]
        taken = choose_diverse(shape, self._known.seeds, rows, quality, self._wanted, self._weight)
        return [dict(candidates[kept[place]]) for place in taken]

    def _read(self, seeds: Sequence[Mapping[str, Any]], held_out: Sequence[Mapping[str, Any]]) -> Known:
        table = make_table([dict(row) for row in seeds], "", "The seed examples")
        found = detect(table)
        choice = DataChoice(
            name="", source="", sha256="", format=found.format, mapping=found.mapping, instruction=found.instruction
        )
        shape = shape_of(choice, table)

        def read(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
            if not rows:
                return []
            whole = make_table([dict(row) for row in rows], "", "The rows")
            reading = read_examples(whole, choice.format, choice.mapping, choice.instruction)
            return entries(shape, whole, reading.examples)

        return Known(shape=shape, seeds=read(seeds), held_out=read(held_out), quality_threshold=self._threshold)


def _with_origin(entry: Entry) -> dict[str, str]:
    return {**entry.cells, COLUMN: entry.origin.cell if entry.origin else ""}
