"""Ragas' metrics, where it is installed (`pip install .[ragas]`), asked through the same models as the answers.

Ragas is 0.3.1 here, the last one that goes with openai 3. It is never imported otherwise: it brings several hundred MB.
"""

import importlib
import math
import os
from typing import Any

from rag.errors import SettingsError
from rag.evaluation.dataset import Question
from rag.generation.chat_model import ChatModel, GenerationLimits, complete
from rag.generation.prompt import plain_prompt
from rag.grounding.citations import without_marks
from rag.types import Turn

_LIMITS = GenerationLimits(max_tokens=1500, temperature=0, seed=1)
"""Ragas asks for lists of statements with a reason for each."""
_TIMEOUT_S = 600
"""For one metric of one answer; a slow machine needs minutes."""


class Ragas:
    """Faithfulness, context precision and context recall of answers."""

    def __init__(self, model: ChatModel) -> None:
        """`model` is asked for every judgement.

        Raises:
            SettingsError: Ragas is not installed, or does not fit what is installed beside it.
        """
        os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # else it reports its use to its makers
        try:
            metrics, self._samples = importlib.import_module("ragas.metrics"), importlib.import_module("ragas")
            llm = _through(model)
        except ImportError as error:
            raise SettingsError(f"Ragas cannot be used ({error}). Install it with: pip install '.[ragas]'") from None
        self._without_reference = (metrics.Faithfulness(llm=llm), metrics.LLMContextPrecisionWithoutReference(llm=llm))
        self._with_reference = (metrics.LLMContextRecall(llm=llm),)

    async def measure(self, question: Question, turn: Turn) -> dict[str, float]:
        """The metrics of an answer by name, in [0, 1]; without those that the model gave no usable judgement for.

        A refusal is not measured. The reference is the list of expected facts.
        """
        passages = [citation.hit.passage.shown for citation in turn.citations]
        if not passages or not turn.answer:
            return {}
        reference = "; ".join(fact[0] for fact in question.facts)
        sample = self._samples.SingleTurnSample(
            user_input=question.text,
            response=without_marks(turn.answer),
            retrieved_contexts=passages,
            reference=reference or None,
        )
        metrics = [*self._without_reference, *(self._with_reference if reference else ())]
        values = {metric.name: await _value(metric, sample) for metric in metrics}
        return {name: round(value, 4) for name, value in values.items() if not math.isnan(value)}


async def _value(metric: Any, sample: Any) -> float:
    try:
        return float(await metric.single_turn_ascore(sample, timeout=_TIMEOUT_S))
    except Exception:  # noqa: BLE001 - whatever goes wrong in there, the other metrics go on
        return math.nan


def _through(model: ChatModel) -> Any:
    """Ragas' own kind of model, which asks this one."""
    outputs, llms = importlib.import_module("langchain_core.outputs"), importlib.import_module("ragas.llms")
    run_config = importlib.import_module("ragas.run_config")

    async def agenerate_text(_self: Any, prompt: Any, n: int = 1, *_args: Any, **_options: Any) -> Any:
        texts = [await complete(model, plain_prompt(prompt.to_string()), _LIMITS) for _ in range(n)]
        return outputs.LLMResult(generations=[[outputs.Generation(text=text) for text in texts]])

    def generate_text(_self: Any, *_args: Any, **_options: Any) -> Any:
        raise NotImplementedError("Only asked on the event loop.")

    def is_finished(_self: Any, _response: Any) -> bool:
        return True

    methods = {"agenerate_text": agenerate_text, "generate_text": generate_text, "is_finished": is_finished}
    return type("ThroughModel", (llms.BaseRagasLLM,), methods)(run_config.RunConfig(max_retries=1))
