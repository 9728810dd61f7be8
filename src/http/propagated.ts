import * as z from 'zod'

/** In every answer to a call that ends sessions or makes tokens stale. */
export const PropagatedField = z.boolean().meta({
  description: 'Every isolate knows of it within 5 seconds. When false, delivery goes on in the background.',
})
