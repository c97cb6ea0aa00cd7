import { array, assert, constant, option, property, record, string } from 'fast-check';
import { CSV_COLUMNS, CsvError, readCsv, writeCsv } from './schedule-csv.rules.js';

const row = {
  name: 'Say "hi", all',
  audience: { to: 'tags', tags: ['a,b', 'c\nd'] },
  rule: { kind: 'cron', expression: '0 9 * * *' },
  exceptDates: ['2026-12-25'],
  maxRuns: 3,
};

describe('a file of schedules', () => {
  it('comes back as it was written', () => {
    expect(readCsv(writeCsv([row, { name: 'b' }]))).toEqual([row, { name: 'b' }]);
  });

  it('comes back whatever its texts are', () => {
    const text = string({ minLength: 1 });
    const rows = array(
      record({
        name: text,
        timeZone: option(text, { nil: undefined }),
        within: constant({ from: '08:00', to: '09:00' }),
      }),
    );
    assert(
      property(rows, (given) => {
        const plain = given.map(({ timeZone, ...rest }) =>
          timeZone === undefined ? rest : { ...rest, timeZone },
        );
        expect(readCsv(writeCsv(given))).toEqual(plain);
      }),
    );
  });

  it('may have its columns in any order, a byte order mark and no line end', () => {
    expect(readCsv('\uFEFFtimeZone,name\nUTC,a\r\n,b')).toEqual([
      { timeZone: 'UTC', name: 'a' },
      { name: 'b' },
    ]);
    expect(readCsv(`${CSV_COLUMNS.join(',')}\n`)).toEqual([]);
  });

  it.each([
    ['', /empty/],
    ['name,colour\na,b', /"colour"/],
    ['name,name\na,b', /twice/],
    ['name,timeZone\na', /Row 1 has 1 cells/],
    ['name,rule\na,daily', /Row 1, column rule/],
    ['name\n"a', /not closed/],
    ['name\na"b', /without quotes/],
  ])('is refused: %j', (text, why) => {
    expect(() => readCsv(text)).toThrow(CsvError);
    expect(() => readCsv(text)).toThrow(why);
  });
});
