"""Run by itself for one metric of the operator's own: rows on stdin, scores or what went wrong on stdout.

In a process of its own a metric that crashes, prints, exits or never ends does nothing to the other ones.
"""

import json
import math
import os
import runpy
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any


def main(path: str) -> None:
    """Score the rows with the function `score` of the file at `path`.

    Raises:
        TypeError: `score` is missing.
        ValueError: It gave something that is no finite number.
    """
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the metric prints is no answer
    at: dict[str, Any] = {"row": None, "line": None}

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Write what went wrong, and in which line of the file."""
        told = f"{kind.__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
        json.dump({"error": told, "line": _line(error, trace, path) or at["line"], "row": at["row"]}, answer)
        answer.flush()

    sys.excepthook = tell
    rows = json.load(sys.stdin)
    found = runpy.run_path(path)
    score: Callable[[str, str], Any] = found.get("score")  # type: ignore[assignment]  # told below
    if not callable(score):
        raise TypeError("it has no function score(reference, answer)")
    at["line"] = getattr(getattr(score, "__code__", None), "co_firstlineno", None)
    scores = []
    for place, (reference, said) in enumerate(rows):
        at["row"] = place
        value = score(reference, said)
        number = float(value) if isinstance(value, int | float) else math.nan
        if not math.isfinite(number):
            raise ValueError(f"score gave {value!r:.80}, which is no finite number")
        scores.append(number)
    about = {name: found.get(name) for name in ("TITLE", "ABOUT", "SOURCE", "HIGHER_IS_BETTER")}
    json.dump({"scores": scores, "about": about}, answer, default=str)
    answer.flush()


def _line(error: BaseException, trace: TracebackType | None, path: str) -> int | None:
    """The line of the file in which it happened; None where it happened elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main(sys.argv[1])
