"""What `judge` understands."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `judge`."""
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "--url", metavar="URL", help="up to before /chat/completions (FEWTUNE_JUDGE_URL); the key: FEWTUNE_JUDGE_KEY"
    )
    parser.add_argument("--model", metavar="NAME", help="the judge, as the endpoint calls it")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help="so many rows, drawn by lot (all)")
    parser.add_argument("--criteria", type=Path, metavar="FILE", help="what makes an answer better, as a text file")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="S", help="seconds for one answer (120)")
    parser.add_argument("--again", action="store_true", help="ask once more what was answered without a verdict")
    parser.add_argument("--show", action="store_true", help="only print what the newest judge found")
    parser.add_argument("--list", action="store_true", help="list all judgings of the run, the newest first")
    parser.add_argument("--judging", metavar="ID", help="print what this judging of --list found")
    cost = parser.add_argument_group("cost")
    cost.add_argument("--forecast", action="store_true", help="say what it will take, and ask nobody")
    cost.add_argument("--price-in", type=float, default=0.0, metavar="P", help="of a million tokens of prompts")
    cost.add_argument("--price-out", type=float, default=0.0, metavar="P", help="of a million tokens of answers")
    cost.add_argument("--most-cost", type=float, metavar="P", help="ask no further than this much money")
    cost.add_argument("--most-tokens", type=int, metavar="N", help="ask no further than so many tokens")
