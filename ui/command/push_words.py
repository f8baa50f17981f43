"""The words of `push`."""

import argparse


def add_words(parser: argparse.ArgumentParser) -> None:
    """Add what may follow `push`. A token is no word of it: other programs could read it there."""
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("form", metavar="EXPORT", help="a form that was exported: adapter, merged, gguf, ...")
    parser.add_argument("--repo", required=True, metavar="NAME", help="the repository, as name or owner/name")
    parser.add_argument("--public", action="store_true", help="let everybody see it; without this it is private")
    parser.add_argument("--yes", action="store_true", help="answer the question before it is asked")
