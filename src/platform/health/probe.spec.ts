import { Probe } from './probe.js';

describe('Probe', () => {
  it('finds no fault with what answers', async () => {
    expect(await new Probe(() => Promise.resolve('yes')).findFault()).toBeUndefined();
  });

  it('tells the code of an error, and never its text', async () => {
    const error = Object.assign(new Error('postgres://me:hunter2@host'), { code: 'ECONNREFUSED' });
    expect(await new Probe(() => Promise.reject(error)).findFault()).toBe('ECONNREFUSED');
    expect(await new Probe(() => Promise.reject(new TypeError('hunter2'))).findFault()).toBe('TypeError');
  });

  it('gives up waiting, and asks nothing more before the first question is answered', async () => {
    let questions = 0;
    let answer: (() => void) | undefined;
    const probe = new Probe(() => {
      questions += 1;
      return new Promise<void>((resolve) => (answer = resolve));
    }, 10);
    expect(await probe.findFault()).toBe('no answer within 0.01 s');
    expect(await probe.findFault()).toBe('no answer within 0.01 s');
    expect(questions).toBe(1);
    answer?.();
    await new Promise((resolve) => setImmediate(resolve));
    void probe.findFault();
    expect(questions).toBe(2);
    answer?.();
  });
});
