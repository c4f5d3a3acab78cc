"""“Try it now”: one check is run once, and what it saw is shown and forgotten."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.scoping import ScopedAdmin
from core.admin import ACTS
from services import queries
from services.labels import OUTCOME, REASON
from services.probes import Target
from services.probes.run import run_shard
from services.status.observation import Observation

logger = logging.getLogger(__name__)

# The record names this act like those of every page.
ACTS["try"] = pgettext_lazy("what somebody did", "Tried")

_PAUSE_S = 5

_PHASES: tuple[tuple[str, Promise], ...] = (
    ("dns_ms", _("Finding the address")),
    ("connect_ms", _("Connecting")),
    ("tls_ms", _("Securing the connection (TLS)")),
    ("first_byte_ms", _("Until the answer began")),
    ("total_ms", _("In all")),
)


class TryNow(ScopedAdmin):
    """Adds the way to try a check to its page."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.try_view)
        return [path("<int:pk>/try/", view, name="services_check_try"), *super().get_urls()]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Run the saved check once in this process, within its own timeout.

        No observation, state or schedule is touched: only the record says that somebody tried.
        """
        check = self.get_object(request, str(pk))
        if check is None:
            raise Http404
        if not self.has_change_permission(request, check):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        target = queries.target_to_try(
            check_id=check.pk,
            now=timezone.now(),
            default_timeout_s=settings.CHECK_TIMEOUT.total_seconds(),
        )
        turn = f"services.try:{request.user.pk}"
        if not _may_go(turn, at_most_s=2 * target.timeout_s + _PAUSE_S):
            self.message_user(
                request,
                gettext("You have just tried a check. Wait five seconds, then try again."),
                messages.WARNING,
            )
            return Redirect(reverse("admin:services_check_change", args=(check.pk,)))
        try:
            seen = _run(target)
        finally:
            _pause(turn)
        self.write(request, "try", check, {}, _recorded(seen))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("What this check sees now"),
            "opts": self.opts,
            "check": check,
            "seen": seen,
            "outcome": OUTCOME[seen.outcome],
            "reason": REASON[seen.reason],
            "phases": [
                (label, shown_ms)
                for name, label in _PHASES
                if (shown_ms := getattr(seen.timings, name)) is not None
            ],
            "warning_days": check.spec.get("certificate_warning_days"),
        }
        return TemplateResponse(request, "admin/services/check/tried.html", context)


def _run(target: Target) -> Observation:
    shard = run_shard([target], network_settings=queries.probe_network(), concurrency=1)
    return shard.observations[0]


def _recorded(seen: Observation) -> dict[str, str | None]:
    """What the record keeps of a try: no detail, which may repeat what a page says."""
    total_ms = seen.timings.total_ms
    return {
        "outcome": seen.outcome.name,
        "reason": seen.reason.name,
        "total_ms": None if total_ms is None else str(total_ms),
    }


def _may_go(turn: str, *, at_most_s: float) -> bool:
    """Take this person's one turn, for as long as a probe can take."""
    try:
        return cache.add(turn, 1, timeout=at_most_s)
    except RedisError:
        # With Redis gone staff need to see for themselves more than ever.
        logger.warning("A try is not counted: the cache does not answer.")
        return True


def _pause(turn: str) -> None:
    try:
        cache.touch(turn, timeout=_PAUSE_S)
    except RedisError:
        return
