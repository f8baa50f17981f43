"""`report`: a run or a study as one document."""

from argparse import Namespace
from pathlib import Path

from core.engine import Engine
from core.errors import UserError
from core.study.study import is_id, read_id
from ui.command import say

_FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md"}


def report(engine: Engine, given: Namespace) -> int:
    """Write the report, and say where.

    Raises:
        UserError: The file cannot be written, or is there already.
    """
    form = given.format or _FORMATS.get(given.out.suffix.lower() if given.out else "", "html")
    told = (
        engine.studies.written(read_id(given.run), form)
        if is_id(given.run)
        else engine.reports.written(given.run, form)
    )
    document = told.encode("utf-8", "replace").decode("utf-8")
    if given.out == Path("-"):
        say.answer({"run": given.run, "report": document}) if given.json else say.tell(document)
        return 0
    out = given.out or Path(f"report-{given.run}.{form}")
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(document)
    except FileExistsError as error:
        raise UserError(f"{out} is there already.", "Name another file with --out, or remove it.") from error
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}.", "Name another file with --out.") from error
    if given.json:
        say.answer({"run": given.run, "file": str(out), "format": form})
    else:
        say.tell(str(out))
    return 0
