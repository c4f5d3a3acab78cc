"""The drawn pictures that chats show beside a shared link, of each page that says a state.

Chats keep a picture by its address, so pages ask for it with the version of what is said; the
address without it is as good.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from statusportal.public import cards, incident_page, maintenance_page, og_picture, plain, words
from statusportal.public.answers import Answer, respond
from statusportal.public.cards import Card
from statusportal.public.embeds import for_other_sites
from statusportal.public.pages import said_now
from statusportal.public.said import Said

# A picture cannot drop its green, and those who show it keep it for themselves anyway.
_CACHE_CONTROL = "public, max-age=60, must-revalidate"
_RETRY_AFTER_S = 10
# It says as of when: a minute later it is as true, and need not be drawn anew.
_GOOD_FOR = timedelta(minutes=1)
_MOST_KEPT = 64


class _Pictures:
    """The pictures of this process, by what they say but for their "as of"."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, bytes]] = OrderedDict()
        self._lock = Lock()

    def of(self, key: str, as_of: datetime, draw: Callable[[], bytes]) -> bytes:
        with self._lock:
            found = self._kept.get(key)
            if found is not None and timedelta() <= as_of - found[0] < _GOOD_FOR:
                self._kept.move_to_end(key)
                return found[1]
        # Outside of the lock: two may draw the same, and nobody waits for another picture.
        picture = draw()
        with self._lock:
            self._kept[key] = as_of, picture
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return picture


_pictures = _Pictures()


@require_safe
def portal(request: HttpRequest) -> HttpResponse:
    """`/{lang}/og.png`: the headline."""
    return _answer(request, cards.of_portal)


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """One service. 404 and 503 are empty: chats show the link without a picture then."""

    def card(said: Said) -> Card | None:
        found = said.services.get(slug)
        return cards.of_service(found) if found else None

    return _answer(request, card)


@require_safe
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """One agency."""

    def card(said: Said) -> Card | None:
        found = said.agencies.get(code)
        return cards.of_agency(found) if found else None

    return _answer(request, card)


@require_safe
def incident(request: HttpRequest, ref: str) -> HttpResponse:
    """One notice, however old it is."""

    def card(said: Said) -> Card | None:
        found = incident_page.find(said, ref)
        return cards.of_notice(found) if found else None

    return _answer(request, card)


@require_safe
def window(request: HttpRequest, ref: str) -> HttpResponse:
    """One window, however old it is."""

    def card(said: Said) -> Card | None:
        found = maintenance_page.find(said, ref)
        return cards.of_window(found) if found else None

    return _answer(request, card)


def _answer(request: HttpRequest, card_of: Callable[[Said], Card | None]) -> HttpResponse:
    said = said_now()
    card = card_of(said) if said is not None else None
    if said is None or card is None:
        status = HTTPStatus.SERVICE_UNAVAILABLE if said is None else HTTPStatus.NOT_FOUND
        empty = HttpResponse(status=status)
        empty["Cache-Control"] = "no-store"
        if said is None:
            empty["Retry-After"] = str(_RETRY_AFTER_S)
        return for_other_sites(empty)
    language = words.language()
    site = urlsplit(settings.PUBLIC_URL).netloc
    undated = og_picture.svg(card, language, foot=[site])
    key = hashlib.sha256(undated.encode()).hexdigest()[:32]

    def draw() -> bytes:
        foot = [plain.sentence(words.as_of(said.as_of)), site]
        return og_picture.png(card, language, foot=foot)

    tag = f'W/"{key}"'
    # To draw costs fifty times as much as to know that who asks has it.
    is_needed = get_conditional_response(request, etag=tag) is None
    picture = _pictures.of(key, said.as_of, draw) if is_needed else b""
    response = respond(request, Answer(picture, tag), og_picture.CONTENT_TYPE)
    response["Cache-Control"] = _CACHE_CONTROL
    return for_other_sites(response)
