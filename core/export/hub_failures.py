"""What goes wrong between here and a model hub, in words."""

from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import NoReturn

from core.errors import UserError

_LONGEST = 300
_AGAIN = "Push again: what had arrived whole is not sent twice, and nobody sees the model before all of it is there."
_NEW_TOKEN = (
    "Make one that may write, at {hub}/settings/tokens, and type it, set it as HF_TOKEN, or run 'hf auth login'."
)


@dataclass(slots=True)
class Whereabouts:
    """How far a push has come."""

    hub: str
    repo: str
    secret: str = field(repr=False)
    owner: str = ""
    """Whose token it is, as the hub says."""
    sent: int = 0
    """Bytes that went out."""


def refuse_without_token(hub: str) -> NoReturn:
    """Say what nobody gave, and where to get one.

    Raises:
        UserError: Always.
    """
    raise UserError("Pushing needs a token of the hub, and there is none here.", _NEW_TOKEN.format(hub=hub))


def fail(error: Exception, where: Whereabouts) -> NoReturn:
    """Say what the hub or the way to it did, and what to do now.

    Raises:
        UserError: Always.
    """
    what, fix = _told(error, where)
    raise UserError(what, fix) from error


def _told(error: Exception, where: Whereabouts) -> tuple[str, str]:
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    cause = error.__cause__ if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception) else error
    if isinstance(cause, HfHubHTTPError):
        return _refused(cause, where)
    if isinstance(cause, OfflineModeIsEnabled):
        return ("Nothing is pushed while HF_HUB_OFFLINE is set.", "Unset it, restart Fewtune, push again.")
    if isinstance(cause, TransportError):
        return _cut(where)
    if isinstance(cause, JSONDecodeError):
        return (
            f"What answers at {where.hub} is no hub.",
            "See whether HF_ENDPOINT is right, or a network login waits.",
        )
    said = _said(str(cause), where)
    return (f"The push to {where.repo} failed: {said}", "Mend what it names, then push again.")


def _cut(where: Whereabouts) -> tuple[str, str]:
    if where.sent:
        return (f"The connection to {where.hub} was cut after {where.sent / 1e6:,.1f} MB.", _AGAIN)
    return (f"{where.hub} does not answer.", "Check the connection, then push again.")


def _refused(error: Exception, where: Whereabouts) -> tuple[str, str]:
    response = getattr(error, "response", None)
    code = response.status_code if response is not None else 0
    if code in {401, 403} and where.owner:
        mine = f"{where.owner}/{where.repo.rpartition('/')[2]}"
        instead = "" if where.repo == mine else f" Or take a name of your own: {mine}."
        return (
            f"The hub does not let the token of {where.owner} write to {where.repo}: the name belongs to somebody else,"
            " or the token may only read.",
            f"{_new(where)}{instead}",
        )
    if code == 401:
        return ("The hub does not know this token: it is misspelt, ended, or of another hub.", _new(where))
    if code == 429:
        return ("The hub wants fewer questions for a while.", "Wait some minutes, then push again.")
    if code >= 500:
        return (f"The hub has trouble of its own (HTTP {code}).", _AGAIN)
    said = _said(getattr(error, "server_message", None) or str(error), where)
    return (f"The hub refused the push to {where.repo} (HTTP {code}): {said}", "Mend what it names.")


def _new(where: Whereabouts) -> str:
    return _NEW_TOKEN.format(hub=where.hub)


def _said(text: str, where: Whereabouts) -> str:
    """Somebody else's words, on one line, without the token."""
    line = " ".join(text.split())
    if where.secret:
        line = line.replace(where.secret, "…")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
