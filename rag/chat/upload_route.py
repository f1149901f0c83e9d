"""Receives the files that people drop into a chat: streamed straight to disk, within the server's limits."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from chainlit.auth import get_current_user
from chainlit.session import WebsocketSession
from chainlit.user import PersistedUser, User
from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from rag.ingestion.file_names import safe_name
from rag.machine import format_bytes

_FORM_OVERHEAD = 65_536
"""Bytes of a form beside the file: its boundaries and headers, and fields that nobody reads."""
_DRAIN_FACTOR = 4
"""Times the limit: the share of a refused upload that is read and thrown away, because a browser that cannot finish
sending shows "Upload error" instead of the reason."""
_ON_DISK_FACTOR = 3
"""Times the most files of one message: the files that may lie on disk for one chat, sent or not."""

Caller = Annotated[User | PersistedUser | None, Depends(get_current_user)]


class UploadHandler:
    """The upload route, with its limits and the uploads that are under way."""

    def __init__(self, *, max_bytes: int, max_files: int) -> None:
        self.max_bytes = max_bytes
        self.max_files = max_files
        self._arriving = Counter[str]()

    async def receive(self, request: Request, session_id: str, caller: Caller) -> Response:
        """Stores the form's `file` for that chat; answers as Chainlit's own route does: `{"id": …}`.

        A refusal is `{"detail": sentence}`, which the page shows after the file's name: 400 for a form without a file
        and for an empty one, 401 and 404 for a chat that is not the caller's or not there, 413 for too large, 429 for
        too many, 507 for a disk that cannot be written.
        """
        chunks = request.stream()
        try:
            session = _own_session(session_id, caller)
            with self._slot(session):
                return JSONResponse({"id": await self._store(request, chunks, session)})
        except HTTPException:
            await self._drain(chunks)
            raise
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            await chunks.aclose()

    @contextmanager
    def _slot(self, session: WebsocketSession) -> Generator[None]:
        """One of the files that the chat may have, counted from the first byte on: a page sends all files at once."""
        if len(session.files) + self._arriving[session.id] >= _ON_DISK_FACTOR * self.max_files:
            raise HTTPException(429, "This chat already holds as many files as it can. Start a new chat to add more.")
        self._arriving[session.id] += 1
        try:
            yield
        finally:
            self._arriving -= Counter([session.id])

    async def _store(self, request: Request, chunks: AsyncGenerator[bytes], session: WebsocketSession) -> str:
        """The id of the file, which is written under a random name and registered with Chainlit."""
        file_id = str(uuid4())
        path = session.files_dir / file_id
        field = _FileField(request.headers.get("content-type", ""))
        try:
            size = await self._write(path, field, chunks)
            if not field.complete:
                raise HTTPException(400, "It did not arrive whole. Send it again.")
            if not size:
                raise HTTPException(400, "It is empty. Check that it was saved and copied completely.")
            if WebsocketSession.get_by_id(session.id) is not session:
                raise _no_session()
        except BaseException as error:
            await _remove(path)
            if isinstance(error, OSError):
                raise HTTPException(507, "The server's disk is full or cannot be written. Free some space.") from error
            raise
        name = safe_name(field.filename)
        # No kind that the browser claims: what the page does with a file must not be the sender's choice.
        kind = "application/octet-stream"
        session.files[file_id] = {"id": file_id, "path": path, "name": name, "type": kind, "size": size}
        return file_id

    async def _write(self, path: Path, field: "_FileField", chunks: AsyncGenerator[bytes]) -> int:
        """The file's size in bytes, once all of the form has arrived."""
        received = size = 0
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, exist_ok=True)
        file = await asyncio.to_thread(path.open, "xb")
        try:
            async for chunk in chunks:
                data = field.feed(chunk)
                received, size = received + len(chunk), size + len(data)
                if size > self.max_bytes or received > self.max_bytes + _FORM_OVERHEAD:
                    limit = format_bytes(self.max_bytes)
                    raise HTTPException(413, f"It is larger than {limit}. Split it, or save a smaller copy.")
                await asyncio.to_thread(file.write, data)
        finally:
            await asyncio.to_thread(file.close)
        return size

    async def _drain(self, chunks: AsyncGenerator[bytes]) -> None:
        """Reads the rest of a refused upload, up to a limit."""
        left = _DRAIN_FACTOR * self.max_bytes
        with suppress(ClientDisconnect):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return


class _FileField:
    """The `file` field of a multipart form, as its bytes arrive."""

    def __init__(self, content_type: str) -> None:
        self.filename = ""
        self.complete = False
        """Whether the file was there and the form has ended."""
        self._header, self._value = bytearray(), bytearray()
        self._data = bytearray()
        self._found = self._inside = False
        try:
            self._parser = MultipartParser(
                parse_options_header(content_type)[1][b"boundary"],
                {
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._on_header_end,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except (KeyError, FormParserError) as error:
            raise HTTPException(400, "No file arrived. Choose it again.") from error

    def feed(self, chunk: bytes) -> bytes:
        """The file's bytes in this chunk of the form."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise HTTPException(400, "It did not arrive whole. Send it again.") from error
        data = bytes(self._data)
        self._data.clear()
        return data

    def _on_header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            if options.get(b"name") == b"file" and b"filename" in options and not self._found:
                self.filename = options[b"filename"].decode(errors="replace")
                self._found = self._inside = True
        self._header.clear()
        self._value.clear()

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._data += data[start:end]

    def _on_part_end(self) -> None:
        self._inside = False

    def _on_end(self) -> None:
        self.complete = self._found


def _own_session(session_id: str, caller: User | PersistedUser | None) -> WebsocketSession:
    session = WebsocketSession.get_by_id(session_id)
    if not session:
        raise _no_session()
    if caller and (not session.user or session.user.identifier != caller.identifier):
        raise HTTPException(401, "This chat belongs to someone else.")
    return session


def _no_session() -> HTTPException:
    return HTTPException(404, "This chat has ended. Load the page again.")


async def _remove(path: Path) -> None:
    with suppress(OSError):
        await asyncio.to_thread(path.unlink, missing_ok=True)
