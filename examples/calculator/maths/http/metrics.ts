// Counts of answered requests in Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/

/** Upper edges of the latency buckets, in seconds. */
const EDGES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type RequestMetrics = {
  /** `route` is a path of the route table or "none", so that the number of series stays small whatever is asked for. */
  count(method: string, route: string, status: number, seconds: number): void;
  render(): string;
};

export function createRequestMetrics(): RequestMetrics {
  const requests = new Map<string, number>();
  const durations = new Map<string, { buckets: number[]; sum: number; count: number }>();
  return {
    count(method, route, status, seconds) {
      const labels = `method="${method}",route="${route}",status="${status}"`;
      requests.set(labels, (requests.get(labels) ?? 0) + 1);
      const duration = durations.get(route) ?? { buckets: EDGES.map(() => 0), sum: 0, count: 0 };
      durations.set(route, duration);
      EDGES.forEach((edge, i) => {
        if (seconds <= edge) duration.buckets[i] = (duration.buckets[i] ?? 0) + 1;
      });
      duration.sum += seconds;
      duration.count += 1;
    },
    render() {
      const lines = ['# HELP http_requests_total Answered requests.', '# TYPE http_requests_total counter'];
      for (const [labels, count] of requests) lines.push(`http_requests_total{${labels}} ${count}`);
      lines.push('# HELP http_request_duration_seconds Time from the request to the end of its answer.');
      lines.push('# TYPE http_request_duration_seconds histogram');
      for (const [route, { buckets, sum, count }] of durations) {
        const name = 'http_request_duration_seconds';
        EDGES.forEach((edge, i) => {
          lines.push(`${name}_bucket{route="${route}",le="${edge}"} ${buckets[i]}`);
        });
        lines.push(`${name}_bucket{route="${route}",le="+Inf"} ${count}`);
        lines.push(`${name}_sum{route="${route}"} ${sum}`, `${name}_count{route="${route}"} ${count}`);
      }
      lines.push('# HELP process_resident_memory_bytes Resident memory.');
      lines.push('# TYPE process_resident_memory_bytes gauge');
      lines.push(`process_resident_memory_bytes ${process.memoryUsage.rss()}`);
      return `${lines.join('\n')}\n`;
    },
  };
}
