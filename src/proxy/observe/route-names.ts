// The names of routes, remembered by path: most requests ask for the same few.
import { routeOf } from '../../core/route.ts';
import { copyOf } from '../copy.ts';

/** Paths remembered for each method; when there are more, it begins anew. */
const REMEMBERED_PATHS = 1_000;
/** What is cut out of a longer one would keep all of it in memory. */
const REMEMBERED_CHARACTERS = 256;

export class RouteNames {
  private readonly byMethod = new Map<string, Map<string, string>>();

  /** `routeOf` of the same. */
  of(method: string, url: string): string {
    if (url.length > REMEMBERED_CHARACTERS) return routeOf(method, url);
    let known = this.byMethod.get(method);
    if (known === undefined) {
      known = new Map();
      // Node's parser knows a few dozen methods and no others.
      this.byMethod.set(method, known);
    }
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    const name = known.get(path);
    if (name !== undefined) return name;
    if (known.size >= REMEMBERED_PATHS) known.clear();
    const fresh = copyOf(routeOf(method, path));
    known.set(copyOf(path), fresh);
    return fresh;
  }
}
