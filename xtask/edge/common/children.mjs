// Programs that run as long as this script does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE = 5_000;
const running = new Set();
let stopping = false;

// Starts a program. What it prints goes to our standard error. Its end before ours is a
// failure.
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 2, 2], ...options });
  running.add(child);
  child.on('error', (error) => fail(`${program} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    running.delete(child);
    if (!stopping) fail(`${program} ended by itself: ${code ?? signal}`);
  });
  return child;
}

// Ends them all, and waits for that.
export async function stopAll() {
  stopping = true;
  const ends = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  const late = setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), PATIENCE);
  await Promise.all(ends);
  clearTimeout(late);
}

// Ends them all, and ourselves, when whoever started us closes our standard input.
export function stopWithInput(cleanUp = async () => {}) {
  const stop = async () => {
    if (stopping) return;
    await stopAll();
    await cleanUp();
    process.exit(0);
  };
  process.stdin.resume().on('end', stop);
  process.on('SIGTERM', stop);
}

function fail(message) {
  console.error(message);
  for (const child of running) child.kill('SIGKILL');
  process.exit(1);
}
