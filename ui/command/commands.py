"""Which function performs which sub-command."""

from argparse import Namespace
from collections.abc import Callable

from core.engine import Engine
from ui.command import augment, control, data, judge, push, queue, report, runs, say, serving, study, train, trying
from ui.command.follow import Left

COMMANDS: dict[str, Callable[[Engine, Namespace], int]] = {
    "check": data.check,
    "advise": data.advise,
    "augment": augment.augment,
    "train": train.train,
    "study": study.study,
    "evaluate": runs.evaluate,
    "judge": judge.judge,
    "export": runs.export,
    "push": push.push,
    "import": runs.take_in,
    "serve": serving.serve,
    "report": report.report,
    "try": trying.try_out,
    "runs": runs.runs,
    "stop": control.stop,
    "pause": control.pause,
    "resume": runs.resume,
    "save": control.save,
    "queue": queue.queue,
}


def perform(engine: Engine, given: Namespace) -> int:
    """Perform the command that was given and return the exit code."""
    try:
        return COMMANDS[given.command](engine, given)
    except Left as left:
        say.note(f"\n{left}")
        return 1
