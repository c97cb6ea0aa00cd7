import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { auditCatalogue, countCatalogue } from './catalogue-audit.js';
import { PLANTED_FLAWS } from './planted-flaws.js';
import { ProofReport } from './proof-report.js';

describe('the catalogue of the database', () => {
  const report = new ProofReport('catalogue', ['findings', 'planted', 'missed']);
  let database: TestDatabase;
  let superuser: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    superuser = new Client({ connectionString: database.urls.superuser });
    await superuser.connect();
  });
  afterAll(async () => {
    report.write();
    await superuser.end();
    await database.drop();
  });

  it('has nothing that opens a wall between tenants', async () => {
    for (const [what, count] of Object.entries(await countCatalogue(superuser))) {
      report.set(what, count);
      report.line(what, count);
    }
    for (const finding of await auditCatalogue(superuser)) report.find('findings', finding);
    report.line('findings', report.count('findings'));
    expect(report.findings).toEqual([]);
    expect(report.count('tables')).toBeGreaterThan(20);
  });

  it('would tell, whatever somebody opens', async () => {
    for (const [expected, sql] of PLANTED_FLAWS) {
      report.add('planted');
      await superuser.query('BEGIN');
      try {
        await superuser.query(sql);
        const findings = await auditCatalogue(superuser);
        if (!findings.some((finding) => finding.startsWith(expected)))
          report.find('missed', `${sql}: found ${findings.join('; ') || 'nothing'}`);
      } finally {
        await superuser.query('ROLLBACK');
      }
    }
    report.line('flaws planted', report.count('planted'));
    report.line('flaws missed', report.count('missed'));
    expect(report.findings.filter((finding) => finding.startsWith('missed'))).toEqual([]);
  });
});
