"""What the lab takes from its page, and how often."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelNotFound, QuestionError
from rag.lab.requests import RequestLimiter, RequestRules, TooManyRequests, parse

RULES = RequestRules(prompt_chars=200, max_tokens=64, temperature=0.3)
ASKED: dict[str, Any] = {
    "model": "phi-4-mini",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}],
    "max_tokens": 8,
    "temperature": 0,
    "stream": True,
}


def test_the_turnstile_forgets_after_a_minute():
    now = 0.0
    request_limiter = RequestLimiter(1, lambda: now)
    with request_limiter.passage("a"):
        pass
    with request_limiter.passage("b"):
        pass
    now = 59.0
    with pytest.raises(TooManyRequests) as refused, request_limiter.passage("a"):
        pass
    assert refused.value.wait_s == 1
    now = 60.0
    with request_limiter.passage("a"):
        pass


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ASKED, "x"]), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*ASKED, "tools"]), VALUES, max_size=5))
def test_any_json_is_a_request_within_the_rules_or_a_sentence(change: dict[str, Any]):
    try:
        asked = parse(json.dumps({**ASKED, **change}).encode(), ["phi-4-mini"], RULES)
    except (QuestionError, ModelNotFound):
        return
    assert asked.alias == "phi-4-mini"
    assert 1 <= asked.limits.max_tokens <= RULES.max_tokens
    assert 0 <= asked.limits.temperature <= 2
    assert sum(len(message["content"]) for message in asked.prompt.messages) <= RULES.prompt_chars
