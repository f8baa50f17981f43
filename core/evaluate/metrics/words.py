"""Words of any language, for the metrics that count them."""

import unicodedata

import regex

_SIGNS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}"
_SYLLABLES = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
# A letter with its marks where a script writes no spaces between words, or glues particles to them as Korean does
# (KorQuAD counts letters for that reason: Lim et al., 2019); a run of letters, marks and digits elsewhere. Of English
# text these are the words of the rouge_score library, which knows the letters a to z only and finds no word in a
# Russian or Chinese answer.
_ALONE = rf"[[{_SIGNS}{_SYLLABLES}]&&\p{{L}}]"
_LETTER = regex.compile(rf"{_ALONE}\p{{M}}*", regex.V1)
_WORD = regex.compile(rf"{_ALONE}\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--{_ALONE}]+", regex.V1)


class Words:
    """The words of a text, as a tokenizer that the rouge_score library takes, too."""

    def tokenize(self, text: str) -> list[str]:
        """Lower-case words and, in scripts without spaces, single letters: of "Öl 患者" it is "öl", "患", "者"."""
        found: list[str] = _WORD.findall(unicodedata.normalize("NFC", text.lower()))
        return found


def count_words(text: str) -> float:
    """About how many words a person sees; two letters are a word where no spaces stand between words."""
    words = apart(text).split()
    letters = sum(is_unspaced(word) for word in words)
    return len(words) - letters / 2


def is_unspaced(text: str) -> bool:
    """Whether it has letters of a script that writes no spaces between words, or glues particles to them."""
    return _LETTER.search(text) is not None


def apart(text: str) -> str:
    """The text with blanks around each such letter."""
    return str(_LETTER.sub(lambda letter: f" {letter.group()} ", text))


WORDS = Words()
