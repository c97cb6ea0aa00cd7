// npm run operator -- create --email ADDRESS | list | remove --email ADDRESS: who runs the installation.
process.argv.splice(2, 0, 'operator');
await import('./start.mjs');
