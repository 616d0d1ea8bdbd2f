// Logging in: by an OpenID provider, by name and password, with an API token, or by the one-time link of the server's first start.

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
import { useLogin, useLoginOptions } from '../api/queries.ts'
import { useTitle } from '../ui/title.ts'
import { Trouble } from '../ui/Trouble.tsx'

/** The secret in `#token=...`, taken out of the address so that neither history nor a bookmark keeps it. */
function takeLinkToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(null, '', window.location.pathname + window.location.search)
  return token
}

/** To the provider, and from there to where somebody wanted to go. */
function providerLink(): string {
  const { pathname, search, hash } = window.location
  return `/api/v1/login/oidc?to=${encodeURIComponent(pathname + search + hash)}`
}

export function Login() {
  useTitle('Log in')
  const { mutate, error, isPending } = useLogin()
  const { data: options } = useLoginOptions()
  const [withToken, setWithToken] = useState(false)
  const [name, setName] = useState('')
  const [secret, setSecret] = useState('')
  const linkTried = useRef(false)

  useEffect(() => {
    if (linkTried.current) return
    linkTried.current = true
    const linkToken = takeLinkToken()
    if (linkToken !== undefined) mutate({ token: linkToken })
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
                mutate(withToken ? { token: secret.trim() } : { name: name.trim(), password: secret })
              }}
            >
              {error && <Trouble error={error} what="Login refused" />}
              {options?.oidc && (
                <Button component="a" href={providerLink()} variant="secondary" isBlock>
                  Log in with {options.oidc.name}
                </Button>
              )}
              {!withToken && (
                <FormGroup label="Name" fieldId="name" isRequired>
                  <TextInput id="name" autoComplete="username" value={name} onChange={(_, value) => setName(value)} />
                </FormGroup>
              )}
              <FormGroup label={withToken ? 'Token' : 'Password'} fieldId="secret" isRequired>
                <TextInput
                  id="secret"
                  type="password"
                  autoComplete={withToken ? 'off' : 'current-password'}
                  value={secret}
                  onChange={(_, value) => setSecret(value)}
                />
              </FormGroup>
              <Button
                type="submit"
                isBlock
                isDisabled={secret === '' || (!withToken && name.trim() === '') || isPending}
              >
                {isPending ? <Spinner size="md" aria-label="Logging in" /> : 'Log in'}
              </Button>
              <Button
                variant="link"
                isInline
                onClick={() => {
                  setWithToken(!withToken)
                  setSecret('')
                }}
              >
                {withToken ? 'Use name and password' : 'Use a token'}
              </Button>
              <Content component="small">
                On the server, <code>landfall user create NAME --role operator</code> lets you in. The first start of a
                server prints a link that logs in by itself.
              </Content>
            </Form>
          </CardBody>
        </Card>
      </main>
    </Bullseye>
  )
}
