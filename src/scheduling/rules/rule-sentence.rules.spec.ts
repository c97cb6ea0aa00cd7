import { type ScheduleRule } from '../schedule-rule.dto.js';
import { describeTiming } from './rule-sentence.rules.js';
import { type Timing } from './schedule.rules.js';

const sayIn = (rule: ScheduleRule, language: 'en' | 'pt-BR' | 'es', more: Partial<Timing> = {}) =>
  describeTiming({ rule, timeZone: 'UTC', ...more }, { maxRuns: null }, language).replace(
    / \([^)]*UTC[^)]*\)\.$/,
    '',
  );
const cron = (expression: string): ScheduleRule => ({ kind: 'cron', expression });
const rrule = (rule: string): ScheduleRule => ({ kind: 'rrule', rule, startAt: '2026-01-05T09:00' });

describe('describeTiming', () => {
  it.each([
    [cron('0 9 * * *'), 'Every day at 09:00', 'Todos os dias às 09:00', 'Todos los días a las 09:00'],
    [
      cron('0 9,18 * * MON,THU'),
      'At 09:00 and 18:00 on Monday and on Thursday',
      'Às 09:00 e 18:00 na segunda-feira e na quinta-feira',
      'A las 09:00 y 18:00 el lunes y el jueves',
    ],
    [cron('*/15 * * * *'), 'Every 15 minutes', 'A cada 15 minutos', 'Cada 15 minutos'],
    [cron('* * * * *'), 'Every minute', 'A cada minuto', 'Cada minuto'],
    [cron('*/10 * * * * *'), 'Every 10 seconds', 'A cada 10 segundos', 'Cada 10 segundos'],
    [
      cron('30 */2 * * *'),
      'Every 2 hours at minute 30',
      'A cada 2 horas no minuto 30',
      'Cada 2 horas en el minuto 30',
    ],
    [
      cron('0 9 * * TUE#2'),
      'At 09:00 on the second Tuesday',
      'Às 09:00 na segunda terça-feira',
      'A las 09:00 el segundo martes',
    ],
    [
      cron('0 9 * * 6L'),
      'At 09:00 on the last Saturday',
      'Às 09:00 no último sábado',
      'A las 09:00 el último sábado',
    ],
    [
      cron('0 9 L * *'),
      'At 09:00 on the last day of the month',
      'Às 09:00 no último dia do mês',
      'A las 09:00 el último día del mes',
    ],
    [
      cron('0 9 15W 1,7 *'),
      'At 09:00 on the working day nearest to day 15 in January and July',
      'Às 09:00 no dia útil mais próximo do dia 15 em janeiro e julho',
      'A las 09:00 el día laborable más cercano al día 15 en enero y julio',
    ],
    [
      cron('7-50/3 9-17 1-7 * +MON'),
      'By the line 7-50/3 9-17 1-7 * +MON',
      'Pela linha 7-50/3 9-17 1-7 * +MON',
      'Según la línea 7-50/3 9-17 1-7 * +MON',
    ],
    [
      rrule('FREQ=HOURLY;INTERVAL=2;BYMINUTE=30;BYDAY=MO'),
      'Every 2 hours on Monday at minute 30',
      'A cada 2 horas na segunda-feira no minuto 30',
      'Cada 2 horas el lunes en el minuto 30',
    ],
    [
      rrule('FREQ=MINUTELY;INTERVAL=15;BYHOUR=9,10'),
      'Every 15 minutes in the hours 9 and 10',
      'A cada 15 minutos nas horas 9 e 10',
      'Cada 15 minutos en las horas 9 y 10',
    ],
    [
      rrule('FREQ=MINUTELY;BYMINUTE=5,6'),
      'By the line FREQ=MINUTELY;BYMINUTE=5,6',
      'Pela linha FREQ=MINUTELY;BYMINUTE=5,6',
      'Según la línea FREQ=MINUTELY;BYMINUTE=5,6',
    ],
    [{ kind: 'interval', everySeconds: 7200 }, 'Every 2 hours', 'A cada 2 horas', 'Cada 2 horas'],
    [{ kind: 'interval', everySeconds: 90 }, 'Every 90 seconds', 'A cada 90 segundos', 'Cada 90 segundos'],
    [
      {
        kind: 'calendar',
        unit: 'week',
        every: 2,
        weekdays: ['MO'],
        times: ['09:00', '18:30'],
        startOn: '2026-01-05',
      },
      'Every 2 weeks on Monday at 09:00 and 18:30',
      'A cada 2 semanas na segunda-feira às 09:00 e 18:30',
      'Cada 2 semanas el lunes a las 09:00 y 18:30',
    ],
    [
      { kind: 'calendar', unit: 'year', every: 1, times: ['09:00'], startOn: '2026-12-24' },
      'Every year on day 24 in December at 09:00',
      'Todo ano no dia 24 em dezembro às 09:00',
      'Cada año el día 24 en diciembre a las 09:00',
    ],
    [
      rrule('FREQ=MONTHLY;BYDAY=2TU'),
      'Every month on the second Tuesday at 09:00',
      'Todo mês na segunda terça-feira às 09:00',
      'Cada mes el segundo martes a las 09:00',
    ],
    [
      rrule('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3'),
      'Every month on the last working day of the month at 09:00 3 times at most',
      'Todo mês no último dia útil do mês às 09:00 no máximo 3 vezes',
      'Cada mes el último día laborable del mes a las 09:00 3 veces como máximo',
    ],
    [
      rrule('FREQ=YEARLY;BYWEEKNO=20'),
      'By the line FREQ=YEARLY;BYWEEKNO=20',
      'Pela linha FREQ=YEARLY;BYWEEKNO=20',
      'Según la línea FREQ=YEARLY;BYWEEKNO=20',
    ],
  ] satisfies [ScheduleRule, string, string, string][])('%j', (rule, english, portuguese, spanish) => {
    expect([sayIn(rule, 'en'), sayIn(rule, 'pt-BR'), sayIn(rule, 'es')]).toEqual([
      english,
      portuguese,
      spanish,
    ]);
  });

  it('says a date in the words of the language, on the clocks of the zone', () => {
    const timing: Timing = { rule: { kind: 'once', at: '2026-07-15T09:00' }, timeZone: 'America/Sao_Paulo' };
    const say = (language: 'en' | 'pt-BR' | 'es') => describeTiming(timing, { maxRuns: null }, language);
    expect(say('en')).toMatch(
      /^Once, on Wednesday, July 15, 2026 at 9:00\sAM \(America\/Sao_Paulo time\)\.$/,
    );
    expect(say('pt-BR')).toMatch(
      /^Uma vez, em quarta-feira, 15 de julho de 2026.* 09:00 \(horário de America\/Sao_Paulo\)\.$/,
    );
    expect(say('es')).toMatch(
      /^Una vez, el miércoles, 15 de julio de 2026.* 9:00 \(hora de America\/Sao_Paulo\)\.$/,
    );
  });

  it('says all the bounds', () => {
    expect(
      describeTiming(
        {
          rule: cron('*/15 * * * *'),
          timeZone: 'Europe/Lisbon',
          endsAt: new Date('2026-12-31T12:00Z'),
          exceptDates: ['2026-12-25'],
          within: { from: '08:00', to: '20:00', weekdays: ['MO', 'FR'] },
        },
        { maxRuns: 10 },
        'en',
      ),
    ).toMatch(
      /^Every 15 minutes, only between 08:00 and 20:00 on Monday and on Friday, except on December 25, 2026, until Thursday, December 31, 2026 at 12:00\sPM, 10 times at most \(Europe\/Lisbon time\)\.$/,
    );
  });
});
