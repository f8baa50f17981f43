"""The guide's studies on the bundled samples: methods, ranks and numbers of examples, for the docs.

`python -m tests.benchmarks.guide_studies HOME` runs the nine studies, one after the other, in the home folder `HOME`;
begun again, it goes on where it was; `... HOME financial_qa` those of one sample. `... HOME --write` draws figures into
`docs/the-guides-studies/` and prints the tables for `docs/the-guides-studies.md`. An hour or two on two cores.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs" / "the-guides-studies"
TASKS = ("legal_clauses", "medical_notes", "financial_qa")
KINDS = ("methods", "rank", "rows")
STYLE = """<style>text{font:12px system-ui,sans-serif;fill:#565e69}.axis{stroke:#dfdfd8;fill:none}
.point{fill:#0072b2}.apart{fill:#b03a00}.reach{stroke:#7d8590;stroke-width:1.6}
.fitted{stroke:#0072b2;fill:none;stroke-dasharray:6 5}</style>
<rect width='100%' height='100%' fill='#fff'/>"""


def main(home: Path, tasks: Sequence[str], *, write: bool) -> None:
    """Run what is missing, or write down what there is."""
    for task in tasks:
        for kind in KINDS:
            found = study(home, task, kind)
            if write and found is not None:
                FIGURES.mkdir(exist_ok=True)
                (FIGURES / f"{task}-{kind}.svg").write_text(figure(home, found["study"]), encoding="utf-8")
                print(f"\n### {task}, {kind}\n\n{table(found)}\n", flush=True)
            elif not write and found is None:
                fewtune(home, "study", task, "--kind", kind)


def study(home: Path, task: str, kind: str) -> dict[str, Any] | None:
    """The finished study of that kind on that sample; None where there is none."""
    for one in json.loads(fewtune(home, "study", "--json"))["studies"]:
        done = all(variant["score"] is not None for variant in one["variants"])
        if one["kind"] == kind and done and one["plan"]["data"]["source"] == task:
            return one
    return None


def table(found: dict[str, Any]) -> str:
    """Scores, intervals and memory of the variants as Markdown; times say more of what else the machine did."""
    lines = ["| | score | 95 % | memory | learned parameters |", "|---|---|---|---|---|"]
    for one in found["variants"]:
        low, high = (100 * end for end in one["interval"])
        held = f"{1024 * one['peak_gib']:.0f} MiB" if one["peak_gib"] else ""
        learned = f"{one['trainable_parameters']:,}" if one["run"] else ""
        score = f"{100 * one['score']:.1f}"
        lines.append(f"| {one['label']} | {score} | {low:.1f} to {high:.1f} | {held} | {learned} |")
    return "\n".join(lines)


def figure(home: Path, name: str) -> str:
    """The figure of the study's own document, with what it needs to stand alone."""
    drawn = re.search(r"<svg.*?</svg>", fewtune(home, "report", name, "--out", "-", "--format", "html"), re.DOTALL)
    if drawn is None:
        raise ValueError(f"The document of {name} holds no figure.")
    return re.sub(r"^<svg ([^>]*)>", rf"<svg xmlns='http://www.w3.org/2000/svg' \1>{STYLE}", drawn[0])


def fewtune(home: Path, *arguments: str) -> str:
    """What the command answers."""
    command = [sys.executable, ROOT / "app.py", "--home", home, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    named = [task for task in TASKS if task in sys.argv]
    main(Path(sys.argv[1]), named or TASKS, write="--write" in sys.argv)
