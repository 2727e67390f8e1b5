#!/usr/bin/env node
// The command `friday`: checks the version of node, then runs one command line.

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `error: friday needs Node 24 or newer, and this is Node ${process.versions.node}\n  get it: https://nodejs.org\n`,
  );
  process.exit(2);
}
const { runHere } = await import('./here.ts');
await runHere();
