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
  render(): string
}

interface Series {
  /** Lines of the text format. */
  render(name: string, labels: string): string
}

/** A new meter without counts. */
export function createMeter(): Meter {
  const families = new Map<MetricName, Map<string, Series>>()

  function find<Found extends Series>(name: MetricName, labels: Record<string, string>, make: () => Found): Found {
    let family = families.get(name)
    if (family === undefined) {
      family = new Map()
      families.set(name, family)
    }
    const text = renderLabels(labels)
    let series = family.get(text) as Found | undefined
    if (series === undefined) {
      series = make()
      family.set(text, series)
    }
    return series
  }

  return {
    counter: (name, labels) => find(name, labels, () => new Value()),
    gauge: (name, labels) => find(name, labels, () => new Value()),
    histogram: (name, labels) =>
      find(name, labels, () => new Buckets((metrics[name] as MetricDefinition).buckets ?? [])),
    watch(name, labels, read) {
      find(name, labels, () => new Value()).read = read
    },
    render: () =>
      Object.entries(metrics)
        .map(([name, { kind, help }]) => {
          const series = [...(families.get(name as MetricName) ?? [])]
          const lines = series.map(([labels, each]) => each.render(name, labels)).join('')
          return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines}`
        })
        .join(''),
  }
}

class Value implements Counter, Gauge, Series {
  read = () => this.#value
  #value: number | null = 0

  add(change: number): void {
    this.#value = (this.#value ?? 0) + change
  }

  set(value: number | null): void {
    this.#value = value
  }

  render(name: string, labels: string): string {
    const value = this.read()
    return value === null ? '' : `${name}${braced(labels)} ${value}\n`
  }
}

class Buckets implements Histogram, Series {
  readonly #bounds: readonly number[]
  /** The number of values in each bucket and no lower one. The last count is of values above all bounds. */
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let place = 0
    while (place < this.#bounds.length && value > (this.#bounds[place] as number)) place += 1
    this.#counts[place] = (this.#counts[place] as number) + 1
    this.#sum += value
  }

  render(name: string, labels: string): string {
    let count = 0
    const buckets = this.#counts.map((each, place) => {
      count += each
      const bound = `le="${this.#bounds[place] ?? '+Inf'}"`
      return `${name}_bucket${braced(labels === '' ? bound : `${labels},${bound}`)} ${count}\n`
    })
    return `${buckets.join('')}${name}_sum${braced(labels)} ${this.#sum}\n${name}_count${braced(labels)} ${count}\n`
  }
}

function renderLabels(labels: Record<string, string>): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escapeValue(labels[name] as string)}"`
  return text
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function escapeValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : value
}
