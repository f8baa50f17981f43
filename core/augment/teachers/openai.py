"""Any endpoint that speaks as OpenAI's chat completions do: a service, or a server of your own (vLLM, Ollama, ...).

What comes back is believed only as far as it is what was asked for: no redirect is followed, an answer has a largest
size and a latest time, and no message of ours repeats the key or what the endpoint says in case of an error.
"""

import ipaddress
import json
import logging
import time
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from core.augment.teachers.teacher import Question, Reply, Teacher, Trouble
from core.errors import SettingsError

MOST_BYTES = 4 * 2**20
"""Of an answer; a hundred times what eight rows take."""
_LONGEST_WAIT = 60.0
_CHARACTERS_A_TOKEN = 4


class OpenaiOptions(BaseModel):
    """Where the teacher is, and how it writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[
        str, Field(title="Address", description="Up to before /chat/completions, such as http://127.0.0.1:8000/v1.")
    ] = "https://api.openai.com/v1"
    model: Annotated[str, Field(min_length=1, max_length=200, title="Model", description="As the endpoint calls it.")]
    temperature: Annotated[
        float, Field(ge=0, le=2, title="Temperature", description="1 as in Alpaca; lower is less varied.")
    ] = 1.0
    timeout: Annotated[
        float, Field(gt=0, le=600, title="Time limit", description="Seconds until an answer must be complete.")
    ] = 120.0


def connect(options: OpenaiOptions, key: str) -> "Endpoint":
    """Check the address; nothing is asked yet.

    Raises:
        SettingsError: It is no address that may be asked.
    """
    parts = urlsplit(options.url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or any(ord(c) <= 32 for c in options.url):
        raise SettingsError({"url": "is no address such as http://127.0.0.1:8000/v1"})
    if parts.username or parts.password or parts.query:
        raise SettingsError({"url": "may hold no name, password or query: the key has a place of its own"})
    if _is_link_local(host):
        raise SettingsError({"url": f"{host} is an address of the machine's own network services"})
    if not key.isascii() or any(ord(c) <= 32 for c in key):
        raise SettingsError({"key": "holds characters that no key has"})
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it names each address that is asked
    return Endpoint(options, key)


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


class Endpoint:
    """Asks one question at a time of each thread that calls it."""

    def __init__(self, options: OpenaiOptions, key: str) -> None:
        self._options = options
        self._key = key

    def __call__(self, request: Question) -> Reply:
        """Ask once.

        Raises:
            Trouble: There is no answer, or none that can be used.
        """
        import httpx

        latest = time.monotonic() + self._options.timeout
        try:
            with (
                httpx.Client(timeout=self._options.timeout, follow_redirects=False) as client,
                client.stream("POST", self._address, json=self._body(request), headers=self._headers) as answer,
            ):
                _check_status(answer.status_code, answer.headers.get("retry-after", ""))
                content = _read(answer.iter_bytes(), latest)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Trouble("it cannot be reached", again=True) from None
        except httpx.TimeoutException:  # it may have been paid: asking the same again might pay twice
            raise Trouble("no answer in time", again=False, paid=True) from None
        except httpx.HTTPError as error:  # its text may repeat the address
            raise Trouble(f"the connection broke ({type(error).__name__})", again=False, paid=True) from None
        return _reply(content, request)

    @property
    def _address(self) -> str:
        return f"{self._options.url.rstrip('/')}/chat/completions"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def _body(self, request: Question) -> dict[str, Any]:
        return {
            "model": self._options.model,
            "temperature": self._options.temperature,
            "max_tokens": request.most_tokens,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
        }


def _check_status(status: int, retry_after: str) -> None:
    if status in {401, 403}:
        raise Trouble(f"it does not accept the key ({status})", again=False)
    if 300 <= status < 400:
        raise Trouble(f"it answered with a redirect ({status}), which is not followed", again=False)
    if status in {408, 429} or status >= 500:
        raise Trouble(f"it answered {status}", again=True, wait=_seconds(retry_after))
    if status != 200:
        raise Trouble(f"it refused the request ({status})", again=False)


def _seconds(retry_after: str) -> float:
    """What a Retry-After header asks for, in seconds; 0 where it asks for nothing that can be understood."""
    try:
        wait = float(retry_after)
    except ValueError:
        try:
            wait = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError):
            return 0.0
    return min(_LONGEST_WAIT, max(0.0, wait)) if wait == wait else 0.0  # not a number


def _read(chunks: Any, latest: float) -> bytes:  # noqa: ANN401 - an iterator of httpx
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise Trouble(f"its answer is longer than {MOST_BYTES // 2**20} MiB", again=False, paid=True)
        if time.monotonic() > latest:
            raise Trouble("no answer in time", again=False, paid=True)
    return bytes(content)


def _reply(content: bytes, request: Question) -> Reply:
    try:
        said = json.loads(content)
        text = said["choices"][0]["message"]["content"]
        usage = said.get("usage") or {}
        prompt, answer = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Trouble("its answer is none that this interface gives", again=False, paid=True) from None
    if not isinstance(text, str) or not text.strip():
        raise Trouble("its answer is empty", again=False, paid=True)
    counted = prompt > 0 and answer > 0
    return Reply(
        text=text,
        prompt_tokens=prompt if counted else tokens_of(request.prompt),
        answer_tokens=answer if counted else tokens_of(text),
        counted=counted,
    )


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return len(text) // _CHARACTERS_A_TOKEN + 1


def _called(options: OpenaiOptions) -> str:
    return f"openai {options.model}"


TEACHER: Teacher[OpenaiOptions] = Teacher(
    name="openai",
    title="An endpoint",
    about="Any service or server that speaks as OpenAI's chat completions do. A larger model writes better rows.",
    options=OpenaiOptions,
    at_once=4,
    costs=True,
    open=connect,
    called=_called,
)
