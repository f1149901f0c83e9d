"""The guards around Chainlit, asked over HTTP and websockets of a real `chainlit run`."""

import asyncio
import colorsys
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest
import socketio
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from rag.chat.origins import OriginPolicy
from rag.errors import SettingsError
from tests import REPOSITORY
from tests.chat_client import until
from tests.serving import START_S, free_port

OUR_LANGUAGES = ("en-US", "es", "pt-BR", "pt-PT", "ru", "sl")
MAX_BYTES, MAX_FILES = 1_000_000, 4
EVIL = "http://evil.example"
APP = """
import json
import chainlit as cl
from rag.chat.hardening import harden
from rag.chat.lab_mount import LabMount
from rag.services import Services
from rag.settings import read_settings

harden(
    allowed_origins={origins!r},
    upload_max_bytes={max_bytes},
    upload_max_files={max_files},
    lab=LabMount.of(Services(read_settings())),
)

@cl.on_message
async def main(message):
    files = [dict(name=file.name, mime=file.mime, path=file.path) for file in message.elements]
    await cl.Message(json.dumps(files)).send()
"""

SIGN_IN = """
@cl.header_auth_callback
async def who(headers):
    return cl.User(identifier=headers["x-user"])
"""


@dataclass(frozen=True)
class Server:
    root: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> dict[str, str]:
        """What a browser says of a request that the chat's own page makes."""
        return {"Origin": self.url}

    def files_of(self, session_id: str) -> list[Path]:
        folder = self.root / ".files" / session_id
        return sorted(folder.iterdir()) if folder.is_dir() else []


def write_app(root: Path, *, origins: tuple[str, ...], max_files: int = MAX_FILES) -> None:
    (root / "app.py").write_text(APP.format(origins=origins, max_bytes=MAX_BYTES, max_files=max_files))


def start(root: Path, *flags: str, **environ: str) -> Server:
    """A Chainlit of its own in that folder, with a copy of the code: a reload drops only modules that lie there."""
    shutil.copytree(REPOSITORY / "rag", root / "rag", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("public", "lab"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    (root / ".chainlit" / "translations").mkdir(parents=True)
    shutil.copy(REPOSITORY / ".chainlit" / "config.toml", root / ".chainlit")
    for tag in OUR_LANGUAGES:
        shutil.copy(REPOSITORY / ".chainlit" / "translations" / f"{tag}.json", root / ".chainlit" / "translations")
    port = free_port()
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "chainlit", "run", "app.py", "--headless", "--port", str(port), *flags],
            cwd=root,
            env={**os.environ, "CHAINLIT_APP_ROOT": str(root), "RUNTIME": "off", **environ},
            stdout=log,
            stderr=log,
        )
    server = Server(root, port, process)
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return server
        except OSError:
            time.sleep(0.1)
    stop(server)
    raise AssertionError((root / "server.log").read_text())


def stop(server: Server) -> None:
    server.process.kill()
    server.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("chat")
    write_app(root, origins=("https://chat.example.org",))
    server = start(root)
    yield server
    stop(server)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass
class Chat:
    """A browser tab."""

    client: socketio.AsyncClient
    id: str
    replies: list[str] = field(default_factory=list)

    async def ask(self, *file_ids: str) -> list[dict[str, str]]:
        """What the handler was given for a message with these files."""
        message = {
            "id": str(uuid4()),
            "threadId": "",
            "name": "u",
            "type": "user_message",
            "output": "Read these",
            "createdAt": "2026-01-01T00:00:00Z",
        }
        references = [{"id": file_id} for file_id in file_ids]
        await self.client.emit("client_message", {"message": message, "fileReferences": references})
        await until(lambda: bool(self.replies), "the answer")
        return json.loads(self.replies.pop())


@asynccontextmanager
async def open_chat(
    server: Server, http: aiohttp.ClientSession, *, transport: str = "websocket", session_id: str = "", **headers: str
) -> AsyncIterator[Chat]:
    chat = Chat(socketio.AsyncClient(reconnection=False, http_session=http), session_id or str(uuid4()))

    @chat.client.on("new_message")
    async def _(step: dict[str, Any]) -> None:
        if step["type"] == "assistant_message":
            chat.replies.append(step["output"])

    await chat.client.connect(
        server.url,
        socketio_path="/ws/socket.io",
        transports=[transport],
        auth={"sessionId": chat.id, "clientType": "webapp", "userEnv": "{}"},
        headers={"Origin": server.url, **headers},
    )
    try:
        await chat.client.emit("connection_successful")
        yield chat
    finally:
        await chat.client.disconnect()


def form(content: bytes, name: str = "notes.txt") -> bytes:
    head = (
        f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    )
    return head.encode() + content + b"\r\n--line--\r\n"


async def upload(
    server: Server, http: aiohttp.ClientSession, session_id: str, body: bytes | AsyncIterator[bytes]
) -> tuple[int, dict[str, str]]:
    """The status and the answer; a body that is an iterator goes without its length."""
    headers = {**server.page, "Content-Type": "multipart/form-data; boundary=line"}
    data = io.BytesIO(body) if isinstance(body, bytes) else body
    async with http.post(f"{server.url}/project/file?session_id={session_id}", data=data, headers=headers) as response:
        return response.status, await response.json()


# Who is let in


@pytest.mark.parametrize(
    "origin",
    ["{url}", "http://localhost:{port}", "http://[::1]:{port}", "https://chat.example.org", "HTTP://LocalHost:{port}"],
)
async def test_the_chats_own_pages_may_open_it(server: Server, http: aiohttp.ClientSession, origin: str):
    async with open_chat(server, http, Origin=origin.format(url=server.url, port=server.port)) as chat:
        assert await chat.ask() == []


FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:{other_port}"},
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Origin": "https://chat.example.org.evil.example"},
    {"Origin": "http://chat.example.org"},
    {"Origin": "chrome-extension://abcdefgh"},
    {"Origin": "http://evil.example:{port}", "Host": "evil.example:{port}"},
    {"Origin": "http://evil.example", "Host": "127.0.0.1:{port}@evil.example"},
    {"Host": "evil.example"},
    {"Host": ""},
]


def filled(headers: dict[str, str], server: Server) -> dict[str, str]:
    return {name: value.format(port=server.port, other_port=server.port + 1) for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "transport"),
    [*((headers, "websocket") for headers in FOREIGN), (FOREIGN[0], "polling"), (FOREIGN[7], "polling")],
    ids=str,
)
async def test_other_websites_may_not_open_it(
    server: Server, http: aiohttp.ClientSession, headers: dict[str, str], transport: str
):
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with open_chat(server, http, transport=transport, **filled(headers, server)):
            pass


ROUTES = [
    ("GET", "/"),
    ("GET", "/project/settings"),
    ("GET", "/health"),
    ("POST", "/project/action"),
    ("POST", "/project/file?session_id=x"),
    ("POST", "/set-session-cookie"),
    ("PUT", "/project/element"),
    ("DELETE", "/project/element"),
    ("OPTIONS", "/project/action"),
]


@pytest.mark.parametrize(
    ("headers", "method", "path"),
    [*((headers, *ROUTES[0]) for headers in FOREIGN), *((FOREIGN[0], *route) for route in ROUTES[1:])],
    ids=str,
)
async def test_other_websites_are_told_what_to_set(
    server: Server, http: aiohttp.ClientSession, headers: dict[str, str], method: str, path: str
):
    async with http.request(method, server.url + path, headers=filled(headers, server), json={}) as response:
        assert response.status == 403
        assert "ALLOWED_ORIGINS" in await response.text()
        assert "Access-Control-Allow-Origin" not in response.headers
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "127.0.0.1", "[::1]:{port}", "chat.example.org", "CHAT.example.org:443"]
)
async def test_the_page_opens_under_its_own_names(server: Server, http: aiohttp.ClientSession, host: str):
    host = host.format(port=server.port)
    async with http.get(server.url, headers={"Host": host, "Origin": f"http://{host.lower()}"}) as response:
        assert response.status == 200


async def test_programs_without_an_origin_are_let_in(server: Server, http: aiohttp.ClientSession):
    async with http.post(f"{server.url}/set-session-cookie", json={"session_id": "x"}) as response:
        assert response.status == 200


async def test_a_session_id_that_is_a_path_is_refused(server: Server, http: aiohttp.ClientSession):
    """Chainlit would make that folder the chat's, and delete it when the chat ends."""
    victim = server.root / "precious"
    victim.mkdir()
    for session_id in ("../precious", str(victim), "..", "A" * 36):
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with open_chat(server, http, session_id=session_id) as chat:
                await chat.client.emit("clear_session")
    await asyncio.sleep(0.3)
    assert victim.is_dir()


@pytest.mark.parametrize("origin", ["chat.example.org", "*", "https://", "https://a/b", "https://a b", "ftp://a", ""])
def test_an_origin_that_is_none_stops_the_start(origin: str):
    with pytest.raises(SettingsError, match="ALLOWED_ORIGINS="):
        OriginPolicy.of((origin,), "127.0.0.1")


NAMES = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12}){0,3}", fullmatch=True)


@given(name=NAMES, port=st.integers(1, 65535), listening=st.integers(1, 65535))
def test_a_name_that_nobody_listed_is_never_let_in(name: str, port: int, listening: int):
    policy = OriginPolicy.of(("https://chat.example.org",), "127.0.0.1")
    ours = name in ("localhost", "chat.example.org") or re.fullmatch(r"127(\.\d{1,3}){3}", name)
    host = f"{name}:{port}"
    scope = {
        "server": ("127.0.0.1", listening),
        "headers": [(b"host", host.encode()), (b"origin", f"http://{host}".encode())],
    }
    if not ours:
        assert policy.refusal(scope)


@pytest.mark.parametrize("allowed", ["https://chat.example.org", "https://Chat.example.org:443/"])
def test_an_allowed_origin_may_be_written_as_people_do(allowed: str):
    """The proxy in front of the chat asks for it by its address on this machine."""
    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", b"https://chat.example.org")]
    assert not OriginPolicy.of((allowed,), "127.0.0.1").refusal({"server": ("127.0.0.1", 8000), "headers": headers})


def test_a_server_that_others_may_reach_answers_under_the_address_they_reach():
    policy = OriginPolicy.of((), "0.0.0.0")
    scope = {"server": ("192.168.1.5", 8000), "headers": [(b"host", b"192.168.1.5:8000")]}
    assert not policy.refusal(scope)
    assert policy.refusal(scope | {"headers": [(b"host", b"192.168.1.6:8000")]})


# What the browser is given


async def test_every_answer_carries_the_headers(server: Server, http: aiohttp.ClientSession):
    async with http.get(server.url) as page:
        asset = re.findall(r'src="(/assets/[^"]+)"', await page.text())[0]
    failing = {"sessionId": "x", "action": {"name": "a", "payload": {}, "label": "a"}}
    expected = {
        "/": 200,
        asset: 200,
        "/favicon": 200,
        "/mcp": 404,
        "/public/none": 404,
        "/project/file/x?session_id=x": 401,
    }
    answers = [(await http.get(server.url + path), status) for path, status in expected.items()]
    answers.append((await http.post(f"{server.url}/project/action", json=failing), 500))
    for response, status in answers:
        async with response:
            assert response.status == status
            headers = response.headers
            for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"):
                assert len(headers.getall(name)) == 1, name
            assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["Referrer-Policy"] == "no-referrer"


async def test_a_fault_of_the_server_is_told_in_a_sentence(server: Server, http: aiohttp.ClientSession):
    body = {"sessionId": "no such", "action": {"name": "a", "payload": {}, "label": "a"}}
    async with http.post(f"{server.url}/project/action", json=body) as response:
        assert response.status == 500
        assert "Load the page again" in (await response.json())["detail"]


async def test_the_policy_admits_nothing_from_outside(server: Server, http: aiohttp.ClientSession):
    async with http.get(server.url) as response:
        rules = dict(rule.strip().split(" ", 1) for rule in response.headers["Content-Security-Policy"].split(";"))
    own = f"127.0.0.1:{server.port}"
    assert rules["default-src"] == "'self'"
    assert rules["connect-src"] == f"'self' ws://{own} wss://{own}"
    assert rules["img-src"] == "'self' data: blob:"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    sources = {source for values in rules.values() for source in values.split()}
    assert not {source for source in sources if "*" in source or ("//" in source and own not in source)}


async def test_the_page_asks_nobody_else_and_its_scripts_may_run(server: Server, http: aiohttp.ClientSession):
    nonces: list[str] = []
    for _ in range(2):
        async with http.get(server.url) as response:
            html, policy = await response.text(), response.headers["Content-Security-Policy"]
        assert "https://" not in html
        scripts = re.findall(r"<script\b([^>]*)>", html)
        nonces += re.findall(r"'nonce-([^']+)'", policy)
        assert len(scripts) >= 2
        assert all(f'nonce="{nonces[-1]}"' in attributes for attributes in scripts)
    assert nonces[0] != nonces[1]


async def test_the_theme_follows_the_system(server: Server, http: aiohttp.ClientSession):
    async with http.get(f"{server.url}/auth/config") as response:
        config = await response.json()
    assert config["default_theme"] == "system"
    assert not config["requireLogin"]


async def test_the_page_knows_the_limits(server: Server, http: aiohttp.ClientSession):
    async with http.get(f"{server.url}/project/settings") as response:
        limits = (await response.json())["features"]["spontaneous_file_upload"]
    assert (limits["max_files"], limits["max_size_mb"]) == (MAX_FILES, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/mcp"),
        ("DELETE", "/mcp"),
        ("GET", "/docs"),
        ("GET", "/redoc"),
        ("GET", "/openapi.json"),
        ("GET", "/copilot/index.js"),
        ("GET", "/auth/oauth/google"),
        ("POST", "/auth/oauth/azure-ad-hybrid/callback"),
        ("GET", "/project/share/x"),
        ("PUT", "/project/thread/share"),
    ],
)
async def test_routes_that_nobody_uses_are_closed(server: Server, http: aiohttp.ClientSession, method: str, path: str):
    async with http.request(method, server.url + path, json={}) as response:
        assert response.status == 404


async def test_every_author_has_a_picture(server: Server, http: aiohttp.ClientSession):
    for author in ("Groundwork", "Draft by phi-4-mini · 1.2 s", "ж", "../x"):
        async with http.get(f"{server.url}/avatars/{quote(author, safe='')}") as response:
            assert (response.status, response.content_type) == (200, "image/svg+xml")


# Uploads


async def test_a_file_arrives_under_a_random_name_and_comes_back_as_an_attachment(
    server: Server, http: aiohttp.ClientSession
):
    page = b"<script>alert(1)</script>" * 5000
    async with open_chat(server, http) as chat:
        status, answer = await upload(server, http, chat.id, form(page, "page.html"))
        assert status == 200
        assert answer.keys() == {"id"}
        assert await chat.ask(answer["id"]) == [
            {"name": "page.html", "mime": "application/octet-stream", "path": str(server.files_of(chat.id)[0])}
        ]
        assert [path.name for path in server.files_of(chat.id)] == [answer["id"]]
        url = f"{server.url}/project/file/{answer['id']}?session_id={chat.id}"
        async with http.get(url) as response:
            assert await response.read() == page
            assert response.content_type == "application/octet-stream"
            assert response.headers["Content-Disposition"] == "attachment"
            assert response.headers["Cache-Control"] == "no-store"


async def test_another_chat_cannot_read_it(server: Server, http: aiohttp.ClientSession):
    async with open_chat(server, http) as mine, open_chat(server, http) as theirs:
        _, answer = await upload(server, http, mine.id, form(b"private"))
        async with http.get(f"{server.url}/project/file/{answer['id']}?session_id={theirs.id}") as response:
            assert response.status == 404
            assert b"private" not in await response.read()
        assert await theirs.ask(answer["id"]) == []


async def test_a_name_cannot_leave_its_folder_or_lie(server: Server, http: aiohttp.ClientSession):
    async with open_chat(server, http) as chat:
        status, answer = await upload(server, http, chat.id, form(b"x", "../../..\\evil\u202etxt.\x07exe" + "a" * 300))
        assert status == 200
        [file] = await chat.ask(answer["id"])
        assert file["name"].startswith("eviltxt.exe")
        assert len(file["name"]) <= 200
        assert Path(file["path"]) == server.root / ".files" / chat.id / answer["id"]


async def test_an_empty_file_is_refused_with_a_reason(server: Server, http: aiohttp.ClientSession):
    async with open_chat(server, http) as chat:
        status, answer = await upload(server, http, chat.id, form(b""))
        assert (status, answer["detail"].split(".")[0]) == (400, "It is empty")
        assert server.files_of(chat.id) == []


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_over_the_limit_is_refused_with_a_reason(
    server: Server, http: aiohttp.ClientSession, announced: bool
):
    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    async with open_chat(server, http) as chat:
        largest, larger = form(b"x" * MAX_BYTES), form(b"x" * (MAX_BYTES + 1))
        status, _ = await upload(server, http, chat.id, largest if announced else pieces(largest))
        assert status == 200
        padded = (
            b'--line\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"x" * 2 * MAX_BYTES + b"\r\n" + form(b"x")
        )
        for body in (larger, form(b"x" * 3 * MAX_BYTES), padded):
            status, answer = await upload(server, http, chat.id, body if announced else pieces(body))
            assert (status, answer["detail"].startswith("It is larger than 1.0 MB. ")) == (413, True)
        assert len(server.files_of(chat.id)) == 1


async def test_a_chat_holds_no_more_files_than_it_may_however_fast_they_come(
    server: Server, http: aiohttp.ClientSession
):
    async with open_chat(server, http) as chat:
        answers = await asyncio.gather(
            *(upload(server, http, chat.id, form(b"x" * 100_000)) for _ in range(5 * MAX_FILES))
        )
        statuses = [status for status, _ in answers]
        assert statuses.count(200) == 3 * MAX_FILES
        assert statuses.count(429) == 2 * MAX_FILES
        assert {answer["detail"] for status, answer in answers if status == 429} == {
            "This chat already holds as many files as it can. Start a new chat to add more."
        }
        assert len(server.files_of(chat.id)) == 3 * MAX_FILES


@pytest.mark.parametrize(
    "body", [b"", b"no form", b"--line\r\n", form(b"cut off")[:-12], form(b"x").replace(b'"file"', b'"data"')]
)
async def test_a_form_without_a_whole_file_is_refused(server: Server, http: aiohttp.ClientSession, body: bytes):
    async with open_chat(server, http) as chat:
        status, answer = await upload(server, http, chat.id, body)
        assert (status, answer["detail"].split(".")[0]) == (400, "It did not arrive whole")
        assert server.files_of(chat.id) == []


async def test_the_reason_arrives_also_when_the_browser_sends_all_before_it_listens(server: Server):
    body = form(b"x" * int(3.8 * MAX_BYTES))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"POST /project/file?session_id=none HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=line\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    for at in range(0, len(body), 65_536):
        writer.write(body[at : at + 65_536])
        await writer.drain()
    assert b"This chat has ended. Load the page again." in await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_an_upload_that_is_broken_off_leaves_nothing(server: Server, http: aiohttp.ClientSession):
    async with open_chat(server, http) as chat:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"POST /project/file?session_id={chat.id} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Content-Type: multipart/form-data; boundary=line\r\nContent-Length: 900000\r\n\r\n".encode()
            + form(b"x" * 200_000)[:-12]
        )
        await writer.drain()
        await until(lambda: any(path.stat().st_size for path in server.files_of(chat.id)), "a part of the file")
        writer.close()
        await writer.wait_closed()
        await until(lambda: not server.files_of(chat.id), "the file goes")
        assert "ClientDisconnect" not in (server.root / "server.log").read_text()


async def test_a_disk_that_cannot_be_written_is_told_in_a_sentence(server: Server, http: aiohttp.ClientSession):
    async with open_chat(server, http) as chat:
        (server.root / ".files" / chat.id).write_text("where the folder should be")
        status, answer = await upload(server, http, chat.id, form(b"x"))
        assert (status, answer["detail"].split(".")[0]) == (507, "The server's disk is full or cannot be written")


async def test_a_chat_that_is_not_there_takes_no_file(server: Server, http: aiohttp.ClientSession):
    session_id = str(uuid4())
    status, answer = await upload(server, http, session_id, form(b"x" * MAX_BYTES))
    assert (status, answer["detail"]) == (404, "This chat has ended. Load the page again.")
    assert not (server.root / ".files" / session_id).exists()


async def test_with_a_sign_in_only_the_chats_owner_may_add_to_it(tmp_path: Path):
    write_app(tmp_path, origins=())
    with (tmp_path / "app.py").open("a") as app:
        app.write(SIGN_IN)
    server = start(tmp_path, CHAINLIT_AUTH_SECRET="not a secret, and long enough for the signature")
    try:
        async with signed_in(server, "ann") as ann, signed_in(server, "bob") as bob, open_chat(server, ann) as chat:
            assert (await upload(server, ann, chat.id, form(b"x")))[0] == 200
            assert (await upload(server, bob, chat.id, form(b"x")))[0] == 401
            async with aiohttp.ClientSession() as nobody:
                assert (await upload(server, nobody, chat.id, form(b"x")))[0] == 401
                for path, status in (("", 401), ("v1/models", 401)):
                    async with nobody.get(f"{server.url}/lab/{path}") as response:
                        assert response.status == status
                        assert "Sign in" in await response.text()
            async with ann.get(f"{server.url}/lab/v1/models") as response:
                assert response.status == 200
            assert len(server.files_of(chat.id)) == 1
    finally:
        stop(server)


@asynccontextmanager
async def signed_in(server: Server, name: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post(f"{server.url}/auth/header", headers={"X-User": name}) as response:
            assert response.status == 200
        yield http


# After a reload


async def max_files_of(server: Server, http: aiohttp.ClientSession) -> int:
    async with http.get(f"{server.url}/project/settings") as response:
        return (await response.json())["features"]["spontaneous_file_upload"]["max_files"]


async def test_the_guards_hold_after_a_reload(tmp_path: Path, http: aiohttp.ClientSession):
    write_app(tmp_path, origins=())
    server = start(tmp_path, "--watch")
    try:
        async with asyncio.timeout(START_S):
            for n in count():
                if n % 30 == 10:  # more than once, because the watcher starts some time after the port opens
                    write_app(tmp_path, origins=("https://new.example.org",), max_files=1)
                if await max_files_of(server, http) == 1:
                    break
                await asyncio.sleep(0.1)
        async with http.get(server.url) as response:
            assert len(response.headers.getall("Content-Security-Policy")) == 1
            [nonce] = re.findall(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
            html = await response.text()
            assert html.count("<script") == html.count(f'<script nonce="{nonce}"') == html.count("nonce=") >= 2
        for origin, status in ((EVIL, 403), (server.url, 200), ("https://new.example.org", 200)):
            for path in ("user", "lab/v1/models"):
                async with http.get(f"{server.url}/{path}", headers={"Origin": origin}) as response:
                    assert response.status == status
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with open_chat(server, http, Origin=EVIL):
                pass
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with open_chat(server, http, session_id="../rag"):
                pass
        async with open_chat(server, http, Origin="https://new.example.org") as chat:
            statuses = [(await upload(server, http, chat.id, form(b"x")))[0] for _ in range(4)]
            assert statuses == [200, 200, 200, 429]
            assert len(await chat.ask(server.files_of(chat.id)[0].name)) == 1
    finally:
        stop(server)


# The lab


async def test_the_lab_has_a_policy_of_its_own_and_the_chat_keeps_its(server: Server, http: aiohttp.ClientSession):
    async with http.get(f"{server.url}/lab", allow_redirects=True) as page, http.get(server.url) as chat:
        assert (page.status, str(page.url)) == (200, f"{server.url}/lab/")
        headers, chats = page.headers, chat.headers
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == rules["connect-src"] == rules["style-src"] == "'self'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert "'wasm-unsafe-eval'" in rules["script-src"]
    assert "wasm" not in chats["Content-Security-Policy"]
    sources = {source for values in rules.values() for source in values.split()}
    assert not {source for source in sources if "*" in source or "//" in source}
    isolated = ("Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy")
    assert [headers[name] for name in isolated] == ["same-origin", "require-corp", "same-origin"]
    assert isolated[1] not in chats


async def test_other_websites_get_nothing_of_the_lab(server: Server, http: aiohttp.ClientSession):
    for path in ("lab/", "lab/setup.json", "lab/v1/models"):
        async with http.get(f"{server.url}/{path}", headers={"Origin": EVIL}) as response:
            assert response.status == 403
    headers = {"Origin": EVIL, "Content-Type": "application/json"}
    async with http.post(f"{server.url}/lab/v1/chat/completions", data=b"{}", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "v1/models", 405),
        ("GET", "v1/chat/completions", 404),
        ("POST", "shutdown", 405),
        ("GET", "models/unload/phi-4-mini", 404),
        ("GET", "v1/embeddings", 404),
        ("GET", "..%2fapp.py", 404),
        ("GET", "%2e%2e/package.json", 404),
        ("GET", "models/0/..%2f..%2fapp.py", 404),
        ("GET", "runtime/4.3.1/..%2f..%2fapp.py", 404),
    ],
)
async def test_nothing_but_what_its_page_needs_is_behind_the_lab(
    server: Server, http: aiohttp.ClientSession, method: str, path: str, status: int
):
    async with http.request(method, URL(f"{server.url}/lab/{path}", encoded=True)) as response:
        assert response.status == status
        assert (await response.json())["error"]["message"].endswith(".")


async def test_the_labs_files_come_as_they_are(server: Server, http: aiohttp.ClientSession):
    headers = {"Accept-Encoding": "gzip"}
    async with http.get(f"{server.url}/lab/main.js", headers=headers) as response:
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache"
        assert "Content-Encoding" not in response.headers
        assert int(response.headers["Content-Length"]) == len(await response.read())


async def test_the_chat_links_to_the_lab(server: Server, http: aiohttp.ClientSession):
    async with http.get(f"{server.url}/project/settings") as response:
        (link,) = (await response.json())["ui"]["header_links"]
    assert (link["name"], link["url"], link["target"]) == ("Lab", "/lab/", "_self")
    async with http.get(server.url + link["icon_url"]) as icon:
        assert icon.content_type == "image/svg+xml"


# What lies beside the code


async def test_chainlit_leaves_our_files_as_they_are(server: Server, http: aiohttp.ClientSession):
    async with http.get(server.url) as response:
        assert response.status == 200
    for name in ("config.toml", *(f"translations/{tag}.json" for tag in OUR_LANGUAGES)):
        assert (server.root / ".chainlit" / name).read_bytes() == (REPOSITORY / ".chainlit" / name).read_bytes()


@pytest.mark.parametrize(
    ("asked", "placeholder"),
    [
        ("en-US", "Type your message here..."),
        ("en-GB", "Type your message here..."),
        ("es-MX", "Escribe tu mensaje aquí..."),
        ("pt", "Digite sua mensagem aqui..."),
        ("pt-BR", "Digite sua mensagem aqui..."),
        ("pt-PT", "Escreva a sua mensagem aqui..."),
        ("ru", "Введите сообщение..."),
        ("ru-RU", "Введите сообщение..."),
        ("sl", "Tukaj napišite sporočilo..."),
        ("sl-SI", "Tukaj napišite sporočilo..."),
    ],
)
async def test_a_browser_gets_its_language(server: Server, http: aiohttp.ClientSession, asked: str, placeholder: str):
    async with http.get(f"{server.url}/project/translations", params={"language": asked}) as response:
        chat = (await response.json())["translation"]["chat"]
    assert chat["input"]["placeholder"] == placeholder
    assert chat["messages"]["status"] == {"using": "", "used": ""}


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


@pytest.mark.parametrize("tag", OUR_LANGUAGES)
def test_a_translation_says_all_that_chainlit_says(tag: str):
    chainlit = find_spec("chainlit")  # importing it would write its files into this folder
    assert chainlit
    assert chainlit.origin
    theirs = dict(
        leaves(json.loads(Path(chainlit.origin).with_name("translations").joinpath("en-US.json").read_text("utf-8")))
    )
    ours = dict(leaves(json.loads((REPOSITORY / ".chainlit" / "translations" / f"{tag}.json").read_text("utf-8"))))
    assert ours.keys() == theirs.keys()
    assert {path for path, text in ours.items() if not text} == {
        "chat.messages.status.using",
        "chat.messages.status.used",
    }
    for path, text in ours.items():
        assert re.findall(r"{{\w+}}", text) == re.findall(r"{{\w+}}", theirs[path]), path


def test_the_settings_of_chainlit_and_ours_agree():
    config = tomllib.loads((REPOSITORY / ".chainlit" / "config.toml").read_text("utf-8"))
    assert config["project"]["allow_origins"] == []
    assert config["features"]["unsafe_allow_html"] is False
    assert config["features"]["mcp"]["enabled"] is False
    for path in ("custom_js", "custom_css"):
        assert (REPOSITORY / config["UI"][path].removeprefix("/")).is_file()


TEXT_ON = [
    ("foreground", "background"),
    ("muted-foreground", "background"),
    ("muted-foreground", "muted"),
    ("muted-foreground", "accent"),
    ("muted-foreground", "card"),
    ("foreground", "accent"),
    ("primary", "background"),
    ("primary", "card"),
    ("primary", "accent"),
    ("destructive", "background"),
    *((f"{name}-foreground", name) for name in ("primary", "secondary", "accent", "card", "popover", "destructive")),
    ("sidebar-foreground", "sidebar-background"),
    ("sidebar-accent-foreground", "sidebar-accent"),
    ("sidebar-primary-foreground", "sidebar-primary"),
]


@pytest.mark.parametrize("variant", ["light", "dark"])
def test_text_has_contrast_enough(variant: str):
    colours = json.loads((REPOSITORY / "public" / "theme.json").read_text("utf-8"))["variables"][variant]
    ratios = {pair: contrast(*(colours[f"--{name}"] for name in pair)) for pair in TEXT_ON}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}  # WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(hsl: str) -> float:
    """Relative luminance (WCAG 2.2) of "hue saturation% lightness%"."""
    hue, saturation, lightness = (float(part.rstrip("%")) for part in hsl.split())
    channels = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
