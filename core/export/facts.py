"""What a model card tells of how the model was made and how good it is: only what was measured or chosen."""

import json
import re
from pathlib import Path

from core.errors import ModelError
from core.export.exporter import Exporter, ExportTask
from core.strategy.methods import METHODS
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

_LIBRARIES = {"adapter": "peft"} | dict.fromkeys(("merged", "gptq", "awq", "compressed"), "transformers")
_SETTINGS = ("epochs", "learning_rate", "batch_size", "accumulation", "max_length", "schedule", "precision", "seed")
_LICENCE = re.compile(r"^license:\s*[\"']?([\w.-]+)", re.MULTILINE)


def public_name(model: str) -> str:
    """The model's name without where this machine keeps it: a hub id, or a folder's last part."""
    try:
        place = locate(model)
    except ModelError:  # it went away since, and is still called so
        place = Path(model)
    return place if isinstance(place, str) else model.rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def metadata(plan: Plan, exporter: Exporter) -> str:
    """The head of the card, as hubs read it (Hugging Face Hub, Model Cards, "Model card metadata")."""
    base = locate(plan.model)
    lines = {
        "library_name": _LIBRARIES.get(exporter.name, "gguf"),
        "pipeline_tag": "text-classification" if plan.head == "class" else "text-generation",
        "tags": ["fewtune", plan.method],
        "license": licence_of(base) or "other",
    }
    if isinstance(base, str):
        lines["base_model"] = base
    # JSON is YAML, and quotes what a name may hold.
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items()) + "---\n"


def licence_of(base: Path | str) -> str:
    """The licence that the base model's own card names, as hubs abbreviate it; empty where none is here."""
    card = base / "README.md" if isinstance(base, Path) else _cached(base)
    if card is None or not card.is_file():
        return ""
    _, _, rest = card.read_text(encoding="utf-8", errors="replace").partition("---\n")
    found = _LICENCE.search(rest.partition("\n---")[0])
    return found[1] if found else ""


LIMITS = (
    "It was tuned on few examples of one task, and measured on rows of the same kind. Of other tasks, languages and "
    "kinds of text nothing is known; what the base model gets wrong, it may get wrong too."
)


def provenance_lines(plan: Plan) -> list[str]:
    """What the run was made of, a sentence each, without where it lies on this machine."""
    return [
        f"Base model: {public_name(plan.model)}",
        f"Method: {METHODS[plan.method].title} ({METHODS[plan.method].source})",
        f"Data: {plan.data.name}, SHA-256 of the file {plan.data.sha256}",
        f"Split: SHA-256 {plan.data.split or 'not recorded'}",
    ]


def describe(task: ExportTask) -> list[str]:
    """Sections of the card: provenance, scores, energy where it was measured, limits."""
    plan = task.plan
    settings = {name: getattr(plan, name) for name in _SETTINGS} | plan.options
    return [
        "## Provenance\n",
        *(f"- {line}" for line in provenance_lines(plan)),
        f"- Settings: {', '.join(f'{name} {value}' for name, value in settings.items())}\n",
        "## Scores\n",
        task.scores or "This run was not scored on held-out rows.\n",
        *(["## Energy\n", task.energy] if task.energy else []),
        "## Limits\n",
        f"{LIMITS}\n",
    ]


def _cached(model: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, "README.md")
    return Path(found) if isinstance(found, str) else None
