"""Running the whole portal on one machine with Python alone.

`manage.py up` starts a real PostgreSQL and a real Redis from their wheels, then the portal's own
processes, watches them and stops them as one. Nothing here imports Django: it runs before
settings can be read, and decides what they will read.
"""
