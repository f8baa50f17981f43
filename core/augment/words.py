"""Texts as words, in any script."""

import re

# Words of any alphabet, and each sign of a script that writes no spaces, as ROUGE-L counts them here.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def words_of(text: str) -> list[str]:
    """The words, in lower case."""
    return _WORD.findall(text.lower())


def folded(text: str) -> str:
    """The words alone: equal for texts that differ in case, marks and space only."""
    return " ".join(words_of(text)) or " ".join(text.split())
