"""Incidents in the admin; importing this registers them."""

from incidents.admin import incidents

__all__ = ["incidents"]
