"""Which rows a run uses, how they are read, and which of them are held out."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_TEST_SHARE = 0.2


class DataChoice(BaseModel):
    """Which rows, read how, and which of them are held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(description="What people call the data set.")]
    source: Annotated[str, Field(description="A bundled sample's name, or the id of a data set in the home folder.")]
    sha256: Annotated[str, Field(description="Of the bytes of all its files, so that changed rows are noticed.")]
    format: Annotated[str, Field(description="Name of the format, as in FORMATS.")]
    mapping: Annotated[dict[str, str], Field(description="Part of the format to column of the file.")]
    sheet: Annotated[str, Field(description="The sheet of a workbook; empty for the first one that holds a table.")] = (
        ""
    )
    instruction: Annotated[str, Field(description="Stands before each prompt; says what to do.")] = ""
    validation_share: Annotated[
        float,
        Field(
            gt=0, le=0.5, title="Validation share", description="Share of the rows held out to choose the best weights."
        ),
    ] = 0.1
    test_share: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            title="Test share",
            description="Share of the rows held out for scores; unused where the data bring test rows.",
        ),
    ] = DEFAULT_TEST_SHARE
    group: Annotated[
        str,
        Field(
            title="Keep together",
            description="A column whose equal values stay on one side of the split: a patient, a contract, a customer.",
        ),
    ] = ""
    folds: Annotated[
        int,
        Field(ge=0, le=20, title="Folds", description="Parts of a k-fold division; 0 draws the test rows by share."),
    ] = 0
    fold: Annotated[
        int, Field(ge=0, le=19, title="Fold", description="Which of the folds is the test part, from 0.")
    ] = 0
    train_rows: Annotated[
        int,
        Field(
            ge=0,
            title="Training rows",
            description="Train on so many of the training rows at most, each label with its share; 0 takes all. The "
            "rows of a smaller number are among those of a larger one. Rows of people count; of those that a teacher "
            "wrote, the ones made from them come along.",
        ),
    ] = 0
    generated: Annotated[
        bool,
        Field(
            title="Generated rows",
            description="Train on the rows that a teacher wrote, too, where the data hold some.",
        ),
    ] = True
    split: Annotated[
        str,
        Field(
            title="Split",
            description="Hash of the rows on each side as a run began with them; checked whenever they are read again.",
        ),
    ] = ""
