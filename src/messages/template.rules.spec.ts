import { fillTemplate, parseTemplate, TemplateError, truncateText } from './template.rules.js';

describe('parseTemplate', () => {
  it('splits what is the same for everybody from what is not', () => {
    expect(parseTemplate('Hi {{first_name|friend}}, welcome to {{ chat_title }}!')).toEqual([
      'Hi ',
      { variable: 'first_name', fallback: 'friend' },
      ', welcome to ',
      { variable: 'chat_title', fallback: '' },
      '!',
    ]);
  });

  it('leaves a text without variables whole, single braces too', () => {
    expect(parseTemplate('if (x) { y } }}')).toEqual(['if (x) { y } }}']);
  });

  it.each([
    ['an unknown variable', 'Hi {{firstname}}', /no variable "firstname".*first_name/],
    ['a name of Object.prototype', 'Hi {{constructor}}', /no variable "constructor"/],
    ['an open brace pair', 'Hi {{first_name', /never closed/],
    ['no name', 'Hi {{}}', /no variable ""/],
    ['HTML in a fallback', 'Hi {{first_name|<b>}}', /fallback/],
    ['a long fallback', `Hi {{first_name|${'x'.repeat(65)}}}`, /64 characters/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseTemplate(text)).toThrow(TemplateError);
    expect(() => parseTemplate(text)).toThrow(message);
  });

  it('fills in order', () => {
    const template = parseTemplate('{{first_name}}{{last_name|?}}');
    expect(fillTemplate(template, ({ variable, fallback }) => `[${variable} ${fallback}]`)).toBe(
      '[first_name ][last_name ?]',
    );
  });
});

describe('truncateText', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['a😀b', 2, 'a'],
    ['a😀b', 3, 'a😀'],
  ])('%s to %i', (text, length, expected) => {
    expect(truncateText(text, length)).toBe(expected);
  });
});
