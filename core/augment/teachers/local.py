"""A model of this computer as teacher: nothing leaves it and nothing is paid, and a small model writes weak rows.

The rows' frame is given, so that a model that knows no JSON can write as well: each row begins with its label (or, of
free answers, with its first field), and the model writes on from there.
"""

import json
import re
import threading
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.augment.teachers.teacher import Ask, Reply, Request, Teacher, Trouble
from core.errors import ModelError, SettingsError
from core.strategy.model_facts import read_facts

if TYPE_CHECKING:
    from core.backend.writing import Writer

_CELL_END = re.compile(r'(?<!\\)"\s*(?:[,}\n]|$)')


class LocalOptions(BaseModel):
    """Which model writes, and how freely."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[
        str,
        Field(
            min_length=1,
            max_length=400,
            title="Model",
            description="'starter', a model folder of this computer, or a hub id that is here already.",
        ),
    ] = "starter"
    temperature: Annotated[
        float, Field(gt=0, le=2, title="Temperature", description="1 as in Alpaca; lower is less varied.")
    ] = 0.8


class _Local:
    def __init__(self, options: LocalOptions) -> None:
        self._options = options
        self._writer: Writer | None = None
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        """Have the model write rows; it is loaded for the first of them, in the process that asks.

        Raises:
            Trouble: The model cannot be loaded, or has no room for the question.
        """
        shape, label = request.shape, request.cell.label
        known = {shape.answers[0]: label} if label else {}
        free = [name for name in shape.columns if name not in known]
        begin = "".join(f"{json.dumps(name)}: {json.dumps(cell)}, " for name, cell in known.items())
        begin = f'{{{begin}{json.dumps(free[0])}: "'
        try:
            with self._lock:
                if self._writer is None:
                    from core.backend.writing import Writer

                    self._writer = Writer(self._options.model)
            written = self._writer.write(
                request.prompt,
                begin,
                request.rows,
                request.most_tokens // request.rows,
                self._options.temperature,
                request.number,
            )
        except ModelError as error:
            raise Trouble(error.what.rstrip("."), again=False) from error
        rows = [_closed(begin, text, last=len(free) == 1) for text in written.texts]
        return Reply(text="\n".join(rows), prompt_tokens=written.prompt_tokens, answer_tokens=written.answer_tokens)


def _closed(begin: str, text: str, *, last: bool) -> str:
    """The row with the end that it should have; where one cell alone was to be written, what stands behind it goes."""
    if not last:
        return begin + text
    end = _CELL_END.search(text)
    cell = (text[: end.start()] if end else text).partition("\n")[0].replace('\\"', '"').strip()
    return f"{begin}{json.dumps(cell, ensure_ascii=False)[1:]}}}"


def _open(options: LocalOptions, key: str) -> Ask:  # noqa: ARG001 - there is nobody to show it to
    """Look whether the model is here; it is loaded when it is asked.

    Raises:
        SettingsError: It is not.
    """
    try:
        note = read_facts(options.model).note
    except ModelError as error:
        raise SettingsError({"model": error.what.rstrip(".")}, error.fix) from error
    if note:
        raise SettingsError({"model": note.rstrip(".")}, "Give a model folder, or take 'starter'.")
    return _Local(options)


def _called(options: LocalOptions) -> str:
    return f"local {options.model.rstrip('/').rpartition('/')[2]}"


TEACHER: Teacher[LocalOptions] = Teacher(
    name="local",
    title="A model here",
    about="A model of this computer: nothing leaves it. Small models write weak rows, and the starter model is far too "
    "small to be a teacher; take it only to see how it goes.",
    options=LocalOptions,
    at_once=1,
    costs=False,
    loads=True,
    open=_open,
    called=_called,
)
