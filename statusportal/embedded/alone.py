"""PostgreSQL alone, for a command that needs the database of a portal that does not run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from . import state
from .folders import make_private, make_var
from .supervisor import Supervisor
from .up import plan_from, start_postgres


@contextmanager
def own_postgres() -> Iterator[None]:
    """Start the demo's own PostgreSQL in `VAR_DIR` and put it into the environment, where no
    DATABASE_URL says otherwise; stop it at the end.

    Raises CannotStart with one sentence, also where a portal is starting in that folder.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    plan = plan_from(os.environ)
    make_var(plan.var)
    with state.take_lock(plan.var):
        make_private(plan.var / "log")
        with Supervisor(log_folder=plan.var / "log", say=lambda _sentence: None) as supervisor:
            given = {
                **state.keep_secrets(plan.var),
                "PORTAL_DEMO": "1",
                "PUBLIC_URL": f"http://localhost:{plan.port}",
                # Nobody asks it; the settings want one.
                "REDIS_URL": f"unix://{plan.var / 'no-redis'}",
            }
            for name, value in given.items():
                os.environ.setdefault(name, value)
            os.environ["DATABASE_URL"] = start_postgres(plan, supervisor)
            yield
