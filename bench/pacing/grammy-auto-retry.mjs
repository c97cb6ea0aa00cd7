// grammY with its plugin auto-retry: thirty calls of each bot under way, what is refused waits and is sent again.
import { autoRetry } from '@grammyjs/auto-retry';
import { runGrammy } from './grammy.mjs';

runGrammy({ underWayPerBot: 30, transformerOf: () => autoRetry() });
