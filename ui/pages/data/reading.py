"""How the rows are read: format, columns, instruction, and which rows are held out."""

from functools import partial
from typing import Any

import gradio as gr

from core.dataset.choice import DataChoice
from core.dataset.formats import FORMATS
from core.dataset.formats.format import Part as FormatPart
from core.errors import DataError
from ui import markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Page, Part, chosen, drawn
from ui.readings import Sheet
from ui.tab import asked, quiet

_PARTS = max(len(shape.parts) for shape in FORMATS.values())
_FIELDS = DataChoice.model_fields


def place() -> Part:
    """Place the card."""
    with gr.Column(elem_classes=["ft-card"], elem_id="ft-reading"):
        markup.view(markup.block("<h3>How the rows are read</h3>"))
        with gr.Row(elem_classes=["ft-mapping"]):
            shapes = [(shape.title, name) for name, shape in FORMATS.items()]
            sheet = gr.Dropdown([], label="Sheet", info="Of the workbook.", visible=False, min_width=150)
            shape = gr.Dropdown(shapes, label="Format", info="What a row holds.", min_width=170, elem_id="ft-format")
            parts = [
                gr.Dropdown([], visible=False, min_width=150, allow_custom_value=True, elem_id=f"ft-part-{number}")
                for number in range(_PARTS)
            ]
        instruction = gr.Textbox(
            label="Instruction",
            info="Stands before each prompt; says what to do.",
            max_lines=3,
            elem_id="ft-instruction",
        )
        with gr.Accordion("Which rows are held out", open=False, elem_id="ft-held-out"):
            with gr.Row(elem_classes=["ft-mapping"]):
                validation, test = (
                    gr.Slider(low, 0.5, step=0.01, label=_FIELDS[name].title, info=_help(name), min_width=200)
                    for name, low in (("validation_share", 0.01), ("test_share", 0.0))
                )
            with gr.Row(elem_classes=["ft-mapping"]):
                group = _menu_of("group")
                folds = _menu_of("folds")
                fold = _menu_of("fold")
    named = {"shape": shape, "parts": parts, "instruction": instruction, "sheet": sheet}
    controls = [shape, *parts, instruction, validation, test, group, folds, fold]
    return Part([*controls, sheet], _draw, named | {"shares": [validation, test], "menus": [group, folds, fold]})


def _help(name: str) -> str:
    """What a field is for; what follows a semicolon is shown by what the page hides."""
    return str(_FIELDS[name].description).partition(";")[0].rstrip(".") + "."


def _menu_of(name: str) -> gr.Dropdown:
    about = _FIELDS[name]
    return gr.Dropdown([], label=about.title, info=_help(name), min_width=200, elem_id=f"ft-{name}")


def connect(desk: Desk, page: Page, part: Part) -> None:
    """Connect the controls."""
    named = part.named
    typed = partial(on_reading_changed, desk, page)
    changes = [*(one.input for one in [*named["parts"], *named["menus"]]), named["instruction"].blur]
    changes += [share.release for share in named["shares"]]
    gr.on(changes, typed, part.outputs[:-1], page.everything, **asked(trigger_mode="always_last"))
    named["sheet"].input(partial(on_sheet_chosen, desk, page), named["sheet"], page.everything, **asked())
    named["shape"].input(partial(on_format_chosen, desk, page), named["shape"], page.everything, **asked())
    plan = page.frame[-1]
    letters = partial(on_instruction_typed, desk)
    named["instruction"].input(letters, named["instruction"], plan, **quiet())


def _draw(sheet: Sheet) -> list[Any]:
    choice = sheet.choice
    shape = FORMATS.get(choice.format) or next(iter(FORMATS.values()))
    menus = [_menu(choice, sheet.columns, part) for part in shape.parts]
    menus += [gr.Dropdown(visible=False) for _ in range(_PARTS - len(menus))]
    files = sheet.source.files if sheet.source else {}
    own_test = "test" in files
    groups = [("nothing", ""), *((column.strip(), column) for column in sheet.columns)]
    folds = [("none", 0), *((f"{count} parts", count) for count in (3, 5, 10))]
    which = [(f"part {number + 1} of {choice.folds}", number) for number in range(choice.folds)]
    return [
        shape.name,
        *menus,
        choice.instruction,
        gr.Slider(value=choice.validation_share, visible="validation" not in files),
        gr.Slider(value=choice.test_share, visible=not own_test and not choice.folds),
        gr.Dropdown(groups, value=choice.group if choice.group in sheet.columns else ""),
        gr.Dropdown(folds, value=choice.folds, visible=not own_test or bool(choice.folds)),
        gr.Dropdown(which, value=choice.fold if choice.folds else None, visible=bool(choice.folds)),
        gr.Dropdown(list(sheet.sheets), value=choice.sheet or None, visible=len(sheet.sheets) > 1),
    ]


def _menu(choice: DataChoice, columns: tuple[str, ...], part: FormatPart) -> gr.Dropdown:
    value = choice.mapping.get(part.name, "")
    choices = [(column.strip() or column, column) for column in columns]
    if not part.required:
        choices = [("none", ""), *choices]
    if value and value not in columns:
        choices.append((value, value))  # a template
    return gr.Dropdown(
        choices=choices,
        value=value if value or not part.required else None,
        label=part.name.replace("_", " ").capitalize() + ("" if part.required else " (optional)"),
        info=part.help,
        visible=True,
    )


@guarded
def on_format_chosen(desk: Desk, page: Page, shape: str) -> Any:  # noqa: ANN401
    """Read the rows in another format; columns that are called like its parts are taken at once."""
    choice = chosen(desk)
    columns = desk.look(choice).columns
    wanted = FORMATS[shape]
    by_name = {column.strip().casefold(): column for column in columns}
    mapping = {part.name: by_name[part.name] for part in wanted.parts if part.name in by_name}
    desk.read_as(choice, columns, format=shape, mapping=mapping, instruction=wanted.default_instruction)
    return drawn(desk, page)


@guarded
def on_reading_changed(desk: Desk, page: Page, shape: str, *values: Any) -> Any:  # noqa: ANN401
    """Keep how the rows are read, and read them again."""
    columns, (instruction, validation, test, group, folds, fold) = values[:_PARTS], values[_PARTS:]
    parts = FORMATS[shape].parts
    choice = chosen(desk)
    desk.read_as(
        choice,
        desk.look(choice).columns,
        format=shape,
        mapping={part.name: str(column) for part, column in zip(parts, columns, strict=False) if column},
        instruction=str(instruction or ""),
        validation_share=validation,
        test_share=test,
        group=str(group or ""),
        folds=int(folds or 0),
        fold=min(int(fold or 0), max(0, int(folds or 0) - 1)),
    )
    return drawn(desk, page)


@guarded
def on_sheet_chosen(desk: Desk, page: Page, sheet: str) -> Any:  # noqa: ANN401
    """Read another sheet of the workbook."""
    choice = chosen(desk)
    try:
        read = desk.engine.choose(desk.engine.source(choice.source), sheet)
    except DataError:  # someone can still say which column is what
        read = choice.model_copy(update={"sheet": sheet, "mapping": {}})
    desk.read_as(read)
    return drawn(desk, page)


@guarded
def on_instruction_typed(desk: Desk, instruction: str) -> str:
    """Keep each letter, so that a dropped connection loses nothing."""
    return desk.read_as(chosen(desk), instruction=instruction).model_dump_json()
