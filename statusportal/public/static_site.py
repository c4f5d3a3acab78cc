"""The whole public site as plain files, for a CDN or a second host (docs/serving.md).

The same renderer as in the web process, asked for every address there is; links between them are
followed, so that every page, month and choice that is linked is there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext

from core.bilingual import LANGUAGES
from statusportal.public import api_shape, og_picture
from statusportal.public.said import Said
from statusportal.public.static_site_names import (
    file_of,
    in_sitemap,
    in_style,
    policy_in_a_page,
    rewritten,
)
from statusportal.public.store import Store
from statusportal.public.turns import Showing
from statusportal.public.wsgi_cache import Application, ask
from statusportal.public.wsgi_cache_key import Question

# Written last: a folder without it is not finished, one with it is ours.
_ABOUT = "publication.json"
_NOT_FOUND = "404.html"
# What the pictures in the folder say.
_PICTURES = ".pictures.json"
# A picture says as of when it was drawn. While the site goes on saying the same, one of the last
# hour is good enough: to draw a nation's takes as long as all of its pages.
_PICTURE_GOOD_FOR = timedelta(hours=1)


class CannotPublish(Exception):
    """Why the files cannot be put where they were asked for, as a sentence."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What was written: how many files, how many of them differ from those before, and how old
    their knowledge is. `missing` are linked addresses that Django did not answer with a page."""

    files: int
    changed: int
    as_of: datetime
    missing: tuple[str, ...]


def publish(target: Path, *, django: Application, store: Store, showing: Showing) -> Publication:
    """Write the site of `showing` and put it in the place of what `target` leads to.

    `target` becomes a link to a folder beside it, and changes in one step: whoever reads sees the
    old site or the new one. Raises CannotPublish, OSError.
    """
    before = _before(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder.chmod(0o755)
        writing = _Writing(folder, before)
        with store.pinned(showing):
            missing = _write_all(writing, django, showing.said)
        about = {
            "version": showing.said.version,
            "as_of": showing.said.as_of.astimezone(UTC).isoformat(timespec="seconds"),
            "files": writing.files,
        }
        (folder / _PICTURES).write_bytes(msgspec.json.encode(writing.pictures))
        (folder / _ABOUT).write_bytes(msgspec.json.encode(about))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _lead(target, folder)
    _remove_others(target, keep={folder.name, *([before.name] if before else [])})
    return Publication(writing.files, writing.changed, showing.said.as_of, missing)


# --- what there is ------------------------------------------------------------------------------


def addresses(said: Said) -> Iterator[tuple[str, str]]:
    """(path, query) of everything that is published whether or not a page links to it."""
    services, agencies = list(said.services), list(said.agencies)
    for lang in LANGUAGES:
        yield f"/{lang}/", ""
        yield f"/{lang}/feed.atom", ""
        yield f"/{lang}/calendar.ics", ""
        for kind, names in (("services", services), ("agencies", agencies)):
            for name in names:
                yield f"/{lang}/{kind}/{name}/", ""
                yield f"/{lang}/{kind}/{name}/feed.atom", ""
                yield f"/{lang}/{kind}/{name}/calendar.ics", ""
    yield "/embed/banner.js", ""
    # And what these name: pages, whether or not another links to them, and further sitemaps.
    yield "/sitemap.xml", ""
    yield "/robots.txt", ""
    if settings.SECURITY_CONTACT:
        yield "/.well-known/security.txt", ""
    # Each without a parameter, then with each: a server of files may be told to choose by it.
    choices = ["", *(urlencode({"lang": lang}) for lang in LANGUAGES)]
    for query in choices:
        for document in api_shape.DOCUMENTS:
            yield f"/api/v2/{document}", query
        for slug in services:
            yield f"/embed/{slug}.json", query
            yield f"/embed/{slug}.html", query
            yield f"/badge/{slug}.svg", query
            yield f"/badge/{slug}.svg", f"{query}&kind=uptime".lstrip("&")


# --- writing ------------------------------------------------------------------------------------


def _write_all(writing: _Writing, django: Application, said: Said) -> tuple[str, ...]:
    live = urlsplit(settings.PUBLIC_URL)
    waiting = deque(addresses(said))
    known = set(waiting)
    missing = []
    while waiting:
        path, query = waiting.popleft()
        asked = Question(
            host=live.hostname or "",
            is_secure=live.scheme == "https",
            path=path,
            query=query,
            is_fragment=False,
        )
        name = file_of(path, query)
        drawn = writing.drawn(name, said.as_of)
        status, headers, body = ask(django, asked, if_none_match=drawn.tag if drawn else "")
        if drawn and status.startswith("304"):
            writing.keep(name, drawn)
            continue
        fields = {name.lower(): value for name, value in headers}
        links: list[tuple[str, str]] = []
        if not status.startswith("200"):
            if path in {f"/{lang}/" for lang in LANGUAGES}:
                raise CannotPublish(
                    f"The home page answers {status}: is {live.hostname} among ALLOWED_HOSTS?"
                )
            missing.append(f"{path}?{query}" if query else path)
        kind = fields.get("content-type", "")
        if kind.startswith("text/html") and not path.startswith("/embed/"):
            body, links = _page(body, asked, fields)
        elif kind.startswith("text/css"):
            links = list(in_style(body.decode(), path))
        elif path.startswith("/sitemap"):
            links = list(in_sitemap(body.decode(), live=settings.PUBLIC_URL))
        writing.put(name, body)
        if kind == og_picture.CONTENT_TYPE and "etag" in fields:
            writing.pictures[name] = _Drawn(fields["etag"], said.as_of)
        for link in links:
            if link not in known:
                known.add(link)
                waiting.append(link)
    for name, path in ((_NOT_FOUND, "/404"), ("index.html", "/ar/")):
        asked = Question(live.hostname or "", live.scheme == "https", path, "", False)
        _status, headers, body = ask(django, asked)
        writing.put(name, _page(body, asked, {n.lower(): v for n, v in headers})[0])
    return tuple(missing)


def _page(
    body: bytes, asked: Question, fields: dict[str, str]
) -> tuple[bytes, list[tuple[str, str]]]:
    language = fields.get("content-language", "ar")

    def instead(address: str) -> str:
        with translation.override(language):
            return _without_form(address)

    page, links = rewritten(
        body.decode(),
        asked.path,
        live=settings.PUBLIC_URL,
        policy=policy_in_a_page(fields.get("content-security-policy", "")),
        instead=instead,
    )
    return page.encode(), links


def _without_form(address: str) -> str:
    """What stands where a form was: nobody is there to answer it."""
    return format_html(
        '<div class="inset"><p>{}</p><p><a href="{}{}">{}</a></p></div>',
        gettext("This is a copy of the site. Searching and choosing work on the site itself only."),
        settings.PUBLIC_URL,
        address,
        gettext("Open this page on the site itself"),
    )


class _Drawn(msgspec.Struct, frozen=True):
    """What a picture says, by its tag, and its own "as of"."""

    tag: str
    as_of: datetime


class _Writing:
    """A folder that fills; what did not change is the same file as in the one before."""

    def __init__(self, folder: Path, before: Path | None) -> None:
        self.files = self.changed = 0
        # By their files: those of this folder, and of the one before.
        self.pictures: dict[str, _Drawn] = {}
        self._folder, self._before = folder, before
        self._drawn = _drawn_in(before)

    def drawn(self, name: str, as_of: datetime) -> _Drawn | None:
        """The picture of before in this file, if it says nothing too old."""
        found = self._drawn.get(name)
        is_good = found is not None and timedelta() <= as_of - found.as_of < _PICTURE_GOOD_FOR
        return found if is_good else None

    def keep(self, name: str, drawn: _Drawn) -> None:
        """The picture of before, which still says what there is to say."""
        assert self._before is not None
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(self._before / name, path)
        self.files += 1
        self.pictures[name] = drawn

    def put(self, name: str, body: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files += 1
        old = self._before / name if self._before is not None else None
        if old is not None and _has(old, body):
            # Its time stays too, by which readers and servers of files know that it is the same.
            os.link(old, path)
            return
        self.changed += 1
        path.write_bytes(body)


def _drawn_in(folder: Path | None) -> dict[str, _Drawn]:
    """The pictures in the folder of before; none of those that have gone."""
    if folder is None:
        return {}
    try:
        listed = msgspec.json.decode((folder / _PICTURES).read_bytes(), type=dict[str, _Drawn])
    except (OSError, ValueError):
        return {}
    return {name: drawn for name, drawn in listed.items() if (folder / name).is_file()}


def _has(path: Path, body: bytes) -> bool:
    try:
        return path.stat().st_size == len(body) and path.read_bytes() == body
    except OSError:
        return False


# --- where it stands ----------------------------------------------------------------------------


def _before(target: Path) -> Path | None:
    """The folder that `target` leads to now; None where there is none yet."""
    if target.is_symlink():
        folder = target.parent / os.readlink(target)
        if (folder / _ABOUT).exists():
            return folder
        raise CannotPublish(f"{target} is a link to something that was not published by us.")
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    elif target.exists():
        raise CannotPublish(f"{target} is there and not empty: name a folder that is not.")
    return None


def _lead(target: Path, folder: Path) -> None:
    # A link cannot be changed in place; another one can take its place.
    link = folder.with_name(f"{folder.name}.link")
    link.symlink_to(folder.name, target_is_directory=True)
    link.replace(target)


def _remove_others(target: Path, *, keep: set[str]) -> None:
    for folder in target.parent.glob(f".{target.name}-*"):
        # Another one that is being written has no such file yet.
        if folder.name not in keep and (folder / _ABOUT).exists():
            shutil.rmtree(folder, ignore_errors=True)
