import { ServiceError } from '../../../base/errors.ts'
import { requireSandboxOtp, setSandboxOtp } from '../../../domain/payouts/payout-otp.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses, success } from '../schemas.ts'
import { otpSchema, resentSchema } from '../transfer-schemas.ts'
import { transferWords } from '../transfer-words.ts'

const tags = ['Transfer']
const resent = 'OTP has been resent'
const sent = 'OTP has been sent to mobile number ending with 4321'
const disabled = 'OTP requirement for transfers has been disabled'
const enabled = 'OTP requirement for transfers has been enabled'

/** `/transfer/…_otp`: whether transfers of the sandbox wait for a one-time password. No password is sent anywhere. */
export const transferOtpRoutes: RouteFile = (routes) => {
  routes.post(
    '/transfer/resend_otp',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transfer_resendOtp',
        summary: 'Ask for the one-time password again; the sandbox’s is always 123456, and is sent to nobody',
        tags,
        body: resentSchema,
        response: responses(200, success(resent), 400, 403),
      },
    },
    async (request, tx) => {
      await requireSandboxOtp(tx, tenantOf(request))
      return { status: true as const, message: resent }
    },
  )

  routes.post(
    '/transfer/disable_otp',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transfer_disableOtp',
        summary: 'Begin to turn one-time passwords off',
        tags,
        response: responses(200, success(sent), 403),
      },
    },
    async (request, tx) => {
      await requireSandboxOtp(tx, tenantOf(request))
      return { status: true as const, message: sent }
    },
  )

  routes.post(
    '/transfer/disable_otp_finalize',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transfer_disableOtpFinalize',
        summary: 'Turn one-time passwords off, with the one of the sandbox: 123456',
        tags,
        body: otpSchema,
        response: responses(200, success(disabled), 400, 403),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { otp } = await requireSandboxOtp(tx, tenant)
      if (request.body.otp.trim() !== otp) {
        throw new ServiceError('invalid_request', transferWords.wrongOtpForSetting, 'otp')
      }
      await setSandboxOtp(tx, tenant, false)
      return { status: true as const, message: disabled }
    },
  )

  routes.post(
    '/transfer/enable_otp',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transfer_enableOtp',
        summary: 'Turn one-time passwords on: each new transfer of the sandbox waits for 123456',
        tags,
        response: responses(200, success(enabled), 403),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await requireSandboxOtp(tx, tenant)
      await setSandboxOtp(tx, tenant, true)
      return { status: true as const, message: enabled }
    },
  )
}
