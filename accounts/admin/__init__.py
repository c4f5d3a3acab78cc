"""People, agencies and the record in the admin; importing this registers them."""

from accounts.admin import people, record, tokens

__all__ = ["people", "record", "tokens"]
