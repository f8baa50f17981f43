"""An instruction of its own in each row, with or without an input, and the output: the Alpaca shape."""

from collections.abc import Mapping

from core.dataset.formats.columns import Columns, cell, find, needed, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, user
from core.dataset.table import Row

_INSTRUCTIONS = ("instruction", "instructions", "task", "command")
_INPUTS = ("input", "inputs", "input_text", "context")
_OUTPUTS = ("output", "outputs", "output_text", "response", "answer", "completion", "target", "chosen")


def _detect(columns: Columns) -> Detection | None:
    instruction = find(columns.names, _INSTRUCTIONS)
    output = find(columns.names, _OUTPUTS)
    if not instruction or not output:
        return None
    mapping = {"instruction": instruction}
    given = find((c for c in columns.names if c not in {instruction, output}), _INPUTS)
    if given:
        mapping["input"] = given
    mapping["output"] = output
    because = f"The columns {quoted(*mapping.values())} are those of an instruction data set (Alpaca)."
    return Detection(format="instruction", confidence=0.96, because=because, mapping=mapping)


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    task = needed(row, mapping, "instruction")
    return Converted(user(instruction, task, cell(row, mapping, "input")), needed(row, mapping, "output"))


FORMAT = Format(
    name="instruction",
    title="Instruction",
    about="An instruction of its own in each row, with or without an input, and the output.",
    parts=(
        Part("instruction", required=True, help="What is to be done."),
        Part("input", required=False, help="What it is to be done with; may be empty."),
        Part("output", required=True, help="What the model should write."),
    ),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
