#!/bin/sh
# Runs once, when the database container makes its cluster: the two roles, and who owns the database.
set -eu
psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname nearmiss \
     --set owner_password="$(cat /run/secrets/owner_password)" \
     --set app_password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE nearmiss_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE nearmiss_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
ALTER DATABASE nearmiss OWNER TO nearmiss_owner;
REVOKE ALL ON DATABASE nearmiss FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE nearmiss TO nearmiss_app;
CREATE EXTENSION IF NOT EXISTS vector;
SQL
