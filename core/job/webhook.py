"""A webhook: an address of the operator's that hears of each run that ends."""

import logging
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

from core.errors import SettingsError, UserError
from core.job.endings import Ending

_TIMEOUT_SECONDS = 10.0
_PAUSES = (1.0, 4.0, 15.0)
"""Seconds before each further try."""
_FIX = "The run is not touched by that. The address is set where Fewtune is started."


class Webhook:
    """Posts a small JSON to one address. Who may start the program may name it; nobody who visits a page can.

    The address may hold a secret, so that no message of ours repeats more of it than its host.
    """

    def __init__(self, url: str, pauses: Sequence[float] = _PAUSES, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Take the address.

        Raises:
            SettingsError: It is no address of the web.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or any(ord(c) <= 32 for c in url):
            raise SettingsError(
                {"webhook": "is no address such as https://example.org/hook"}, "Give --webhook or FEWTUNE_WEBHOOK anew."
            )
        self._url = url
        self._host = parts.hostname
        self._pauses = pauses
        self._timeout = timeout
        # It names each address that is asked.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def __call__(self, ending: Ending, closing: threading.Event) -> None:
        """Tell of an end, again after a while where nobody answers; `closing` ends the waiting.

        Raises:
            UserError: Nobody took it.
        """
        problem = ""
        for pause in (0.0, *self._pauses):
            if pause and closing.wait(pause):
                break
            again, problem = self._post(ending)
            if not problem:
                return
            if not again:
                break
        raise UserError(f"The webhook at {self._host} was not told of the end: {problem}.", _FIX)

    def _post(self, ending: Ending) -> tuple[bool, str]:
        """Whether another try makes sense, and what went wrong; empty where nothing did."""
        import httpx

        try:
            with (
                httpx.Client(timeout=self._timeout, follow_redirects=False) as client,
                client.stream("POST", self._url, json=ending.as_json()) as answer,  # its body is nobody's business
            ):
                status = answer.status_code
        except httpx.TimeoutException:
            return True, f"no answer within {self._timeout:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # their texts may repeat the address
            return True, f"it cannot be reached ({type(error).__name__})"
        if status < 300:
            return False, ""
        if status < 400:
            return False, f"it answered with a redirect ({status}), which is not followed"
        return status >= 500 or status in {408, 429}, f"it answered {status}"
