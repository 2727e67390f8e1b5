// Where a bench ran, in words: numbers mean little without it.
import { cpus, release, totalmem } from 'node:os';

export type Machine = {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
};

export function thisMachine(): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: /^\d+\.\d+\.\d+/.exec(release())?.[0] ?? release(),
    node: process.versions.node,
  };
}

export function machineText({ cores, cpu, memoryGb, kernel, node }: Machine): string {
  return `${cores} cores of ${cpu}, ${memoryGb} GB, Linux ${kernel}, Node ${node}`;
}
