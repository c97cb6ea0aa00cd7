import { setTimeout as wait } from 'node:timers/promises';
import { addToLogContext, withLogContext, withoutLogContext } from './log-context.js';
import { createLogger, NestLogger } from './logger.js';

const secret = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-';
const token = `110201543:${secret}`;

describe('the log', () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
  });
  afterEach(() => jest.restoreAllMocks());
  const logger = () => new NestLogger(createLogger({ LOG_LEVEL: 'info' }));
  const lastLine = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;

  it('is JSON, a line each, with what it is about', async () => {
    await withLogContext({ tenantId: 't1', botId: 'b1' }, async () => {
      await wait(1);
      withLogContext({ broadcastId: 'c1' }, () => logger().log('sent', 'Lane'));
    });
    expect(lastLine()).toMatchObject({
      msg: 'sent',
      context: 'Lane',
      tenantId: 't1',
      botId: 'b1',
      broadcastId: 'c1',
    });
    logger().log('nobody');
    expect(lastLine()).not.toHaveProperty('tenantId');
  });

  it('learns on the way whose work it is, and keeps works apart', async () => {
    const work = (requestId: string, tenantId: string) =>
      withLogContext({ requestId }, async () => {
        await wait(1);
        addToLogContext({ tenantId });
        await wait(1);
        logger().log('done');
        return lastLine();
      });
    const [one, other] = await Promise.all([work('r1', 't1'), work('r2', 't2')]);
    expect(one).toMatchObject({ requestId: 'r1', tenantId: 't1' });
    expect(other).toMatchObject({ requestId: 'r2', tenantId: 't2' });
  });

  it('calls what many asked for by the name of none', () => {
    withLogContext({ tenantId: 't1' }, () => withoutLogContext(() => logger().log('gathered')));
    expect(lastLine()).not.toHaveProperty('tenantId');
  });

  it('has no token in any part of a line', () => {
    const cause = new Error(`GET https://api.telegram.org/bot${token}/getMe`);
    const error = new Error(`calling ${token} failed`, { cause });
    logger().error(error, `bot ${token}`);
    logger().warn({ token, url: `https://api.telegram.org/bot${token}/x`, nested: { deep: [token] } });
    createLogger({ LOG_LEVEL: 'info' }).info({ bot: { token }, user: { password: 'hunter2' } }, 'settings');
    withLogContext({ requestId: token }, () => logger().log('asked'));
    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[0]).toContain('110201543:…');
  });
});
