"""The addresses of the citizens' site, below /ar/ and /en/."""

from __future__ import annotations

from django.urls import path

from statusportal.public import calendar_feed, components, maintenance_page, pages, service_page

app_name = "public"
urlpatterns = [
    path("", pages.home, name="home"),
    path("services/", pages.services, name="services"),
    path("services/<slug:slug>/", service_page.service, name="service"),
    path("agencies/<slug:code>/", service_page.agency, name="agency"),
    path("maintenance/", maintenance_page.maintenance, name="maintenance"),
    path("maintenance/<slug:ref>/", maintenance_page.window, name="window"),
    path("maintenance/<slug:ref>/calendar.ics", calendar_feed.window, name="window-calendar"),
    path("calendar.ics", calendar_feed.everything, name="calendar"),
    path("agencies/<slug:code>/calendar.ics", calendar_feed.agency, name="agency-calendar"),
    path("services/<slug:slug>/calendar.ics", calendar_feed.service, name="service-calendar"),
    # In the demo only.
    path("_components/", components.components, name="components"),
]
