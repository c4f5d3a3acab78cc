"""The policy, said while somebody types: the verdict, whom it reaches, who approves, better times.

With scripts the panel is asked for on every change; without, by the button "Check". Both send the
whole form, and neither writes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from maintenance import queries
from maintenance.admin.impact import Impact, Line, impact_of
from maintenance.admin.shown import span
from maintenance.forms.request import WindowForm, WindowServiceFormSet
from maintenance.labels import Effect, Kind, State
from maintenance.models import Window
from maintenance.recurrence import InvalidRule, occurrences
from maintenance.texts import DEFAULT, default_text
from maintenance.windows import (
    Approver,
    Busy,
    Calendar,
    Policy,
    Request,
    Slot,
    Verdict,
    approver_needed,
    series_slots,
    series_verdicts,
    slots,
    verdict,
)
from maintenance.wording import fault_sentence, local, rule_sentence
from services.status.window import WindowEffect

# How long the slots are that are offered before any times are typed.
_USUAL = timedelta(hours=2)
_SENT_AS = "%Y-%m-%dT%H:%M"
_UNDECIDED = frozenset({State.DRAFT, State.RETURNED, State.SUBMITTED})
TEXTS = ("text_ar", "text_en")


@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """A slot with its words, and as the button sends it: both instants as the fields have them."""

    words: SafeString
    value: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One window of a series, with what is wrong with it."""

    words: SafeString
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What can be said of a request so far; `verdict` None: its times or services are missing."""

    verdict: Verdict | None = None
    approver: Approver | None = None
    faults: tuple[str, ...] = ()
    slots: tuple[OfferedSlot, ...] = ()
    impact: Impact = field(default_factory=Impact)
    occurrences: tuple[Occurrence, ...] = ()
    rule_fault: str = ""
    is_decided: bool = False

    @property
    def faulty(self) -> int:
        """How many windows of the series are outside the policy."""
        return sum(bool(each.faults) for each in self.occurrences)

    @property
    def is_fine(self) -> bool:
        """Within the policy, every window of a series too."""
        return self.verdict is not None and self.verdict.is_fine and not self.faulty

    @property
    def needs_supervisor(self) -> bool:
        return self.approver is Approver.SUPERVISOR

    @property
    def needs_justification(self) -> bool:
        # Of a series each window is asked for as it is: the justification stands in all of them.
        return self.verdict is not None and (self.verdict.needs_justification or bool(self.faulty))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, as far as it is known. `lines` are services, each with its channels."""

    lines: Sequence[Line]
    starts_at: datetime | None
    ends_at: datetime | None
    effect: WindowEffect
    is_emergency: bool
    # The rule of a series that begins at an instant; empty: it does not repeat.
    rule_at: Callable[[datetime], str] = lambda _starts_at: ""
    # Not of what was decided already: then only whom it reaches is said.
    is_weighed: bool = True
    # Itself, where it is written down already: it does not clash with itself.
    window_id: int | None = None


def weigh(asked: Asked, now: datetime) -> Weighed:
    """Everything that the panel says of `asked` as of `now`."""
    if not asked.lines:
        return Weighed()
    if not asked.is_weighed:
        return Weighed(impact=impact_of(asked.lines, asked.effect), is_decided=True)
    policy, calendar = queries.policy(), queries.calendar()
    busy = queries.busy(
        service_ids=[service.pk for service, _channels in asked.lines],
        now=now,
        but=asked.window_id,
    )
    starts_at, ends_at = asked.starts_at, asked.ends_at
    is_sound = starts_at is not None and ends_at is not None and starts_at < ends_at
    request = Request(
        starts_at=starts_at or now,
        ends_at=ends_at or now,
        effect=asked.effect,
        is_urgent=any(service.tier == 1 or service.is_shared for service, _rest in asked.lines),
        is_emergency=asked.is_emergency,
    )
    impact = impact_of(asked.lines, asked.effect)
    if starts_at is None or ends_at is None:
        offers = slots(_USUAL, request, policy, calendar, now, busy)
        return Weighed(slots=_offered(offers), impact=impact)
    said = verdict(request, policy, calendar, now, busy)
    repeats, rule_fault = _repeats(asked, request, policy, calendar, now, busy)
    weighed = Weighed(
        verdict=said,
        approver=approver_needed(request, said),
        faults=tuple(fault_sentence(fault, policy) for fault in said.faults),
        impact=impact,
        occurrences=repeats,
        rule_fault=rule_fault,
    )
    if weighed.is_fine:
        return weighed
    duration = ends_at - starts_at if is_sound else _USUAL
    if repeats:
        offers = series_slots(duration, request, policy, calendar, now, busy, asked.rule_at)
    else:
        offers = slots(duration, request, policy, calendar, now, busy)
    # All of a series is submitted at once: one window of it may make it the supervisor's.
    approver = Approver.SUPERVISOR if weighed.faulty else weighed.approver
    return replace(weighed, approver=approver, slots=_offered(offers))


def weigh_window(window: Window, now: datetime) -> Weighed:
    """Everything that the panel says of a window as it is stored."""
    prefetch_related_objects([window], "services__service__agency", "services__channels")
    return weigh(
        Asked(
            lines=[(line.service, list(line.channels.all())) for line in window.services.all()],
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            effect=WindowEffect(window.effect),
            is_emergency=window.kind == Kind.EMERGENCY,
            is_weighed=window.state in _UNDECIDED,
            window_id=window.pk,
        ),
        now,
    )


def asked_in(form: WindowForm, formset: WindowServiceFormSet) -> Asked:
    """What is soundly filled in so far; cleans both, and needs neither to be valid."""
    form.is_valid()
    formset.is_valid()
    data = form.cleaned_data
    effect = data.get("effect") or Effect.STOPPED
    return Asked(
        lines=formset.lines(),
        # An end before its start is an error of the form, and a fault of the policy as well.
        starts_at=data.get("starts_at"),
        ends_at=data.get("ends_at") or form.typed_end(),
        effect=WindowEffect(effect),
        is_emergency=data.get("kind") == Kind.EMERGENCY,
        rule_at=lambda starts_at: form.rule_at(local(starts_at)),
        is_weighed=form.is_weighed(formset.has_changed()),
        window_id=form.instance.pk,
    )


def _offered(found: Sequence[Slot]) -> tuple[OfferedSlot, ...]:
    return tuple(
        OfferedSlot(
            span(slot.starts_at, slot.ends_at),
            f"{local(slot.starts_at).strftime(_SENT_AS)}|{local(slot.ends_at).strftime(_SENT_AS)}",
        )
        for slot in found
    )


def _repeats(
    asked: Asked,
    request: Request,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    busy: Sequence[Busy],
) -> tuple[tuple[Occurrence, ...], str]:
    """Each window of the series with its own faults, or what is wrong with the rule."""
    rule = asked.rule_at(request.starts_at)
    if not rule or request.ends_at <= request.starts_at:
        return (), ""
    duration = request.ends_at - request.starts_at
    try:
        found = occurrences(rule, request.starts_at, duration, policy.zone)
    except InvalidRule as error:
        return (), rule_sentence(error)
    verdicts = series_verdicts(found, request, policy, calendar, now, busy)
    return tuple(
        Occurrence(
            span(starts_at, ends_at), tuple(fault_sentence(fault, policy) for fault in said.faults)
        )
        for (starts_at, ends_at), said in zip(found, verdicts, strict=True)
    ), ""


# --- texts that follow the effect ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextOffer:
    """A text for the effect that is chosen, in place of one that nobody wrote by hand."""

    name: str
    text: str
    instead_of: str


def text_offers(data: Any) -> list[TextOffer]:
    """The texts of the form `data` that should follow its effect: those that are empty, and those
    that are the ready text of another effect. What somebody wrote is left alone."""
    try:
        wanted = default_text(data.get("effect", ""))
    except ValueError:
        return []
    found = []
    for name in TEXTS:
        lang = name.removeprefix("text_")
        typed, ready = data.get(name, ""), wanted.in_language(lang)
        own = " ".join(typed.split())
        is_ready = any(own == text.in_language(lang) for text in DEFAULT.values())
        if (not own or is_ready) and own != ready:
            found.append(TextOffer(name, ready, typed))
    return found


def followed(data: QueryDict) -> QueryDict:
    """A copy of what was posted in which a taken slot fills the times, and texts the effect."""
    data = data.copy()
    starts, bar, ends = data.get("_slot", "").partition("|")
    if bar:
        data["starts_at"], data["ends_at"] = starts, ends
    for offer in text_offers(data):
        data[offer.name] = offer.text
    return data


# --- the panel ----------------------------------------------------------------------------------


class PolicyPanel(admin.ModelAdmin):
    """Adds the address at which htmx asks for the panel."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.policy_view)
        return [
            path("policy/", view, name="maintenance_window_policy"),
            path("<int:pk>/policy/", view, name="maintenance_window_policy_of"),
            *super().get_urls(),
        ]

    def policy_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """The panel for what is filled in, as a fragment. Writes nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        window = None
        if pk is not None:
            window = self.get_object(request, str(pk))
            if window is None:
                raise Http404
            allowed = self.has_change_permission(request, window)
        else:
            allowed = self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        form, formset = self.looked_at(request, window)
        context = {
            "weighed": weigh(asked_in(form, formset), timezone.now()),
            "offers": text_offers(request.POST),
            "is_form": True,
        }
        return TemplateResponse(request, "admin/maintenance/window/policy.html", context)

    def looked_at(
        self, request: HttpRequest, window: Window | None
    ) -> tuple[WindowForm, WindowServiceFormSet]:
        """The form and the services of the page, bound to what was posted, not to be written."""
        form_class = cast(
            type[WindowForm], self.get_form(request, window, change=window is not None)
        )
        form_class.only_looked_at = True
        form = form_class(request.POST, instance=window)
        formsets, _inlines = self._create_formsets(  # type: ignore[attr-defined]
            request, form.instance, change=window is not None
        )
        formsets[0].only_look_at()
        return form, formsets[0]
