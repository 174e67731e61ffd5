-- Paystack's style counts hundredths. A former release told amounts with thousandths in it as fractions. Webhooks of this
-- kind that are still to be sent are given up; endpoints of the standard style are told as before.

update deliveries d set
  status = 'failed', failure_reason = 'Amounts with thousandths cannot be told in this style', next_attempt_at = null,
  claimed_until = null
from webhook_endpoints w, events e
where d.status = 'pending' and d.event_type in ('pay_in.succeeded', 'payment_intent.succeeded')
  and w.merchant_id = d.merchant_id and w.id = d.endpoint_id and w.style = 'paystack'
  and e.merchant_id = d.merchant_id and e.id = d.event_id
  and e.data -> 'details' -> 'transaction' ->> 'currency' in ('KWD', 'LYD', 'TND');
