import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import {
  HealthCheckService,
  type HealthIndicatorFunction,
  type HealthCheckResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Metrics } from '../../platform/metrics/index.js';
import { InstallationProgress } from './installation-progress.js';

/** On a port of its own, which nobody but the orchestrator and Prometheus reaches: answers say why, and nobody signs in. */
@Controller()
export class MonitoringController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly progress: InstallationProgress,
    private readonly metrics: Metrics,
  ) {}

  /** Hangs on nothing: a process whose database is away isn't mended by starting it anew. */
  @Get('health/live')
  live(): Promise<HealthCheckResult> {
    return this.checks.check([]);
  }

  @Get('health/started')
  started(): Promise<HealthCheckResult> {
    return this.checks.check([this.check('start', () => this.progress.findUnstarted())]);
  }

  @Get('health/ready')
  ready(): Promise<HealthCheckResult> {
    const needs = this.progress.readiness?.needs ?? [];
    return this.checks.check([
      this.check('process', () => this.progress.findClosed()),
      ...needs.map((need) => this.check(need.name, () => need.findFault())),
    ]);
  }

  @Get('metrics')
  @Header('cache-control', 'no-store')
  async readMetrics(): Promise<StreamableFile> {
    const { text, contentType } = await this.metrics.expose();
    return new StreamableFile(Buffer.from(text), { type: contentType });
  }

  private check(
    name: string,
    findFault: () => string | undefined | Promise<string | undefined>,
  ): HealthIndicatorFunction {
    return async () => {
      const indicator = this.indicators.check(name);
      const reason = await findFault();
      return reason === undefined ? indicator.up() : indicator.down({ reason });
    };
  }
}
