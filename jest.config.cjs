// Nest 12 and others ship ES modules only; Jest on Node 20 can't require those, so swc turns them into CommonJS.
const transform = {
  '^.+\\.(t|m?j)s$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        keepClassNames: true,
      },
      module: { type: 'commonjs' },
    },
  ],
};
const common = {
  testEnvironment: '<rootDir>/test/harness/leak-detecting-environment.cjs',
  transform,
  transformIgnorePatterns: [
    '/node_modules/(?!(@nestjs|bullmq|jose|croner|file-type|strtok3|token-types|uint8array-extras|@tokenizer|@borewit|es-toolkit|p-[a-z]+|typeorm)/)',
  ],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  injectGlobals: true,
};
const withServers = {
  ...common,
  globalSetup: '<rootDir>/test/harness/name-run.cjs',
};

module.exports = {
  // Jest heeds this one here only, not in a project; a database is cloned and an application started before a first test.
  testTimeout: 30_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    { ...withServers, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.spec.ts'] },
    { ...withServers, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
  ],
};
