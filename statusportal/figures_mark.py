"""How far the daily figures have followed the changes, and how far they may."""

from __future__ import annotations

from django.db import OperationalError, connection, transaction

from services import queries
from services.models import FiguresMark

# Nobody who stores observations waits longer for us than this.
_LOCK_TIMEOUT = "1s"


def held_mark(*, wait: bool) -> FiguresMark | None:
    """The one row that says how far the figures are, locked; None when somebody else has it."""
    if not FiguresMark.objects.exists():
        FiguresMark.objects.bulk_create([FiguresMark(id=1)], ignore_conflicts=True)
    return FiguresMark.objects.select_for_update(skip_locked=not wait).filter(id=1).first()


def settled_change_id(followed: int) -> int:
    """The newest change below which no other can appear any more.

    Numbers are drawn before their transactions commit, so a lower one may come to light after a
    higher one, and whoever remembers the higher one would miss it for ever. Holding off writers
    for an instant waits for those who have drawn theirs.
    """
    if queries.newest_change_id() <= followed:
        return followed
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            cursor.execute("LOCK TABLE services_statuschange IN SHARE MODE")
            newest = queries.newest_change_id()
            # Only a rolled back savepoint gives its lock back before the transaction ends.
            transaction.set_rollback(True)
    except OperationalError:
        # Somebody writes for longer than that: there is a next time in a few seconds.
        return followed
    return newest
