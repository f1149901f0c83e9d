"""The order of the slides in a presentation: the parser takes them by the numbers in their file names."""

import io
import re
import zipfile
import zlib

from rag.documents.packages import attributes_of, member_text, targets_of

_SLIDE_ID = re.compile(r"<(?:\w+:)?sldId\b([^>]*)>")
_NUMBER = re.compile(r"slide(\d+)\.xml$")


def slide_order(pptx: bytes) -> list[int]:
    """For each slide as it is shown, its index among the slides ordered by file name; empty when that is not known."""
    try:
        with zipfile.ZipFile(io.BytesIO(pptx)) as archive:
            targets = targets_of(archive, "ppt/_rels/presentation.xml.rels")
            tags = _SLIDE_ID.finditer(member_text(archive, "ppt/presentation.xml"))
            shown = [int(_NUMBER.findall(targets[attributes_of(tag[1])["r:id"]])[0]) for tag in tags]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, KeyError, IndexError):
        return []
    by_name = {number: index for index, number in enumerate(sorted(shown))}
    return [by_name[number] for number in shown]
