"""Keeps web pages of others away from a Dagster that trusts everybody who reaches it.

Any page that a developer opens may send requests to 127.0.0.1. A browser says where a request comes from (`Origin`,
`Sec-Fetch-Site`) and by which name it reached the server (`Host`: a name of the attacker's, when that name was pointed
at 127.0.0.1). Programs such as curl say no origin, and are allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import QueryParams
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = frozenset({"GET", "HEAD"})
_GRAPHQL = "/graphql"


class Guard:
    """An ASGI application in front of Dagster's; refuses what a page of another origin has sent."""

    def __init__(self, app: ASGIApp, allowed_hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = _LOOPBACK | {name.lower() for name in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request or websocket."""
        refusal = self._why_not(HTTPConnection(scope)) if scope["type"] in {"http", "websocket"} else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await PlainTextResponse(f"Refused by dagma dev: {refusal}\n", status_code=403)(scope, receive, send)

    def _why_not(self, request: HTTPConnection) -> str | None:
        host = request.headers.get("host", "")
        if (_hostname(host) or "") not in self._hosts:
            return f"the host {host[:200]!r} is not this machine. Name it in DAGMA_DEV_ALLOWED_HOSTS if it is."
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return f"the request comes from a page of {origin[:200]!r}."
        if origin is None and _is_from_elsewhere(request):
            return "the request comes from a page of another origin."
        if request.scope.get("method") in _READING and _is_graphql(request) and _mutates(request.query_params):
            return "a GraphQL mutation must be sent with POST."
        return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_from_elsewhere(request: HTTPConnection) -> bool:
    """Whether a browser sends this for a page of another origin; a link that a person follows is none of that."""
    if request.headers.get("sec-fetch-site") not in {"cross-site", "same-site"}:
        return False
    follows_link = (
        request.scope.get("method") in _READING
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
    )
    return not follows_link or _is_graphql(request)


def _is_graphql(request: HTTPConnection) -> bool:
    return str(request.scope["path"]).rstrip("/").endswith(_GRAPHQL)


def _mutates(params: QueryParams) -> bool:
    try:
        document = parse(params.get("query", ""))
    except (GraphQLError, RecursionError):
        return False  # Dagster refuses what cannot be read
    found = [part.operation for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    return OperationType.MUTATION in found
