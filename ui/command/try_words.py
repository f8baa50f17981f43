"""The words of `try`."""

import argparse


def add_words(parser: argparse.ArgumentParser) -> None:
    """Add what may follow `try`."""
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", help="without one, each line of the input is a prompt")
    parser.add_argument("--row", type=int, metavar="N", help="take the N-th held-out row instead, counted from 1")
    parser.add_argument(
        "--weights", default="best", metavar="WHICH", help="best (default), newest, base, or a checkpoint's step"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="temperature, top_p, top_k, repetition_penalty, most_tokens, seed, shorten; several times",
    )
