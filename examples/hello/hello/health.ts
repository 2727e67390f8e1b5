// The health check of the image: exit status 0 when the service in this container answers. It needs no curl.

const answer = await fetch(`http://127.0.0.1:${process.env.PORT}/health`, { signal: AbortSignal.timeout(2000) }).catch(
  (error: unknown) => error,
);
if (!(answer instanceof Response && answer.ok)) {
  console.error(answer instanceof Response ? `status ${answer.status}` : String(answer));
  process.exitCode = 1;
}

export {};
