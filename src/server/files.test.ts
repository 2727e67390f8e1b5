// What the control plane keeps in files: folders and token of their owner, its log, what it announces, its unit.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logToFile } from './daemon-log.ts';
import { closeOwnFolder, requireClosedFolder } from './folder.ts';
import { announcer, presentIn, socketOf } from './present.ts';
import { unitOf } from './systemd.ts';
import { ownToken, tokenFile } from './token.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'friday-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('a folder of ours', () => {
  it('is made with mode 700, above and below', () => {
    closeOwnFolder(join(dir, 'a', 'b'));
    expect([modeOf(join(dir, 'a')), modeOf(join(dir, 'a', 'b'))]).toEqual(['700', '700']);
  });

  it('that others may enter is closed to them', () => {
    mkdirSync(join(dir, 'open'));
    chmodSync(join(dir, 'open'), 0o755);
    closeOwnFolder(join(dir, 'open'));
    expect(modeOf(join(dir, 'open'))).toBe('700');
  });

  it('that may hold things of others is refused instead, and left as it is', () => {
    mkdirSync(join(dir, 'open'));
    chmodSync(join(dir, 'open'), 0o755);
    expect(() => requireClosedFolder(join(dir, 'open'))).toThrow('has mode 755, so others may enter it; expected 700');
    expect(modeOf(join(dir, 'open'))).toBe('755');
    requireClosedFolder(join(dir, 'new'));
    expect(modeOf(join(dir, 'new'))).toBe('700');
  });

  it('that belongs to somebody else is refused', () => {
    if (process.getuid?.() === 0) return;
    expect(() => closeOwnFolder('/')).toThrow('belongs to user 0; expected it to be yours');
  });

  it('that cannot be made says why and what to do', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => closeOwnFolder(join(dir, 'file', 'x'))).toThrow('cannot be made: ENOTDIR');
  });
});

describe('the token', () => {
  it('is drawn once, has 256 bits, and only its owner may read it', () => {
    const token = ownToken(dir);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect([ownToken(dir), modeOf(tokenFile(dir))]).toEqual([token, '600']);
  });

  it('that others may read is closed to them', () => {
    const token = ownToken(dir);
    chmodSync(tokenFile(dir), 0o644);
    expect([ownToken(dir), modeOf(tokenFile(dir))]).toEqual([token, '600']);
  });

  it.each(['', 'secret', 'a b'.repeat(30)])('"%s" is not taken for one', (text) => {
    writeFileSync(tokenFile(dir), text);
    expect(() => ownToken(dir)).toThrow('holds no token');
  });
});

describe('the log of the control plane', () => {
  it('is JSON lines with the time first', () => {
    const log = logToFile(join(dir, 'daemon.log'));
    log({ level: 'info', message: 'hello' });
    expect(readFileSync(join(dir, 'daemon.log'), 'utf8')).toMatch(
      /^\{"at":"\d{4}-.*Z","level":"info","message":"hello"\}\n$/,
    );
    expect(modeOf(join(dir, 'daemon.log'))).toBe('600');
  });

  it('is rotated when full, and two old ones are kept', () => {
    const file = join(dir, 'daemon.log');
    const log = logToFile(file, 300);
    for (let n = 0; n < 20; n++) log({ n, text: 'x'.repeat(60) });
    const all = [`${file}.2`, `${file}.1`, file].map((name) => readFileSync(name, 'utf8'));
    expect(all.every((text) => text.length <= 300)).toBe(true);
    const numbers = all
      .join('')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 20 - numbers.length + index));
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it('that cannot be written stops nothing', () => {
    expect(() => logToFile(join(dir, 'no', 'daemon.log'))({ message: 'lost' })).not.toThrow();
  });
});

describe('what a control plane announces', () => {
  const place = { stateDir: '', socketPath: '/run/user/1/friday/shop.sock' };

  it('is found by others until it is taken away', () => {
    const present = { pid: 4711, socketPath: '/other/place.sock', url: 'http://127.0.0.1:4747' };
    const { announce, end } = announcer(dir);
    announce(present);
    expect(presentIn(dir)).toEqual(present);
    expect(readFileSync(join(dir, 'daemon.pid'), 'utf8')).toBe('4711\n');
    expect(socketOf({ ...place, stateDir: dir })).toBe('/other/place.sock');
    end();
    expect([presentIn(dir), socketOf({ ...place, stateDir: dir })]).toEqual([null, place.socketPath]);
  });

  it.each(['', '{', '[]', '{"pid":"x","socketPath":"/a","url":"b"}'])('"%s" is nothing', (text) => {
    writeFileSync(join(dir, 'daemon.json'), text);
    expect(presentIn(dir)).toBeNull();
  });
});

describe('the systemd unit', () => {
  const input = {
    project: 'shop',
    execPath: '/usr/bin/node',
    main: '/opt/friday/dist/cli/main.js',
    file: '/srv/my shop/compose.yaml',
    workingDir: '/srv/my shop',
    user: null,
    stateDir: null,
  };

  it('is one that leaves instances alone and is watched', () => {
    const lines = unitOf(input).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'Type=notify',
        'NotifyAccess=all',
        'KillMode=process',
        'OOMPolicy=continue',
        'Restart=always',
        'WatchdogSec=30',
        'StateDirectory=friday',
        'ExecStart=/usr/bin/node /opt/friday/dist/cli/main.js serve --file "/srv/my shop/compose.yaml"',
        'WorkingDirectory=/srv/my shop',
      ]),
    );
  });

  it('escapes what systemd would expand', () => {
    const unit = unitOf({ ...input, file: '/srv/100%/$x "y"/compose.yaml', user: 'ana', stateDir: '/data/f' });
    expect(unit).toContain('--file "/srv/100%%/$$x \\"y\\"/compose.yaml"\n');
    expect(unit).toContain('\nUser=ana\nEnvironment=FRIDAY_STATE_DIR=/data/f\n');
    expect(unit).not.toContain('StateDirectory=');
  });
});
