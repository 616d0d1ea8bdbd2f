// All images in one file, for sites without a line.

import { Button, Content } from '@patternfly/react-core'

/** A browser shows how far a download is, and a refusal as what it is. */
export function Bundle() {
  return (
    <Content component="small">
      For a site without a line:{' '}
      <Button component="a" href="/api/v1/bundles/export" variant="link" isInline>
        download all images as a bundle
      </Button>
      , with their signatures; there “Import bundle”, or <code>landfall bundle import landfall-bundle.tar</code>, takes
      it in, all of it or nothing.
    </Content>
  )
}
