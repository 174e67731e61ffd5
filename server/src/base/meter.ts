import * as prom from 'prom-client'
import { type LabelsOf, type MetricDefinition, type MetricName, metrics, type NameOf } from './metrics.ts'

/** Counts occurrences. */
export interface Counter {
  add(count: number): void
}

/** Shows a current amount. */
export interface Gauge {
  add(change: number): void
  /** Null for an unknown value, which is not shown. */
  set(value: number | null): void
}

/** Shows the distribution of values. */
export interface Histogram {
  observe(value: number): void
}

/**
 * The counts and measurements of a process, for the operator's monitoring. Each series (a metric with its labels) is
 * one object. It is looked up once, and then costs an addition.
 */
export interface Meter {
  counter<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>): Counter
  gauge<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>): Gauge
  histogram<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>): Histogram
  /** A gauge whose value is read whenever it is shown. */
  watch<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, read: () => number): void
  /** All metrics in Prometheus' text format. */
  render(): Promise<string>
}

/** A meter on which nothing has been counted yet. */
export function createMeter(): Meter {
  const registry = new prom.Registry()
  const made = new Map(Object.entries(metrics).map(([name, definition]) => [name, make(name, definition, registry)]))
  const series = new Map<string, unknown>()
  const watched: (() => void)[] = []

  /** The one object of a series, made when it is first asked for. */
  function find<Kind, Found>(name: MetricName, labels: Labels, bind: (metric: Kind) => Found): Found {
    const key = `${name} ${Object.values(labels).join(' ')}`
    let found = series.get(key) as Found | undefined
    if (found === undefined) {
      found = bind(made.get(name) as Kind)
      series.set(key, found)
    }
    return found
  }

  const gauge = (name: MetricName, labels: Labels): Gauge =>
    find(name, labels, (metric: prom.Gauge) => {
      const bound = metric.labels(labels)
      bound.set(0)
      return {
        add: (change) => bound.inc(change),
        set: (value) => (value === null ? metric.remove(labels) : bound.set(value)),
      }
    })

  return {
    counter: (name, labels) =>
      find(name, labels, (metric: prom.Counter) => {
        const bound = metric.labels(labels)
        bound.inc(0)
        return { add: (count) => bound.inc(count) }
      }),
    gauge,
    histogram: (name, labels) => find(name, labels, (metric: prom.Histogram) => metric.labels(labels)),
    watch: (name, labels, read) => {
      const each = gauge(name, labels)
      watched.push(() => each.set(read()))
    },
    render: () => {
      for (const read of watched) read()
      return registry.metrics()
    },
  }
}

type Labels = Record<string, string>

function make(
  name: string,
  { kind, help, labels: labelNames, buckets = [] }: MetricDefinition,
  registry: prom.Registry,
) {
  const common = { name, help, labelNames: [...labelNames], registers: [registry] }
  if (kind === 'counter') return new prom.Counter(common)
  return kind === 'gauge' ? new prom.Gauge(common) : new prom.Histogram({ ...common, buckets: [...buckets] })
}
