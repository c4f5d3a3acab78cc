"""Ready-to-post texts of one notice, and the log of where it was posted."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from incidents import posting
from incidents.labels import PostedIn
from incidents.models import Incident, Posting
from incidents.refusals import NotAllowed, Refused
from maintenance.models import Window
from statusportal.ops import sharing
from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.public import reader
from statusportal.public.store import store


class PostingForm(forms.Form):
    """Where it was posted, and in which words."""

    channel = forms.ChoiceField(
        label=_("Channel"), choices=[("", "–"), *PostedIn.choices], required=False
    )
    url = forms.URLField(
        label=_("Address of the post"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"dir": "ltr"}),
    )
    text = forms.CharField(
        label=_("Text as it was posted"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )


@staff_page
def share(request: HttpRequest, visitor: Visitor, ref: str) -> HttpResponse:
    """`/ops/share/{ref}/` of an incident or a window; of another agency's there is none (404)."""
    row = _found(visitor, ref)
    if not visitor.may_run(row.agency_id):
        raise PermissionDenied
    now = timezone.now()
    form = PostingForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                posting.record(subject=row, **form.cleaned_data, **visitor.acting(now))
            except Refused as refused:
                for problem in refused.problems:
                    form.add_error(problem.field, str(problem.sentence))
                status = 403 if isinstance(refused, NotAllowed) else 422
            else:
                messages.success(request, gettext("The posting is kept."))
                return HttpResponseRedirect(reverse("ops:share", args=[row.ref]))
    said = store.said(reader.step(now))
    notice = sharing.find(said, row.ref)
    is_incident = isinstance(row, Incident)
    context = {
        "row": row,
        "is_incident": is_incident,
        "ready": sharing.ready(notice, said) if notice is not None and said is not None else [],
        "form": form,
        "postings": Posting.objects.filter(**{"incident" if is_incident else "window": row})
        .select_related("actor")
        .order_by("-at", "-pk"),
    }
    return show(request, visitor, "ops/share.html", context, now=now, status=status)


def _found(visitor: Visitor, ref: str) -> Incident | Window:
    """The incident or the window; 404 where it is of an agency that they do not see."""
    model = Incident if ref.upper().startswith("IN-") else Window
    row = model._default_manager.select_related("agency").filter(ref=ref.upper()).first()
    if row is None or not (visitor.agencies is None or row.agency_id in visitor.agencies):
        raise Http404
    return row
