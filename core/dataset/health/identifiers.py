"""Signs by which a person can be found, and where they stand in a text: precise rather than complete."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Span:
    """One sign in a text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of sign."""

    name: str
    one: str
    many: str
    mask: str
    """What is written in its place."""
    find: Callable[[str, Sequence[str]], Iterator[tuple[int, int]]]
    """Takes a text and the regions whose telephone numbers are known; gives starts and ends."""


_NUMBER = re.compile(r"\d(?:[ ().\u00a0/–-]{0,2}\d){6}|\d\.\d{1,3}\.\d{1,3}\.\d")
"""What all signs but an e-mail address hold; most texts need no closer look."""
_EMAIL = re.compile(
    r"(?<![\w.%+-])[a-z0-9][\w.+-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?![\w-])", re.IGNORECASE
)
_NOBODY = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.\w+|[\w-]+\.(?:example|invalid|test|local)|domain\.com|yourdomain\.\w+|email\.com)$|^x+@",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(
    r"(?<![\w.-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([ -])\d{6}\2\d{5}|\d{15,16})(?![\w-]|\.\d)"
)
_CARD_BRANDS = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35\d{14}"
)
_CARD_WORDS = re.compile(r"card|visa|master|amex|credit|debit|karte|carte|tarjeta", re.IGNORECASE)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])")
_SSN_WORDS = re.compile(r"\bssn\b|social security", re.IGNORECASE)
_IP = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)")
_NO_IP = re.compile(
    r"(?:version|ver\.?|v|release|section|sec\.?|§+|article|clause|paragraph|chapter|item|no\.?|figure|table)\s*$",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,$€£/%#+-])(?:\+\d|\(\+?\d|\d)[\d ().\u00a0/–-]{6,20}\d(?![\w%]|[.,]\d)")
_PHONE_WORDS = re.compile(
    r"\b(?:tele)?(?:phone|fax|mobile|cell|call(?:ed|ing)?|tel|dial|contact|whatsapp|text me|reach|"
    r"telefon\w*|mobil|handy|rufnummer|anruf\w*|tél|téléphone|teléfono|telefono|telefoon)\b",
    re.IGNORECASE,
)
_NEAR = 40
"""Characters before a number in which a word says what it is."""


def spans(text: str, regions: Sequence[str]) -> list[Span]:
    """The signs in `text`, none inside another, in order."""
    if "@" not in text and not _NUMBER.search(text):
        return []
    found = chain.from_iterable(
        (Span(kind.name, start, end) for start, end in kind.find(text, regions)) for kind in KINDS
    )
    chosen: list[Span] = []
    for span in found:  # of two that overlap, the kind that is named first
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def _before(text: str, start: int) -> str:
    return text[max(0, start - _NEAR) : start]


def _emails(text: str, _: Sequence[str]) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (found.span() for found in _EMAIL.finditer(text) if not _NOBODY.search(found[0]))


def _ibans(text: str, _: Sequence[str]) -> Iterator[tuple[int, int]]:
    from stdnum import iban

    for found in _IBAN.finditer(text):
        candidate = found[0]
        while candidate:  # capital words that follow are not part of it
            if iban.is_valid(candidate):
                yield found.start(), found.start() + len(candidate)
                break
            candidate = candidate.rpartition(" ")[0]


def _cards(text: str, _: Sequence[str]) -> Iterator[tuple[int, int]]:
    from stdnum import luhn

    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        told = len(digits) < len(found[0]) or _CARD_WORDS.search(_before(text, found.start()))
        if told and _CARD_BRANDS.fullmatch(digits) and luhn.is_valid(digits):
            yield found.span()


def _social_security(text: str, _: Sequence[str]) -> Iterator[tuple[int, int]]:
    for found in _SSN.finditer(text):
        if _SSN_WORDS.search(_before(text, found.start())):
            yield found.span()


def _phones(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    for found in _PHONE.finditer(text):
        if sum(map(str.isdigit, found[0])) < 9:
            continue
        yield from _phone_in(text, found.start(), found.end(), regions)


def _phone_in(text: str, start: int, end: int, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    import phonenumbers

    international = text[start : start + 2].lstrip("(").startswith("+")
    told = bool(_PHONE_WORDS.search(_before(text, start)))
    # Digits in groups of a list or a table look like a number too: without a word for it, marks must group them.
    if not international and not told and not re.search(r"\(\d{3}\)|\d-\d{3}-\d{4}\b", text[start:end]):
        return
    leniency = phonenumbers.Leniency.VALID if international else phonenumbers.Leniency.STRICT_GROUPING
    for region in ("ZZ",) if international else regions:
        matches = list(phonenumbers.PhoneNumberMatcher(text[start:end], region, leniency))
        if matches:
            yield from ((start + match.start, start + match.end) for match in matches)
            return


def _addresses(text: str, _: Sequence[str]) -> Iterator[tuple[int, int]]:
    import ipaddress

    if text.count(".") < 3:
        return
    for found in _IP.finditer(text):
        small = all(int(part) < 32 for part in found[0].split("."))  # a numbered section or a version
        if not small and not _NO_IP.search(_before(text, found.start())) and ipaddress.ip_address(found[0]).is_global:
            yield found.span()


KINDS = (
    Kind("email", "e-mail address", "e-mail addresses", "[EMAIL]", _emails),
    Kind("iban", "bank account number", "bank account numbers", "[IBAN]", _ibans),
    Kind("card", "card number", "card numbers", "[CARD]", _cards),
    Kind("ssn", "social security number", "social security numbers", "[SSN]", _social_security),
    Kind("phone", "telephone number", "telephone numbers", "[PHONE]", _phones),
    Kind("ip", "IP address", "IP addresses", "[IP]", _addresses),
)
