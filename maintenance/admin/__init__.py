"""Planned maintenance in the admin; importing this registers it."""

from maintenance.admin import periods, windows

__all__ = ["periods", "windows"]
