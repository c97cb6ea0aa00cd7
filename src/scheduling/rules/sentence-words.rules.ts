import { type LocalTimeOf } from '../../audience/index.js';
import { type Language } from '../../tenants/index.js';
import { DAY_MS } from './calendar-day.rules.js';

export type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** What sentences about rules are made of, in one language. */
export interface Words {
  readonly every: (count: number, unit: Unit) => string;
  readonly onWeekday: (weekday: number, nth: number | null) => string;
  readonly onDayOfMonth: (day: number) => string;
  readonly onWorkingDayNearest: (day: number) => string;
  readonly onLastWorkingDay: string;
  readonly inMonth: (month: string) => string;
  readonly at: (times: string) => string;
  readonly atMinute: (minutes: string) => string;
  readonly inHours: (hours: string) => string;
  readonly once: (when: string) => string;
  readonly from: (when: string) => string;
  readonly until: (when: string) => string;
  readonly times: (count: number) => string;
  readonly within: (from: string, to: string) => string;
  readonly except: (days: string) => string;
  readonly exceptMany: (count: number) => string;
  readonly inZone: (timeZone: string) => string;
  readonly inLocalTimeOf: Readonly<Record<LocalTimeOf, string>>;
  readonly byLine: (line: string) => string;
}

const SUNDAY_MS = Date.UTC(2023, 0, 1);

/** From 0 for Sunday. */
const nameWeekday = (language: Language, weekday: number): string =>
  new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(
    SUNDAY_MS + weekday * DAY_MS,
  );

/** From 1 for January. */
export const nameMonth = (language: Language, month: number): string =>
  new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' }).format(Date.UTC(2023, month - 1, 1));

export const joinWords = (language: Language, words: readonly string[]): string =>
  new Intl.ListFormat(language, { type: 'conjunction' }).format(words);

type NthNames = Readonly<Record<number, string>>;
const nthOf = (names: NthNames, nth: number, otherwise: string): string => names[nth] ?? otherwise;

const ENGLISH_NTH: NthNames = {
  1: 'first',
  2: 'second',
  3: 'third',
  4: 'fourth',
  5: 'fifth',
  [-1]: 'last',
  [-2]: 'second to last',
};
const english: Words = {
  every: (count, unit) => (count === 1 ? `every ${unit}` : `every ${count} ${unit}s`),
  onWeekday(weekday, nth) {
    const name = nameWeekday('en', weekday);
    if (nth === null) return `on ${name}`;
    return `on the ${nthOf(ENGLISH_NTH, nth, nth > 0 ? `${nth}th` : `${-nth}th to last`)} ${name}`;
  },
  onDayOfMonth(day) {
    if (day === -1) return 'on the last day of the month';
    return day > 0 ? `on day ${day}` : `on day ${-day} counted from the end of the month`;
  },
  onWorkingDayNearest: (day) => `on the working day nearest to day ${day}`,
  onLastWorkingDay: 'on the last working day of the month',
  inMonth: (month) => `in ${month}`,
  at: (times) => `at ${times}`,
  atMinute: (minutes) => `at minute ${minutes}`,
  inHours: (hours) => `in the hours ${hours}`,
  once: (when) => `once, on ${when}`,
  from: (when) => `from ${when}`,
  until: (when) => `until ${when}`,
  times: (count) => (count === 1 ? 'one time only' : `${count} times at most`),
  within: (from, to) => `only between ${from} and ${to}`,
  except: (days) => `except on ${days}`,
  exceptMany: (count) => `except on ${count} days`,
  inZone: (timeZone) => `(${timeZone} time)`,
  inLocalTimeOf: { chat: '(local time of each chat)', bot: '(local time of each bot)' },
  byLine: (line) => `by the line ${line}`,
};

const PORTUGUESE_EVERY: Readonly<Record<Unit, readonly [string, string]>> = {
  second: ['a cada segundo', 'segundos'],
  minute: ['a cada minuto', 'minutos'],
  hour: ['a cada hora', 'horas'],
  day: ['todos os dias', 'dias'],
  week: ['toda semana', 'semanas'],
  month: ['todo mês', 'meses'],
  year: ['todo ano', 'anos'],
};
const PORTUGUESE_NTH: NthNames = {
  1: 'primeir',
  2: 'segund',
  3: 'terceir',
  4: 'quart',
  5: 'quint',
  [-1]: 'últim',
  [-2]: 'penúltim',
};
const portuguese: Words = {
  every(count, unit) {
    const [one, many] = PORTUGUESE_EVERY[unit];
    return count === 1 ? one : `a cada ${count} ${many}`;
  },
  onWeekday(weekday, nth) {
    const name = nameWeekday('pt-BR', weekday);
    const ending = weekday === 0 || weekday === 6 ? 'o' : 'a';
    if (nth === null) return `n${ending} ${name}`;
    const fromEnd = nth < 0 ? ' contando do fim' : '';
    const stem = PORTUGUESE_NTH[nth];
    return stem === undefined
      ? `n${ending} ${Math.abs(nth)}${ending === 'o' ? 'º' : 'ª'} ${name}${fromEnd}`
      : `n${ending} ${stem}${ending} ${name}`;
  },
  onDayOfMonth(day) {
    if (day === -1) return 'no último dia do mês';
    return day > 0 ? `no dia ${day}` : `no ${-day}º dia contando do fim do mês`;
  },
  onWorkingDayNearest: (day) => `no dia útil mais próximo do dia ${day}`,
  onLastWorkingDay: 'no último dia útil do mês',
  inMonth: (month) => `em ${month}`,
  at: (times) => `às ${times}`,
  atMinute: (minutes) => `no minuto ${minutes}`,
  inHours: (hours) => `nas horas ${hours}`,
  once: (when) => `uma vez, em ${when}`,
  from: (when) => `a partir de ${when}`,
  until: (when) => `até ${when}`,
  times: (count) => (count === 1 ? 'uma única vez' : `no máximo ${count} vezes`),
  within: (from, to) => `somente entre ${from} e ${to}`,
  except: (days) => `exceto em ${days}`,
  exceptMany: (count) => `exceto em ${count} dias`,
  inZone: (timeZone) => `(horário de ${timeZone})`,
  inLocalTimeOf: { chat: '(horário local de cada chat)', bot: '(horário local de cada bot)' },
  byLine: (line) => `pela linha ${line}`,
};

const SPANISH_EVERY: Readonly<Record<Unit, readonly [string, string]>> = {
  second: ['cada segundo', 'segundos'],
  minute: ['cada minuto', 'minutos'],
  hour: ['cada hora', 'horas'],
  day: ['todos los días', 'días'],
  week: ['cada semana', 'semanas'],
  month: ['cada mes', 'meses'],
  year: ['cada año', 'años'],
};
const SPANISH_NTH: NthNames = {
  1: 'primer',
  2: 'segundo',
  3: 'tercer',
  4: 'cuarto',
  5: 'quinto',
  [-1]: 'último',
  [-2]: 'penúltimo',
};
const spanish: Words = {
  every(count, unit) {
    const [one, many] = SPANISH_EVERY[unit];
    return count === 1 ? one : `cada ${count} ${many}`;
  },
  onWeekday(weekday, nth) {
    const name = nameWeekday('es', weekday);
    if (nth === null) return `el ${name}`;
    const otherwise = nth > 0 ? `${nth}.º` : `${-nth}.º desde el final`;
    return `el ${nthOf(SPANISH_NTH, nth, otherwise)} ${name}`;
  },
  onDayOfMonth(day) {
    if (day === -1) return 'el último día del mes';
    return day > 0 ? `el día ${day}` : `el día ${-day} contando desde el final del mes`;
  },
  onWorkingDayNearest: (day) => `el día laborable más cercano al día ${day}`,
  onLastWorkingDay: 'el último día laborable del mes',
  inMonth: (month) => `en ${month}`,
  at: (times) => `a las ${times}`,
  atMinute: (minutes) => `en el minuto ${minutes}`,
  inHours: (hours) => `en las horas ${hours}`,
  once: (when) => `una vez, el ${when}`,
  from: (when) => `a partir del ${when}`,
  until: (when) => `hasta el ${when}`,
  times: (count) => (count === 1 ? 'una sola vez' : `${count} veces como máximo`),
  within: (from, to) => `solo entre las ${from} y las ${to}`,
  except: (days) => `excepto el ${days}`,
  exceptMany: (count) => `excepto ${count} días`,
  inZone: (timeZone) => `(hora de ${timeZone})`,
  inLocalTimeOf: { chat: '(hora local de cada chat)', bot: '(hora local de cada bot)' },
  byLine: (line) => `según la línea ${line}`,
};

export const WORDS: Readonly<Record<Language, Words>> = { en: english, 'pt-BR': portuguese, es: spanish };

/** Claims that the weekdays are Monday to Friday. */
export const areWorkingDays = (weekdays: readonly number[]): boolean =>
  [...new Set(weekdays)].sort((one, other) => one - other).join() === '1,2,3,4,5';
