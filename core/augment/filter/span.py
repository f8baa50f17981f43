"""Few rows with many measures, turned into as many measures as there are rows, without loss for a linear model.

The weights of a linear model with an L2 penalty lie in the span of the rows that it learns from. In coordinates of that
span the model is the same one, and with a hundred rows and fifty thousand measures it is learned far sooner.

Source: the representer theorem (Kimeldorf and Wahba, 1971).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_MOST_ROWS = 1500
"""Above that the products of all rows cost more than they save."""
_NOTHING = 1e-10
"""Share of the largest eigenvalue below which a direction is rounding error."""


class Span:
    """A step of a pipeline of scikit-learn; rows are sparse."""

    def __init__(self) -> None:
        self._rows: Any = None
        self._turned: Any = None

    def fit(self, rows: Any, _: object = None) -> "Span":  # noqa: ANN401 - a sparse matrix (rows, measures)
        """Find the coordinates of the span of `rows`; there are none where the rows are many."""
        import numpy as np

        self._rows = self._turned = None
        if rows.shape[0] <= _MOST_ROWS:
            values, vectors = np.linalg.eigh((rows @ rows.T).toarray())
            kept = values > _NOTHING * values.max()
            self._rows, self._turned = rows, vectors[:, kept] / np.sqrt(values[kept])
        return self

    def transform(self, rows: Any) -> Any:  # noqa: ANN401
        """The rows in these coordinates, (rows, directions)."""
        return rows if self._turned is None else (rows @ self._rows.T).toarray() @ self._turned

    def fit_transform(self, rows: Any, truth: object = None) -> Any:  # noqa: ANN401
        """Both in one."""
        return self.fit(rows, truth).transform(rows)
