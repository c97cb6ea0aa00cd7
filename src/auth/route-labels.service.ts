import { Injectable, type OnApplicationBootstrap, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_LABEL } from '../platform/access/index.js';

/** Stops the start when a route says nothing about who may call it: forgetting must be loud, not merely safe. */
@Injectable()
export class RouteLabelsService implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws Error naming the routes */
  onApplicationBootstrap(): void {
    const unlabelled = this.discovery.getControllers().flatMap(({ metatype }) => {
      if (!metatype) return [];
      const prototype = metatype.prototype as Record<string, () => unknown>;
      return this.scanner
        .getAllMethodNames(prototype)
        .map((name) => ({ name, handler: prototype[name] as () => unknown }))
        .filter(
          ({ handler }) =>
            this.reflector.get<RequestMethod | undefined>(METHOD_METADATA, handler) !== undefined &&
            this.reflector.getAllAndOverride<unknown>(ACCESS_LABEL, [handler, metatype]) === undefined,
        )
        .map(({ name }) => `${metatype.name}.${name}`);
    });
    if (unlabelled.length > 0) {
      throw new Error(`Label these routes with AllowRole, AllowOperator or Public: ${unlabelled.join(', ')}`);
    }
  }
}
