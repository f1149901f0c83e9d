"""Tells requests of the chat's own pages from those of other websites, by their Host and Origin headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self

from starlette.datastructures import Headers

from rag.errors import SettingsError

_NAME_AND_PORT = r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
_HOST = re.compile(_NAME_AND_PORT)
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_NAME_AND_PORT})")
_DEFAULT_PORTS = {"http": "80", "https": "443"}

_UNKNOWN_HOST = (
    "This chat does not answer under this address. "
    "To open it here, add the address to ALLOWED_ORIGINS, such as https://chat.example.org, and start the chat again."
)
_FOREIGN_ORIGIN = (
    "Another website tried to use this chat. "
    "If the chat is meant to be shown there, add that site's address to ALLOWED_ORIGINS and start the chat again."
)


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Admits requests of the chat's own pages and of programs that are no browser.

    A page of another site cannot forge its Origin, and a name that was pointed at this machine to look like the same
    origin (DNS rebinding) shows in Host. Addresses in digits cannot be rebound.
    """

    hosts: frozenset[str]
    """Names besides the loopback's, in lower case."""
    origins: frozenset[str]
    """Origins besides the chat's own, in lower case, without default ports."""

    @classmethod
    def of(cls, allowed_origins: tuple[str, ...], listening_host: str) -> Self:
        """The policy of a server that listens on that host and may also be reached as those origins.

        Raises:
            SettingsError: an origin is not of the form https://name or https://name:port.
        """
        matches = [_parsed_origin(origin) for origin in allowed_origins]
        return cls(
            hosts=frozenset([listening_host.lower(), *(match["name"].strip("[]") for match in matches)]),
            origins=frozenset(_normal(match) for match in matches),
        )

    def refusal(self, scope: Mapping[str, Any]) -> str:
        """The reason for the person why the request of this ASGI scope is refused; "" when it is admitted."""
        headers = Headers(raw=scope["headers"])
        address, port = scope.get("server") or (None, None)
        host = headers.get("host", "").lower()
        match = _HOST.fullmatch(host)
        if not match or not self._is_own_host(match["name"].strip("[]"), address):
            return _UNKNOWN_HOST
        origin = headers.get("origin")
        return "" if origin is None or self._is_own_origin(origin.lower(), host, port) else _FOREIGN_ORIGIN

    def _is_own_host(self, name: str, address: str | None) -> bool:
        return name in self.hosts or name == address or _is_loopback(name)

    def _is_own_origin(self, origin: str, host: str, port: int | None) -> bool:
        match = _ORIGIN.fullmatch(origin)
        if not match:
            return False
        same = match["host"] == host
        other_loopback_name = _is_loopback(match["name"].strip("[]")) and match["port"] == str(port)
        return same or other_loopback_name or _normal(match) in self.origins


def _parsed_origin(origin: str) -> re.Match[str]:
    match = _ORIGIN.fullmatch(origin.strip().rstrip("/").lower())
    if not match:
        raise SettingsError(
            f"ALLOWED_ORIGINS={origin!r} is not an address that a chat can have. "
            "Write each as https://name or http://name:port, and separate them with commas.",
            names=("ALLOWED_ORIGINS",),
        )
    return match


def _normal(match: re.Match[str]) -> str:
    """As a browser writes it: without the scheme's own port."""
    default = _DEFAULT_PORTS[match["scheme"]]
    return f"{match['scheme']}://{match['host'].removesuffix(f':{default}')}"


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
