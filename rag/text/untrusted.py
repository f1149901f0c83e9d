"""Text from documents and people made inert for a prompt: it cannot pass for our marks, fences, roles or templates."""

import re

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters that show nothing or turn the direction of what follows: controls, zero-width and bidirectional marks,
variation selectors and tags (Unicode's Default_Ignorable_Code_Point and Bidi_Control), but not the joiners."""
_JOINER = re.compile(
    r"(?<![^\x00-\u02ff])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\u02ff])|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
"""Zero-width joiners where no script needs them: beside a Latin letter, at an end, or in a row."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_GAP = r"\s{0,20}"
_TAG = re.compile(
    rf"[<＜﹤](?={_GAP}(?:/{_GAP})?(?:passages|draft)\b|{_GAP}[|｜]|{_GAP}[<＜﹤]?/?"
    r"(?:s|bos|eos|pad|unk|mask|sys|think|tool_call|tool_response|(?:start|end)_of_(?:turn|text|image)|extra_id_\d+"
    r"|(?:begin|end)▁of▁sentence)[>＞﹥])",
    re.IGNORECASE,
)
"""The opening bracket of our own fences, and of the marks that chat templates put between turns: ChatML and Phi
(`<|im_start|>`), Llama (`<<SYS>>`, `</s>`), Gemma (`<start_of_turn>`), DeepSeek (`<｜User｜>`), Qwen (`<think>`)."""
_INSTRUCTION = re.compile(
    r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT))\]", re.IGNORECASE
)
"""Mistral's and Llama 2's marks in square brackets."""
_ROLE = re.compile(
    r"^(?=[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*|__)?(?:system|assistant|user|human|ai|model|developer|tool|instruction"
    r"|response|(?:last )?question|answer)(?:\*\*|__)?[ \t]*[:：])",
    re.IGNORECASE | re.MULTILINE,
)
"""The start of a line that reads as a turn of a conversation, or as a label of our own prompts."""

NUMBERS = r"\d{1,3}(?:\s*(?:[,;–—-]|and|y|e|и|in)\s*\d{1,3})*"
"""The numbers of a citation mark: "1", "1, 2", "1-3", "1 and 2"."""
_MARK = re.compile(rf"\[({_GAP}\^?{_GAP}{NUMBERS}{_GAP})\]|【({_GAP}{NUMBERS}(?:†[^】]{{0,80}})?)】")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_LINE_MARK = re.compile(rf"^([ \t]*)\[({NUMBERS})\]", re.MULTILINE)


def neutralise(text: str, *, marks: bool = False) -> str:
    """The text as it reads, without anything that could close our fences, speak for a chat template or forge a mark.

    A mark such as "[2]" becomes "(2)", in code only at the start of a line, where it would pass for the header of a
    passage; with `marks` they stay, for text that is our own answer. A line that begins like a turn ("System:") is
    quoted with ">". Doing it twice changes nothing more.
    """
    text = _INSTRUCTION.sub(r"(\1)", _TAG.sub("‹", visible(text)))
    if not marks:
        text = without_own_marks(text)
    return _ROLE.sub("> ", text)


def visible(text: str) -> str:
    """The text without characters that nobody sees, with plain line ends; half a surrogate pair becomes U+FFFD."""
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    return _SURROGATE.sub("\ufffd", _JOINER.sub("", text))


def one_line(text: str) -> str:
    """A title or a file's name, made inert and without line ends: it cannot begin a passage of its own."""
    return " ".join(neutralise(text).split())


def without_own_marks(text: str) -> str:
    """The text with its own "[2]" as "(2)", so that it cites none of our passages; code stays, but for line starts."""
    parts, end = list[str](), 0
    for code in _CODE.finditer(text):
        parts += [_MARK.sub(_round, text[end : code.start()]), code[0]]
        end = code.end()
    return _LINE_MARK.sub(r"\1(\2)", "".join(parts) + _MARK.sub(_round, text[end:]))


def _round(mark: re.Match[str]) -> str:
    return f"({mark[1] or mark[2]})"
