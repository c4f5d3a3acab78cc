"""The catalogue in the admin; importing this registers it."""

from services.admin import catalogue, checks, measured, references

__all__ = ["catalogue", "checks", "measured", "references"]
