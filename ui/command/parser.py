"""The words that the command line understands."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from core.errors import UserError
from ui.command import judge_words, push_words, try_words
from ui.command.augment_words import add_options
from ui.command.kinds import names, port, positive
from ui.command.refusals import sentence, suggestion
from ui.command.study_words import add_words

GOALS = ("best", "balanced", "least_memory", "fastest")
"""The names of `core.strategy.advise.Goal`; a test keeps the two equal, so that --help need not load the engine."""

DESCRIPTION = "Tune your own language model with a few hundred examples. Without a command it opens the dashboard."
EPILOG = """\
A SOURCE is a file or folder, or a sample's name (legal_clauses, medical_notes, financial_qa).
A MODEL is a hub id, a local folder, or 'starter', the small model that comes with Fewtune.
Exit code: 0 done, 1 the work failed, 2 the input was refused."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises what the rest of the program raises, instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UserError: Always.
        """
        raise UserError(sentence(message), suggestion(message) or f"See '{self.prog} --help'.")


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="fewtune",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_everywhere(default=None)],
        allow_abbrev=False,
    )
    _add_dashboard(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (
        _add_check,
        _add_advise,
        _add_augment,
        _add_train,
        _add_study,
        _add_evaluate,
        _add_judge,
        _add_export,
        _add_push,
        _add_import,
        _add_serve,
        _add_report,
        _add_try,
        _add_runs,
        _add_stop,
        _add_pause,
        _add_resume,
        _add_save,
        _add_queue,
    ):
        add(commands)
    return parser


def _everywhere(*, default: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse.SUPPRESS or a value
    """What may stand before and after a command; only the first of the two parsers brings defaults."""
    shared = Parser(add_help=False, allow_abbrev=False)
    group = shared.add_argument_group("everywhere")
    group.add_argument("--home", type=Path, metavar="DIR", default=default, help="data and runs (~/.fewtune)")
    group.add_argument(
        "--launcher", metavar="NAME", default=default, help="where the work runs: process (default) or thread"
    )
    group.add_argument(
        "--metrics",
        type=Path,
        default=default,
        metavar="DIR",
        help="your own metrics, a Python file each (FEWTUNE_METRICS; the home's metrics folder)",
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=default or False,
        help="answer with JSON on stdout and nothing else there",
    )
    return shared


def _command(commands: Any, name: str, about: str) -> Parser:  # noqa: ANN401 - argparse hides its type
    """A sub-command's own parser."""
    parser: Parser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        parents=[_everywhere(default=argparse.SUPPRESS)],
        allow_abbrev=False,
    )
    return parser


def _add_dashboard(parser: Parser) -> None:
    group = parser.add_argument_group("dashboard")
    group.add_argument("--host", default="127.0.0.1", help="address to listen on; others than 127.0.0.1 need accounts")
    group.add_argument("--port", type=port, default=None, metavar="N", help="port (7860); 0 takes a free one")
    group.add_argument("--auth-file", type=Path, metavar="FILE", help="accounts, one user:password per line")
    group.add_argument(
        "--models",
        type=Path,
        action="append",
        metavar="DIR",
        help="model folders may lie under DIR only (repeatable; FEWTUNE_MODELS); with --host, else under the home",
    )
    group.add_argument("--webhook", metavar="URL", help="tell this address of each run that ends (FEWTUNE_WEBHOOK)")
    _add_limit(group)
    group.add_argument("--demo", action="store_true", help="play the whole walk by itself")
    group.add_argument(
        "--open", action=argparse.BooleanOptionalAction, default=None, help="open the page in the browser"
    )


def _add_check(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "check", "say what is in a file, how it would be read, and what is wrong with it")
    parser.add_argument("source", metavar="SOURCE", help="file, folder, sample, or a hub data set (owner/name)")
    parser.add_argument("--model", default="", metavar="MODEL", help="count lengths in the tokens of this model")
    parser.add_argument("--sheet", default="", metavar="NAME", help="the sheet of a workbook (the first with rows)")
    parser.add_argument(
        "--fix",
        type=names,
        default=[],
        metavar="NAME[=MEND],...",
        help="mend these findings in turn; 'safe' for all that take nothing away; or a conversion's name",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the rows to this .jsonl, .csv or .parquet file")


def _add_advise(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "advise", "recommend a plan for these data, this model and this machine, with reasons")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--model", required=True, metavar="MODEL", help="hub id, local folder, or starter")
    _add_wishes(parser)
    parser.add_argument(
        "--gpu-memory", type=positive, metavar="GIB", help="advise for a GPU of this size instead of this machine"
    )
    parser.add_argument("--measure", action="store_true", help="take a few real steps to forecast the time")
    parser.add_argument(
        "--prompt", action="store_true", help="try worked examples in the prompt first, on the validation rows"
    )
    parser.add_argument(
        "--price", type=positive, metavar="PER_HOUR", help="what an hour of this machine costs, in any money"
    )


def _add_augment(commands: Any) -> None:  # noqa: ANN401
    add_options(_command(commands, "augment", "have a teacher write more training rows, and keep the good ones"))


def _add_train(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "train", "train on these data and score the result on held-out rows")
    parser.add_argument("source", metavar="SOURCE|plan.yaml", help="data, or a plan as 'advise --json' writes it")
    parser.add_argument("--model", metavar="MODEL", help="hub id, local folder, or starter (default)")
    parser.add_argument("--method", metavar="NAME", help="tuning method instead of the advised one")
    _add_wishes(parser)
    _add_settings(parser)
    parser.add_argument("--at", default="", metavar="TIME", help="begin not before 22:30, or '2031-05-17 22:30'")


def _add_study(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "study", "train several variants of a plan and say which to take")
    add_words(parser)
    _add_wishes(parser)
    _add_settings(parser)


def _add_settings(parser: Parser) -> None:
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the plan or of its method; may be given several times",
    )


def _add_wishes(parser: Parser) -> None:
    parser.add_argument("--goal", choices=GOALS, default="balanced", help="what matters most (balanced)")
    parser.add_argument("--budget", action="store_true", help="take the cheapest plan that suits the number of rows")


def _add_evaluate(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "evaluate", "scores of base and tuned model on the held-out test rows")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--again", action="store_true", help="score anew instead of showing the stored scores")
    parser.add_argument("--prompt", action="store_true", help="ask the untuned model the rows with examples, too")


def _add_judge(commands: Any) -> None:  # noqa: ANN401
    judge_words.add_options(_command(commands, "judge", "have a language model compare base and tuned answers"))


def _add_export(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "export", "write the tuned model in a form that runs elsewhere")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "--to", required=True, metavar="FORM", help="adapter, merged, gguf (8 bits), gguf_q4 or gguf_f16"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="a folder, of a run a .zip (default: in its folder)")
    parser.add_argument("--without-weights", action="store_true", help="of a run: only plan, log and scores")


def _add_push(commands: Any) -> None:  # noqa: ANN401
    push_words.add_words(_command(commands, "push", "upload a finished export to the Hugging Face hub, after asking"))


def _add_import(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "import", "take in a run that 'export RUN --to run' wrote elsewhere")
    parser.add_argument("file", type=Path, metavar="FILE.zip")


def _add_serve(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "serve", "serve the merged export to programs on this machine, until Ctrl+C")
    parser.add_argument("run", metavar="RUN")


def _add_report(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "report", "write all that is known of a run or a study as one document to give away")
    parser.add_argument("run", metavar="RUN", help="or a study: s1")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (report-RUN.html here); - prints it")
    parser.add_argument("--format", choices=("html", "md"), default="", help="html (default), or md; FILE's ending too")


def _add_try(commands: Any) -> None:  # noqa: ANN401
    try_words.add_words(_command(commands, "try", "let base and tuned model answer a prompt, side by side"))


def _add_runs(commands: Any) -> None:  # noqa: ANN401
    _command(commands, "runs", "list all runs, newest first")


def _add_stop(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "stop", "ask a run to stop; its best weights so far are kept")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--now", action="store_true", help="at once, without saving anything more")


def _add_pause(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "pause", "let a run wait before its next step; 'resume' lets it go on")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--free", action="store_true", help="save, and free its memory and the device meanwhile")


def _add_save(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "save", "ask a run for a checkpoint at the end of its next step")
    parser.add_argument("run", metavar="RUN")


def _add_resume(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "resume", "go on with a run that is paused, or was stopped, failed or lost")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--new", action="store_true", help="start a new run from its best weights instead")
    parser.add_argument(
        "--smaller", action="store_true", help="the same in less memory, with the same rows per optimizer step"
    )


def _add_queue(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "queue", "list the runs that wait, and change their order")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--first", metavar="RUN", help="let it begin before all others that wait")
    act.add_argument("--up", metavar="RUN", help="let it begin one earlier")
    act.add_argument("--down", metavar="RUN", help="let it begin one later")
    act.add_argument("--out", metavar="RUN", help="take it out")
    act.add_argument("--at", metavar="RUN=TIME", help="let it begin not before a time; without TIME, at its turn")
    act.add_argument("--pause", action="store_true", help="let nothing new begin; the run at work goes on")
    act.add_argument("--go-on", action="store_true", help="let the next begin")
    _add_limit(parser)


def _add_limit(group: Any) -> None:  # noqa: ANN401
    group.add_argument(
        "--at-once", type=int, metavar="N", help="how many runs may be at work together, if their forecasts fit (1)"
    )
    group.add_argument(
        "--room", type=float, metavar="GIB", help="memory that they may hold together (0: all that the device has)"
    )
