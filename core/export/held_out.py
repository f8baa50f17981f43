"""The rows on which an export is compared with the tuned model."""

from collections.abc import Iterator

from core.dataset.example import Example, Turn
from core.dataset.load import load
from core.errors import UserError
from core.export.exporter import ExportTask

_SPARE = Example(0, (Turn("user", "Say in one sentence what this is for."),), "It checks that a copy is faithful.")


def held_out(task: ExportTask) -> Iterator[Example]:
    """Test rows, then validation rows, and at last a row of our own, so that there is one where the data went away."""
    try:
        split = load(task.plan.data, task.home, task.plan.seed)
    except UserError:  # the rows went away since; the model is there all the same
        pass
    else:
        yield from split.test
        yield from split.validation
    yield _SPARE
