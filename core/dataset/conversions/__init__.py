"""Files of another build become a table of examples, one file for each kind; a conversion is offered, never imposed."""

from core.dataset.conversions.conversion import Conversion
from core.registry import Registry

CONVERSIONS: Registry[Conversion] = Registry("conversion", [])
