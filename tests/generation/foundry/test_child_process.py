"""A child's own stdout. That it ends with its app is held by `test_real_runtime`."""

import subprocess
import sys


def test_the_private_stdout_is_free_of_what_anybody_else_prints() -> None:
    code = (
        "import os; from rag.generation.foundry.child_process import private_stdout; ours = private_stdout(); "
        "print('from Python', flush=True); os.write(1, b'from native code'); ours.write(b'a reply'); ours.flush()"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert child.stdout == b"a reply"
    assert b"from Python" in child.stderr
    assert b"from native code" in child.stderr
