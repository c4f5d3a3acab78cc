"""Reports in the admin; importing this registers them."""

from reports.admin import suspicions

__all__ = ["suspicions"]
