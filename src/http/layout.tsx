import type { Child } from 'hono/jsx'
import type { Frame } from '../lib/frame.ts'
import { type Asset, STYLE, themeAsset } from './assets/assets.ts'

interface LayoutProps {
  readonly frame: Frame
  readonly title: string
  readonly isWide: boolean
  readonly scripts: readonly Asset[]
  readonly children: Child
}

/** The deployment, by its picture or its name. */
function nameOf({ app, appUrl, brand }: Frame): Child {
  const name = brand.logoUrl === null ? app : <img src={brand.logoUrl} alt={app} />
  return appUrl === null ? name : <a href={appUrl}>{name}</a>
}

/** What all pages have around them. */
const Layout = ({ frame, title, isWide, scripts, children }: LayoutProps) => (
  <html lang={frame.language} dir={frame.dir}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex" />
      <title>{`${title} · ${frame.app}`}</title>
      <link rel="icon" href="data:," />
      <link rel="stylesheet" href={STYLE.path} />
      {frame.brand.color !== null && <link rel="stylesheet" href={themeAsset(frame.brand.color).path} />}
      {scripts.map(({ path }) => (
        <script type="module" src={path}></script>
      ))}
    </head>
    <body class={isWide ? 'wide' : undefined}>
      <header>{nameOf(frame)}</header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
      {frame.support !== null && (
        <footer>
          <a href={frame.support.url}>{frame.support.label}</a>
        </footer>
      )}
    </body>
  </html>
)

/** The document. No component of ours waits for anything, so none is a promise. */
export const renderLayout = (props: LayoutProps): string => `<!doctype html>${Layout(props)}`
