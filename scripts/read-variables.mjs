// Which settings the code reads: by the names that it takes out of `settings`, `secrets` or the environment, found in the
// syntax and not in comments or texts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What holds settings: by the name of a variable or property, or by its type. */
const HOLDER = /(^|\.)(settings|secrets|masters|env)$/;
const HOLDER_TYPE = /\b(Settings|Secrets)\b/;
const VARIABLE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

/** @returns {Set<string>} of all of src/, but for the schema itself and for tests */
export function findReadVariables(homeDirectory) {
  const files = readdirSync(join(homeDirectory, 'src'), { recursive: true })
    .map((file) => join(homeDirectory, 'src', file))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .filter((file) => !file.endsWith('config/settings.ts'));
  return new Set(files.flatMap((file) => findVariablesIn(readFileSync(file, 'utf8'))));
}

/** @returns {string[]} the names that one source takes out of what holds settings */
export function findVariablesIn(text) {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2022, true);
  const names = [];
  const isHolder = (node) => node !== undefined && HOLDER.test(node.getText(source).replaceAll('?.', '.'));
  const takeOut = (pattern) => {
    for (const { propertyName, name } of pattern.elements) names.push((propertyName ?? name).getText(source));
  };
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node) && isHolder(node.expression)) names.push(node.name.text);
    if (ts.isElementAccessExpression(node) && isHolder(node.expression)) {
      const { argumentExpression } = node;
      if (ts.isStringLiteral(argumentExpression)) names.push(argumentExpression.text);
    }
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && ts.isObjectBindingPattern(node.name)) {
      if (isHolder(node.initializer) || HOLDER_TYPE.test(node.type?.getText(source) ?? ''))
        takeOut(node.name);
    }
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.name)) {
      if (isHolder(node.propertyName)) takeOut(node.name);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names.filter((name) => VARIABLE.test(name));
}
