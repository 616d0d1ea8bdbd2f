// A router that announces a network by router advertisements: radvd, which real networks have in their routers.

export interface RouterOptions {
  interface: string
  /** Such as `fd00:77::/64`. */
  prefix: string
  /** Machines shall ask a DHCPv6 server for addresses (flag M). */
  managed?: boolean
  /** Machines shall ask a DHCPv6 server for the rest (flag O). */
  otherConfig?: boolean
  /** Machines make themselves addresses of the prefix (flag A). */
  autonomous?: boolean
}

/** The text of radvd.conf. */
export function routerConfiguration(options: RouterOptions): string {
  const { managed = false, otherConfig = false, autonomous = false } = options
  const flag = (on: boolean) => (on ? 'on' : 'off')
  return `interface ${options.interface} {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvManagedFlag ${flag(managed)};
  AdvOtherConfigFlag ${flag(otherConfig)};
  prefix ${options.prefix} {
    AdvOnLink on;
    AdvAutonomous ${flag(autonomous)};
  };
};
`
}

/** Runs radvd on the file, in a namespace: it wants to be in one that forwards. */
export function routerCommand(file: string): string[] {
  const forward = 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  return ['sh', '-c', `${forward}; exec radvd -n -m stderr -d 1 -u root -C "${file}" -p "${file}.pid"`]
}
