"""The formats of a document."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from core.document.markdown import markdown
from core.document.page import page
from core.document.parts import Section
from core.errors import NotFoundError

Write = Callable[[str, Sequence[Section]], str]
FORMATS: Mapping[str, Write] = MappingProxyType({"html": page, "md": markdown})
"""Ending of a document's name to what writes it."""


def writer_of(form: str) -> Write:
    """What writes documents of a format.

    Raises:
        NotFoundError: There is no such format.
    """
    if form not in FORMATS:
        raise NotFoundError(f"There is no report as {form!r}.", f"Take {' or '.join(FORMATS)}.")
    return FORMATS[form]
