"""What `augment` understands."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `augment`."""
    parser.add_argument("source", metavar="SOURCE", help="file, folder, sample, or a hub data set (owner/name)")
    parser.add_argument(
        "--teacher",
        default="openai",
        metavar="NAME",
        help="who writes: openai, any endpoint like it; local, a model here; or rules, without one",
    )
    parser.add_argument("--count", type=int, default=100, metavar="N", help="good rows that are wanted (100)")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the teacher: model, url, temperature, timeout; the key stands in FEWTUNE_TEACHER_KEY",
    )
    card = parser.add_argument_group("task card")
    card.add_argument("--task", default="", metavar="TEXT", help="what a row is for, in your words")
    card.add_argument(
        "--constraint", dest="constraints", action="append", default=[], metavar="TEXT", help="a fact all rows keep to"
    )
    card.add_argument("--card", type=Path, metavar="FILE", help="the card as you edited it, instead of a new one")
    card.add_argument("--write-card", type=Path, metavar="FILE", help="write the card to a YAML file, and ask nobody")
    good = parser.add_argument_group("what is kept")
    good.add_argument("--quality", type=float, default=0.85, metavar="Q", help="least quality, 0 to 1 (0.85)")
    good.add_argument("--diversity", type=float, default=0.3, metavar="W", help="weight of being different (0.3)")
    good.add_argument("--out", type=Path, metavar="FILE", help="write the rows to this .jsonl, .csv or .parquet file")
    cost = parser.add_argument_group("cost")
    cost.add_argument("--forecast", action="store_true", help="say what it will take, and ask nobody")
    cost.add_argument("--price-in", type=float, default=0.0, metavar="P", help="of a million tokens of prompts")
    cost.add_argument("--price-out", type=float, default=0.0, metavar="P", help="of a million tokens of answers")
    cost.add_argument("--most-cost", type=float, metavar="P", help="ask no further than this much money")
    cost.add_argument("--most-tokens", type=int, metavar="N", help="ask no further than so many tokens")
