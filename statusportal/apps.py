from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatusPortalConfig(AppConfig):
    name = "statusportal"
    verbose_name = _("Portal")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Here and not above: both need the registry of apps.
        from core.nudge import listen
        from incidents.tasks import sweep
        from statusportal import checks  # noqa: F401
        from statusportal.tasks import publish_snapshot, refresh_figures

        listen("status changed", sweep)
        listen("status changed", publish_snapshot)
        listen("status changed", refresh_figures)
