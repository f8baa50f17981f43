"""The formats a file may have, one file each."""

from core.dataset.formats import (
    chat,
    instruction,
    labelled_text,
    multi_label,
    plain_text,
    preference,
    prompt_completion,
    question_answer,
    text_pair,
)
from core.dataset.formats.format import Format
from core.registry import Registry

FORMATS: Registry[Format] = Registry(  # most specific first: of two that fit equally well, the first is taken
    "data format",
    [
        chat.FORMAT,
        preference.FORMAT,
        instruction.FORMAT,
        question_answer.FORMAT,
        prompt_completion.FORMAT,
        text_pair.FORMAT,
        labelled_text.FORMAT,
        multi_label.FORMAT,
        plain_text.FORMAT,
    ],
)
