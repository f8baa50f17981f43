"""A classification head: which plans can have one, and what it adds to what learns and what is held.

A model with a head gives a score for each label instead of writing one: the only way in which an encoder answers.
"""

from dataclasses import replace

from core.dataset.example import Split
from core.dataset.formats import FORMATS
from core.errors import DataError
from core.strategy.architectures import FAMILIES
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan


def refused(plan: Plan, facts: ModelFacts | None) -> dict[str, str]:
    """What of the plan's head cannot work, by field, with what to do instead; None: of the model nothing is known."""
    if plan.head == "text":
        return _text(facts) if facts is not None and facts.is_encoder else {}
    problems = {"head": " ".join(filter(None, (_rows(plan), _model(facts))))}
    if not METHODS[plan.method].heads:
        able = ", ".join(method.title for method in METHODS.values() if method.heads)
        problems["method"] = f"{METHODS[plan.method].title} trains no classification head. Take one of: {able}."
    if plan.prompt_weight:
        problems["prompt_weight"] = "With a head nothing of the prompt is learned. Set it to 0."
    if plan.options.get("init", "default") != "default":
        problems["options.init"] = "Beside a head the matrices start as in plain LoRA. Set it to default."
    return {field: problem for field, problem in problems.items() if problem}


def check_labels(plan: Plan, split: Split) -> None:
    """Refuse rows among whose labels no head can choose.

    Raises:
        DataError: A row that is learned from carries no label, or all carry the same.
    """
    if plan.head == "text":
        return
    unlabelled = [example.row for example in split.before_test if example.label is None]
    if unlabelled:
        rows = f"{len(unlabelled):,} rows carry no label, the first is row {unlabelled[0]}"
        raise DataError(f"{rows}, and a head chooses among labels.", "Give them labels, or set head to text.")
    if len(split.labels) < 2:
        raise DataError("All training rows carry the same label: there is nothing to choose.", "Add other rows.")


def head_parameters(facts: ModelFacts) -> int:
    """Parameters of a head but for the one line per label: an encoder's first layer, or its pooler in that place."""
    return facts.hidden * (facts.hidden + 1) if facts.is_encoder else 0


def without_writing(plan: Plan, facts: ModelFacts) -> ModelFacts:
    """The numbers of the model as the plan loads it: with a head, the layer that gives words stays away."""
    if plan.head == "text" or facts.is_encoder or facts.tied:
        return facts
    return replace(facts, parameters=facts.parameters - facts.vocabulary * facts.hidden, tied=True)


def learned(plan: Plan, facts: ModelFacts) -> int:
    """Parameters that learn under the plan, a head's too."""
    count = METHODS[plan.method].trainable(without_writing(plan, facts), read_options(plan.method, plan.options))
    return count + (head_parameters(facts) if plan.head == "class" else 0)


def _text(facts: ModelFacts) -> dict[str, str]:
    return {"head": f"{facts.title} is an encoder: it reads texts and writes none. Set it to class."}


def _rows(plan: Plan) -> str:
    found = FORMATS.get(plan.data.format)
    if found is None or found.labelled:
        return ""
    able = ", ".join(each.title for each in FORMATS.values() if each.labelled)
    return f"{found.title} has no labels to choose among: read the data as one of {able}, or set it to text."


def _model(facts: ModelFacts | None) -> str:
    if facts is None or FAMILIES[facts.architecture].classes:
        return ""
    return f"transformers has no classification head for models of the type {facts.architecture!r}: set it to text."
