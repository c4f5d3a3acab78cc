"""The same server's bare app: hands out one answer of a file and asks nobody anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# A whole answer, as it came over the wire: its head, an empty line, its body.
_HEAD, _, _BODY = Path(os.environ["BENCH_ANSWER"]).read_bytes().partition(b"\r\n\r\n")
# The server writes these two itself.
_HEADERS = [
    (name, value)
    for name, value in (line.split(": ", 1) for line in _HEAD.decode("latin-1").split("\r\n")[1:])
    if name not in {"server", "date"}
]


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterable[bytes]:
    """As little as a WSGI application can do."""
    start_response("200 OK", _HEADERS)
    return [_BODY]
