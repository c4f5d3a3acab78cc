from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from statusportal.ops.views import metrics
from statusportal.public import api, badges, brand, embeds, health, pages, sitemap, well_known

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("freshz", health.freshz, name="freshz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("robots.txt", well_known.robots, name="robots"),
    path("sitemap.xml", sitemap.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", sitemap.sitemap, name="sitemap-file"),
    path(".well-known/security.txt", well_known.security, name="security-txt"),
    path("brand.css", brand.serve_stylesheet, name="brand-css"),
    path("brand/<str:name>", brand.serve_file, name="brand-file"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("ops/", include("statusportal.ops.urls")),
    path("api/heartbeats/", include("services.urls")),
    path("api/v1/", include("reports.urls")),
    path("api/v2/", api.document, {"path": ""}),
    path("api/v2/<path:path>", api.document, name="api"),
    path("embed/banner.js", embeds.script, name="embed-script"),
    path("embed/<slug:slug>.json", embeds.document, name="embed-json"),
    path("embed/<slug:slug>.html", embeds.fragment, name="embed-html"),
    path("badge/<slug:slug>.svg", badges.badge, name="badge"),
    path("", pages.root, name="root"),
    *i18n_patterns(path("", include("statusportal.public.urls"))),
]

handler403 = "statusportal.public.pages.forbidden"
handler404 = "statusportal.public.pages.not_found"
handler500 = "statusportal.public.pages.server_error"
