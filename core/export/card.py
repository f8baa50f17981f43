"""What is written beside the weights: how to load and prompt them, and whose licence they are under."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.export.exporter import Exporter, ExportTask
from core.export.facts import describe, metadata, public_name
from core.strategy.methods import METHODS
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

MARK = "fewtune.json"
"""The file by which an export of ours is known; only such a folder is ever replaced."""
_LEGAL = ("LICENSE*", "LICENCE*", "NOTICE*", "COPYING*", "USE_POLICY*")


def base_phrase(model: str) -> str:
    """What stands for the base model in lines of code: its hub id, or which folder to fill in."""
    return model if isinstance(locate(model), str) else f"the folder of the base model {public_name(model)!r}"


def write_card(task: ExportTask, exporter: Exporter, loaded: "Loaded", into: Path) -> None:
    """Write tokenizer, README, licences and mark into the export."""
    plan = task.plan
    if exporter.tokenizer_apart:
        loaded.tokenizer.save_pretrained(str(into))
    legal = _copy_licences(plan.model, into)
    (into / "README.md").write_text(_readme(task, exporter, loaded, legal), encoding="utf-8")
    mark = {"made_by": "fewtune", "exporter": exporter.name, **provenance(plan)}
    (into / MARK).write_text(json.dumps(mark, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def provenance(plan: Plan) -> dict[str, str]:
    """What the weights were made of, without where it lies on this machine."""
    return {
        "model": public_name(plan.model),
        "method": plan.method,
        "data": plan.data.name,
        "data_sha256": plan.data.sha256,
        "split_sha256": plan.data.split,
    }


def _copy_licences(model: str, into: Path) -> list[str]:
    folder = locate(model)
    if isinstance(folder, str):
        return []
    files = sorted({path for pattern in _LEGAL for path in folder.glob(pattern) if path.is_file()})
    for path in files:
        shutil.copyfile(path, into / path.name)
    return [path.name for path in files]


def _readme(task: ExportTask, exporter: Exporter, loaded: "Loaded", legal: list[str]) -> str:
    plan = task.plan
    name, method = public_name(plan.model), METHODS[plan.method]
    base = base_phrase(plan.model)
    sections = [
        metadata(plan, exporter),
        f"# {plan.name or plan.data.name}\n",
        f"{name}, tuned with {method.title} on {plan.data.name}; written by Fewtune as: {exporter.title}.\n",
        f"It needs {exporter.needs}.\n",
        "## Loading\n",
        _code(f'folder = "."  # this folder\n{exporter.loading(plan, base)}'),
        *_plugin(plan),
        *(f"{program}: `{line}`\n" for program, line in exporter.commands(plan, base).items()),
        *(_asked(plan, loaded) if loaded.labels else _prompted(plan, exporter, loaded)),
        *describe(task),
        "## Licence\n",
        f"These weights derive from {name}: its licence and terms hold for them too. {_licences(legal)}\n",
        "The rows it was trained on may carry terms of their own.\n",
    ]
    return "\n".join(sections)


def _prompted(plan: Plan, exporter: Exporter, loaded: "Loaded") -> list[str]:
    if not exporter.tokenizer_apart:
        return ["The file holds the chat template it was trained with, and where an answer ends; so does Modelfile.\n"]
    return [
        "## Prompting\n",
        "The model knows prompts written the way it was trained; others may give endless or garbled answers.\n",
        _code(_prompting(plan, loaded)),
    ]


def _asked(plan: Plan, loaded: "Loaded") -> list[str]:
    from core.backend.tokenised import longest_row

    lines = [
        f'inputs = tokenizer("...", truncation=True, max_length={longest_row(loaded, plan)}, return_tensors="pt")',
        'inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}',
        "probabilities = model(**inputs).logits.softmax(-1)[0]",
        "print({model.config.id2label[place]: float(share) for place, share in enumerate(probabilities)})",
    ]
    told = "The model takes the text alone, without instruction and without chat template, and writes nothing.\n"
    return ["## Asking\n", told, _code("\n".join(lines))]


def _plugin(plan: Plan) -> list[str]:
    if plan.method != "adapter":
        return []
    return [
        "peft itself knows no bottleneck adapters. Install Fewtune and register them first, as above;",
        "without it, loading ends in `KeyError: 'BOTTLENECK'`.\n",
    ]


def _prompting(plan: Plan, loaded: "Loaded") -> str:
    from core.backend.tokens import stop_ids

    stops = stop_ids(loaded.tokenizer, loaded.model)
    instruction = f"{plan.data.instruction}\n\n..." if plan.data.instruction else "..."
    if loaded.tokenizer.chat_template:
        made = [
            f"turns = [{{'role': 'user', 'content': {instruction!r}}}]",
            "inputs = tokenizer.apply_chat_template(",
            '    turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)',
        ]
    else:
        text = f"{instruction}\n\n"
        made = [f'inputs = tokenizer({text!r}, return_tensors="pt")']
    return "\n".join(
        [
            *made,
            f"output = model.generate(**inputs, max_new_tokens=100, do_sample=False, eos_token_id={stops})",
            'print(tokenizer.decode(output[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
        ]
    )


def _licences(legal: list[str]) -> str:
    if legal:
        return f"They lie beside this file: {', '.join(legal)}."
    return "Read them where you got the base model, and keep them with these weights."


def _code(text: Any) -> str:  # noqa: ANN401
    return f"```python\n{text}\n```\n"
