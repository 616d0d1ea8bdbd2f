// Which network machines boot from, what is there already, and who gives addresses.

import { Button, Content, FormGroup, FormSelect, FormSelectOption, Radio, TextInput } from '@patternfly/react-core'
import { useEffect, useState } from 'react'
import type { DhcpChoice, Network, NetworkLink } from '../../../../server/contract/network.ts'
import { useSystem } from '../../api/queries.ts'
import { useChangeNetwork, useNetworkCheck } from '../../api/setup.ts'
import { Trouble } from '../../ui/Trouble.tsx'
import { Findings } from './Findings.tsx'
import { Onward } from './Onward.tsx'
import { Starting } from './Starting.tsx'
import { StepForm } from './StepForm.tsx'

const CHOICES: readonly { mode: DhcpChoice; label: string; description: string }[] = [
  {
    mode: 'auto',
    label: 'By what is there (auto)',
    description:
      'Landfall gives addresses, unless another DHCP server answers: then it only tells machines what to boot.',
  },
  {
    mode: 'proxy',
    label: 'Another DHCP server does (proxy)',
    description:
      'Landfall never gives addresses; it tells machines what to boot (proxyDHCP). Nothing changes for others.',
  },
  {
    mode: 'server',
    label: 'Landfall does (server)',
    description: 'For a network of its own: no other DHCP server may be on it.',
  },
]

export function NetworkStep({ network }: { network: Network }) {
  const { links, interfaces } = network
  const [name, setName] = useState(interfaces[0] ?? links[0]?.name)
  const [startedAt, setStartedAt] = useState<string>()
  const { data: system } = useSystem()
  const link = links.find((one) => one.name === name)

  if (startedAt !== undefined && system?.startedAt === startedAt) return <Starting />
  if (!link) {
    return (
      <Content component="p">
        No interface of the server has an IPv4 address and a carrier. Give the one that machines boot from a fixed
        address, such as <code>ip address add 10.77.0.1/24 dev eth1</code>, and load this page again.
      </Content>
    )
  }
  return (
    <StepForm>
      <FormGroup label="Interface that machines boot from" fieldId="network-link">
        <FormSelect id="network-link" value={name} onChange={(_, value) => setName(value)}>
          {links.map(({ name: one, cidr }) => (
            <FormSelectOption key={one} value={one} label={`${one} (${cidr})`} />
          ))}
        </FormSelect>
      </FormGroup>
      {/* A key per link: what was found or typed for one does not hold for another. */}
      <LinkForm key={link.name} link={link} network={network} onRestart={() => setStartedAt(system?.startedAt)} />
    </StepForm>
  )
}

interface LinkFormProps {
  link: NetworkLink
  network: Network
  onRestart: () => void
}

function LinkForm({ link, network, onRestart }: LinkFormProps) {
  const { mutate: look, data: found, error: unseen, isPending: isLooking } = useNetworkCheck()
  const { mutate: change, data: changed, error: refused, isPending: isChanging } = useChangeNetwork()
  const isServed = network.mode !== 'off' && network.interfaces.includes(link.name)
  const [chosen, setChosen] = useState<DhcpChoice | undefined>(isServed ? (network.mode as DhcpChoice) : undefined)
  const [pool, setPool] = useState(link.pool.join(', '))
  const [router, setRouter] = useState(link.gateway ?? '')
  useEffect(() => look(link.name), [look, link.name])

  const isOther = found?.findings.some(({ code }) => code === 'OTHER_SERVER') ?? false
  const mode = chosen ?? (isOther || link.pool.length === 0 ? 'proxy' : 'auto')
  const ranges = pool.split(/[\s,]+/).filter((range) => range !== '')
  const apply = (): void =>
    change(
      {
        interface: link.name,
        mode,
        ...(mode !== 'proxy' && { pool: ranges, router: router.trim() || null }),
      },
      { onSuccess: ({ restarting }) => restarting && onRestart() },
    )

  return (
    <>
      {unseen && <Trouble error={unseen} what="The network was not tested" />}
      <Findings findings={found?.findings} isLooking={isLooking} onAgain={() => look(link.name)} />
      {network.setBy === null ? (
        <>
          <FormGroup role="radiogroup" label="Who gives addresses" fieldId="network-mode">
            {CHOICES.map(({ mode: one, label, description }) => (
              <Radio
                key={one}
                id={`network-${one}`}
                name="network-mode"
                label={label}
                description={description}
                isChecked={mode === one}
                onChange={() => setChosen(one)}
              />
            ))}
          </FormGroup>
          {mode !== 'proxy' && (
            <>
              <FormGroup label="Addresses to give" fieldId="network-pool" isRequired>
                <TextInput id="network-pool" value={pool} onChange={(_, value) => setPool(value)} isRequired />
              </FormGroup>
              <FormGroup label="Default gateway told to machines" fieldId="network-router">
                <TextInput
                  id="network-router"
                  value={router}
                  placeholder="none"
                  onChange={(_, value) => setRouter(value)}
                />
              </FormGroup>
            </>
          )}
          {refused && <Trouble error={refused} what="Nothing was changed" />}
          {changed?.next.map((step) => (
            <Content component="p" key={step}>
              Written to <code>{changed.file}</code>. Next: {step}.
            </Content>
          ))}
        </>
      ) : (
        <Content component="p">
          DHCP is set by <code>{network.setBy}</code>, and is changed there.
        </Content>
      )}
      <Onward to="image" isMain={isServed || network.setBy !== null}>
        {network.setBy === null && (
          <Button
            variant={isServed ? 'secondary' : 'primary'}
            onClick={apply}
            isDisabled={isChanging || isLooking || (mode !== 'proxy' && ranges.length === 0)}
            isLoading={isChanging}
          >
            {isServed ? 'Change it' : 'Begin to serve'}
          </Button>
        )}
      </Onward>
    </>
  )
}
