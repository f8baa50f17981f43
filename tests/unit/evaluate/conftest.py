from tests.unit.export.tuned_runs import tiny_model, told, trained

__all__ = ["tiny_model", "told", "trained"]
