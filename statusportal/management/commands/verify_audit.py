"""`manage.py verify_audit`: is the record of people's acts as it was written?"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core import chaining
from core.chain import Head, head_from


class Command(BaseCommand):
    """For auditors' terminals, in English alone. Exit code 1 where anything is wrong."""

    help = (
        "Verify the chain over the record of people's acts, name every entry that was changed,"
        " removed or inserted, and print the head of the chain to be written down elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Only a head that was written down shows that the end was cut off or all was rewritten."""
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            type=_head,
            dest="heads",
            metavar="POSITION:DIGEST",
            help="a head that was printed before; may be given several times",
        )

    def handle(self, *args: Any, heads: list[Head], **options: Any) -> None:
        """Print each fault, then the counts and the head."""
        found = chaining.verify(written_down=heads)
        for fault in found.faults:
            self.stdout.write(f"{fault.kind}: {fault.said}")
        entries = f"{found.entries} {'entry' if found.entries == 1 else 'entries'}"
        self.stdout.write(f"{entries}, {found.linked} linked{_waiting(found)}")
        if found.head is not None:
            self.stdout.write(f"head {found.head}")
        faults = len(found.faults)
        if faults:
            self.stdout.write(f"{faults} {'fault' if faults == 1 else 'faults'}")
            sys.exit(1)
        self.stdout.write("nothing was changed, removed or inserted")


def _head(text: str) -> Head:
    try:
        return head_from(text)
    except ValueError as wrong:
        raise ArgumentTypeError("A head is POSITION:DIGEST, as this command prints it.") from wrong


def _waiting(found: chaining.Verified) -> str:
    if found.waiting_since is None:
        return ""
    since = f"{found.waiting_since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f", {found.waiting} waiting for the sweep since {since}"
