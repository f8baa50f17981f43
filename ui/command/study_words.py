"""The words that `fewtune study` understands."""

from argparse import ArgumentParser

KINDS = ("methods", "rank", "rows", "augmentation", "folds", "seeds")
"""The names of `core.study.kinds.KINDS`; a test keeps the two equal, so that --help need not load the engine."""


def add_words(parser: ArgumentParser) -> None:
    """What a study begins with, and what is done with those that there are."""
    parser.add_argument("source", metavar="SOURCE|plan.yaml", nargs="?", help="data or a plan; without, list studies")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        help="what is varied: the method, rank, training rows, generated rows, tested rows or seed",
    )
    parser.add_argument("--values", default="", metavar="A,B,...", help="which ones (default: the usual ones)")
    parser.add_argument("--model", metavar="MODEL", help="hub id, local folder, or starter (default)")
    parser.add_argument("--method", metavar="NAME", help="tuning method instead of the advised one")
    parser.add_argument("--forecast", action="store_true", help="say what it would take, and begin nothing")
    parser.add_argument("--measure", action="store_true", help="take a few real steps where the time is not known")
    parser.add_argument("--prune", action="store_true", help="give up runs early that cannot win (methods, rank)")
    act = parser.add_argument_group("with a study that there is").add_mutually_exclusive_group()
    act.add_argument("--show", metavar="STUDY", help="what it found so far")
    act.add_argument("--stop", metavar="STUDY", help="stop all its runs; what is done is kept")
    act.add_argument("--go-on", metavar="STUDY", help="run what has no score yet")
    act.add_argument("--forget", metavar="STUDY", help="forget it; its runs stay")
