import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { MessageService } from '../messages/index.js';
import { invalidField, withinField } from '../platform/errors/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type ScheduleChoice } from './rules/schedule-choice.rules.js';
import { type ChangeSchedule, type CreateSchedule } from './schedule.dto.js';
import { type StackedMessage } from './stack.dto.js';
import { StacksRepository } from './stacks.repository.js';

/** What a schedule sends: one message, or a stack whose messages are kept apart. */
type SentChoice = Pick<ScheduleChoice, 'message_id' | 'recycles'>;

/** Finds out what a schedule is to send from what people name or bring along. */
@Injectable()
export class ScheduleMessages {
  constructor(
    private readonly messages: MessageService,
    private readonly stacks: StacksRepository,
  ) {}

  /** @param known messages that this transaction has found good, gets those that it finds */
  async choose(
    manager: EntityManager,
    tenantId: TenantId,
    input: Pick<CreateSchedule, 'message' | 'messageId' | 'stack'>,
    known: Set<string>,
  ): Promise<SentChoice & { readonly stack: readonly string[] }> {
    if (!input.stack)
      return {
        message_id: await this.chooseOne(manager, tenantId, input, known),
        recycles: null,
        stack: [],
      };
    const { messages, recycle = false } = input.stack;
    const stack = await this.chooseAll(manager, tenantId, messages, 'stack.messages', known);
    return { message_id: null, recycles: recycle, stack };
  }

  /** What a schedule sends after a change; the messages of its stack are changed with it. */
  async change(
    manager: EntityManager,
    tenantId: TenantId,
    { id, message_id, recycles }: SentChoice & { readonly id: string },
    { message, messageId, stack }: ChangeSchedule,
  ): Promise<SentChoice> {
    if (message !== undefined || messageId !== undefined) {
      await this.stacks.deleteAll(manager, id);
      const chosen = await this.messages.choose(manager, tenantId, { message, messageId });
      return { message_id: chosen, recycles: null };
    }
    if (!stack) return { message_id, recycles };
    if (stack.messages) {
      await this.stacks.deleteAll(manager, id);
      const chosen = await this.chooseAll(manager, tenantId, stack.messages, 'stack.messages');
      await this.stacks.add(manager, tenantId, id, chosen);
    } else if (recycles === null)
      throw invalidField(
        'stack.messages',
        'required',
        'This schedule sends one message; name those of its stack.',
      );
    return { message_id: null, recycles: stack.recycle ?? recycles ?? false };
  }

  /** @param path where the messages stand in the request */
  async chooseAll(
    manager: EntityManager,
    tenantId: TenantId,
    choices: readonly StackedMessage[],
    path: string,
    known = new Set<string>(),
  ): Promise<string[]> {
    const ids: string[] = [];
    for (const [n, choice] of choices.entries()) {
      try {
        ids.push(await this.chooseOne(manager, tenantId, choice, known));
      } catch (error) {
        throw withinField(error, `${path}.${n}`);
      }
    }
    return ids;
  }

  private async chooseOne(
    manager: EntityManager,
    tenantId: TenantId,
    choice: StackedMessage,
    known: Set<string>,
  ): Promise<string> {
    const { messageId } = choice;
    if (messageId !== undefined && known.has(messageId)) return messageId;
    const chosen = await this.messages.choose(manager, tenantId, choice);
    known.add(chosen);
    return chosen;
  }
}
