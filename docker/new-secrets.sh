#!/bin/sh
# Prints fresh secrets for compose.yml and compose.small.yml: ./new-secrets.sh > .env
set -eu
if [ -t 1 ]; then
  echo 'This prints secrets. Send them to a file: ./new-secrets.sh > .env' >&2
  exit 1
fi
# The file that the shell has just made for us must not be readable by others.
if [ -f /dev/stdout ]; then chmod 600 /dev/stdout; fi

cat <<HEAD
# The name under which this installation is reached; sandbox.NAME must lead here too. Without it: https://localhost
#DOMAIN=arauto.example.org

# Keep this file and its backups apart from those of the database. Without ENCRYPTION_KEY the bots' tokens are lost.
HEAD
for name in ENCRYPTION_KEY SESSION_KEY SANDBOX_KEY; do
  echo "$name=$(openssl rand -base64 32)"
done
# In hexadecimal, since they become part of addresses.
for name in POSTGRES_PASSWORD ARAUTO_OWNER_PASSWORD ARAUTO_APP_PASSWORD ARAUTO_DISPATCHER_PASSWORD; do
  echo "$name=$(openssl rand -hex 24)"
done
