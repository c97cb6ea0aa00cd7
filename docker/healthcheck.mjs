// Asks the process of this container whether it lives, whatever its roles are.
const response = await fetch(`http://127.0.0.1:${process.env.MONITORING_PORT}/health/live`, {
  signal: AbortSignal.timeout(4_000),
});
if (!response.ok) process.exitCode = 1;
