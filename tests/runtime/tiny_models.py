"""Tiny ONNX models that the real Foundry Local runtime lists, loads and streams, offline.

Each is a bigram table, `logits = table[input_ids]`, so that greedy decoding speaks one fixed text. A dummy key/value
layer makes ONNX Runtime GenAI take it for a transformer. The tokenizer is byte-level: a prompt costs one token a byte.

    python -m tests.runtime.tiny_models CACHE_FOLDER     # then MODEL_CACHE_DIR=CACHE_FOLDER
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HEAD, WIDTH = 8, 512
"""Width of the dummy key/value layer."""
MARKS = ("<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>")
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True)
class TinyModel:
    """A model to lay out in a cache: how it is listed, and what it says."""

    alias: str
    name: str
    """The variant's name; its id is `<name>:1`."""
    words: tuple[str, ...] = ()
    """What it answers, joined; all different, each with its leading space."""
    endless: bool = False
    """Starts over after the last word, until `max_tokens`."""
    pause: int = 0
    """Turns of an empty loop before each token: 40,000 cost about 30 ms."""
    work: int = 0
    """Multiplications of each token with a matrix of 512 by 512, for nothing: the work of a larger model's layers."""
    context: int = 16_384
    """The longest prompt with its answer, in tokens."""
    size_mb: int | None = None
    """What the catalogue says; the real size is some kilobytes."""
    on_disk: bool = True
    reasoning: tuple[str, str] | None = None
    """The words that begin and end its reasoning."""

    @property
    def id(self) -> str:
        return f"{self.name}:1"


def words(text: str) -> tuple[str, ...]:
    """The text in pieces that join to it again."""
    first, *rest = text.split(" ")
    return (first, *(f" {word}" for word in rest))


SMALL = TinyModel("phi-4-mini", "Phi-4-mini-instruct-generic-cpu", words("Paid leave is 30 days a year [1]."))
LARGE = TinyModel(
    "gpt-oss-20b",
    "gpt-oss-20b-generic-cpu",
    (*words("<think> Let me see </think>"), *words("Everybody has 30 days of paid leave each year [1].")),
    reasoning=("<think>", " </think>"),
)
SLOW = TinyModel("slow-model", "slow-model-generic-cpu", tuple(f" {n}" for n in range(100)), endless=True, pause=40_000)


def write_cache(cache: Path, models: Iterable[TinyModel] = (SMALL, LARGE)) -> None:
    """Lays the models out as if Foundry Local had downloaded them, with its catalogue of them."""
    models = tuple(models)
    for model in models:
        if model.on_disk:
            write_model(cache / "Microsoft" / f"{model.name}-1" / "v1", model)
    catalogue = {"version": 1, "savedAtUnix": 1, "models": [_catalogue_row(model) for model in models]}
    cache.mkdir(parents=True, exist_ok=True)
    _dump(cache / "foundry.modelinfo.json", catalogue)


def write_model(folder: Path, model: TinyModel) -> None:
    """Writes the five files that ONNX Runtime GenAI reads, and the one by which Foundry Local knows them."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = _byte_letters()
    vocabulary = {letters[byte]: byte for byte in range(256)}
    spoken = [
        vocabulary.setdefault("".join(letters[byte] for byte in word.encode()), len(vocabulary)) for word in model.words
    ]
    vocabulary |= {mark: len(vocabulary) + n for n, mark in enumerate(MARKS)}
    end = vocabulary["<|end|>"]
    followers = [*spoken, spoken[0] if model.endless else end]
    pairs = list(zip([vocabulary["<|assistant|>"], *spoken], followers, strict=True))

    save(_graph(_bigrams(len(vocabulary), pairs, end), model.pause, model.work), folder / "model.onnx")
    _dump(folder / "tokenizer.json", _tokenizer(vocabulary))
    _dump(folder / "tokenizer_config.json", _tokenizer_config(vocabulary, model.context))
    _dump(folder / "special_tokens_map.json", _roles())
    _dump(folder / "genai_config.json", _genai_config(vocabulary, end, model.context))
    _dump(folder / "inference_model.json", {"Name": model.id, "PromptTemplate": None})


def _dump(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _byte_letters() -> dict[int, str]:
    """The byte-to-letter table of byte-level BPE (GPT-2): printable bytes stand for themselves."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return {byte: chr(byte if byte in printable else next(others)) for byte in range(256)}


def _bigrams(size: int, pairs: Sequence[tuple[int, int]], end: int) -> np.ndarray:
    """Logits of the next token by the last one; whatever is not said of a token, it ends the text."""
    table = np.full((size, size), -100.0, np.float32)
    table[:, end] = 0.0
    for token, follower in pairs:
        table[token, follower] = 100.0  # far enough ahead for any temperature
    return table


def _graph(table: np.ndarray, pause: int, work: int):
    node, info, array = helper.make_node, helper.make_tensor_value_info, numpy_helper.from_array
    size, kv, single, whole = len(table), ("key", "value"), TensorProto.FLOAT, TensorProto.INT64
    nodes = [
        node("Gather", ["table", "input_ids"], ["spoken"], axis=0),
        node("Gather", ["state", "input_ids"], ["flat"], axis=0),
        node("Unsqueeze", ["flat", "head_axis"], ["layer"]),
        *(node("Concat", [f"past_key_values.0.{k}", "layer"], [f"present.0.{k}"], axis=2) for k in kv),
        node("Cast", ["attention_mask"], ["mask"], to=single),  # an input without a use would be refused
        node("ReduceSum", ["mask"], ["seen"], keepdims=0),
        node("Loop", ["turns", "", "seen"], ["waited"], body=_idle_loop()),
        node("Mul", ["waited", "zero"], ["nothing"]),
        node("Add", ["spoken", "nothing"], ["said" if work else "logits"]),
        *_work(work),
    ]
    inputs = [
        info("input_ids", whole, ["batch", "sequence"]),
        info("attention_mask", whole, ["batch", "total"]),
        *(info(f"past_key_values.0.{k}", single, ["batch", 1, "past", HEAD]) for k in kv),
    ]
    outputs = [
        info("logits", single, ["batch", "sequence", size]),
        *(info(f"present.0.{k}", single, ["batch", 1, "total", HEAD]) for k in kv),
    ]
    constants = [
        array(table, "table"),
        array(np.zeros((size, HEAD), np.float32), "state"),
        array(np.array([1], np.int64), "head_axis"),
        array(np.array(pause, np.int64), "turns"),
        array(np.array(0, np.float32), "zero"),
    ]
    if work:
        constants += [array(np.zeros((HEAD, WIDTH), np.float32), "widen"), array(_square(), "square")]
        constants.append(array(np.array([-1], np.int64), "last_axis"))
    graph = helper.make_graph(nodes, "bigrams", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)
    return model


def _work(turns: int):
    """The nodes of so many multiplications, whose result is added to what is said without changing it."""
    if not turns:
        return
    node = helper.make_node
    yield node("MatMul", ["flat", "widen"], ["worked_0"])
    for turn in range(turns):
        yield node("MatMul", [f"worked_{turn}", "square"], [f"worked_{turn + 1}"])
    yield node("ReduceSum", [f"worked_{turns}", "last_axis"], ["summed"], keepdims=1)
    yield node("Add", ["said", "summed"], ["logits"])


def _square() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(WIDTH, WIDTH)).astype(np.float32) / WIDTH


def _idle_loop():
    """A loop body that hands its value on; how often it turns is how long a token takes."""
    info = helper.make_tensor_value_info
    return helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Neg", ["value"], ["next_value"]),
        ],
        "idle",
        [
            info("turn", TensorProto.INT64, []),
            info("go_on", TensorProto.BOOL, []),
            info("value", TensorProto.FLOAT, []),
        ],
        [info("goes_on", TensorProto.BOOL, []), info("next_value", TensorProto.FLOAT, [])],
    )


def _roles() -> dict[str, str]:
    return {"bos_token": "<|endoftext|>", "eos_token": "<|end|>", "unk_token": "<|endoftext|>"}


def _mark(content: str) -> dict[str, object]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"content": content, "special": True, **plain}


def _tokenizer(vocabulary: dict[str, int]) -> dict[str, object]:
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": vocabulary[mark], **_mark(mark)} for mark in MARKS],
        "normalizer": None,
        "pre_tokenizer": bytes_,
        "post_processor": None,
        "decoder": bytes_,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": [],
        },
    }


def _tokenizer_config(vocabulary: dict[str, int], context: int) -> dict[str, object]:
    return {
        "tokenizer_class": "GPT2Tokenizer",
        **_roles(),
        "add_bos_token": False,
        "add_prefix_space": False,
        "model_max_length": context,
        "chat_template": TEMPLATE,
        "added_tokens_decoder": {str(vocabulary[mark]): _mark(mark) for mark in MARKS},
    }


def _genai_config(vocabulary: dict[str, int], end: int, context: int) -> dict[str, object]:
    past, present = "past_key_values.%d", "present.%d"
    return {
        "model": {
            "type": "llama",
            "bos_token_id": vocabulary["<|endoftext|>"],
            "eos_token_id": [end],
            "pad_token_id": vocabulary["<|endoftext|>"],
            "vocab_size": len(vocabulary),
            "context_length": context,
            "decoder": {
                "session_options": {"log_id": "onnxruntime-genai", "provider_options": []},
                "filename": "model.onnx",
                "head_size": HEAD,
                "hidden_size": HEAD,
                "num_attention_heads": 1,
                "num_key_value_heads": 1,
                "num_hidden_layers": 1,
                "inputs": {
                    "input_ids": "input_ids",
                    "attention_mask": "attention_mask",
                    "past_key_names": f"{past}.key",
                    "past_value_names": f"{past}.value",
                },
                "outputs": {
                    "logits": "logits",
                    "present_key_names": f"{present}.key",
                    "present_value_names": f"{present}.value",
                },
            },
        },
        "search": {
            "do_sample": False,
            "max_length": context,
            "min_length": 0,
            "num_beams": 1,
            "num_return_sequences": 1,
            "past_present_share_buffer": False,
            "repetition_penalty": 1.0,
            "temperature": 1.0,
            "top_k": 1,
            "top_p": 1.0,
            "early_stopping": True,
            "length_penalty": 1.0,
            "diversity_penalty": 0.0,
            "no_repeat_ngram_size": 0,
        },
    }


def _catalogue_row(model: TinyModel) -> dict[str, object]:
    whole: dict[str, int] = {"context_length": model.context, "created_at_unix": 1}
    text = {
        "display_name": model.alias,
        "input_modalities": "text",
        "output_modalities": "text",
        "model_provider": "AzureFoundry",
        "publisher": "Microsoft",
        "task": "chat-completion",
        "type": "ONNX",
    }
    if model.size_mb is not None:
        whole["filesize_mb"] = model.size_mb
    if model.reasoning:
        whole["supports_reasoning"] = 1
        text["reasoning_start"], text["reasoning_end"] = model.reasoning
    return {
        "alias": model.alias,
        "id": model.id,
        "name": model.name,
        "displayName": model.alias,
        "version": 1,
        "createdAt": 1,
        "modelType": "ONNX",
        "providerType": "AzureFoundry",
        "publisher": "Microsoft",
        "task": "chat-completion",
        "uri": "azureml://registries/azureml/models/tiny/versions/1",
        "runtime": {"deviceType": "CPU", "executionProvider": "CPUExecutionProvider"},
        "intProperties": whole,
        "stringProperties": text,
    }


if __name__ == "__main__":
    write_cache(Path(sys.argv[1]))
