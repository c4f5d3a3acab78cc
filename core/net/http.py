"""HTTP/1.1 over `Network`: one fresh connection for every request, no pool.

A pool would keep connections open that no citizen's first visit has, and httpx's scans itself
for every request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import httpcore
import httpx

from core.net.connect import Connection, Network
from core.net.errors import (
    BadAddress,
    ClosedEarly,
    ConnectTimeout,
    NoAnswer,
    ProtocolError,
)
from core.net.names import ascii_host
from core.net.trace import Trace

# Named here so that the rest of the portal need not import httpx, which could connect by itself.
Cookies = httpx.Cookies
Request = httpx.Request
Response = httpx.Response
Url = httpx.URL

_FIRST_BYTES = b"HTTP/"


def parse_url(text: str, *, base: httpx.URL | None = None) -> httpx.URL:
    """An absolute http or https URL; relative ones are joined to `base` where it is given.

    Raises BadAddress with a reason that a person can read.
    """
    try:
        url = httpx.URL(text.strip()) if base is None else base.join(text.strip())
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise BadAddress(f"not a URL: {error}") from None
    if url.scheme not in ("http", "https"):
        raise BadAddress("the URL must begin with http:// or https://")
    if not url.host:
        raise BadAddress("the URL names no host")
    if url.userinfo:
        raise BadAddress("the URL must not carry a user name or password")
    # httpx lets 0 and 99999 through.
    if url.port is not None and not 0 < url.port < 65_536:
        raise BadAddress(f"{url.port} is not a port")
    ascii_host(url.raw_host.decode("ascii"))
    return url


async def send(
    network: Network, request: httpx.Request, *, trace: Trace | None = None
) -> httpx.Response:
    """Send `request` on a connection of its own; the answer's headers are there, its body is not.

    Close the response, which closes the connection. Redirects are not followed, content is not
    decoded, cookies are not kept. Raises NetError; has a deadline only where the request's
    `timeout` extension (httpx) names one.
    """
    url = request.url
    secure = url.scheme == "https"
    timeouts = request.extensions.get("timeout") or {}
    try:
        async with asyncio.timeout(timeouts.get("connect")):
            stream = await network.open(
                url.raw_host.decode("ascii"),
                url.port or (443 if secure else 80),
                secure=secure,
                trace=trace,
            )
    except TimeoutError:
        raise ConnectTimeout("no connection in time") from None
    guarded = _HttpStream(stream)
    origin = httpcore.Origin(url.raw_scheme, url.raw_host, url.port or (443 if secure else 80))
    try:
        with _translated(guarded):
            answer = await httpcore.AsyncHTTP11Connection(origin, guarded).handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={"timeout": timeouts},
                )
            )
    except BaseException:
        stream.close()
        raise
    return httpx.Response(
        status_code=answer.status,
        headers=answer.headers,
        stream=_Body(answer, guarded),
        extensions=answer.extensions,
        request=request,
    )


def raw_body(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body of an answer from `send` as it arrives, not decoded."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, network: Network) -> None:
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await send(self._network, request)


def async_client(network: Network, **options: Any) -> httpx.AsyncClient:
    """An httpx client that goes through `network`: for webhooks, push and the like.

    Follows no redirects and ignores the environment's proxies unless `options` say otherwise;
    redirects that are followed pass the guard like everything else.
    """
    options.setdefault("follow_redirects", False)
    options.setdefault("trust_env", False)
    headers = {"User-Agent": network.user_agent, **(options.pop("headers", None) or {})}
    return httpx.AsyncClient(transport=_Transport(network), headers=headers, **options)


class _HttpStream(httpcore.AsyncNetworkStream):
    """A connection that notices at the first byte when the peer does not speak HTTP.

    Without it a mail or ssh server, which greets and then waits, would look like a slow one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._start = b""
        self.ended = False

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,
    ) -> bytes:
        data = await self._connection.read(max_bytes, timeout)
        if not data:
            self.ended = True
        elif len(self._start) < len(_FIRST_BYTES):
            self._start = (self._start + data)[: len(_FIRST_BYTES)]
            if not _FIRST_BYTES.startswith(self._start):
                raise ProtocolError("the answer is not HTTP")
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,
    ) -> None:
        await self._connection.write(buffer, timeout)

    async def aclose(self) -> None:
        self._connection.close()

    def close(self) -> None:
        self._connection.close()

    def get_extra_info(self, info: str) -> Any:
        return self._connection.get_extra_info(info)


@contextmanager
def _translated(stream: _HttpStream) -> Iterator[None]:
    try:
        yield
    except httpcore.RemoteProtocolError as error:
        if stream.ended:
            raise ClosedEarly(str(error)) from error
        raise ProtocolError(str(error)) from error
    except (httpcore.ReadError, httpcore.WriteError) as error:
        raise ClosedEarly(str(error)) from error
    except httpcore.TimeoutException as error:
        raise NoAnswer(str(error)) from error
    except httpcore.LocalProtocolError:
        # Its message would repeat the header at fault, which may be a secret one.
        raise BadAddress("the request cannot be sent: an illegal method or header") from None


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, stream: _HttpStream) -> None:
        self._answer = answer
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._stream):
            async with aclosing(aiter(self._answer.stream)) as chunks:  # type: ignore[type-var, arg-type]
                async for chunk in chunks:
                    yield chunk

    async def aclose(self) -> None:
        self._stream.close()
