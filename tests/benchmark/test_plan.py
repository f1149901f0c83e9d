"""What a run is to measure."""

from typing import Any

import pytest

from rag.benchmark.plan import BenchPlan, ModelSpec, Scenario, devices, numbers, specs, words
from rag.errors import SettingsError
from rag.generation.model_facts import ModelEntry


def plan(**options: Any) -> BenchPlan:
    return BenchPlan(**{"specs": (ModelSpec("a"),), "prompts": {"p": "Hello?"}} | options)


def test_each_prompt_goes_through_each_concurrency_and_warms_up_once():
    found = plan(prompts={"p": "Hello?", "q": "Who?"}, concurrency=(1, 4), rounds=2, prompt_tokens=(100, 2000))
    assert found.scenarios == (
        Scenario("p", "Hello?", 1, warm_up=1, rounds=2),
        Scenario("p", "Hello?", 4, warm_up=0, rounds=2),
        Scenario("q", "Who?", 1, warm_up=1, rounds=2),
        Scenario("q", "Who?", 4, warm_up=0, rounds=2),
        Scenario("100 tokens", prompt_tokens=100, warm_up=1, rounds=2),
        Scenario("2,000 tokens", prompt_tokens=2000, warm_up=1, rounds=2),
    )
    assert [scenario.answers for scenario in found.scenarios] == [3, 8, 3, 8, 3, 3]


def test_the_settings_of_a_run_can_be_compared():
    found = plan(rounds=2, concurrency=(1, 4), temperature=0.5).settings()
    assert (found["rounds"], found["concurrency"], found["temperature"]) == (2, "1,4", 0.5)
    assert "devices" not in found, "what was left empty is left out"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rounds": 0}, "rounds must be from 1 to 1,000, not 0"),
        ({"rounds": -3}, "rounds"),
        ({"warm_up": -1}, "warm-up"),
        ({"concurrency": (1, 0)}, "concurrency must be from 1"),
        ({"concurrency": (1_000_000,)}, "concurrency"),
        ({"prompt_tokens": (0,)}, "prompt tokens"),
        ({"max_tokens": 0}, "longest answer"),
        ({"temperature": -0.1}, "temperature must be from 0 to 2, not -0.1"),
        ({"temperature": float("nan")}, "temperature"),
        ({"specs": ()}, "at least one model"),
        ({"concurrency": ()}, "at least one"),
        ({"prompts": {}}, "one model, prompt"),
    ],
)
def test_a_wrong_number_is_named(options: dict[str, Any], named: str):
    with pytest.raises(SettingsError, match=named):
        plan(**options)


def test_lists_are_read_in_their_order_each_part_once():
    assert numbers(" 8, 1,2,,8 ", "--concurrency") == (8, 1, 2)
    assert words("b, a,b ,") == ("b", "a")


@pytest.mark.parametrize("text", ["1,x", "1.5", "one"])
def test_a_part_that_is_no_number_is_named(text: str):
    with pytest.raises(SettingsError, match="--concurrency"):
        numbers(text, "--concurrency")


def test_a_models_own_server_goes_before_the_one_of_its_alias_and_that_before_the_common_one():
    found = specs(
        {"a": ModelEntry(endpoint="http://own"), "b": ModelEntry(), "c": ModelEntry()},
        endpoint="http://common",
        endpoints={"a": "http://alias", "b": "http://alias", "c": ""},
        prices={},
    )
    assert [one.endpoint for one in found] == ["http://own", "http://alias", "http://common"]


def test_a_models_own_price_goes_before_the_one_of_the_settings():
    found = specs(
        {"a": ModelEntry(price=(1, 2)), "b": ModelEntry(), "c": ModelEntry(), "d": ModelEntry()},
        endpoint="",
        endpoints={},
        prices={"a": (9, 9), "b": (3, 4), "c": (0, 0)},
    )
    assert [one.price for one in found] == [(1, 2), (3, 4), None, None]


def test_the_switches_name_devices():
    assert devices(cpu=True, gpu=True) == ("CPU", "GPU")
    assert devices(cpu=False, gpu=False) == ()
