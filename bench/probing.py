"""Probing beside plain httpx: the same requests to the same endpoints, CPU of this process."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx

from bench import endpoints, nation
from bench.table import Row
from core.net import NetworkSettings
from services.probes.run import run_shard
from services.probes.target import Target
from services.status.health import Outcome

_SHARD = 200
_CONCURRENCY = 200
_ROUNDS = 5
_TEXT = "تسجيل الدخول"


def measure(folder: Path, *, checks: int = 1_000) -> Iterator[Row]:
    """One row: CPU of a check of ours over that of the plain client."""
    authority = folder / endpoints.AUTHORITY
    with endpoints.answering(folder):
        urls = [nation.url_of(number, endpoints.PORT) for number in range(checks)]
        settings = NetworkSettings(
            allowed=("127.0.0.0/8",), extra_ca_file=str(authority), per_host=_CONCURRENCY
        )
        tls = ssl.create_default_context(cafile=str(authority))
        # Once for nothing: modules, the authorities' list, the first threads.
        _ours(urls[:_SHARD], settings)
        asyncio.run(_plain(urls[:_SHARD], tls))
        ours, plain = [], []
        # Turn by turn, so that both see the same weather.
        for _round in range(_ROUNDS):
            ours.append(_cpu_of(lambda: _ours(urls, settings)) / checks)
            plain.append(_cpu_of(lambda: asyncio.run(_plain(urls, tls))) / checks)
    ratio = median(one / other for one, other in zip(ours, plain, strict=True))
    yield Row(
        "CPU of a check / plain shared httpx client",
        1.15,
        ratio,
        "×",
        relative=True,
        note=f"{median(ours) * 1000:.2f} ms against {median(plain) * 1000:.2f} ms of one core,"
        f" a fresh TLS connection each, {_ROUNDS} rounds of {checks}",
    )


def _cpu_of(work: object) -> float:
    assert callable(work)
    began = time.process_time()
    work()
    return time.process_time() - began


def _ours(urls: list[str], settings: NetworkSettings) -> None:
    """As services.tasks.probe_shard does it: shard by shard, each in a loop of its own."""
    now = datetime.now(UTC)
    targets = [
        Target(
            check_id=number,
            location_id=1,
            kind="http",
            spec={"url": url, "text_present": _TEXT},
            due_at=now,
            timeout_s=10.0,
            slow_after_s=4.0,
        )
        for number, url in enumerate(urls)
    ]
    for start in range(0, len(targets), _SHARD):
        seen = run_shard(
            targets[start : start + _SHARD],
            network_settings=settings,
            concurrency=_CONCURRENCY,
        )
        bad = [one for one in seen.observations if one.outcome not in {Outcome.OK, Outcome.SLOW}]
        if bad:
            raise RuntimeError(f"{len(bad)} of our probes failed: {bad[0].detail}")


async def _plain(urls: list[str], tls: ssl.SSLContext) -> None:
    places = asyncio.Semaphore(_CONCURRENCY)
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=None)
    async with httpx.AsyncClient(verify=tls, limits=limits, timeout=10.0) as client:

        async def ask(url: str) -> None:
            async with places:
                answer = await client.get(url)
                if answer.status_code != 200 or _TEXT not in answer.text:
                    raise RuntimeError(f"{url} answered {answer.status_code}")

        await asyncio.gather(*(ask(url) for url in urls))
