// grammY with its plugin transformer-throttler, which queues the calls of a bot by itself, and auto-retry as its manual has it.
import { autoRetry } from '@grammyjs/auto-retry';
import { apiThrottler } from '@grammyjs/transformer-throttler';
import { runGrammy } from './grammy.mjs';

runGrammy({ underWayPerBot: 60, transformerOf: () => apiThrottler(), outerTransformer: autoRetry });
