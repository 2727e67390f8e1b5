// The page: files that `npm run build:web` made, served from memory. Nothing in them is inline, so the strict headers of every answer fit them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';

/** Where the build is: `web/dist` of the package, two folders above this file both unbuilt and compiled. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../web/dist/', import.meta.url));

type File = { readonly type: string; readonly etag: string; readonly plain: Buffer; readonly gzip: Buffer | null };

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  txt: 'text/plain; charset=utf-8',
};

const FOREVER = 'public, max-age=31536000, immutable';
/** What is served by others, whatever a browser would accept. */
const OTHERS = /^\/(api(\/|$)|healthz$|readyz$|openapi\.json$)/;

/**
 * Answers GET and HEAD of files of the build and, when a browser asks for a page, with the page itself, which finds its way by the
 * address. Everything else goes on. Nothing secret is in these files, so nobody has to prove who they are.
 */
export function servePage(folder: string = PAGE_FOLDER): MiddlewareHandler {
  let files: ReadonlyMap<string, File> = new Map();
  let builtAt: number | null = null;
  /** A build replaces the page while the control plane runs. */
  const refresh = () => {
    const newest = statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? null;
    if (newest !== builtAt) files = newest === null ? new Map() : filesIn(folder);
    builtAt = newest;
  };
  return async (c, next) => {
    const { path, method } = c.req;
    if ((method !== 'GET' && method !== 'HEAD') || OTHERS.test(path)) return next();
    refresh();
    const isDocument = (c.req.header('accept') ?? '').includes('text/html');
    const file = path === '/' || path === '/index.html' ? undefined : files.get(path);
    if (!file && !isDocument) return next();
    const page = file ?? files.get('/index.html');
    if (!page) return missing(method);
    const cache = file && path.startsWith('/assets/') ? FOREVER : 'no-cache';
    return answerOf(page, cache, method, c.req.header('if-none-match'), c.req.header('accept-encoding') ?? '');
  };
}

function answerOf(file: File, cache: string, method: string, known: string | undefined, encodings: string): Response {
  const headers: Record<string, string> = {
    'content-type': file.type,
    'cache-control': cache,
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (known === file.etag) return new Response(null, { status: 304, headers });
  const isPacked = file.gzip !== null && /\bgzip\b/.test(encodings);
  const body = isPacked && file.gzip ? file.gzip : file.plain;
  if (isPacked) headers['content-encoding'] = 'gzip';
  headers['content-length'] = `${body.length}`;
  return new Response(method === 'HEAD' ? null : new Uint8Array(body), { headers });
}

function filesIn(folder: string): ReadonlyMap<string, File> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [`/${relative(folder, file)}`, fileOf(file)];
    }),
  );
}

function fileOf(path: string): File {
  const plain = readFileSync(path);
  const type = TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  const packed = type.startsWith('image/png') ? plain : gzipSync(plain, { level: 9 });
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, etag, plain, gzip: packed.length < plain.length ? packed : null };
}

function missing(method: string): Response {
  const text =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>The page is not built</title><h1>The page is not built</h1>' +
    '<p>The control plane works, but the files of its page are not there. In a checkout, build them: ' +
    '<code>npm run build:web</code>, then load this again. In an installed package this is a bug; the command line needs no page.</p></html>';
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(method === 'HEAD' ? null : text, { status: 503, headers });
}
