"""The kinds of studies, one file each."""

from core.registry import Registry
from core.study.kind import Kind
from core.study.kinds import augmentation, folds, methods, rank, rows, seeds

KINDS: Registry[Kind] = Registry(
    "kind of study", [methods.KIND, rank.KIND, rows.KIND, augmentation.KIND, folds.KIND, seeds.KIND]
)
