"""Which function performs which sub-command."""

from argparse import Namespace
from collections.abc import Callable

from core.engine import Engine
from ui.command import data, runs, train

COMMANDS: dict[str, Callable[[Engine, Namespace], int]] = {
    "check": data.check,
    "advise": data.advise,
    "train": train.train,
    "evaluate": runs.evaluate,
    "export": runs.export,
    "runs": runs.runs,
    "stop": runs.stop,
    "resume": runs.resume,
}
