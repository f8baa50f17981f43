import json
from dataclasses import replace

import pytest

from core.dataset.example import Example, Split, Turn
from core.errors import SettingsError
from core.strategy.advise import Goal, advise
from core.strategy.complete_plan import complete_plan
from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan
from core.strategy.settled import settled


@pytest.mark.parametrize(
    ("count", "method", "rank", "augment"),
    [
        (99, "qlora", 8, "required"),
        (100, "qlora", 16, "recommended"),
        (499, "qlora", 16, "recommended"),
        (500, "qlora", 16, "optional"),
        (999, "qlora", 16, "optional"),
        (1000, "lora", 16, "off"),
        (4999, "lora", 16, "off"),
        (5000, "lora", 32, "off"),
    ],
)
def test_the_matrix_decides_and_a_budget_overrides_it(
    count, method, rank, augment, rows, choice, seven_billion, gpu_machine
):
    advice = advise(rows(count), choice, seven_billion, gpu_machine)
    assert (advice.plan.method, advice.plan.options["rank"], advice.augment) == (method, rank, augment)
    frugal = advise(rows(count), choice, seven_billion, gpu_machine, budget=True)
    assert (frugal.plan.method, frugal.plan.options["rank"]) == ("qlora", rank)
    assert "budget" in frugal.reasons[0].because


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize("count", [2, 99, 450, 800, 3000, 5000])
def test_every_choice_has_a_reason_with_a_source(goal, count, rows, choice, small, machine):
    advice = advise(rows(count), choice, small, machine, goal=goal)
    settings = {*Plan.model_fields, *advice.plan.options} - {
        "name",
        "data",
        "model",
        "options",
        "patience",
        "start_from",
    }
    assert {reason.choice for reason in advice.reasons} == settings | {"objective", "early_stopping", "augment"}
    for reason in advice.reasons:
        assert reason.because.endswith(".")
        assert reason.source
        assert reason.sure in {"measured", "forecast", "tried", "from the source", "rule of thumb"}


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_every_method_has_a_reason(method, choice):
    plan = Plan(data=choice, model="starter", method=method, options=read_options(method, {}).model_dump())
    told = {reason.choice for reason in settled(plan)}
    assert set(plan.options) - {"rank"} <= told
    assert {"schedule", "warmup_share", "weight_decay", "seed", "objective"} <= told


def test_plain_text_is_learned_whole_and_the_reason_says_so(choice):
    whole = Plan(data=choice.model_copy(update={"format": "plain_text"}), model="starter", method="full")
    assert "every token" in next(settled(whole)).because


@pytest.mark.parametrize("goal", Goal)
def test_the_plan_is_complete_and_valid(goal, rows, choice, small, machine):
    plan = advise(rows(500), choice, small, machine, goal=goal).plan
    assert Plan(**plan.model_dump(mode="json")) == plan
    assert read_options(plan.method, plan.options).model_dump() == plan.options
    assert plan.data == choice
    assert plan.model == small.model


def test_the_same_question_gets_the_same_answer(rows, choice, small, machine):
    answers = [json.dumps(advise(rows(321), choice, small, machine).as_json()) for _ in range(2)]
    assert answers[0] == answers[1]


def test_the_json_has_the_shape_that_was_promised(rows, choice, small, machine):
    answer = json.loads(json.dumps(advise(rows(500), choice, small, machine).as_json()))
    assert {"plan", "reasons", "augment", "memory", "alternatives", "cautions"} <= set(answer)
    assert all({"choice", "because", "source", "sure"} == set(reason) for reason in answer["reasons"])
    assert set(answer["memory"]) == {"total_gib", "parts", "available_gib", "fits"}
    assert [other["method"] for other in answer["alternatives"]] == [name for name in METHODS if METHODS[name].advised]
    for other in answer["alternatives"]:
        assert set(other) == {"method", "options", "memory_gib", "seconds", "fits"}
        assert other["seconds"] is None, "a time that nobody measured"


def test_full_tuning_is_for_the_best_quality_with_many_examples_where_it_fits(rows, choice, seven_billion, gpu_machine):
    def method(count: int, goal: Goal, memory: float) -> str:
        advice = advise(rows(count), choice, seven_billion, gpu_machine, goal=goal, gpu_memory=memory)
        assert advice.memory.fits
        return advice.plan.method

    assert method(5000, Goal.BEST, 200) == "full"
    assert method(5000, Goal.BEST, 80) == "lora"
    assert method(5000, Goal.BALANCED, 200) == "lora"
    assert method(4999, Goal.BEST, 200) == "lora"


@pytest.mark.parametrize("goal", [Goal.BEST, Goal.FASTEST])
def test_a_goal_may_prefer_lora_to_qlora_where_it_fits(goal, rows, choice, seven_billion, gpu_machine):
    roomy = advise(rows(500), choice, seven_billion, gpu_machine, goal=goal, gpu_memory=40)
    assert (roomy.plan.method, roomy.plan.options["rank"]) == ("lora", 16)
    assert "LoRA" in roomy.reasons[0].because
    tight = advise(rows(500), choice, seven_billion, gpu_machine, goal=goal, gpu_memory=12)
    assert tight.plan.method == "qlora"
    assert tight.memory.fits


def test_a_method_that_does_not_fit_gives_way_to_qlora_and_says_so(rows, choice, seven_billion, gpu_machine):
    advice = advise(rows(2000), choice, seven_billion, gpu_machine, gpu_memory=12)
    assert advice.plan.method == "qlora"
    assert "does not fit" in advice.reasons[0].because
    assert advice.plan.learning_rate == METHODS["qlora"].learning_rate


def test_memory_decides_how_a_step_is_divided_and_its_rows_stay(rows, choice, seven_billion, gpu_machine):
    plans = [
        advise(rows(1500, words=900), choice, seven_billion, gpu_machine, gpu_memory=memory).plan
        for memory in (400, 16, 8)
    ]
    assert [plan.rows_per_step for plan in plans] == [16, 16, 16]
    assert plans[0].batch_size > plans[1].batch_size
    assert plans[-1].gradient_checkpointing


def test_a_machine_that_is_too_small_gets_the_smallest_plan_and_the_truth(rows, choice, seven_billion, gpu_machine):
    advice = advise(rows(500), choice, seven_billion, gpu_machine, gpu_memory=2)
    assert not advice.memory.fits
    assert "may not fit" in advice.headline
    assert (advice.plan.batch_size, advice.plan.gradient_checkpointing) == (1, True)


def test_a_rank_that_does_not_fit_is_lowered_and_the_reason_says_so(rows, choice, seven_billion, gpu_machine):
    most = advise(rows(5000), choice, seven_billion, gpu_machine, gpu_memory=80, budget=True)
    small = next(
        advice
        for tenths in range(70, 30, -1)
        if (advice := advise(rows(5000), choice, seven_billion, gpu_machine, gpu_memory=tenths / 10)).memory.fits
        and advice.plan.options["rank"] < 32
    )
    assert most.plan.options["rank"] == 32
    assert small.plan.options["rank"] in {8, 16}
    told = next(reason for reason in small.reasons if reason.choice == "rank")
    assert "instead of 32" in told.because
    assert told.sure == "forecast"


def test_least_memory_means_the_smallest_forecast_of_all_goals(rows, choice, seven_billion, gpu_machine):
    totals = {goal: advise(rows(2000), choice, seven_billion, gpu_machine, goal=goal).memory.total_gib for goal in Goal}
    assert min(totals, key=totals.get) is Goal.LEAST_MEMORY


def test_faster_means_fewer_steps_and_best_means_more(rows, choice, small, machine):
    epochs = {goal: advise(rows(400), choice, small, machine, goal=goal).plan.epochs for goal in Goal}
    assert epochs[Goal.FASTEST] < epochs[Goal.BALANCED] < epochs[Goal.BEST]


@pytest.mark.parametrize(("count", "each"), [(40, 8), (999, 8), (1000, 16)])
def test_few_examples_take_small_steps(count, each, rows, choice, small, machine):
    plan = advise(rows(count), choice, small, machine).plan
    assert plan.rows_per_step == each
    assert 3 <= plan.epochs <= 20


def test_a_small_model_gets_a_higher_rate_than_a_large_one(rows, choice, small, seven_billion, gpu_machine):
    low = advise(rows(500), choice, seven_billion, gpu_machine)
    high = advise(rows(500), choice, small, gpu_machine)
    assert low.plan.learning_rate == 2e-4
    assert high.plan.learning_rate > 5 * low.plan.learning_rate
    assert "larger steps" in next(reason.because for reason in high.reasons if reason.choice == "learning_rate")


def test_the_longest_row_is_that_of_the_data_within_the_models_context(rows, choice, small, machine):
    short = advise(rows(50, words=4), choice, small, machine)
    assert short.lengths.longest <= short.plan.max_length < short.lengths.longest + 16
    long = advise(rows(50, words=400), choice, small, machine)
    assert long.plan.max_length == small.context
    assert "shortened" in next(reason.because for reason in long.reasons if reason.choice == "max_length")


def test_a_few_giants_do_not_decide_the_longest_row(rows, choice, seven_billion, gpu_machine):
    usual, giant = rows(1000), rows(2, words=3000)
    advice = advise(replace(usual, train=usual.train + giant.train), choice, seven_billion, gpu_machine)
    assert advice.lengths.longest > 2000
    assert advice.plan.max_length < 100


def test_tokens_are_counted_with_the_models_own_tokenizer_where_it_is_here(rows, choice, small, machine, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    estimated = advise(rows(20), choice, small, machine).lengths
    counted = advise(rows(20), choice, replace(small, folder=tmp_path), machine).lengths
    assert (estimated.exact, counted.exact) == (False, True)
    assert counted.longest == 4 + 12 + 16, "Classify the text. yes, 12 words, and what a template adds"


def notes(count: int) -> Split:
    """Rows whose answers are made of their prompts' words."""
    names = [f"{first}{second}".lower() for first in ("Alder", "Birch", "Cedar") for second in NUMBERS]

    def note(row: int) -> Example:
        name = names[row % len(names)]
        return Example(row, (Turn("user", f"Sum up.\n\nPatient: I take {name} daily."),), f"Takes {name}.")

    examples = tuple(note(row) for row in range(count))
    return Split(examples[count // 10 :], examples[: count // 10], ())


NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def test_a_small_model_gets_variants_of_rows_whose_answers_are_copied(rows, choice, small, seven_billion, machine):
    text = choice.model_copy(update={"format": "prompt_completion"})
    advice = advise(notes(120), text, small, machine)
    reason = next(reason for reason in advice.reasons if reason.choice == "variants")
    assert advice.plan.variants == 3
    assert "100% of the answers' rare words" in reason.because
    passes = advise(rows(120), choice, small, machine).plan.epochs
    assert advice.plan.epochs < passes / 2, "each pass sees four times the rows"
    assert advise(notes(120), text, seven_billion, machine).plan.variants == 0
    assert advise(notes(1200), text, small, machine).plan.variants == 0
    assert advise(rows(120), choice, small, machine).plan.variants == 0


def test_variants_of_labels_are_refused_beside_their_field(choice, llama):
    plan = {"data": choice, "model": str(llama), "method": "lora", "variants": 3}
    with pytest.raises(SettingsError) as refused:
        complete_plan(plan)
    assert "take 0" in refused.value.problems["variants"]


def test_test_rows_are_not_counted(rows, choice, small, machine):
    split = rows(99)
    with_test = Split(split.train, split.validation, rows(400).train)
    assert advise(with_test, choice, small, machine).rows == 99


def test_the_headline_names_method_and_examples(rows, choice, seven_billion, gpu_machine):
    assert advise(rows(500), choice, seven_billion, gpu_machine).headline == "QLoRA fits and suits 500 examples"


def free(split):
    """The rows with answers that are no labels."""
    return Split(
        *(
            tuple(replace(example, label=None) for example in part)
            for part in (split.train, split.validation, split.test)
        )
    )


@pytest.mark.parametrize("wish", [{}, {"budget": True}, {"goal": Goal.LEAST_MEMORY}])
def test_four_bits_that_save_no_memory_are_not_advised_and_both_forecasts_are_told(wish, rows, choice, small, machine):
    advice = advise(free(rows(200)), choice, small, machine, **wish)
    assert (advice.plan.method, advice.plan.options["rank"]) == ("lora", 16)
    forecasts = {other.method: f"{other.memory_gib:.2f}" for other in advice.alternatives}
    reason = advice.reasons[0]
    assert reason.because.endswith(
        f"four bits would save none ({forecasts['qlora']} GiB beside LoRA's {forecasts['lora']} GiB)."
    )
    assert (reason.choice, reason.sure) == ("method", "forecast")


def test_four_bits_that_save_a_little_are_advised_only_where_all_turns_on_memory(rows, choice, small, gpu_machine):
    usual, least, tight = (
        advise(free(rows(200)), choice, small, gpu_machine, **wish)
        for wish in ({}, {"goal": Goal.LEAST_MEMORY}, {"budget": True})
    )
    assert [advice.plan.method for advice in (usual, least, tight)] == ["lora", "qlora", "qlora"]
    assert "four bits would save only 0." in usual.reasons[0].because


def test_labels_keep_the_guides_four_bits_unless_little_memory_was_asked_for(rows, choice, small, machine):
    usual, least = (advise(rows(200), choice, small, machine, goal=goal) for goal in (Goal.BALANCED, Goal.LEAST_MEMORY))
    assert [advice.plan.method for advice in (usual, least)] == ["qlora", "lora"]
    assert "guide" not in least.reasons[0].because


def test_synthetic_rows_are_advised_with_what_they_were_measured_to_be_worth(rows, choice, small, machine):
    labels, texts, many = (
        next(reason for reason in advise(split, choice, small, machine).reasons if reason.choice == "augment").because
        for split in (rows(50), free(rows(50)), rows(3000))
    )
    assert "rules without a model helped at 25 alone" in labels
    assert "rules without a model gained nothing for free answers: take a large model as the teacher" in texts
    assert "starter" not in many
