"""How long a text is for a model."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text costs: four ASCII characters each, two of other alphabets, one of CJK.

    A rule of thumb that errs to the high side for byte-pair vocabularies of 100,000 entries and more; a prompt that
    is too long all the same is answered by the server's 400 and sent again with a passage less.
    """
    ascii_, cjk = 0, 0
    for character in text:
        if character < "\x80":
            ascii_ += 1
        elif character >= "\u2e80":
            cjk += 1
    return (ascii_ + 3) // 4 + (len(text) - ascii_ - cjk + 1) // 2 + cjk
