/**
 * Whether objects and arrays are nested more than `limit` deep. Reads the text itself: whatever walks the parsed value
 * by calling itself, JSON.stringify for one, would run out of stack at some depth.
 *
 * @param json may be anything; what is no JSON is the parser's to refuse
 */
export function isNestedDeeperThan(json: string, limit: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let position = 0; position < json.length; position++) {
    const character = json[position];
    if (isInText) {
      if (character === '\\') position++;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '{' || character === '[') {
      if (++depth > limit) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}
