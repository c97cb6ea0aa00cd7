// Asks the API of this container whether it lives. A process without the role api has nobody to ask: that it runs must do.
const { ARAUTO_ROLES, PORT } = process.env;
const isApi = !ARAUTO_ROLES || ARAUTO_ROLES.split(',').some((role) => role.trim() === 'api');
if (isApi) {
  const response = await fetch(`http://127.0.0.1:${PORT || 3000}/health/live`, {
    signal: AbortSignal.timeout(4_000),
  });
  if (!response.ok) process.exitCode = 1;
}
