#!/bin/sh
# Run once, by the image, when it makes its data folder: the role as which the portal signs in.
# It owns what its migrations make, and neither the database nor the schema: their owner could
# drop what others own in them.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$PORTAL_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE statusportal LOGIN PASSWORD :'password';
GRANT CONNECT, TEMPORARY ON DATABASE statusportal TO statusportal;
GRANT USAGE, CREATE ON SCHEMA public TO statusportal;
SQL
