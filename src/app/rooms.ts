import { type Room } from './app.module.js';

/** Every room that runs, from left to right. */
export const ROOMS: readonly Room[] = [];
