"""Members of Office files, which are zip archives of XML, for what the parser does not say."""

import html
import re
import zipfile

_TAG_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)>")
_START = 2_000_000


def member_text(archive: zipfile.ZipFile, member: str, most: int = _START) -> str:
    """The first `most` bytes of a member as text; KeyError when there is none of that name."""
    with archive.open(member) as stream:
        return stream.read(most).decode(errors="replace")


def attributes_of(tag: str) -> dict[str, str]:
    """The attributes in the text of an XML tag."""
    return {name: html.unescape(value) for name, value in _TAG_ATTRIBUTE.findall(tag)}


def targets_of(archive: zipfile.ZipFile, relations: str) -> dict[str, str]:
    """The targets of an Office part by their ids, from its `.rels` member, as names of members."""
    folder = relations.split("_rels/")[0]
    tags = (attributes_of(tag[1]) for tag in _RELATION.finditer(member_text(archive, relations)))
    return {tag["Id"]: tag["Target"][1:] if tag["Target"].startswith("/") else folder + tag["Target"] for tag in tags}
