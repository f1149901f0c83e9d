"""The search of the lab's page and the server's are held together by one vector; `tests/browser` checks the page."""

import json

from tests import lab_vectors


def test_the_server_finds_what_the_vectors_say() -> None:
    written = json.loads(lab_vectors.FILE.read_text(encoding="utf-8"))
    made = lab_vectors.make()
    assert made["passages"] == written["passages"]
    assert made["terms"] == written["terms"]
    assert sum(len(each["best"]) for each in written["rankings"]) > 40
    lab_vectors.compare(made["rankings"], written["rankings"])
