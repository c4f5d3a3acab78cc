"""What people do with a window, each act on a page of its own that asks first.

The operations decide; here stands only which buttons are worth showing (`offered`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.models import User
from core.admin import ACTS as RECORDED
from core.admin import address_of
from maintenance import operations
from maintenance.admin.policy import weigh_window
from maintenance.admin.preview import banners
from maintenance.admin.shown import services_named, span
from maintenance.checking import requesters
from maintenance.forms.acts import (
    ActForm,
    ApproveForm,
    DuplicateForm,
    ExtendForm,
    NoteForm,
    PostponeForm,
    ReturnForm,
    SubmitForm,
)
from maintenance.forms.fields import InstantField
from maintenance.labels import State
from maintenance.models import Window
from maintenance.refusals import Refused
from maintenance.windows import Approver
from maintenance.wording import zone_name

# The record names these acts like those of every page.
RECORDED |= {
    "draft": pgettext_lazy("what somebody did", "Saved as a draft"),
    "submit": pgettext_lazy("what somebody did", "Submitted"),
    "return": pgettext_lazy("what somebody did", "Returned"),
    "approve": pgettext_lazy("what somebody did", "Approved"),
    "extend": pgettext_lazy("what somebody did", "Extended"),
    "complete": pgettext_lazy("what somebody did", "Completed"),
    "cancel": pgettext_lazy("what somebody did", "Cancelled"),
    "postpone": pgettext_lazy("what somebody did", "Postponed"),
    "duplicate": pgettext_lazy("what somebody did", "Duplicated"),
    "repeat": pgettext_lazy("what somebody did", "Repeated"),
}

_ASKED = frozenset({State.DRAFT, State.RETURNED})


@dataclass(frozen=True, slots=True)
class WindowAct:
    """One act: what its page is called and asks, and the operation behind it."""

    title: Promise | str
    about: Promise | str
    button: Promise | str
    done: Promise | str
    form: type[ActForm]
    perform: Callable[..., Any]
    # Done to the citizens' page as well: the page of the act shows what they will read.
    shows_banner: bool = False


ACTS: dict[str, WindowAct] = {
    "submit": WindowAct(
        _("Submit for approval"),
        _("This is what people will read once it is approved. Nothing is public before."),
        _("Submit"),
        _("It is submitted."),
        SubmitForm,
        operations.submit,
        shows_banner=True,
    ),
    "approve": WindowAct(
        _("Approve and announce"),
        _("From now on everybody can read this, in both languages."),
        _("Approve"),
        _("It is approved and announced."),
        ApproveForm,
        operations.approve,
        shows_banner=True,
    ),
    "return": WindowAct(
        _("Return with a reason"),
        _("It goes back to whoever asked for it, to be changed and submitted again."),
        _("Return"),
        _("It is returned."),
        ReturnForm,
        operations.return_,
    ),
    "extend": WindowAct(
        _("Extend"),
        _("The new end is public at once. The time past the announced end is never planned."),
        _("Extend"),
        _("The new end is public."),
        ExtendForm,
        operations.extend,
    ),
    "complete": WindowAct(
        _("Complete"),
        _("Say that the work is done. It is public at once and cannot be undone."),
        _("Complete"),
        _("It is completed."),
        NoteForm,
        operations.complete,
    ),
    "postpone": WindowAct(
        _("Postpone"),
        _(
            "A new window takes its place and is announced at once. Without new times this one "
            "is postponed to a day that is not known yet."
        ),
        _("Postpone"),
        _("It is postponed."),
        PostponeForm,
        operations.postpone,
    ),
    "cancel": WindowAct(
        _("Cancel the window"),
        _("It stays in the history. What was announced stays public, as cancelled."),
        _("Cancel the window"),
        _("It is cancelled."),
        NoteForm,
        operations.cancel,
    ),
    "duplicate": WindowAct(
        _("Duplicate"),
        _("A new draft with everything but the times."),
        _("Duplicate"),
        _("This is the new draft."),
        DuplicateForm,
        operations.duplicate,
    ),
}


def offered(
    window: Window, *, actor: Any, now: datetime, approver: Approver | None
) -> tuple[str, ...]:
    """The acts that this person may do to `window` at `now`, in the order of their buttons.

    `approver` is who has to approve it, None where that is not known.
    """
    open_now = _open(window, now)
    return tuple(
        name for name in ACTS if name in open_now and _allowed(name, window, actor, approver)
    )


def _open(window: Window, now: datetime) -> Collection[str]:
    """The acts that the state of a window and the clock leave open."""
    state = State(window.state)
    if state in _ASKED:
        return {"submit", "cancel", "duplicate"}
    if state is State.SUBMITTED:
        return {"approve", "return", "cancel", "duplicate"}
    if state is State.APPROVED:
        if now < window.starts_at:
            return {"postpone", "cancel", "duplicate"}
        return {"extend", "complete", "duplicate"}
    return {"duplicate"}


def _allowed(name: str, window: Window, actor: Any, approver: Approver | None) -> bool:
    agency = window.agency_id
    requests = may(actor, Act.REQUEST_WINDOW, agency)
    approves = may(actor, Act.APPROVE_ANY_WINDOW, agency) or (
        approver is Approver.PUBLISHER and may(actor, Act.APPROVE_WINDOW, agency)
    )
    match name:
        case "approve":
            return approves and actor.pk not in requesters(window)
        case "return":
            return may(actor, Act.APPROVE_WINDOW, agency) or actor.pk in requesters(window)
        case "extend" | "complete":
            return may(actor, Act.RUN_WINDOW, agency)
        case _:
            return requests


class WindowActs(admin.ModelAdmin):
    """Adds the pages of the acts to the admin of windows."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        return [
            path("<int:pk>/act/<slug:name>/", view, name="maintenance_window_act"),
            *super().get_urls(),
        ]

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask what the act needs, then do it; what was typed stays when it is refused."""
        act = ACTS.get(name)
        window = self.get_object(request, str(pk))
        if act is None or not isinstance(window, Window) or not isinstance(request.user, User):
            raise Http404
        now = timezone.now()
        weighed = weigh_window(window, now)
        open_here = offered(window, actor=request.user, now=now, approver=weighed.approver)
        if name not in open_here:
            # Somebody else was quicker, or the clock was: the page of the window says how it is.
            if name in _open(window, now):
                raise PermissionDenied
            self.message_user(
                request,
                gettext("This cannot be done to it any more. Look at what became of it."),
                messages.WARNING,
            )
            return HttpResponseRedirect(_page(window))
        if request.method == "POST":
            form = act.form(request.POST, window=window)
            if form.is_valid():
                try:
                    became = form.perform(
                        act.perform, actor=request.user, now=now, address=address_of(request)
                    )
                except Refused as refused:
                    form.explain(refused)
                else:
                    self.message_user(request, str(act.done), messages.SUCCESS)
                    return HttpResponseRedirect(_page(became))
        else:
            form = act.form(window=window)
        if act.shows_banner:
            # The banner names channels where not all of a service's are meant.
            prefetch_related_objects([window], "services__service__channels")
        context = {
            **self.admin_site.each_context(request),
            "title": act.title,
            "subtitle": str(window),
            "opts": self.opts,
            "window": window,
            "act": act,
            "form": form,
            "services": services_named(window),
            "when": span(window.starts_at, window.ends_at),
            "has_times": any(isinstance(field, InstantField) for field in form.fields.values()),
            "zone": zone_name(),
            "page_language": get_language(),
            "banners": banners(window) if act.shows_banner else (),
            "now": now,
            "weighed": weighed if act.shows_banner else None,
        }
        return TemplateResponse(request, "admin/maintenance/window/act.html", context)


def _page(window: Window) -> str:
    return reverse("admin:maintenance_window_change", args=(window.pk,))
