import { Type } from 'typebox'
import { type SendingPause, setPaused } from '../../../domain/payments/sending-pauses.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'
import { pauseMembers, renderPauses } from './processors.ts'

export const sendingSchema = Type.Object({ paused: Type.Boolean({ examples: [false] }), ...pauseMembers })

export const sendingBody = {
  paused: Type.Boolean({ description: 'true: send nothing. false: go on', examples: [false] }),
}

/** `/v1/sending`: whether anything is sent to the outside for the merchant, in the mode of the key. */
export const sendingRoutes: RouteFile = (routes) => {
  routes.put(
    '/sending',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'setSending',
        summary: 'Pause all sending, or let it go on: payouts, refunds, charges and webhooks',
        description:
          'The pause is shown with the processors. What was sent before is asked about all the same. Of the sandbox only payouts are paused. Each cause stands by itself: false ends the pause of the merchant alone, and the answer has what is left. A pause that began because of a restored database ends with a reconciliation, or by the operator. Only the operator ends a pause of the operator.',
        tags: ['Processors'],
        body: Type.Object(sendingBody),
        response: responses(200, sendingSchema, 401, 403),
      },
    },
    async (request, tx) => renderSending(await setPaused(tx, tenantOf(request), request.body.paused, 'merchant')),
  )
}

export function renderSending(pauses: readonly SendingPause[]) {
  return { paused: pauses.length > 0, ...renderPauses(pauses) }
}
