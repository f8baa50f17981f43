"""The tuning methods, one file each."""

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from core.errors import SettingsError
from core.registry import Registry
from core.strategy.methods import adapter, biases, full, ia3, last_blocks, lora, norms, oft, prefix, prompt, qlora
from core.strategy.methods.method import Method

METHODS: Registry[Method[Any]] = Registry(
    "tuning method",
    [
        qlora.METHOD,
        lora.METHOD,
        adapter.METHOD,
        full.METHOD,
        last_blocks.METHOD,
        oft.METHOD,
        ia3.METHOD,
        norms.METHOD,
        biases.METHOD,
        prefix.METHOD,
        prompt.METHOD,
    ],
)  # most recommended first, and behind those that advice compares the others


def read_options(method: str, raw: Mapping[str, Any]) -> BaseModel:
    """Build the options of `method` from untrusted values; what is missing takes its default.

    Raises:
        NotFoundError: There is no such method.
        SettingsError: A value is misspelt or out of range; lists all, under "options.<field>".
    """
    kind: type[BaseModel] = METHODS[method].options
    try:
        return kind(**raw)
    except ValidationError as error:
        problems = {
            ".".join(["options", *map(str, e["loc"])]): _problem(method, kind, str(e["loc"][0]), e["type"], e["msg"])
            for e in error.errors()
        }
        raise SettingsError(problems) from error


def _problem(method: str, kind: type[BaseModel], field: str, type_: str, message: str) -> str:
    if type_ != "extra_forbidden":
        return message
    title = METHODS[method].title
    close = difflib.get_close_matches(field, kind.model_fields, n=1)
    if close:
        return f"{title} has no such option; did you mean {close[0]!r}?"
    known = ", ".join(kind.model_fields)
    return f"{title} has no such option; it has {known}" if known else f"{title} has no options"
