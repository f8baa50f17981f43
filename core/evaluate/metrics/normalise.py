"""Short answers, made comparable."""

import re
import string
import unicodedata

from core.evaluate.metrics.words import apart, is_unspaced

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_KEPT = re.compile(r"(?<=\d)\.(?=\d)|(?<![\w.])\.(?=\d)|(?<![\w)])-(?=[$€£]?\.?\d)")
_MARKS = str.maketrans("", "", string.punctuation)
_STAND_INS = {".": "\ue000", "-": "\ue001"}
_BACK = str.maketrans({stand_in: mark for mark, stand_in in _STAND_INS.items()})


def normalise(text: str) -> str:
    """Lower case, without punctuation and articles, white space folded.

    Source: the SQuAD evaluation script (Rajpurkar et al., 2016, arXiv 1606.05250), but decimal points and minus signs
    of numbers stay: there "3.5" and "35" are one answer, and in a financial table they are not.
    """
    text = _THOUSANDS.sub("", text.lower().replace("\u2212", "-"))
    text = _KEPT.sub(lambda mark: _STAND_INS[mark.group()], text)
    text = text.translate(_MARKS).translate(_BACK)
    return " ".join(_ARTICLES.sub(" ", text).split())


def comparable(text: str) -> list[str]:
    """The normalised words; where a text has letters of a script without spaces, each such letter is a word.

    Such a text loses punctuation of every alphabet, as in the MLQA evaluation script (Lewis et al., 2020,
    arXiv 1910.07475).
    """
    plain = normalise(text)
    if not is_unspaced(plain):
        return plain.split()
    kept = (" " if unicodedata.category(mark).startswith("P") and mark not in ".-" else mark for mark in plain)
    return apart(unicodedata.normalize("NFC", "".join(kept))).split()
