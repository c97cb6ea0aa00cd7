// What was claimed and what came of it, one line each.

export class Checks {
  passed = 0;
  /** @type {string[]} in words */
  failures = [];

  /** @param {unknown} found shown where the claim does not hold */
  claim(text, isTrue, found = isTrue) {
    if (isTrue) this.passed += 1;
    else this.failures.push(found === undefined ? text : `${text}: ${JSON.stringify(found)}`);
    console.log(`${isTrue ? 'ok    ' : 'FAILED'} ${text}`);
    if (!isTrue && found !== undefined) console.log(`       found: ${JSON.stringify(found)}`);
  }

  /** Those of another process. */
  add({ passed, failures }) {
    this.passed += passed;
    this.failures.push(...failures);
  }
}
