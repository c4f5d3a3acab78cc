"""Services and what they depend on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.admin import RecordedForm
from services.catalogue import check_acyclic
from services.labels import Audience
from services.models import Service
from services.status.cascade import Cycle

_SLUG_LENGTH = 80


class ServiceForm(RecordedForm):
    """A service; the slug is made from the English name where it is left empty."""

    audience = forms.MultipleChoiceField(
        label=_("Audience"),
        choices=Audience.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # People who may only look have no inputs.
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_aliases_ar(self) -> str:
        return one_a_line(self.cleaned_data["aliases_ar"])

    def clean_aliases_en(self) -> str:
        return one_a_line(self.cleaned_data["aliases_en"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("slug") or "slug" in self.errors or not data.get("name_en"):
            return data
        # Emptied by mistake: an address that people know is not made anew.
        data["slug"] = self.instance.slug or free_slug(data["name_en"])
        if not data["slug"]:
            self.add_error(
                "slug",
                _("Write a slug in Latin letters: none can be made from the English name."),
            )
        return data


def one_a_line(text: str) -> str:
    """`text` without empty and repeated lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line))


def free_slug(name: str) -> str:
    """A slug for `name` that no service has yet; empty where `name` has no Latin letter."""
    stem = slugify(name)[: _SLUG_LENGTH - 4].strip("-")
    if not stem:
        return ""
    taken = set(Service.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(slug for slug in numbered if slug not in taken)


class EdgeFormSet(BaseInlineFormSet):
    """What one service depends on: no circle, nothing twice, and only channels of its own."""

    @cached_property
    def _upstream_rows(self) -> Any:
        """Shared services, those of the same agency, and what is chosen already."""
        offered = self.form.base_fields["upstream"].queryset  # type: ignore[attr-defined]
        near = Q(is_shared=True)
        if self.instance.agency_id:
            near |= Q(agency_id=self.instance.agency_id)
        chosen = Q(pk__in=[edge.upstream_id for edge in self.get_queryset()])
        return Service.objects.filter(
            Q(pk__in=offered.filter(near).order_by().values("pk")) | chosen
        ).exclude(pk=self.instance.pk)

    @cached_property
    def _upstream_choices(self) -> list[tuple[Any, str]]:
        return [("", "---------"), *((row.pk, str(row)) for row in self._upstream_rows)]

    @cached_property
    def _channel_choices(self) -> list[tuple[Any, str]]:
        rows = self.instance.channels.all() if self.instance.pk else ()
        return [("", "---------"), *((row.pk, row.get_kind_display()) for row in rows)]

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        # Read once for all lines: otherwise each line of the page asks for them again.
        if "upstream" in form.fields:
            form.fields["upstream"].queryset = self._upstream_rows
            form.fields["upstream"].choices = self._upstream_choices
        if "channel" in form.fields:
            channels = form.fields["channel"].queryset
            form.fields["channel"].queryset = channels.filter(service_id=self.instance.pk)
            form.fields["channel"].choices = self._channel_choices

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or not self.has_changed():
            return
        seen: set[tuple[int, int | None]] = set()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        for form in kept:
            upstream, channel = form.cleaned_data.get("upstream"), form.cleaned_data.get("channel")
            if upstream is None:
                continue
            pair = (upstream.pk, channel.pk if channel else None)
            if pair in seen:
                form.add_error("upstream", _("This dependency is listed already."))
            seen.add(pair)
        if self.instance.pk is None:
            # Nobody can need a service that does not exist yet.
            return
        try:
            check_acyclic(
                dependant_id=self.instance.pk,
                upstream_ids={upstream_id for upstream_id, _channel in seen},
            )
        except Cycle as cycle:
            raise ValidationError(told(cycle), code="circle") from None


def told(cycle: Cycle) -> str:
    """The circle as a sentence, step by step: an arrow would point wrongly in one language."""
    names = {str(row.pk): str(row) for row in Service.objects.filter(pk__in=cycle.path)}
    steps = [
        gettext("“%(dependant)s” needs “%(upstream)s”")
        % {"dependant": names[dependant], "upstream": names[upstream]}
        for dependant, upstream in zip(cycle.path, cycle.path[1:], strict=False)
    ]
    return gettext("These dependencies would run in a circle: %(steps)s. Remove one of them.") % {
        "steps": pgettext("between the steps of a circle", ", ").join(steps)
    }
