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
  const families = new Map(
    Object.entries(metrics).map(([name, definition]) => [name, registerFamily(registry, name, definition)]),
  )
  const watched: (() => void)[] = []

  /** The one object of a series, made when it is first asked for. */
  function find<Kind extends Series>(name: MetricName, labels: Labels, make: (labels: Labels) => Kind): Kind {
    const family = families.get(name) as Map<string, Series>
    const key = Object.values(labels).join(' ')
    let found = family.get(key)
    if (found === undefined) {
      found = make(labels)
      family.set(key, found)
    }
    return found as Kind
  }

  const number = (name: MetricName, labels: Labels) => find(name, labels, (given) => new Amount(given))

  return {
    counter: number,
    gauge: number,
    histogram: (name, labels) => find(name, labels, (given) => new Distribution(name, metrics[name].buckets, given)),
    watch: (name, labels, read) => {
      const each = number(name, labels)
      watched.push(() => each.set(read()))
    },
    render: () => {
      for (const read of watched) read()
      return registry.metrics()
    },
  }
}

type Labels = Record<string, string>

/** A metric with one value for each label. */
interface Series {
  /** The lines of `/metrics`. */
  lines(): Line[]
}

interface Line {
  /** Default the metric's. */
  metricName?: string
  labels: Labels
  value: number
}

class Amount implements Counter, Gauge, Series {
  readonly #labels: Labels
  #value: number | null = 0

  constructor(labels: Labels) {
    this.#labels = labels
  }

  add(change: number): void {
    this.#value = (this.#value ?? 0) + change
  }

  set(value: number | null): void {
    this.#value = value
  }

  lines(): Line[] {
    return this.#value === null ? [] : [{ labels: this.#labels, value: this.#value }]
  }
}

class Distribution implements Histogram, Series {
  readonly #name: string
  readonly #bounds: readonly number[]
  readonly #labels: Labels
  /** How many values are above one bound and not above the next. The last counts those above all bounds. */
  readonly #counts: number[]
  #sum = 0

  constructor(name: string, bounds: readonly number[], labels: Labels) {
    this.#name = name
    this.#bounds = bounds
    this.#labels = labels
    this.#counts = Array(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let i = 0
    while (i < this.#bounds.length && value > (this.#bounds[i] as number)) i++
    ;(this.#counts[i] as number) += 1
    this.#sum += value
  }

  lines(): Line[] {
    const [name, labels] = [this.#name, this.#labels]
    let count = 0
    const buckets = this.#counts.map((each, i) => {
      count += each
      return {
        metricName: `${name}_bucket`,
        labels: { le: String(this.#bounds[i] ?? '+Inf'), ...labels },
        value: count,
      }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}

/**
 * Adds a metric to the registry, and answers the map of its series. prom-client only writes the text: its own metrics find a
 * series by all its labels each time, which for the counts of one read took as long as finding the caller.
 */
function registerFamily(registry: prom.Registry, name: string, { kind, help }: MetricDefinition): Map<string, Series> {
  const family = new Map<string, Series>()
  const get = async () => ({
    name,
    help,
    type: kind,
    aggregator: 'sum',
    values: [...family.values()].flatMap((each) => each.lines()),
  })
  // The registry asks a metric for these two members only.
  registry.registerMetric({ name, get } as unknown as prom.Metric)
  return family
}
