/** Waits for a condition instead of a time. @throws when it doesn't come true */
export async function waitUntil(isTrue: () => Promise<boolean> | boolean, atMostMs = 10_000): Promise<void> {
  const startedMs = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - startedMs > atMostMs)
      throw new Error(`It did not come true within ${atMostMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
