// What is remembered of clients, and that it stays bounded.
import { expect, it } from 'vitest';
import { createClients } from './clients.ts';

it('forgets those who were not seen for longest', () => {
  const clients = createClients(3);
  for (const id of ['ada', 'bob', 'cleo']) clients.set(id, { variant: 'a', hasLiked: false });
  clients.get('ada');
  clients.set('dan', { variant: 'b', hasLiked: false });
  expect(['ada', 'bob', 'cleo', 'dan'].map((id) => clients.get(id)?.variant)).toEqual(['a', undefined, 'a', 'b']);
});

it('never holds more than its limit', () => {
  const clients = createClients(100);
  for (let i = 0; i < 1000; i += 1) clients.set(`client-${i}`, { variant: 'a', hasLiked: false });
  expect(clients.size).toBe(100);
});
