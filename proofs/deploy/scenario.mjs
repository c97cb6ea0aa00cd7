// The demo's scenario against an Arauto that runs elsewhere: node proofs/deploy/scenario.mjs API_URL REPORT
import { writeFileSync } from 'node:fs';
import { perform } from '../../scripts/demo/perform.mjs';
import { createProgress } from '../../scripts/demo/progress.mjs';

const [apiUrl, reportFile] = process.argv.slice(2);
const report = await perform({
  apiUrl,
  // Its log is read elsewhere.
  arauto: { errors: [] },
  isPaced: false,
  progress: createProgress(process.stderr),
  signal: new AbortController().signal,
});
writeFileSync(reportFile, JSON.stringify(report));
