"""Forms of the catalogue: what staff type, and what they are told when it does not fit."""
