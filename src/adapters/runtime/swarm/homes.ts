// Where volumes are: a local volume exists on one node, so the service that has it stays there, whatever becomes of its versions.
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { Cluster } from './cluster.ts';
import type { SwarmNode } from './objects.ts';

const VOLUME = 'dev.fridaymorning.volume.';

/**
 * Constraints that hold a service which stands alone at its volumes. The first start chooses the node and writes it there, where
 * people can change it (docker node update --label-add). What is behind the balancer is not held: its copies are on many nodes.
 */
export async function homesOf(
  cluster: Cluster,
  nodes: readonly SwarmNode[],
  spec: ServiceSpec,
  choose: () => string | null,
): Promise<readonly string[]> {
  if (spec.port !== null) return [];
  const names = (spec.container?.mounts ?? []).flatMap((mount) => {
    const isLocal = mount.type === 'volume' && mount.name !== null && (mount.driver ?? 'local') === 'local';
    return isLocal && Object.keys(mount.driverOptions).length === 0 && mount.name !== null ? [mount.name] : [];
  });
  const [first] = names;
  if (first === undefined) return [];
  const home = nodes.find(({ Spec }) => names.some((name) => Spec.Labels[VOLUME + name] !== undefined))?.ID ?? choose();
  if (home === null) return [];
  await cluster.updateNode(home, ({ Spec }) => {
    const missing = names.filter((name) => Spec.Labels[VOLUME + name] === undefined);
    if (missing.length === 0) return null;
    return {
      ...Spec,
      Labels: { ...Spec.Labels, ...Object.fromEntries(missing.map((name) => [VOLUME + name, 'here'])) },
    };
  });
  return [`node.labels.${VOLUME}${first}==here`];
}
