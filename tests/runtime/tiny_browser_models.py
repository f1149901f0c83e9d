"""The tiny models of `tiny_models`, laid out as transformers.js reads them in a browser."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.runtime.tiny_models import HEAD, TinyModel, write_model

WEIGHTS = {"fp32": "model.onnx", "q8": "model_quantized.onnx", "q4": "model_q4.onnx", "q4f16": "model_q4f16.onnx"}
"""The file of each precision; here all hold the same 32-bit numbers."""
_OF_FOUNDRY = ("genai_config.json", "inference_model.json", "special_tokens_map.json")


def write_browser_model(
    models: Path, name: str, model: TinyModel, precisions: Sequence[str] = ("fp32", "q8", "q4", "q4f16")
) -> dict[str, int]:
    """Writes the folder `models/name`; gives back the bytes of each precision."""
    folder = models / name
    write_model(folder, model)
    for file in _OF_FOUNDRY:
        (folder / file).unlink()
    vocabulary: dict[str, int] = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    begin, end = vocabulary["<|endoftext|>"], vocabulary["<|end|>"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HEAD,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "num_hidden_layers": 1,
        "head_dim": HEAD,
        "vocab_size": len(vocabulary),
        "bos_token_id": begin,
        "eos_token_id": end,
        "max_position_embeddings": model.context,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    generation = {"bos_token_id": begin, "eos_token_id": end, "pad_token_id": begin}
    (folder / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")

    (folder / "onnx").mkdir(exist_ok=True)
    plain = (folder / "model.onnx").rename(folder / "onnx" / "weights")
    for precision in precisions:
        shutil.copy(plain, folder / "onnx" / WEIGHTS[precision])
    size = plain.stat().st_size
    plain.unlink()
    return dict.fromkeys(precisions, size)
