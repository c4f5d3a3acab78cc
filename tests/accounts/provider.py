"""A provider of single sign-on for tests: OpenID Connect over real HTTP, on loopback, in a thread.

It signs its tokens, gives each code once, and checks the client, its redirect address and PKCE as
the standards ask. It can be told to misbehave, which no real one can.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID = "the portal"
CLIENT_SECRET = "a secret: with % and +"
# Making one takes a moment; nothing is signed with it but the tokens of one run.
KEY = ec.generate_private_key(ec.SECP256R1())
ANOTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def signed(claims: dict[str, Any], *, key: Any = KEY, **header: Any) -> str:
    """`claims` as the provider signs them: ES256, with the name of its key."""
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "one", **header})


def unsigned(claims: dict[str, Any]) -> str:
    """A token that says of itself that nobody signed it."""
    parts = ({"alg": "none", "kid": "one"}, claims)
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    ]
    return f"{encoded[0]}.{encoded[1]}."


def public_keys(**about: Any) -> dict[str, Any]:
    """The key set that the provider publishes."""
    key = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [key | {"kid": "one", "use": "sig", "alg": "ES256"} | about]}


class Provider:
    """What the provider knows and does; tests read and change it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.behave()

    def behave(self) -> None:
        """Forget everything, and do as the standards say."""
        # Who sits before the browser, as claims; None breaks the sign-in off.
        self.person: dict[str, Any] | None = {"sub": "1001"}
        self.userinfo: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        # What becomes of a token's claims, and who signs it.
        self.changed: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = signed
        # path → what is answered there instead: (status, body)
        self.instead: dict[str, tuple[int, bytes]] = {}
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.refused: list[str] = []
        self.visited: list[str] = []

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        } | self.discovery

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        self.asked.append(asked)
        back = {"state": asked["state"], "iss": self.issuer}
        if self.person is None:
            back["error"] = "access_denied"
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back["code"] = code
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and answer for whoever brings a code."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        faults = {
            "code": asked is None,
            "client": not _is_the_client(form, authorization),
            "redirect_uri": asked is not None and form.get("redirect_uri") != asked["redirect_uri"],
            "pkce": asked is not None
            and (asked.get("code_challenge"), asked.get("code_challenge_method"))
            != (challenge, "S256"),
        }
        self.refused += [name for name, wrong in faults.items() if wrong]
        if asked is None or any(faults.values()):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **(self.person or {}),
        }
        id_token = self.sign(self.changed(claims))
        return 200, {"access_token": "open", "token_type": "Bearer", "id_token": id_token}


def _is_the_client(form: dict[str, str], authorization: str) -> bool:
    kind, _space, value = authorization.partition(" ")
    if kind == "Basic":
        name, _colon, secret = base64.b64decode(value).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers on a port of its own while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = self._visit()
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(dict(parse_qsl(query))))
                self.end_headers()
            elif path == "/userinfo" and self.headers.get("Authorization") != "Bearer open":
                self._answer(401, {"error": "invalid_token"})
            else:
                self._answer(
                    200,
                    {
                        "/.well-known/openid-configuration": provider.document(),
                        "/keys": public_keys(),
                        "/userinfo": provider.userinfo,
                    }[path],
                )

        def do_POST(self) -> None:
            self._visit()
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            self._answer(*provider.token(form, self.headers.get("Authorization", "")))

        def _visit(self) -> tuple[str, str]:
            parts = urlsplit(self.path)
            provider.visited.append(parts.path)
            return parts.path, parts.query

        def _answer(self, status: int, found: dict[str, Any]) -> None:
            path = urlsplit(self.path).path
            status, body = provider.instead.get(path, (status, json.dumps(found).encode()))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", provider.issuer + "/keys")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing: its visits stand in `visited`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
