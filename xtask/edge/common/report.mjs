// What every script of this folder has in common: one report on standard output, and
// waits that end.

// Waits for a promise, but not for ever; `what` is said when nothing came of it.
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// Runs one step, and gives what it saw or how it failed; a failure is no end of the run.
export async function step(seconds, what, work) {
  try {
    return await within(seconds, what, work());
  } catch (error) {
    return { failed: describe(error) };
  }
}

// An error with its causes, in one line.
export function describe(error) {
  const parts = [];
  for (let one = error; one && parts.length < 5; one = one.cause) {
    parts.push(`${one.name ?? 'Error'}: ${one.message ?? one}`);
  }
  return parts.join(' <- ');
}

// Prints the report, whole, and ends.
export function finish(report) {
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}
