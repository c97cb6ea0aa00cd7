import { type PoolClient } from 'pg';
import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../../platform/http/index.js';
import { type OperatorCaller, type UserId } from '../../platform/identity/index.js';
import { type OperatorActView } from './operator-act.dto.js';

/** What an operator did to the installation itself; names no person and carries no secret. */
export interface OperatorAct {
  /** Subject and verb in the past: `plan.changed`. */
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly details: OperatorActView['details'];
}

interface ActRow {
  readonly id: string;
  readonly at: Date;
  readonly operatorId: UserId;
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly details: OperatorActView['details'];
}

/**
 * Acts that belong to no tenant, for the other operators to read; what operators do to a tenant is in that tenant's audit
 * log. Crossing, and by grant only grows.
 */
@Injectable()
export class OperatorActs {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** In the transaction of the act itself. */
  async record(
    client: PoolClient,
    { userId }: OperatorCaller,
    { action, subject, details }: OperatorAct,
  ): Promise<void> {
    await client.query(
      `INSERT INTO operator_acts (operator_id, action, subject_kind, subject_id, details)
       VALUES ($1, $2, $3, $4, $5)`,
      [userId, action, subject.kind, subject.id, JSON.stringify(details)],
    );
  }

  async findPage(query: PageQuery): Promise<Page<OperatorActView>> {
    const rows = await this.dispatcher.query<ActRow>(
      `SELECT id, at, operator_id AS "operatorId", action, subject_kind AS "subjectKind",
         subject_id AS "subjectId", details
       FROM operator_acts WHERE id < $1 ORDER BY id DESC LIMIT $2`,
      [idBefore(query), query.limit + 1],
    );
    return pageOf(rows, query, (row) => ({ ...row, at: row.at.toISOString() }));
  }
}
