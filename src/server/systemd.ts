// The systemd unit that `friday init --systemd` prints. Pure.

export type UnitInput = {
  readonly project: string;
  /** Absolute path of node. */
  readonly execPath: string;
  /** Absolute path of the command's main file. */
  readonly main: string;
  /** Absolute path of compose.yaml. */
  readonly file: string;
  readonly workingDir: string;
  /** Null = root, with /var/lib/friday and /run/friday. Another user keeps the state in the own home folder. */
  readonly user: string | null;
  /** FRIDAY_STATE_DIR, where it is not the usual one. */
  readonly stateDir: string | null;
};

/** Instances and balancer live in the unit's control group and outlive the control plane: a restart drops nothing. */
export function unitOf(input: UnitInput): string {
  const { project, execPath, main, file, workingDir, user, stateDir } = input;
  const command = [execPath, main, 'serve', '--file', file].map(quote).join(' ');
  const variables = stateDir === null ? [] : [`Environment=${quote(`FRIDAY_STATE_DIR=${stateDir}`)}`];
  const folders = [
    'StateDirectory=friday',
    'RuntimeDirectory=friday',
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
  ];
  const owner = user === null ? folders : [`User=${user}`];
  return [
    `# fridaymorning: the control plane of ${project}. Save as /etc/systemd/system/friday-${project}.service, then`,
    `# systemctl daemon-reload && systemctl enable --now friday-${project}`,
    '[Unit]',
    `Description=fridaymorning, control plane of ${project}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=notify',
    'NotifyAccess=all',
    `ExecStart=${command}`,
    `WorkingDirectory=${escapePercent(workingDir)}`,
    ...owner,
    ...variables,
    'Restart=always',
    'RestartSec=1',
    'WatchdogSec=30',
    'TimeoutStopSec=15',
    '# Instances and balancer outlive the control plane: only its own process is ended, and one that runs',
    '# out of memory does not take the others with it. To stop them: friday down',
    'KillMode=process',
    'OOMPolicy=continue',
    'LimitNOFILE=65536',
    'TasksMax=infinity',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** One word of a command line. Source: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers". */
function quote(word: string): string {
  const escaped = escapePercent(word).replaceAll('$', '$$$$').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function escapePercent(text: string): string {
  return text.replaceAll('%', '%%');
}
