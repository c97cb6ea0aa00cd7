import { z } from 'zod';
import { followUpChoice, messageChoice } from '../delivery/index.js';
import { lineOfTextSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { timeZoneSchema } from '../tenants/index.js';
import { timeOfDaySchema, weekdaysSchema, writtenTimeSchema } from './schedule-rule.dto.js';
import { previewedRunSchema, SCHEDULE_STATES } from './schedule.dto.js';

/** Posts of one chat that can wait: ten a day for more than a month. */
export const MOST_WAITING_POSTS = 500;
const MOST_AT_ONCE = 50;

const slotGroupSchema = z
  .strictObject({
    weekdays: weekdaysSchema,
    times: z.array(timeOfDaySchema).min(1).max(24).describe('times of the day on the clocks of the zone'),
  })
  .meta({ id: 'SlotGroup' });

export const setSlotsSchema = z
  .strictObject({
    slots: z.array(slotGroupSchema).min(0).max(20).describe('an empty list leaves the queue without slots'),
    timeZone: timeZoneSchema.optional().describe("without it, the tenant's"),
  })
  .meta({
    id: 'SetSlots',
    examples: [
      {
        slots: [
          { weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'], times: ['09:00', '18:30'] },
          { weekdays: ['SA'], times: ['11:00'] },
        ],
        timeZone: 'Europe/Lisbon',
      },
    ],
  });
export type SetSlots = z.infer<typeof setSlotsSchema>;

const timing = {
  at: writtenTimeSchema
    .optional()
    .describe(
      "a time of its own, local to the queue's zone or with an offset; without it, the next free slot",
    ),
};

const newPostSchema = z
  .strictObject({
    name: lineOfTextSchema(100).optional(),
    ...messageChoice,
    ...timing,
    ...followUpChoice,
  })
  .refine(({ message, messageId }) => (message === undefined) !== (messageId === undefined), {
    path: ['message'],
    error: 'A post has either message or messageId.',
  });
export type NewPost = z.infer<typeof newPostSchema>;

export const addPostsSchema = z
  .strictObject({
    posts: z.array(newPostSchema).min(1).max(MOST_AT_ONCE).describe('they take free slots in this order'),
  })
  .meta({ id: 'AddPosts', examples: [{ posts: [{ message: { kind: 'text', text: 'New on the shelf' } }] }] });
export type AddPosts = z.infer<typeof addPostsSchema>;

export const movePostSchema = z
  .strictObject({
    at: writtenTimeSchema.optional().describe("local to the queue's zone, or with an offset"),
    nextFreeSlotAfter: writtenTimeSchema.optional().describe('the first free slot after this'),
  })
  .refine(({ at, nextFreeSlotAfter }) => (at === undefined) !== (nextFreeSlotAfter === undefined), {
    path: ['at'],
    error: 'Give either at or nextFreeSlotAfter.',
  })
  .meta({ id: 'MovePost', examples: [{ at: '2026-12-31T09:00' }] });
export type MovePost = z.infer<typeof movePostSchema>;

export const postSchema = previewedRunSchema
  .extend({
    id: idSchema.describe('of the schedule that sends it: its history, pause and changes are there'),
    name: z.string(),
    messageId: idSchema.nullable(),
    state: z.enum(SCHEDULE_STATES),
    timeZone: z.string(),
    isOnSlot: z.boolean().describe('false at a time of its own, or where the slots have changed since'),
    pin: z.string().nullable(),
    deletePrevious: z.boolean(),
    deleteAfterSeconds: z.int().nullable(),
  })
  .meta({ id: 'Post' });
export type PostView = z.output<typeof postSchema>;

export const postListSchema = z
  .object({ posts: z.array(postSchema).describe('in the order of their time, unless they were just added') })
  .meta({ id: 'PostList' });
export type PostList = z.output<typeof postListSchema>;

export const postQueueSchema = z
  .object({
    chatId: idSchema,
    timeZone: z.string(),
    slots: z.array(slotGroupSchema),
    nextFreeSlots: z.array(previewedRunSchema).describe('the next ten'),
    waiting: z.int().describe('how many posts wait'),
    offSlot: z.array(postSchema).describe('posts that wait for a time that is no slot; they keep it'),
  })
  .meta({ id: 'PostQueue' });
export type PostQueueView = z.output<typeof postQueueSchema>;
