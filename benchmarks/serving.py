"""Starts the app the way a person does, and asks it over its websocket the way the page does."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import socketio

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(folder: Path, port: int, **environment: str) -> tuple[subprocess.Popen[bytes], float]:
    """The server's process and the seconds until it served its page."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "chainlit", "run", "app.py", "--headless", "--port", str(port)],
        cwd=folder,
        env={**os.environ, "DATA_DIR": tempfile.mkdtemp(prefix="groundwork-"), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while time.perf_counter() - began < 60:
        if process.poll() is not None:
            raise RuntimeError(f"The app in {folder} ended with {process.returncode} before it was ready.")
        if _page_is_there(port):
            return process, time.perf_counter() - began
        time.sleep(0.01)
    raise RuntimeError(f"The app in {folder} was not ready within a minute.")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)


def _page_is_there(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        return b" 200 " in connection.recv(100)
    return False


class ChatClient:
    """One chat; `heard` gets every event of the server with the time at which it came."""

    def __init__(self, session: aiohttp.ClientSession, heard: Callable[[str, Any, float], None]) -> None:
        self._socket = socketio.AsyncClient(reconnection=False, http_session=session)
        self._ended = asyncio.Event()

        @self._socket.on("*")
        async def hear(event: str, *arguments: Any) -> None:
            heard(event, arguments[0] if arguments else None, time.perf_counter())
            if event == "task_end":
                self._ended.set()

    async def connect(self, url: str) -> None:
        await self._socket.connect(
            url,
            socketio_path="/ws/socket.io",
            transports=["websocket"],
            auth={"sessionId": str(uuid.uuid4()), "clientType": "webapp", "userEnv": "{}"},
            headers={"Origin": url},
        )
        await self._socket.emit("connection_successful")
        await asyncio.sleep(1)

    async def ask(self, question: str) -> float:
        """Waits for the whole turn; the moment at which the question went out."""
        self._ended.clear()
        message = {"id": str(uuid.uuid4()), "name": "user", "type": "user_message", "output": question}
        sent = time.perf_counter()
        message |= {"createdAt": "2026-01-01T00:00:00Z", "threadId": ""}
        await self._socket.emit("client_message", {"message": message, "fileReferences": []})
        await asyncio.wait_for(self._ended.wait(), 60)
        return sent

    async def close(self) -> None:
        await self._socket.disconnect()


@contextlib.asynccontextmanager
async def chat(url: str, heard: Callable[[str, Any, float], None]) -> AsyncGenerator[ChatClient]:
    async with aiohttp.ClientSession() as session:
        client = ChatClient(session, heard)
        await client.connect(url)
        try:
            yield client
        finally:
            await client.close()
