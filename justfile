# `just` runs all that guards a merge; `just --list` names the parts.
default: format lint types test

# Lay the code out.
format:
    ruff format .

# Look for mistakes.
lint:
    ruff check .

# Strict types in rag/.
types:
    pyright

# Every test; without Chromium those of the page say so and are skipped.
test *arguments:
    pytest {{arguments}}

# The chat, reloading on every change.
run:
    chainlit run app.py -w

# What we add to the model's own time, beside the model alone.
bench:
    python benchmarks/first_token.py
