"""What is asked of a judge: everything that decides it but the key, which is kept nowhere."""

import hashlib
import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.augment.spend import Limits
from core.augment.teachers.openai import OpenaiOptions
from core.errors import SettingsError
from core.judge.pairs import CRITERIA
from core.problems import problems_of

_ENDPOINT = ("url", "model", "timeout")
_LIMITS = tuple(Limits.model_fields)


class JudgeOrder(BaseModel):
    """One judging of a run's answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    endpoint: OpenaiOptions
    criteria: Annotated[
        str,
        Field(min_length=1, max_length=8000, title="Criteria", description="What makes an answer better, in words."),
    ] = CRITERIA
    rows: Annotated[int, Field(ge=0, title="Rows", description="Drawn by lot; 0 asks of all.")] = 0
    seed: int = 7
    limits: Limits = Limits()
    again: bool = False
    """Whether what was answered without a verdict is asked once more."""

    @property
    def host(self) -> str:
        """Whom the rows go to, where that is not this computer; else empty."""
        return leaves_to(self.endpoint.url)


def read_order(run_id: str, typed: Mapping[str, Any]) -> JudgeOrder:
    """An order from untrusted values: url, model, timeout, criteria, rows, again, prices and caps.

    Raises:
        SettingsError: Lists all that is wrong.
    """
    raw: dict[str, Any] = {name: typed[name] for name in typed if name not in (*_ENDPOINT, *_LIMITS)}
    raw["endpoint"] = {name: typed[name] for name in _ENDPOINT if name in typed} | {"temperature": 0.0}
    raw["limits"] = {name: typed[name] for name in _LIMITS if name in typed}
    try:
        return JudgeOrder(run=run_id, **raw)
    except ValidationError as error:
        problems = {name.rpartition(".")[2]: problem for name, problem in problems_of(error, "order").items()}
        raise SettingsError(problems) from error


def folder_of(run_folder: Path, order: JudgeOrder) -> Path:
    """Where the answers of one judge by one set of criteria lie."""
    told = json.dumps([order.endpoint.url, order.endpoint.model, order.criteria.strip()])
    return run_folder / "judge" / hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def leaves_to(url: str) -> str:
    """The host of an address that is not this computer; empty where it is, or where there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    if host == "localhost":
        return ""
    try:
        return "" if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host
