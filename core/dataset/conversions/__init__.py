"""Files of another build become a table of examples, one file for each kind; a conversion is offered, never imposed."""

from core.dataset.conversions import (
    explode,
    financial_reports,
    folder_labels,
    nested_questions,
    one_row_each,
    separate_fields,
    wide_labels,
)
from core.dataset.conversions.conversion import Conversion
from core.dataset.table import Table
from core.registry import Registry

__all__ = ["CONVERSIONS", "Conversion", "fitting"]

CONVERSIONS: Registry[Conversion] = Registry(  # most specific first
    "conversion",
    [
        nested_questions.CONVERSION,
        financial_reports.CONVERSION,
        folder_labels.CONVERSION,
        wide_labels.CONVERSION,
        one_row_each.CONVERSION,
        explode.CONVERSION,
        separate_fields.CONVERSION,
    ],
)


def fitting(table: Table) -> list[Conversion]:
    """The conversions that can make examples of the table, the most telling first; a glance at its first rows."""
    return [conversion for conversion in CONVERSIONS.values() if conversion.fits(table)]
