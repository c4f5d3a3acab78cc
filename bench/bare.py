"""The same server's bare app: hands out one file's bytes and asks nobody anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Encoding", "gzip"),
    ("Content-Length", str(len(_BODY))),
    ("Cache-Control", "public, max-age=15"),
    ("ETag", '"bare"'),
]


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterable[bytes]:
    """As little as a WSGI application can do."""
    start_response("200 OK", _HEADERS)
    return [_BODY]
