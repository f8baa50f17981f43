"""Every export of every shape of model and method, each loaded in a fresh process: the table of docs/exports.md.

`python -m tests.benchmarks.export_matrix FILE [--shapes ...] [--methods ...] [--exporters ...]` trains tiny models for
real, exports them, adds a line of JSON for each export to FILE and leaves out what stands there already; then it prints
the table of all that FILE holds. Exporters whose packages are missing here are left out and named.
"""

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from core.errors import FewtuneError
from core.events import Exported
from core.export.exporters import EXPORTERS, ExportTask, export
from core.export.extras import missing
from tests.unit.export.shapes import SHAPES, make_shape
from tests.unit.export.tuned_runs import Told, make_model, make_runs

METHODS = ("lora", "qlora", "adapter", "full")


class Folders:
    """What pytest's tmp_path_factory is to the fixtures."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._root))


def runs_of(shape: str, folders: Folders) -> Any:
    """A function from a method to a finished run."""
    folder = folders.mktemp(shape) / shape
    return make_runs(folders, make_model(folders) if shape == "llama" else make_shape(shape, folder))


def measure(run: Any, exporter: str, out: Path) -> dict[str, Any]:
    """Export it and tell how near it came, or why it could not be."""
    reason = EXPORTERS[exporter].available(run.plan)
    if reason:
        return {"refused": reason}
    told, began = Told(), time.monotonic()
    task = ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)
    try:
        export(task, told, threading.Event())
    except FewtuneError as error:
        return {"refused": f"{error.what} {error.fix}"}
    (said,) = told.of(Exported)
    return {"fidelity": said.fidelity, "seconds": time.monotonic() - began, "bytes": said.size_bytes}


def cell(line: dict[str, Any] | None) -> str:
    """What the table says of one export."""
    if line is None:
        return "not measured"
    if "refused" in line:
        return "–"
    fidelity = line["fidelity"]
    sign = "" if fidelity["faithful"] else " ✗"
    if fidelity["by"] == "logits":
        return f"{fidelity['difference']:.0e}{sign}"
    if "exported" not in fidelity:
        return f"not loaded{sign}"
    rise = fidelity["exported"]["loss"] - fidelity["tuned"]["loss"]
    return f"{rise:+.3f}, {fidelity['same_tokens']:.0%}{sign}"


def table(lines: list[dict[str, Any]]) -> str:
    """All lines as Markdown, a row for each model and method."""
    known = {(line["shape"], line["method"], line["exporter"]): line for line in lines}
    rows = [f"| model | method | {' | '.join(EXPORTERS)} |", f"|---|---|{'---|' * len(EXPORTERS)}"]
    for shape in SHAPES:
        for method in METHODS:
            cells = [cell(known.get((shape, method, exporter))) for exporter in EXPORTERS]
            rows.append(f"| {shape} | {method} | {' | '.join(cells)} |")
    return "\n".join(rows)


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--shapes", nargs="*", default=SHAPES)
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--exporters", nargs="*", default=list(EXPORTERS))
    asked = parser.parse_args()
    absent = [name for name in asked.exporters if missing(EXPORTERS[name].modules)]
    exporters = [name for name in asked.exporters if name not in absent]
    done = {(line["shape"], line["method"], line["exporter"]) for line in read(asked.file)}
    with tempfile.TemporaryDirectory() as name:
        folders = Folders(Path(name))
        for shape in asked.shapes:
            runs = runs_of(shape, folders)
            wanted = [(m, e) for m in asked.methods for e in exporters if (shape, m, e) not in done]
            for method, exporter in wanted:
                line = {"shape": shape, "method": method, "exporter": exporter}
                line |= measure(runs(method), exporter, folders.mktemp("out") / exporter)
                with asked.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
    print(table(read(asked.file)))
    print(f"Left out, their packages are missing here: {', '.join(absent) or 'none'}.")


if __name__ == "__main__":
    main()
