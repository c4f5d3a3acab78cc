#!/usr/bin/env python
"""Commands of the national status portal; `up` runs all of it on one machine."""

import os
import sys


def main() -> None:
    """Hand over to `up`, or to Django."""
    if sys.argv[1:2] == ["up"]:
        from statusportal.embedded.up import main as up

        sys.exit(up(sys.argv[2:]))

    from statusportal.embedded.state import load_portal_env

    # So that a command in a second terminal talks to the portal that runs in the first.
    load_portal_env()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statusportal.settings")
    if sys.argv[1:2] in (["backup"], ["restore"]):
        from statusportal.embedded.alone import own_postgres
        from statusportal.embedded.refusal import CannotStart

        # A portal of one machine that does not run: its database is started for the command.
        try:
            with own_postgres():
                _django()
        except CannotStart as reason:
            sys.exit(str(reason))
    else:
        _django()


def _django() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
