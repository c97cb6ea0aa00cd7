import { BOT_STATES, isSending, refusalOfPause, refusalOfResume } from './bot-state.rules.js';

describe('the states of a bot', () => {
  it('sends while it runs, also where somebody else takes its updates', () => {
    expect(BOT_STATES.filter(isSending)).toEqual(['running', 'conflict']);
  });

  it('can be paused and resumed unless it is gone or its token is dead, and says what to do then', () => {
    expect(BOT_STATES.filter((state) => refusalOfPause(state) === undefined)).toEqual([
      'running',
      'paused',
      'conflict',
    ]);
    expect(refusalOfResume('token_rejected')).toContain('PUT /bots/{id}/token');
    expect(refusalOfResume('disconnected')).toContain('connect it again');
  });
});
