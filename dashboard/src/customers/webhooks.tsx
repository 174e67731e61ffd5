import { Link } from 'wouter'
import { useSession } from '../base/context.ts'
import { DeliveryList } from '../developers/delivery-list.tsx'
import { EventList } from '../developers/event-list.tsx'

/** What was told about a customer, and to whom. */
export function CustomerWebhooks({ id }: { id: string }) {
  const { can } = useSession()
  return (
    <div className="stack wide">
      <section className="stack">
        <h2>Events</h2>
        <EventList queryKey={['customer', id, 'events']} query={{ customerId: id }} />
      </section>
      <section className="stack">
        <h2>Deliveries to webhook endpoints</h2>
        <DeliveryList queryKey={['customer', id, 'deliveries']} query={{ customerId: id }} />
        {can('developers') && (
          <p className="quiet">
            <Link href="/developers?tab=deliveries">All deliveries</Link>
          </p>
        )}
      </section>
    </div>
  )
}
