"""Keys of endpoints, in the memory of the server alone: each belongs to one address and goes to no other."""

from urllib.parse import urlsplit


class Keys:
    """The key that was given last, and those that the environment holds."""

    def __init__(self, own: dict[str, str] | None = None) -> None:
        """`own` are keys of whoever started the server, by address."""
        self._own = dict(own or {})
        self._given: dict[str, str] = {}

    def remember(self, address: str, key: str) -> None:
        """Keep a key until the server ends, for this address alone; nothing happens where none was given."""
        if key:
            self._given = {address: key}

    def of(self, address: str) -> str:
        """The key of an address; empty where none was given, or it was given for another one."""
        return self._given.get(address) or self._own.get(address, "")

    def is_own(self, address: str) -> bool:
        """Whether the key comes from the environment."""
        return address in self._own and address not in self._given


def holds_secret(value: str) -> bool:
    """Whether an address has a name, a password or a query in it."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return bool(parts.scheme and (parts.username or parts.password or parts.query))
