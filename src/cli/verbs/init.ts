// friday init: a first compose.yaml for this folder, or the systemd unit of its project.
import { dirname, resolve } from 'node:path';
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { ownPlace } from '../connect.ts';
import { openProject } from '../open.ts';

export type InitOptions = { readonly systemd?: true | undefined; readonly user?: string | undefined };

export async function init(call: Call, options: InitOptions): Promise<ExitCode> {
  return options.systemd ? printUnit(call, options.user ?? null) : write(call);
}

async function write(call: Call): Promise<ExitCode> {
  const { terminal, cwd } = call;
  const { previewCompose, writeCompose } = await import('../init.ts');
  if (call.flags.dryRun) {
    const preview = previewCompose(cwd);
    terminal.answer(preview.text.trimEnd());
    terminal.json({ isDryRun: true, ...preview });
    return 0;
  }
  const written = writeCompose(cwd);
  terminal.answer(written.text.trimEnd());
  terminal.say(['', `Written to ${written.file}.`, 'See what it would do: friday up -n']);
  terminal.json(written);
  return 0;
}

async function printUnit(call: Call, user: string | null): Promise<ExitCode> {
  const [{ unitOf }, { mainFile }] = await Promise.all([
    import('../../server/systemd.ts'),
    import('../../server/daemon.ts'),
  ]);
  const { file } = openProject(call);
  const { project } = ownPlace(call);
  const unit = unitOf({
    project,
    execPath: process.execPath,
    main: mainFile(),
    file: resolve(file),
    workingDir: dirname(resolve(file)),
    user,
    stateDir: call.env.FRIDAY_STATE_DIR ?? null,
  });
  call.terminal.answer(unit.trimEnd());
  call.terminal.json({ project, unit });
  return 0;
}
