"""Which language the texts are in, and rows that are in another one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from core.dataset.finding import Finding, counted, dropping, excerpt, listed
from core.dataset.health.check import Check, Inspection
from core.dataset.health.spots import texts_in

_LETTERS = 60
"""Letters at the least of a text that is judged: shorter ones are often misjudged."""
_PROSE = 0.75
"""Share of letters at the least, white space not counted: code, formulas and tables are in no language."""
_SURE = 0.99
_LOOK_AT = 2_000
_SHARE, _ROWS = 0.03, 5
"""The least that a second language has, in share and in rows."""
_CUT = 600
"""Characters of a text that are judged."""
_NAMES = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian",
    "bn": "Bengali", "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer",
    "kn": "Kannada", "ko": "Korean", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian",
    "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "ne": "Nepali",
    "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
"""The languages that are told apart; with all of the library's, short texts are often taken for a rare one."""


@cache
def _identifier() -> Any:  # noqa: ANN401 - its library is not typed
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in _NAMES if code in identifier.nb_classes])
    return identifier


def _language(text: str) -> str:
    """Code of the language of `text`; empty where that is not sure."""
    text = text[:_CUT]
    letters = sum(map(str.isalpha, text))
    wide = sum(1 for letter in text if letter > "\u2e80")  # a sign of Chinese or Japanese says as much as three letters
    if letters + 2 * wide < _LETTERS or letters < _PROSE * len("".join(text.split())):
        return ""
    code, sure = _identifier().classify(text)
    return str(code) if sure >= _SURE else ""


def main_language(inspection: Inspection) -> str:
    """The language of most texts in English, such as "German"; empty where there is too little to judge by."""
    if "language" not in inspection.shared:
        inspection.shared["language"] = language_of(text for _, text in _texts(inspection, 200))
    return str(inspection.shared["language"])


def language_of(texts: Iterable[str]) -> str:
    """The language of most of these texts in English; empty where there is too little to judge by."""
    letters = [re.sub(r"[^\w\s]|\d", " ", text[:200]) for text in texts]
    joined = " ".join(" ".join(letters).split())
    code, sure = _identifier().classify(joined[:20_000]) if len(joined) >= _LETTERS else ("", 0.0)
    return _NAMES[code] if sure >= _SURE else ""


def _texts(inspection: Inspection, most: int) -> Iterator[tuple[tuple[int, str], str]]:
    """Row and column, and text, of the used cells of about `most` training rows, evenly chosen."""
    table = inspection.readings["train"].table
    for place in range(0, len(table.rows), max(1, len(table.rows) // most)):
        for column in inspection.columns:
            if text := " ".join(texts_in(table.rows[place].get(column))).strip():
                yield (table.number(place), column), text


def _run(inspection: Inspection) -> Iterable[Finding]:
    found: dict[str, dict[int, str]] = defaultdict(dict)
    texts: dict[tuple[int, str], str] = {}
    for (row, column), text in _texts(inspection, _LOOK_AT):
        if code := _language(text):
            found[column][row] = code
            texts[row, column] = text
    for column, codes in found.items():
        (main, _), *others = Counter(codes.values()).most_common()
        several = [code for code, count in others if count >= max(_ROWS, _SHARE * len(codes))]
        if several:
            yield _mixed(inspection, column, main, several, texts)


def _mixed(
    inspection: Inspection, column: str, main: str, others: list[str], texts: dict[tuple[int, str], str]
) -> Finding:
    total = len(inspection.readings["train"].table.rows)
    judged = {row: _language(text) for (row, at), text in texts.items() if at == column}
    rows = tuple(row for row, code in judged.items() if code in others)
    names = " and ".join(_NAMES[code] for code in others[:3])
    looked = f" of the {_LOOK_AT:,} looked at" if total >= 2 * _LOOK_AT else ""
    first = excerpt(texts[rows[0], column])
    return Finding(
        name="mixed-language",
        severity="note",
        rows=rows,
        what=f"Most texts in column {column.strip()!r} are {_NAMES[main]}, and {counted(len(rows))}{looked} {names} "
        f"({listed(rows)}).",
        fix=f"Leave them out if the model is to write {_NAMES[main]} only.",
        column=column,
        example=first,
        mends=() if looked else (dropping(f"Leave out what is not {_NAMES[main]}", rows),),
    )


CHECK = Check(name="language", about="the language of the texts", finds=("mixed-language",), run=_run)
