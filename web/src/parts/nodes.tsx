// The nodes of a Swarm: which are well, which are being emptied, and what runs where.
import { useEffect, useState } from 'preact/hooks';
import type { NodeView } from '../../../src/api/node-views.ts';
import { api } from '../api.ts';
import { bytesText, many } from '../format.ts';
import type { Tone } from '../marks.ts';

const EVERY_MS = 10_000;

export function Nodes() {
  const [nodes, setNodes] = useState<readonly NodeView[]>([]);
  useEffect(() => {
    const look = () => {
      if (!document.hidden) void api.nodes().then(setNodes, () => undefined);
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (nodes.length === 0) return null;
  const ready = nodes.filter(({ state, availability }) => state === 'ready' && availability === 'active').length;
  return (
    <section class="panel" aria-labelledby="nodes-title">
      <h2 id="nodes-title">
        Nodes{' '}
        <small>
          {ready} of {nodes.length} ready · <code>friday node ls</code>
        </small>
      </h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Nodes table">
        <table class="nodes">
          <thead>
            <tr>
              {['Node', 'State', 'Role', 'Instances', 'Cores', 'Memory', 'Address', 'Engine'].map((text) => (
                <th key={text} scope="col">
                  {text}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <Row key={node.id} node={node} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function stateOf({ state, availability }: NodeView): readonly [string, Tone] {
  if (state === 'lost') return [availability === 'active' ? '✕ lost' : `✕ lost, ${availability}`, 'bad'];
  return availability === 'active' ? ['✓ ready', 'ok'] : [`▾ ${availability}`, 'warn'];
}

function Row({ node }: { node: NodeView }) {
  const [words, tone] = stateOf(node);
  return (
    <tr>
      <th scope="row">{node.name}</th>
      <td class="state">
        <span class={`n tone-${tone}`}>{words}</span>
      </td>
      <td class="n role">{node.role}</td>
      <td class={`n count ${node.instances.length === 0 ? 'mute' : ''}`} title={node.instances.join(', ')}>
        {many(node.instances.length, 'instance')}
      </td>
      <td class="n cores">{node.cores}</td>
      <td class="n memory">{bytesText(node.memory)}</td>
      <td class="n mute address">{node.address}</td>
      <td class="n mute engine">{node.engine}</td>
    </tr>
  );
}
