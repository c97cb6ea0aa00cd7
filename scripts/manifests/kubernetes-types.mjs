// Holds manifests against Kubernetes's own OpenAPI schema, in the form of the types that kubernetes-types makes of it:
// each manifest becomes a literal of its type, and the compiler finds what is missing, wrong or unknown.
import { join } from 'node:path';
import ts from 'typescript';

/** Kinds that come with an operator, of which Kubernetes's schema knows nothing: what they can't be without. */
const CUSTOM_KINDS = {
  'keda.sh/v1alpha1 ScaledObject': ['scaleTargetRef', 'triggers'],
  'monitoring.coreos.com/v1 ServiceMonitor': ['selector', 'endpoints'],
  'monitoring.coreos.com/v1 PrometheusRule': ['groups'],
};

/**
 * What is wrong with manifests.
 *
 * @returns a line for each mistake, with the kind and name of its manifest; none if all are as they should be
 */
export function findMistakes(manifests, homeDirectory) {
  const custom = manifests.filter((manifest) => kindOf(manifest) in CUSTOM_KINDS);
  const known = manifests.filter((manifest) => !(kindOf(manifest) in CUSTOM_KINDS));
  return [...custom.flatMap(findGaps), ...findTypeErrors(known, homeDirectory)];
}

function kindOf({ apiVersion, kind }) {
  return `${apiVersion} ${kind}`;
}

function nameOf(manifest) {
  return `${manifest.kind} ${manifest.metadata?.name}`;
}

function findGaps(manifest) {
  return ['scaleTargetRef', 'triggers', 'selector', 'endpoints', 'groups']
    .filter(
      (field) => CUSTOM_KINDS[kindOf(manifest)].includes(field) !== (manifest.spec?.[field] !== undefined),
    )
    .map((field) => `${nameOf(manifest)}: spec.${field} is missing or out of place`);
}

function findTypeErrors(manifests, homeDirectory) {
  const file = join(homeDirectory, 'manifests-under-check.ts');
  // A manifest a line, so that the line of an error tells whose it is.
  const source = manifests
    .map((manifest, index) => {
      const { apiVersion, kind } = manifest;
      const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
      const module = `kubernetes-types/${group.replace('.k8s.io', '')}/${version}`;
      return `export const manifest${index}: Required<Pick<import('${module}').${kind}, 'apiVersion' | 'kind' | 'metadata'>> & import('${module}').${kind} = ${JSON.stringify(manifest)};`;
    })
    .join('\n');
  const options = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists.call(host, path);
  host.getSourceFile = (path, ...others) =>
    path === file
      ? ts.createSourceFile(path, source, options.target)
      : getSourceFile.call(host, path, ...others);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file: where, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (where?.fileName !== file) return text;
    const { line } = where.getLineAndCharacterOfPosition(start);
    return `${nameOf(manifests[line])}: ${text}`;
  });
}
