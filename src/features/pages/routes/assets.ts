import * as z from 'zod'
import { response } from '../../../http/answers.ts'
import { findAsset } from '../../../http/assets/assets.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { notFound } from '../../../lib/errors.ts'

export const assetRoutes = createRoutes({ prefix: '', tag: 'pages' })

assetRoutes.get(
  '/assets/:name',
  {
    id: 'getAsset',
    summary: 'A style sheet or script of our pages',
    guard: anyone,
    params: z.object({ name: z.string().max(64) }),
    answer: response(200, 'The file, which a browser may keep for a year: its name changes with its text'),
    errors: [notFound],
    unlimited: true,
    hidden: true,
  },
  ({ ctx, params: { name } }) => {
    const asset = findAsset(ctx.config, `/assets/${name}`)
    if (!asset) throw notFound()
    const { text, contentType } = asset
    return new Response(text, {
      headers: { 'Content-Type': contentType, 'Cache-Control': 'public, max-age=31536000, immutable' },
    })
  },
)
