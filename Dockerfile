# One image for the web processes, the three kinds of workers, beat and migrations.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
ENV PATH="/venv/bin:$PATH"
# Before the sources, so that a change of code does not install everything again.
COPY requirements/production.lock /tmp/production.lock
RUN pip install --require-hashes -r /tmp/production.lock
WORKDIR /app
COPY . .
# Settings refuse to load without these. They live for this one command and reach no layer's
# environment; nothing that is built here depends on them.
RUN SECRET_KEY=only-for-building-the-image-never-used-by-a-running-portal \
    FIELD_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    DATABASE_URL=postgresql://build@build/build \
    REDIS_URL=redis://build \
    PUBLIC_URL=https://build.invalid \
    STATIC_ROOT=/staticfiles \
    sh -c 'python manage.py compile_messages && python manage.py collectstatic --noinput'
RUN python -m compileall -q /app /venv/lib

FROM python:3.11-slim
RUN groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid portal --no-create-home --home-dir /nonexistent portal \
    && install -d -o portal -g portal /var/lib/statusportal
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build /staticfiles /staticfiles
ENV PATH="/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=statusportal.settings \
    STATIC_ROOT=/staticfiles \
    VAR_DIR=/var/lib/statusportal
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/statusportal
EXPOSE 8000
# Celery and granian end in order on SIGTERM.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "docker/health.py", "web"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--respawn-failed-workers", "--respawn-interval", "5", \
     "--workers-kill-timeout", "10", "--backpressure", "256", "--no-ws", \
     "statusportal.wsgi:application"]
