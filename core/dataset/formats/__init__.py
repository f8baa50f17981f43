"""The formats a file may have, one file each."""

from core.dataset.formats import chat, instruction, labelled_text, prompt_completion, question_answer
from core.dataset.formats.format import Format
from core.registry import Registry

FORMATS: Registry[Format] = Registry(  # most specific first: of two that fit equally well, the first is taken
    "data format",
    [chat.FORMAT, instruction.FORMAT, question_answer.FORMAT, prompt_completion.FORMAT, labelled_text.FORMAT],
)
