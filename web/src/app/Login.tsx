// Logging in: by the one-time link of the server's first start, or with an API token.

import {
  Button,
  Bullseye,
  Card,
  CardBody,
  CardTitle,
  Content,
  Form,
  FormGroup,
  Spinner,
  TextInput,
} from '@patternfly/react-core'
import { useEffect, useRef, useState } from 'react'
import { useLogin } from '../api/queries.ts'
import { useTitle } from '../ui/title.ts'
import { Trouble } from '../ui/Trouble.tsx'

/** The secret in `#token=...`, taken out of the address so that neither history nor a bookmark keeps it. */
function takeLinkToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(null, '', window.location.pathname + window.location.search)
  return token
}

export function Login() {
  useTitle('Log in')
  const { mutate, error, isPending } = useLogin()
  const [token, setToken] = useState('')
  const linkTried = useRef(false)

  useEffect(() => {
    if (linkTried.current) return
    linkTried.current = true
    const linkToken = takeLinkToken()
    if (linkToken !== undefined) mutate(linkToken)
  }, [mutate])

  return (
    <Bullseye>
      <main>
        <Card className="lf-login">
          <CardTitle component="h1">Log in to Landfall</CardTitle>
          <CardBody>
            <Form
              onSubmit={(event) => {
                event.preventDefault()
                mutate(token.trim())
              }}
            >
              {error && <Trouble error={error} what="Login refused" />}
              <FormGroup label="Token" fieldId="token" isRequired>
                <TextInput
                  id="token"
                  type="password"
                  autoComplete="current-password"
                  value={token}
                  onChange={(_, value) => setToken(value)}
                />
              </FormGroup>
              <Button type="submit" isBlock isDisabled={token.trim() === '' || isPending}>
                {isPending ? <Spinner size="md" aria-label="Logging in" /> : 'Log in'}
              </Button>
              <Content component="small">
                On the server, <code>landfall token create NAME --role operator</code> makes a token. The first start of
                a server prints a link that logs in by itself.
              </Content>
            </Form>
          </CardBody>
        </Card>
      </main>
    </Bullseye>
  )
}
