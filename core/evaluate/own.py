"""Metrics of the operator's own: small Python files in a folder, never anything that came through the page.

A file `speaks_of_money.py` holds a function and, if it likes, a few words about itself:

    TITLE = "Speaks of money"
    ABOUT = "Share of the answers that name a sum, as their reference does."
    HIGHER_IS_BETTER = True

    def score(reference: str, answer: str) -> float:
        return float("$" in answer) if "$" in reference else 1.0

`score` is asked once for each held-out row and model. The metric is the mean of its numbers; where all of them lie
between 0 and 1 it is shown in percent, where all of them are 0 or 1 it is tested as a share.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

from core.errors import Stopped, UserError
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import WRITTEN, Answer, Family, Metric, mean_parts, ratio

FOLDER = "FEWTUNE_METRICS"
"""The environment variable that names the folder; without it, `metrics` in the home."""
SECONDS = 300
"""That one file may take for all rows of both models."""
_WORKER = Path(__file__).with_name("own_worker.py")
_LOOK = 0.1
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_folder(folder: Path) -> Path:
    """The folder, absolute, that the operator names.

    Raises:
        UserError: There is no such folder.
    """
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise UserError(f"There is no folder {str(place)!r} for metrics.", "Make it, or name another with --metrics.")
    return place


def own_metrics(home: Path, answers: Sequence[Answer], stopping: Flag) -> tuple[list[Metric], list[str]]:
    """The operator's metrics with their scores of `answers`, and what went wrong with others: file, line, what to do.

    Files are told by name alone: the page is not only the operator's.

    Raises:
        Stopped: `stopping` was set.
    """
    named = os.environ.get(FOLDER)
    folder = Path(named) if named else home / "metrics"
    metrics, problems = [], []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        found = _metric(path, answers, stopping)
        if isinstance(found, Metric):
            metrics.append(found)
        else:
            problems.append(found)
    return metrics, problems


def _metric(path: Path, answers: Sequence[Answer], stopping: Flag) -> Metric | str:
    """The metric of a file, or what is wrong with it."""
    name = path.stem
    if not _NAME.fullmatch(name):
        return f"{path.name} is no metric: its name may hold a to z, digits and underscores. Rename the file."
    if name in METRICS:
        return f"{path.name} is called as one of Fewtune's own metrics. Rename the file."
    asked = list(dict.fromkeys((answer.reference, answer.text) for answer in answers))
    told = _ask(path, asked, stopping)
    if isinstance(told, str):
        return told
    if "error" in told:
        return _wrong(path, told, asked)
    return _built(name, dict(zip(asked, told["scores"], strict=True)), told["about"])


def _ask(path: Path, rows: Sequence[tuple[str, str]], stopping: Flag) -> dict[str, Any] | str:
    """What the file's process answers, or why it does not.

    Raises:
        Stopped: `stopping` was set.
    """
    with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as answer:
        wanted.write(json.dumps(rows).encode())
        wanted.seek(0)
        command = [sys.executable, "-P", str(_WORKER), str(path)]
        with subprocess.Popen(command, stdin=wanted, stdout=answer, stderr=subprocess.DEVNULL) as process:
            try:
                ended = _wait(process, stopping)
            finally:
                process.kill()
        if not ended:
            return f"{path.name} took longer than {SECONDS} seconds for {len(rows):,} answers. Make its score faster."
        answer.seek(0)
        said = answer.read()
    try:
        told: dict[str, Any] = json.loads(said)
    except ValueError:
        code = process.returncode
        return f"{path.name} ended its process with code {code} instead of scoring. Let its score return a number."
    return told


def _wait(process: "subprocess.Popen[bytes]", stopping: Flag) -> bool:
    """Whether the process ended by itself in time.

    Raises:
        Stopped: `stopping` was set.
    """
    began = time.monotonic()
    while process.poll() is None:
        if stopping.wait(_LOOK):
            raise Stopped("Stopped while scoring.")
        if time.monotonic() - began > SECONDS:
            return False
    return True


def _wrong(path: Path, told: Mapping[str, Any], rows: Sequence[tuple[str, str]]) -> str:
    line = f", line {told['line']}" if told.get("line") else ""
    at = ""
    if told.get("row") is not None:
        reference, answer = (json.dumps(text[:60], ensure_ascii=False) for text in rows[told["row"]])
        at = f" at the reference {reference} and the answer {answer}"
    return f"{path.name}{line}: {told['error'].rstrip('.')}{at}. Mend the file and score again."


def _built(name: str, scores: Mapping[tuple[str, str], float], about: Mapping[str, Any]) -> Metric:
    def score(answer: Answer) -> float:
        return scores[answer.reference, answer.text]

    values = set(scores.values())
    share = all(0 <= value <= 1 for value in values)
    title = str(about.get("TITLE") or name.replace("_", " ").capitalize())
    higher = about.get("HIGHER_IS_BETTER")
    return Metric(
        name=name,
        title=title,
        about=str(about.get("ABOUT") or f"The mean of what {name}.py gives."),
        source=str(about.get("SOURCE") or f"{name}.py, a metric of your own."),
        unit="%" if share else "",
        range=(0.0, 1.0) if share else (min(values), max(values)),
        higher_is_better=True if higher is None else bool(higher),
        families=frozenset({Family.LABELS, *WRITTEN}),
        binary=values <= {0.0, 1.0},
        score_row=score,
        parts=mean_parts(score),
        combine=ratio,
    )
