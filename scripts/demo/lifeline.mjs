// Loaded before Arauto in the process that the demo starts: a demo that was killed takes Arauto with it.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The line alone must not keep the process alive once Arauto has stopped.
process.channel?.unref();
