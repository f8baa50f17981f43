"""Page 1: a file or a sample becomes examples; what is wrong with it is said before anything else happens."""

from functools import partial
from typing import Any

import gradio as gr

from core.dataset.choice import DataChoice
from core.dataset.formats import FORMATS
from core.dataset.source import SAMPLES
from core.errors import DataError, UserError
from ui import datasheet, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import DATA, STRATEGY, Tab, asked, quiet

_PARTS = max(len(shape.parts) for shape in FORMATS.values())
_DRAWN = 15 + _PARTS
"""Updates of the whole page."""
_SUFFIXES = [".csv", ".tsv", ".json", ".jsonl", ".parquet", ".txt"]


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    head, onward = _head()
    with gr.Column(visible=True) as chooser:
        file, samples = _chooser(tab)
    with gr.Column(visible=False) as sheet:
        facts = markup.view()
        shape, parts, instruction, validation, test, another = _reading()
        findings = markup.view()
        preview = gr.Dataframe(
            datatype="str", interactive=False, wrap=True, label="First ten rows", max_height=340, elem_id="ft-preview"
        )
        with gr.Accordion("Lengths and labels", open=False):
            shares = markup.view()
        with gr.Accordion("As the model sees row 1", open=False):
            prompt = gr.Textbox(label="Prompt", lines=6, max_lines=14, interactive=False, elem_classes=["ft-plain"])
            answer = gr.Textbox(
                label="Answer to learn", lines=1, max_lines=8, interactive=False, elem_classes=["ft-plain"]
            )
    controls = [shape, *parts, instruction, validation, test]
    drawn = [head, chooser, sheet, facts, *controls, findings, preview, shares, prompt, answer, onward, tab.plan]
    file.upload(partial(on_uploaded, desk), file, [*drawn, file], **asked(show_progress="minimal"))
    for name, button in samples.items():
        button.click(partial(on_sample_chosen, desk, name), None, drawn, **asked())
    shape.input(partial(on_format_chosen, desk), shape, drawn, **asked())
    typed = partial(on_reading_changed, desk)
    changes = [*(part.input for part in parts), instruction.blur, validation.release, test.release]
    gr.on(changes, typed, controls, drawn, **asked(trigger_mode="always_last"))
    instruction.input(partial(on_instruction_typed, desk), instruction, tab.plan, **quiet(trigger_mode="always_last"))
    another.click(partial(on_another_wanted, desk), None, [head, chooser, sheet], **quiet())
    onward.click(on_continued, None, tab.step, **quiet())
    gr.on([tab.step.change, tab.taken.change], partial(on_entered, desk), tab.step, drawn, **quiet())


def _head() -> tuple[gr.Markdown, gr.Button]:
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(datasheet.welcome())
        onward = gr.Button("Choose a strategy", variant="primary", interactive=False, elem_id="ft-to-strategy")
    return head, onward


def _chooser(tab: Tab) -> tuple[gr.File, dict[str, gr.Button]]:
    file = gr.File(
        label="Your file: CSV, TSV, JSON, JSON Lines or Parquet",
        file_types=_SUFFIXES,
        file_count="single",
        height=150,
        elem_id="ft-file",
    )
    with gr.Row(elem_classes=["ft-card-head"]):
        markup.view(markup.block("<h3>Or begin with a sample</h3>"))
        tab.play.render()
    with gr.Row(elem_classes=["ft-choices"]):
        samples = {
            name: gr.Button(datasheet.sample_card(sample), elem_classes=["ft-choice"], elem_id=f"ft-sample-{name}")
            for name, sample in SAMPLES.items()
        }
    return file, samples


def _reading() -> tuple[gr.Dropdown, list[gr.Dropdown], gr.Textbox, gr.Slider, gr.Slider, gr.Button]:
    fields = DataChoice.model_fields
    with gr.Column(elem_classes=["ft-card"]):
        with gr.Row(elem_classes=["ft-card-head"]):
            markup.view(markup.block("<h3>How the rows are read</h3>"))
            another = gr.Button("Use other data", elem_classes=["ft-quiet"], size="sm", elem_id="ft-other-data")
        with gr.Row():
            shapes = [(shape.title, name) for name, shape in FORMATS.items()]
            shape = gr.Dropdown(shapes, label="Format", info="What a row holds.", min_width=170, elem_id="ft-format")
            parts = [gr.Dropdown([], visible=False, min_width=150) for _ in range(_PARTS)]
        with gr.Row():
            instruction = gr.Textbox(
                label="Instruction",
                info="Stands before each prompt; says what to do.",
                max_lines=3,
                scale=3,
                min_width=260,
            )
            shares = [
                gr.Slider(
                    low, 0.5, step=0.01, label=fields[name].title, info=fields[name].description, scale=2, min_width=200
                )
                for name, low in (("validation_share", 0.01), ("test_share", 0.0))
            ]
    return shape, parts, instruction, shares[0], shares[1], another


@guarded
def on_entered(desk: Desk, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the page when it is shown."""
    return _drawn(desk) if step == DATA else gr.skip()


@guarded
def on_uploaded(desk: Desk, path: str | None) -> Any:  # noqa: ANN401
    """Copy the file into the home folder and read it; what is wrong with it is said where it was dropped."""
    if not path:
        return gr.skip()
    try:
        desk.take(desk.engine.open_data(path))
    except UserError as error:
        return [datasheet.refusal(error), *(gr.skip() for _ in range(_DRAWN - 1)), None]
    return [*_drawn(desk), None]


@guarded
def on_sample_chosen(desk: Desk, name: str) -> Any:  # noqa: ANN401
    """Begin with a bundled sample."""
    desk.take(desk.engine.open_data(name))
    return _drawn(desk)


@guarded
def on_format_chosen(desk: Desk, shape: str) -> Any:  # noqa: ANN401
    """Read the rows in another format; columns that are called like its parts are taken at once."""
    choice = _chosen(desk)
    columns = datasheet.columns_of(desk, choice)
    wanted = FORMATS[shape]
    by_name = {column.strip().casefold(): column for column in columns}
    mapping = {part.name: by_name[part.name] for part in wanted.parts if part.name in by_name}
    desk.read_as(choice, format=shape, mapping=mapping, instruction=wanted.default_instruction)
    return _drawn(desk)


@guarded
def on_reading_changed(desk: Desk, shape: str, *values: Any) -> Any:  # noqa: ANN401
    """Keep how the rows are read, and read them again."""
    columns, (instruction, validation, test) = values[:_PARTS], values[_PARTS:]
    parts = FORMATS[shape].parts
    mapping = {part.name: str(column) for part, column in zip(parts, columns, strict=False) if column}
    desk.read_as(
        _chosen(desk),
        format=shape,
        mapping=mapping,
        instruction=str(instruction or ""),
        validation_share=validation,
        test_share=test,
    )
    return _drawn(desk)


@guarded
def on_instruction_typed(desk: Desk, instruction: str) -> str:
    """Keep each letter, so that a dropped connection loses nothing."""
    choice = desk.read_as(_chosen(desk), instruction=instruction)
    return choice.model_dump_json()


@guarded
def on_another_wanted(desk: Desk) -> tuple[str, gr.Column, gr.Column]:
    """Show the drop zone and the samples again; nothing is forgotten until something else is chosen."""
    return datasheet.welcome(_chosen(desk).name), gr.Column(visible=True), gr.Column(visible=False)


def on_continued() -> int:
    """Go on to the strategy."""
    return STRATEGY


def _chosen(desk: Desk) -> DataChoice:
    choice = desk.choice()
    if choice is None:
        raise DataError("There are no data to read yet.", "Choose a file or a sample first.")
    return choice


def _drawn(desk: Desk) -> list[Any]:
    """Updates of everything on the page."""
    choice = desk.choice()
    if choice is None:
        return [datasheet.welcome(), gr.Column(visible=True), gr.Column(visible=False), *_nothing(), ""]
    sheet = datasheet.look(desk, choice)
    shape = FORMATS.get(choice.format) or next(iter(FORMATS.values()))
    menus = [_menu(choice, sheet.columns, part) for part in shape.parts]
    menus += [gr.Dropdown(visible=False) for _ in range(_PARTS - len(menus))]
    own_test = sheet.source is not None and "test" in sheet.source.files
    own_validation = sheet.source is not None and "validation" in sheet.source.files
    return [
        datasheet.headline(sheet),
        gr.Column(visible=False),
        gr.Column(visible=True),
        datasheet.facts(sheet),
        shape.name,
        *menus,
        choice.instruction,
        gr.Slider(value=choice.validation_share, visible=not own_validation),
        gr.Slider(value=choice.test_share, visible=not own_test),
        datasheet.findings(sheet),
        datasheet.preview(sheet),
        datasheet.shares(sheet),
        *datasheet.first_example(sheet),
        gr.Button(interactive=sheet.ready),
        choice.model_dump_json(),
    ]


def _menu(choice: DataChoice, columns: tuple[str, ...], part: Any) -> gr.Dropdown:  # noqa: ANN401 - a format's part
    choices = [(column, column) for column in columns]
    if not part.required:
        choices = [("none", ""), *choices]
    value = choice.mapping.get(part.name, "")
    return gr.Dropdown(
        choices=choices,
        value=value if value in columns or not part.required else None,
        label=part.name.replace("_", " ").capitalize() + ("" if part.required else " (optional)"),
        info=part.help,
        visible=True,
    )


def _nothing() -> list[Any]:
    return [*(gr.skip() for _ in range(_DRAWN - 5)), gr.Button(interactive=False)]
