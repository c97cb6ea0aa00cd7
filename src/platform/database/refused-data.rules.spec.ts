import { isRefusedData } from './refused-data.rules.js';

describe('isRefusedData', () => {
  it.each([
    ['text that jsonb has no place for', { code: '22P05' }, true],
    ['a number out of range', { code: '22003' }, true],
    ['JSON nested too deep', { code: '54001' }, true],
    ['a broken connection', { code: '08006' }, false],
    ['a deadlock', { code: '40P01' }, false],
    ['a full disk', { code: '53100' }, false],
    ['a socket', { code: 'ECONNREFUSED' }, false],
    ['an error without a code', new Error('22P05'), false],
    ['nothing', null, false],
  ])('judges %s', (_, error, isRefused) => {
    expect(isRefusedData(error)).toBe(isRefused);
  });
});
