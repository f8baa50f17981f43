"""The matrix of the guide as the strategy page shows it."""

from core.strategy.advise import Advice
from core.strategy.matrix import matrix
from core.strategy.methods import METHODS
from ui import drawings, markup
from ui.markup import text


def lit_matrix(advice: Advice) -> str:
    """The matrix of the guide, its lit cell marked."""
    rows = [
        (
            (cell.name, METHODS[cell.method].title, f"rank {cell.rank}", cell.augment),
            "lit" if cell == advice.cell else "",
        )
        for cell in matrix()
    ]
    head = ("Examples", "Method", "Size", "Synthetic examples")
    told = f"You have {advice.rows:,}: the marked row. {advice.cell.source}."
    return markup.block(f"{drawings.table(head, rows)}<p class='ft-below'>{text(told)}</p>")
