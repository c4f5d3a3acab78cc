"""Reading a body within bounds: never more than a cap of it, packed or unpacked."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import brotli

# Real pages pack 3 to 20 times, monotonous JSON 100 times; gzip can do 1000.
_BOMB_RATIO = 200
# Unpacked in small pieces, as what a piece unpacks to is weighed against what was fed so far.
_SLICE = 2048


class BadEncoding(Exception):
    """A body that does not decompress, or decompresses without end."""


@dataclass(frozen=True, slots=True)
class Body:
    """The first bytes of a body; `complete` when they are all there are."""

    data: bytes
    complete: bool


class _Decoder(Protocol):
    def feed(self, packed: bytes, room: int) -> bytes:
        """At most about `room` unpacked bytes; what is over stays inside. Raises BadEncoding."""

    @property
    def finished(self) -> bool:
        """Whether the packed data has come to its proper end."""


async def read_body(chunks: AsyncIterator[bytes], *, content_encoding: str, cap: int) -> Body:
    """Read and unpack until the end or `cap` bytes, whichever comes first.

    `content_encoding` is the header's value: identity, gzip, deflate or br, one of them (RFC 9110,
    8.4). Stops reading at the cap, so a body without end costs no more than one of the cap's size.
    Raises BadEncoding.
    """
    decoder = _decoder_for(content_encoding)
    data = bytearray()
    packed_bytes = 0
    async with aclosing(chunks) as arriving:  # type: ignore[type-var]
        async for chunk in arriving:
            for start in range(0, len(chunk), _SLICE):
                piece = chunk[start : start + _SLICE]
                packed_bytes += len(piece)
                data += piece if decoder is None else decoder.feed(piece, cap + 1 - len(data))
                if len(data) > cap:
                    if len(data) > _BOMB_RATIO * packed_bytes:
                        raise BadEncoding(f"{packed_bytes} bytes unpack to more than {cap}")
                    return Body(bytes(data[:cap]), complete=False)
            if packed_bytes > cap:
                return Body(bytes(data), complete=False)
    if decoder is not None and packed_bytes and not decoder.finished:
        raise BadEncoding("the packed body ends in the middle")
    return Body(bytes(data), complete=True)


def _decoder_for(content_encoding: str) -> _Decoder | None:
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return None
    if codings in (["gzip"], ["x-gzip"]):
        return _Zlib(zlib.MAX_WBITS | 16, members=True)
    if codings == ["deflate"]:
        return _Zlib(zlib.MAX_WBITS)
    if codings == ["br"]:
        return _Brotli()
    raise BadEncoding(f"content coding {', '.join(codings)[:40]!r} was not asked for")


class _Zlib:
    def __init__(self, wbits: int, *, members: bool = False) -> None:
        self._wbits = wbits
        self._members = members
        self._unpack = zlib.decompressobj(wbits)
        self._begun = False

    @property
    def finished(self) -> bool:
        return self._unpack.eof

    def feed(self, packed: bytes, room: int) -> bytes:
        if not self._begun and packed:
            self._begun = True
            # RFC 9110, 8.4.1.2: "deflate" is the zlib format, but some send it bare.
            if self._wbits == zlib.MAX_WBITS and packed[0] & 0x0F != 8:
                self._unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        unpacked = bytearray()
        while packed and len(unpacked) < room:
            if self._unpack.eof:
                # RFC 1952, 2.2: members may follow one another; anything else is padding.
                if not self._members or packed[:1] != b"\x1f":
                    break
                self._unpack = zlib.decompressobj(self._wbits)
            try:
                unpacked += self._unpack.decompress(packed, room - len(unpacked))
            except zlib.error as error:
                raise BadEncoding(str(error)) from None
            packed = self._unpack.unused_data if self._unpack.eof else b""
        return bytes(unpacked)


class _Brotli:
    def __init__(self) -> None:
        self._unpack = brotli.Decompressor()

    @property
    def finished(self) -> bool:
        return bool(self._unpack.is_finished())

    def feed(self, packed: bytes, room: int) -> bytes:
        if self._unpack.is_finished():
            return b""
        unpacked = bytearray()
        try:
            unpacked += self._unpack.process(packed, output_buffer_limit=room)
            while len(unpacked) < room and not self._unpack.can_accept_more_data():
                more = self._unpack.process(b"", output_buffer_limit=room - len(unpacked))
                if not more:
                    break
                unpacked += more
        except brotli.error as error:
            raise BadEncoding(str(error)) from None
        return bytes(unpacked)
