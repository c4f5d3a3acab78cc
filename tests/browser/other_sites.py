"""Sites of other people with our tag in them, and a portal that answers what a test wants."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.template import loader
from playwright.sync_api import Browser, Page

from tests.statusportal.public.snapshots import NOW

# What documentation allows, and nothing more; the last part forbids markup from strings.
POLICY = (
    "default-src 'none'; script-src {portal}; connect-src {portal};"
    " require-trusted-types-for 'script'"
)
# What the browser itself writes down of each question that fails; no script can keep it from that.
NETWORK = re.compile(r"^Failed to load resource: |net::ERR_|has been blocked by CORS policy")
BANNER = "status-banner"

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A small web server of its own origin; `answer` may be replaced while it runs."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Host:
    """Somebody's own site with our tag in it, and what the browser complained of there."""

    def __init__(self, browser: Browser, portal: str, tag: str, *, head: str = "") -> None:
        self.portal = portal
        self.tag = tag
        self.head = head
        self.server = Server(self._page)
        self.context = browser.new_context(base_url=self.server.address)
        self.context.clock.install(time=NOW)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"broke: {error}"))

    def _page(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/":
            return send(handler, b"", 204)
        body = (
            '<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8">'
            f"<title>خدمة</title>{self.head}</head><body><header>أ</header><main><h1>خدمة</h1>"
            f'{self.tag}<p id="after"><a href="/next">التالي</a></p></main></body></html>'
        )
        return send(
            handler,
            body.encode(),
            Content_Type="text/html; charset=utf-8",
            Content_Security_Policy=POLICY.format(portal=self.portal),
        )

    def open(self) -> None:
        response = self.page.goto("/")
        assert response is not None
        assert response.status == 200

    @property
    def banner(self) -> Any:
        return self.page.locator(BANNER)

    @property
    def region(self) -> Any:
        return self.page.get_by_role("region")

    def later(self, seconds: int) -> None:
        # In one leap: what is asked on the way must not be given up before its answer is there.
        self.page.clock.fast_forward(seconds * 1000)

    def close(self) -> None:
        self.context.close()
        self.server.stop()


def tag(portal: str, service: str = "login", more: str = 'data-lang="ar"') -> str:
    source = f"{portal}/embed/banner.js"
    return f'<script async src="{source}" data-service="{service}" {more}></script>'


class Portal:
    """Our script, and JSON as the test wants it; each answer a second newer than the last."""

    def __init__(self) -> None:
        self.server = Server(self.answer)
        self.address = self.server.address
        self.second = 0
        self.is_frozen = False
        self.text = "نعلم بوجود مشكلة."
        self.json: Answer = self.notice

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/embed/banner.js":
            script = loader.render_to_string("public/embed/banner.js").encode()
            return send(handler, script, Content_Type="text/javascript; charset=utf-8")
        return self.json(handler)

    def document(self, **changed: Any) -> dict[str, Any]:
        notice = {
            "kind": "incident",
            "phase": "fixing",
            "label": "قيد الإصلاح",
            "ref": "IN-222222",
            "title": "مشكلة في الدخول",
            "text": self.text,
            "from": "2026-11-22T08:30:00Z",
            "until": None,
            "next_update_by": None,
            "url": "https://status.gov.example/ar/incidents/IN-222222/",
        }
        return {
            "service": {"id": "1", "slug": "login", "name": "ا", "state": "x", "label": "ا"},
            "notices": [notice | changed],
            "words": {"region": "تنبيهات", "more": "المزيد", "close": "إغلاق"},
            "as_of": "2026-11-22T10:00:00Z",
            "stale_after": 200,
        }

    def notice(self, handler: BaseHTTPRequestHandler) -> None:
        self.send_json(handler, json.dumps(self.document()).encode())

    def send_json(self, handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
        if not self.is_frozen:
            self.second += 1
        send(
            handler,
            body,
            status,
            Content_Type="application/json",
            Cache_Control="no-store",
            Date=handler.date_time_string(NOW.timestamp() + self.second),
            Access_Control_Allow_Origin="*",
            Access_Control_Expose_Headers="Date",
        )

    @property
    def questions(self) -> int:
        return sum(path.startswith("/embed/login.json") for path in self.server.asked)

    def until_asked(self, times: int, page: Page) -> None:
        deadline = time.monotonic() + 10
        while self.questions < times:
            assert time.monotonic() < deadline, f"asked only {self.questions} times"
            page.wait_for_timeout(20)
        # And until the page has read the answer.
        page.wait_for_timeout(150)
