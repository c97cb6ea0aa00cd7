#!/bin/sh
# Makes the three logins and the database that the first of them owns. The image of PostgreSQL runs it once, as superuser,
# when its volume is empty; on a server of your own, run it with psql's usual variables (PGHOST, PGUSER, PGPASSWORD).
set -eu
: "${ARAUTO_OWNER_PASSWORD:?a fresh secret, see docker/new-secrets.sh}" "${ARAUTO_APP_PASSWORD:?another}" "${ARAUTO_DISPATCHER_PASSWORD:?a third}"

# The passwords are read inside psql, so that no list of processes shows them.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-${PGUSER:-postgres}}" --dbname postgres <<'SQL'
\getenv owner_password ARAUTO_OWNER_PASSWORD
\getenv app_password ARAUTO_APP_PASSWORD
\getenv dispatcher_password ARAUTO_DISPATCHER_PASSWORD
-- Owns the tables and migrates them.
CREATE ROLE arauto_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'owner_password';
-- Serves one tenant at a time, under row-level security.
CREATE ROLE arauto_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
-- Crosses tenants where the first migration says so.
CREATE ROLE arauto_dispatcher LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'dispatcher_password';
CREATE DATABASE arauto OWNER arauto_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE arauto FROM PUBLIC;
GRANT CONNECT ON DATABASE arauto TO arauto_app, arauto_dispatcher;
SQL
