"""`manage.py compile_messages`: compile locale/*.po with Babel; no GNU gettext is needed."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from statusportal.management import catalogues


class Command(BaseCommand):
    """Compile the catalogues whose compiled file is missing or older. Harmless when run twice."""

    help = "Compile the message catalogues that changed."
    # Runs while an image is built, where there is no database.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the .mo files and name them."""
        base = Path(settings.BASE_DIR)
        written = catalogues.compile_all(base)
        for path in written:
            self.stdout.write(f"compiled {path.relative_to(base)}")
        if not written:
            self.stdout.write("The compiled catalogues are up to date.")
