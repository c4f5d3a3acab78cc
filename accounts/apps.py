from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and agencies")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import checks, receivers, tasks
        from accounts.operations import GLASS
        from core.nudge import listen

        checks.connect()
        receivers.connect()
        listen(GLASS, tasks.tell_supervisors)
