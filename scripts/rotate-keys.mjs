// npm run keys:rotate [-- --data-keys]: exchanges keys while Arauto runs; docs/keys.md says how.
process.argv.splice(2, 0, 'rotate-keys');
await import('./start.mjs');
