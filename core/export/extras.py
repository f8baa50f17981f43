"""What an exporter needs beyond Fewtune's own packages, and how to get it. Nothing of it is loaded to find out."""

import importlib.util
from collections.abc import Iterable

from core.errors import MachineError


def missing(modules: Iterable[str]) -> list[str]:
    """Those of `modules` that are not installed."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


def how_to_install(extra: str) -> str:
    """The command that brings an optional part of Fewtune."""
    return f'pip install "fewtune[{extra}]"'


def check_installed(what: str, extra: str, modules: Iterable[str]) -> None:
    """Make sure that `what` can be done here.

    Raises:
        MachineError: A package is missing; says which, and how to install them.
    """
    absent = missing(modules)
    if absent:
        raise MachineError(
            f"{what} needs packages that are not installed here: {', '.join(absent)}.",
            f"Install them with: {how_to_install(extra)}",
        )
