// The rooms of src/, from left to right. A room imports only rooms to its left, and through their door (index.ts).
const rooms = [
  'config',
  'platform',
  'telegram',
  'tenants',
  'webhooks',
  'auth',
  'bots',
  'audience',
  'messages',
  'delivery',
  'scheduling',
  'menus',
  'records',
  'reports',
  'app',
];

const leftwardsOnly = rooms.slice(0, -1).map((room, position) => ({
  name: `${room}-imports-leftwards-only`,
  comment: `Data goes one way: ${room} may know ${rooms.slice(0, position).join(', ') || 'nobody'}. Reach rightwards by an event, a port or a label.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(position + 1).join('|')}|main)(/|\\.ts$)` },
}));

module.exports = {
  forbidden: [
    ...leftwardsOnly,
    {
      name: 'through-the-door',
      comment:
        'A room is entered by its index.ts, so that what is inside can change. Platform is a house of its own: each of its chambers has a door.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/app/' },
      to: {
        path: '^src/[^/]+/',
        pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/platform/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'platform-chambers-through-their-door',
      comment: 'Inside platform, one chamber enters another by its index.ts.',
      severity: 'error',
      from: { path: '^src/platform/([^/]+)/' },
      to: { path: '^src/platform/[^/]+/', pathNot: ['^src/platform/$1/', '^src/platform/[^/]+/index\\.ts$'] },
    },
    {
      name: 'sandbox-is-spoken-to-over-http',
      comment: 'The sandbox stands in for Telegram: nobody but app may import it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(sandbox|app)/' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'sandbox-knows-no-business',
      comment: 'What stands in for Telegram must not share code with what it checks.',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/', pathNot: '^src/(sandbox|config|platform)/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle hides who depends on whom.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unknown-room',
      comment: 'A new room is a decision: name it in .dependency-cruiser.cjs and docs/architecture.md.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${rooms.join('|')}|sandbox)/|^src/main\\.ts$` },
      to: {},
    },
    {
      name: 'no-test-code-in-product',
      comment: 'What ships does not lean on tests, benches or development dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-dev-dependency-in-product',
      comment: 'The image is installed without development dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
