// Waits for a program that never says when it is there: it is asked until it answers.
const POLL = 25;

// `ask` gives whether it answered, and may throw.
export async function until(seconds, what, ask) {
  const end = Date.now() + seconds * 1000;
  let last = 'it gave no answer';
  while (Date.now() < end) {
    try {
      if (await ask()) return;
    } catch (error) {
      last = String(error.cause ?? error);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  throw new Error(`${what} is not there after ${seconds} s: ${last}`);
}
