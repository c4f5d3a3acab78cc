"""The addresses of the citizens' site, below /ar/ and /en/."""

from __future__ import annotations

from django.urls import path

from statusportal.public import pages

app_name = "public"
urlpatterns = [
    path("", pages.home, name="home"),
    path("services/", pages.services, name="services"),
    path("services/<slug:slug>/", pages.service, name="service"),
    path("agencies/<slug:code>/", pages.agency, name="agency"),
]
