"""What speaks against tuning, or against this model, before anything is trained."""

from collections.abc import Iterator

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.dataset.splits.divide import precision_of
from core.strategy.catalogue import known
from core.strategy.machine import Machine
from core.strategy.model_facts import ModelFacts

FEW_TEST_ROWS = 30
"""With fewer test rows than this, hardly any difference can be told from chance."""
FEW_ROWS = 50
"""With fewer examples than this, a prompt that holds some of them is the thing to try first."""

CAPPED = frozenset({"gemma2"})
"""Model types whose attention is computed step by step."""


def cautions(split: Split, choice: DataChoice, facts: ModelFacts, machine: Machine) -> Iterator[str]:
    """Sentences for people, the gravest first; none where nothing speaks against it."""
    if facts.note:
        yield facts.note
    if machine.trouble or (machine.gpus and machine.told):
        yield machine.told
    yield from _model(choice, facts)
    rows = split.human
    if rows < FEW_ROWS:
        whose = " by people" if split.generated else ""
        yield (
            f"{rows} examples{whose} are few to tune on. Try a prompt that holds some of them first: an instruct model "
            "may do as well without any training."
        )
    if len(split.test) < FEW_TEST_ROWS:
        yield f"{precision_of(len(split.test), len(split.labels))} More test rows make the result tell more."


def _model(choice: DataChoice, facts: ModelFacts) -> Iterator[str]:
    entry = known(facts.model)
    instruct = entry.instruct if entry else facts.has_chat_template
    if facts.architecture in CAPPED:
        yield (
            f"{facts.title} caps the scores of its attention, which no fused kernel does here: training is slower, and "
            "memory grows with the square of the rows' length."
        )
    if choice.format == "chat" and not (facts.has_chat_template or facts.is_encoder):
        yield (
            f"{facts.title} has no chat template, and your data are chats: its turns would be learned as plain text. "
            "An instruct model of the same family suits them."
        )
    elif not (instruct or facts.is_encoder or choice.format == "plain_text"):
        yield (
            f"{facts.title} looks like a base model, which only continues text. With few examples an instruct model is "
            "the better beginning (survey, section 5.4)."
        )
