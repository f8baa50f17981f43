"""Who may sign in: a file of names and passwords."""

import os
import stat
from pathlib import Path

from core.errors import UserError


def read_accounts(path: Path) -> list[tuple[str, str]]:
    """Read lines of `user:password`; empty lines and lines that begin with `#` are left out.

    Raises:
        UserError: The file cannot be read, others can read it too, a line is not `user:password`, or none is there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The file of accounts {path} cannot be read: {_reason(error)}.",
            "Give --auth-file a text file with one user:password per line.",
        ) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(
            f"Others on this machine can read or change the passwords in {path} (mode {stat.S_IMODE(mode):o}).",
            f"Run: chmod 600 {path}",
        )
    accounts = _parse(text, path)
    if not accounts:
        raise UserError(f"There is no account in {path}.", "Write one user:password per line.")
    return list(accounts.items())


def _parse(text: str, path: Path) -> dict[str, str]:
    """Names and passwords; a message names the line and never shows it, since it may hold a password.

    Raises:
        UserError: Lines are not `user:password`; lists all of them.
    """
    accounts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, password = line.partition(":")
        name = name.strip()
        if not colon or not name or not password:
            problems[f"line {number}"] = "not of the form user:password"
        elif name in accounts:
            problems[f"line {number}"] = "the user stands on an earlier line too"
        else:
            accounts[name] = password
    if problems:
        listed = "; ".join(f"{line}: {problem}" for line, problem in problems.items())
        raise UserError(f"The file of accounts {path} has mistakes: {listed}.", "Mend these lines.", problems)
    return accounts


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return (error.strerror or str(error)).lower()
