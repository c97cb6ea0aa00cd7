const { randomBytes } = require('node:crypto');

/** Names this run of Jest for all its workers: they share one migrated template, and no other run finds it. */
module.exports = function nameRun() {
  process.env.TEST_RUN_ID ??= `${process.pid}_${randomBytes(4).toString('hex')}`;
};
